"""The audit log from the terminal: checked, read, signed (P-11.2)."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import pytest

from server.audit.signing import Signer
from tests.conftest import SECRET
from tests.integration.cli.conftest import Command
from tests.system import System

pytestmark = pytest.mark.policy("P-11.2")

HEAD = re.compile(r"链头 ([0-9]+:[0-9a-f]{64})")


@pytest.fixture
def head(within: Command) -> str:
    """A log with some entries, and where its chain ends."""
    for name in ("one", "two", "three"):
        within("staff", "add", f"audit-{name}", "--role", "bureau", "--no-password")
    said = within("audit", "verify")
    assert said.status == 0, said.out + said.err
    found = HEAD.search(said.out)
    assert found is not None
    return found[1]


@contextmanager
def forged(system: System, change: str, back: str) -> Iterator[None]:
    """Somebody who administers the tables changes the log; put right afterwards."""

    async def run(statement: str) -> None:
        book = await asyncpg.connect(system.env["DATABASE_URL"])
        tables = ("audit_entries", "audit_chain", "audit_checkpoints")
        for table in tables:
            await book.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await book.execute(statement)
        for table in tables:
            await book.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        await book.close()

    asyncio.run(run(change))
    yield
    asyncio.run(run(back))


def test_a_sound_log_is_said_to_be_sound(huixiang: Command, within: Command, head: str) -> None:
    count = int(head.partition(":")[0])
    said = huixiang("audit", "verify", "--head", head)
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith(f"✓ 共 {count} 条记录，逐条相符。\n最近的检查点在第 ")


def test_the_first_altered_entry_is_named(within: Command, running: System, head: str) -> None:
    seq = int(head.partition(":")[0]) - 1
    change = (
        "UPDATE audit_entries SET body = replace(body, '{}', '{}') "
        f"WHERE id = (SELECT entry_id FROM audit_chain WHERE seq = {seq})"
    )
    there, back = change.format("bureau", "finance"), change.format("finance", "bureau")
    with forged(running, there, back):
        said = within("audit", "verify")
    assert said.status == 1
    assert re.match(rf"✗ 第 {seq} 条记录（[0-9a-f-]{{36}}）已被修改", said.out)
    assert f"此前的 {seq - 1} 条记录相符" in said.out
    assert within("audit", "verify").status == 0


def test_a_head_written_down_tells_of_a_removed_tail(within: Command, head: str) -> None:
    count = int(head.partition(":")[0])
    said = within("audit", "verify", "--head", f"{count + 2}:{'0' * 64}")
    assert said.status == 1
    assert f"✗ 第 {count + 1} 条至第 {count + 2} 条记录已被删除" in said.out
    said = within("audit", "verify", "--head", f"{count}:{'0' * 64}")
    assert said.status == 1
    assert "与留存的哈希不符" in said.out


def test_checkpoints_are_signed_when_asked(within: Command, head: str) -> None:
    signed = within("audit", "checkpoint", "--now").out
    assert signed.startswith(f"检查点 {head}（")
    assert within("audit", "checkpoint", "--now").out == f"没有新的记录需要签署。\n{signed}"
    assert within("audit", "checkpoint").out == signed
    assert "其后 0 条尚未签署" in within("audit", "verify").out


def test_another_key_must_be_named(within: Command, head: str) -> None:
    within("audit", "checkpoint", "--now")
    other = {"HUIXIANG_SECRET": "A" * 43 + "="}
    assert "签名无效" in within("audit", "verify", **other).out
    key = within("audit", "key").out.strip()
    assert key == Signer(SECRET).public_key.hex()
    assert within("audit", "verify", "--key", key, **other).status == 0


def test_entries_are_listed_newest_first(within: Command, head: str) -> None:
    added = within("audit", "list", "--action", "staff.added", "--count", "2").out.splitlines()
    assert "staff:audit-three" in added[0]
    assert "command-line（system，cli@" in added[0]
    assert added[1].startswith("    后 {")
    assert len(within("audit", "list", "--subject", "staff:audit-one").out.splitlines()) == 2
    assert within("audit", "list", "--since", "2126-01-01T00:00").out == "没有这样的记录。\n"
    said = within("audit", "list", "--action", "no.such")
    assert (said.status, said.out) == (1, "")
    assert "staff.added" in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "--head", "12"),
        ("verify", "--key", "zz"),
        ("verify", "--key", "ab " * 21 + "a"),
        ("list", "--count", "0"),
        ("list", "--since", "soon"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_opened(
    within: Command, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit):
        within("audit", *arguments)
