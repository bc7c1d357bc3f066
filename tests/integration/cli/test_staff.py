"""Accounts from the terminal, and who the other commands act for."""

import io
import json
import socket
from typing import Any

import asyncpg
import httpx
import pytest

from tests.integration.cli.conftest import Command, Said
from tests.system import System

INSTITUTION = "0197a000-0000-7000-8000-00000000abcd"
PASSWORD, OTHER = "correct horse", "battery staple"


@pytest.fixture
def typed(within: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A command with a line on its standard input."""

    def run(*arguments: str, text: str = "") -> Said:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{text}\n"))
        return within(*arguments)

    return run


def log_in(system: System, name: str, password: str) -> httpx.Response:
    body = {"name": name, "password": password}
    return httpx.post(f"{system.url}/api/v1/staff/sessions", json=body, trust_env=False)


async def entries(system: System, subject: str) -> list[dict[str, Any]]:
    book = await asyncpg.connect(system.env["DATABASE_URL"])
    try:
        rows = await book.fetch(
            "SELECT body FROM audit_entries WHERE subject = $1 ORDER BY id", subject
        )
        return [json.loads(row["body"]) for row in rows]
    finally:
        await book.close()


def test_an_account_from_opening_to_disabling(
    huixiang: Command, typed: Command, running: System
) -> None:
    added = huixiang("staff", "add", "wang-1", "--role", "auditor", text=f"{PASSWORD}\n")
    assert (added.status, added.out) == (0, "已开立账号 wang-1。\n"), added.err
    assert PASSWORD not in added.out + added.err
    assert log_in(running, "wang-1", PASSWORD).status_code == 201
    assert "wang-1  auditor\n" in typed("staff", "list").out
    assert typed("staff", "password", "wang-1", text=OTHER).status == 0
    assert log_in(running, "wang-1", PASSWORD).status_code == 401
    assert log_in(running, "wang-1", OTHER).status_code == 201
    assert typed("staff", "disable", "wang-1").status == 0
    assert "wang-1  auditor  已停用（" in typed("staff", "list").out
    assert log_in(running, "wang-1", OTHER).json()["code"] == "staff.disabled"
    assert typed("staff", "enable", "wang-1").status == 0
    assert log_in(running, "wang-1", OTHER).status_code == 201


@pytest.mark.policy("P-11.2")
async def test_the_audit_log_says_that_it_was_the_command_line(
    huixiang: Command, running: System
) -> None:
    assert huixiang("staff", "add", "li-1", "--role", "bureau", "--no-password").status == 0
    (entry,) = await entries(running, "staff:li-1")
    origin = f"cli@{socket.gethostname()}"
    assert (entry["actor"], entry["role"], entry["origin"]) == ("command-line", "system", origin)


def test_an_account_of_an_institution(typed: Command) -> None:
    add = ("staff", "add", "zhifu-9", "--role", "institution", "--no-password")
    assert "staff.invalid" in typed(*add).err
    assert typed(*add, "--institution", INSTITUTION).status == 0
    assert f"zhifu-9  institution  机构 {INSTITUTION}  仅命令行" in typed("staff", "list").out
    assert "staff.known" in typed(*add, "--institution", INSTITUTION).err


@pytest.mark.parametrize("text", ["", "short", "x" * 129, "x" * 5000])
def test_a_password_that_is_none_is_refused_with_a_sentence(typed: Command, text: str) -> None:
    said = typed("staff", "add", "zhao-1", "--role", "bureau", text=text)
    assert (said.status, said.out) == (1, "")
    assert "（staff.invalid" in said.err
    assert "zhao-1" not in typed("staff", "list").out


@pytest.mark.policy("P-11.1")
def test_whoever_has_no_account_does_nothing_and_is_told_how_to_get_one(typed: Command) -> None:
    verb = ("person", "bar", INSTITUTION, "--reason", "x")
    said = typed(*verb, "--by", "nobody")
    assert said.status == 1
    assert "staff.unknown" in said.err
    assert "huixiang staff add" in said.err
    assert typed("staff", "add", "sun-1", "--role", "security", "--no-password").status == 0
    assert "identity.person_unknown" in typed(*verb, "--by", "sun-1").err
    assert typed("staff", "disable", "sun-1").status == 0
    assert "staff.disabled" in typed(*verb, "--by", "sun-1").err


@pytest.mark.policy("P-11.1")
@pytest.mark.parametrize(
    "arguments",
    [
        ("fund", "enter", "appropriation", "1.00", "--document", "x", "--by", "商务局"),
        ("round", "approve", INSTITUTION, "--by", "公安"),
        ("round", "add-stock", INSTITUTION, "1", "--by", "公安"),
        ("merchant", "relist", INSTITUTION, "--reason", "x", "--by", "财政"),
        ("person", "bar", INSTITUTION, "--reason", "x", "--by", "财政"),
    ],
    ids=" ".join,
)
def test_the_role_decides_at_the_terminal_too(typed: Command, arguments: tuple[str, ...]) -> None:
    said = typed(*arguments)
    assert (said.status, "audit.not_allowed" in said.err) == (1, True), said.err
