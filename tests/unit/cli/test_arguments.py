"""Wrong usage is refused at once, with status 2, before anything is opened."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.cli.arguments import instant, text, whole
from server.cli.main import main

ID = "0197a000-0000-7000-8000-00000000abcd"
CREATE = ("round", "create", "--name", "甲", "--opens-at", "2026-12-01T10:00", "--closes-at")
WHOLE_CREATE = (*CREATE, "2026-12-01T11:00", "--offer", "retail-50-5=1", "--by", "甲")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nothing",),
        ("round",),
        ("round", "fly"),
        ("staff", "add", "li-1"),
        ("staff", "add", "li-1", "--role", "holder"),
        ("staff", "add", "li-1", "--role", "system"),
        ("staff", "add", "li-1", "--role", "bureau", "--password", "correct horse"),
        ("staff", "add", "li-1", "--role", "institution", "--institution", "x"),
        ("round", "approve", ID),
        ("round", "approve", "x", "--by", "甲"),
        ("round", "approve", "", "--by", "甲"),
        ("round", "approve", ID, "--by", ""),
        ("round", "approve", ID, "--by", "   "),
        ("round", "approve", ID, "--by", "甲" * 101),
        ("round", "approve", ID, "--by", "a\nb"),
        ("round", "approve", ID, "--by", "\udcff"),
        ("round", "approve", ID, "--by", "a\0b"),
        ("round", "add-stock", ID, "0", "--by", "甲"),
        ("round", "add-stock", ID, "-5", "--by", "甲"),
        ("round", "add-stock", ID, "1.5", "--by", "甲"),
        ("round", "add-stock", ID, "²", "--by", "甲"),
        ("round", "add-stock", ID, "9" * 50, "--by", "甲"),
        (*CREATE, "yesterday", "--offer", "retail-50-5=1", "--by", "甲"),
        (*CREATE, "2026-13-01T10:00", "--offer", "retail-50-5=1", "--by", "甲"),
        (*CREATE, "2026-12-01T11:00", "--offer", "retail-50-5", "--by", "甲"),
        (*CREATE, "2026-12-01T11:00", "--offer", "=5", "--by", "甲"),
        (*CREATE, "2026-12-01T11:00", "--offer", "retail-50-5=²", "--by", "甲"),
        (*CREATE, "2026-12-01T11:00", "--offer", "retail-50-5=" + "9" * 50, "--by", "甲"),
        (*WHOLE_CREATE, "--cap", "0"),
        (*WHOLE_CREATE, "--cap", "9" * 30),
        (*WHOLE_CREATE, "--valid-days", "9" * 30),
        (*WHOLE_CREATE, "--name", ""),
        ("fund", "enter", "appropriation", "1e9", "--document", "x", "--by", "甲"),
        ("fund", "enter", "appropriation", "-1", "--document", "x", "--by", "甲"),
        ("fund", "enter", "appropriation", "9" * 40, "--document", "x", "--by", "甲"),
        ("fund", "enter", "appropriation", "1.001", "--document", "x", "--by", "甲"),
        ("fund", "enter", "loan", "1", "--document", "x", "--by", "甲"),
        ("fund", "enter", "correction", "1", "--document", "x", "--on", "今天", "--by", "甲"),
        ("fund", "approve", "x", "--by", "甲"),
        ("round", "approve-stock", "x", "--by", "甲"),
        ("merchant", "suspend", "7", "--reason", "x", "--by", "甲"),
        ("merchant", "suspend", ID, "--reason", "", "--by", "甲"),
        ("person", "bar", "x" * 10_000, "--reason", "x", "--by", "甲"),
        ("person", "bar", ID, "--reason", "x" * 10_000, "--by", "甲"),
        ("run", "--port", "0"),
        ("run", "--port", "65536"),
        ("run", "--workers", "0"),
        ("token",),
    ],
    ids=lambda arguments: repr(" ".join(arguments))[-90:],
)
def test_wrong_usage_is_status_2(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "usage: huixiang" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "arguments",
    [
        ("round", "list"),
        ("staff", "list"),
        ("staff", "add", "li-1", "--role", "bureau", "--no-password"),
        ("round", "approve", ID, "--by", "甲"),
        WHOLE_CREATE,
        ("fund", "show"),
        ("merchant", "list"),
        ("person", "bar", ID, "--reason", "x", "--by", "甲"),
        ("ledger", "check"),
        ("reconcile",),
        ("token", "resident:1"),
        ("serve",),
        ("worker",),
        ("migrate",),
    ],
    ids=" ".join,
)
def test_with_nobody_running_every_command_says_what_to_do(
    arguments: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HUIXIANG_HOME", str(tmp_path / "nothing here"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert main(arguments) == 1
    assert "./scripts/run" in capsys.readouterr().err


def test_a_variable_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUIXIANG_HOME", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "postgres://h/n")
    monkeypatch.delenv("REDIS_URL", raising=False)
    assert main(["round", "list"]) == 1
    assert "REDIS_URL" in capsys.readouterr().err


def test_reading_the_command_line_loads_no_server() -> None:
    import subprocess

    look = "import sys, server.cli.main; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", look], text=True).split()
    heavy = {"sanic", "tortoise", "wechatpy", "httpx", "asyncpg", "redis", "cryptography", "rich"}
    assert heavy & set(loaded) == set()


def test_an_instant_without_an_offset_is_shanghais() -> None:
    assert instant("2026-12-01T10:00") == datetime(2026, 12, 1, 2, tzinfo=UTC)
    assert instant("2026-12-01T10:00Z") == datetime(2026, 12, 1, 10, tzinfo=UTC)


def test_limits_themselves_are_allowed() -> None:
    assert whole(1, 100)("100") == 100
    assert whole(1, 100)("1") == 1
    assert text(" " + "甲" * 100 + " ") == "甲" * 100
