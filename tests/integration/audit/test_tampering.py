"""Whoever can switch the triggers off is found out, and the first place is named (P-11.2)."""

from uuid import UUID

import pytest

from server.audit.models import Link
from server.audit.signing import Signer
from server.audit.verdict import Fault, Head, Wrong
from server.audit.verify import verify
from tests.integration.audit.conftest import REHASH, Log

pytestmark = pytest.mark.policy("P-11.2")

ID_OF = "(SELECT entry_id FROM audit_chain WHERE seq = {})"


def remove(first: int, last: int) -> list[str]:
    """Entries and their places."""
    places = f"SELECT entry_id FROM audit_chain WHERE seq BETWEEN {first} AND {last}"
    return [
        f"DELETE FROM audit_entries WHERE id IN ({places})",
        f"DELETE FROM audit_chain WHERE seq BETWEEN {first} AND {last}",
    ]


def alter(seq: int) -> str:
    """The text of an entry, and the column that repeats it."""
    return (
        "UPDATE audit_entries SET actor = 'x', body = replace(body, '\"actor\":\"finance\"', "
        f'\'"actor":"x"\') '
        f"WHERE id = {ID_OF.format(seq)}"
    )


async def found(log: Log, head: Head | None = None) -> tuple[Wrong, int | None, int | None]:
    fault = (await log.verify(head)).fault
    assert fault is not None, "nobody noticed"
    return fault.wrong, fault.seq, fault.until_seq


async def id_of(seq: int) -> UUID:
    return UUID(str((await Link.get(seq=seq)).entry_id))


async def test_a_log_that_nobody_touched_is_sound(log: Log) -> None:
    assert (await log.verify()).finished
    await log.acts(3)
    await log.sign()
    await log.acts(2)
    head = await log.head()
    verdict = await log.verify(head)
    assert (verdict.fault, verdict.finished, verdict.reached) == (None, True, head)
    assert (verdict.checked_count, verdict.signed_seq, verdict.unsigned_count) == (5, 3, 2)


@pytest.mark.parametrize(("first", "last"), [(1, 1), (3, 3), (2, 4)])
async def test_removed_entries_leave_a_gap(log: Log, first: int, last: int) -> None:
    await log.acts(6)
    await log.forge(*remove(first, last))
    assert await found(log) == (Wrong.ENTRY_REMOVED, first, last)


@pytest.mark.parametrize("seq", [1, 3, 6])
async def test_a_removed_entry_is_missed_at_its_place(log: Log, seq: int) -> None:
    await log.acts(6)
    gone = await id_of(seq)
    await log.forge(f"DELETE FROM audit_entries WHERE id = {ID_OF.format(seq)}")
    fault = (await log.verify()).fault
    assert fault == Fault(Wrong.ENTRY_REMOVED, seq, entry_id=gone)
    assert f"第 {seq} 条记录（{gone}）已被删除" in fault.sentence


async def test_a_removed_tail_contradicts_a_checkpoint(log: Log) -> None:
    await log.acts(4)
    await log.sign()
    await log.forge(*remove(3, 4))
    assert await found(log) == (Wrong.TAIL_REMOVED, 3, 4)
    await log.forge(*remove(1, 2))
    assert await found(log) == (Wrong.TAIL_REMOVED, 1, 4)


async def test_a_tail_removed_with_its_checkpoints_contradicts_a_head_written_down(
    log: Log,
) -> None:
    await log.acts(2)
    await log.sign()
    await log.acts(2)
    await log.sign()
    head = await log.head()
    await log.forge(*remove(3, 4), "DELETE FROM audit_checkpoints WHERE seq = 4")
    assert (await log.verify()).fault is None, "nothing inside the database tells"
    assert await found(log, head) == (Wrong.TAIL_REMOVED, 3, 4)
    await log.acts(2)
    assert await found(log, head) == (Wrong.REWRITTEN, 3, 4), "others in their places"


async def test_a_place_removed_leaves_an_entry_without_one(log: Log) -> None:
    await log.acts(3)
    last = await id_of(3)
    await log.forge("DELETE FROM audit_chain WHERE seq = 3")
    fault = (await log.verify()).fault
    assert fault == Fault(Wrong.ENTRY_UNCHAINED, None, entry_id=last)
    await log.forge("DELETE FROM audit_chain WHERE seq = 1")
    assert await found(log) == (Wrong.ENTRY_REMOVED, 1, 1)


async def test_an_entry_slipped_past_the_chain_is_found(log: Log) -> None:
    await log.acts(1)
    columns = "at, actor, role, origin, action, subject, body"
    await log.forge(
        f"INSERT INTO audit_entries (id, {columns}) SELECT gen_random_uuid(), {columns} "
        "FROM audit_entries"
    )
    assert await found(log) == (Wrong.ENTRY_UNCHAINED, None, None)


@pytest.mark.parametrize("seq", [1, 3, 5])
async def test_an_altered_text_is_named(log: Log, seq: int) -> None:
    await log.acts(5)
    altered = await id_of(seq)
    await log.forge(alter(seq))
    fault = (await log.verify()).fault
    assert fault == Fault(Wrong.ENTRY_ALTERED, seq, entry_id=altered)
    assert f"第 {seq} 条记录（{altered}）已被修改" in fault.sentence


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "'nobody'"),
        ("role", "'auditor'"),
        ("origin", "'elsewhere'"),
        ("action", "'no.such_act'"),
        ("subject", "'funds:99'"),
        ("at", "at + interval '1 hour'"),
        ("at", "'infinity'"),
    ],
)
async def test_an_altered_column_is_named(log: Log, column: str, value: str) -> None:
    await log.acts(3)
    await log.forge(f"UPDATE audit_entries SET {column} = {value} WHERE id = {ID_OF.format(2)}")
    fault = (await log.verify()).fault
    assert fault is not None
    assert (fault.wrong, fault.seq, fault.columns) == (Wrong.COLUMNS_ALTERED, 2, (column,))


async def test_two_entries_that_changed_places_are_found(log: Log) -> None:
    await log.acts(5)
    second, fourth = await id_of(2), await id_of(4)
    await log.forge(
        f"UPDATE audit_chain SET entry_id = CASE seq WHEN 2 THEN '{fourth}'::uuid "
        f"ELSE '{second}'::uuid END WHERE seq IN (2, 4)",
    )
    assert await found(log) == (Wrong.ENTRY_ALTERED, 2, None)


@pytest.mark.parametrize("seq", [1, 3])
async def test_an_altered_hash_is_told_from_an_altered_entry(log: Log, seq: int) -> None:
    await log.acts(4)
    await log.forge(f"UPDATE audit_chain SET hash = sha256('x') WHERE seq = {seq}")
    assert await found(log) == (Wrong.LINK_ALTERED, seq, None)


async def test_a_place_before_the_first_is_found(log: Log) -> None:
    await log.acts(1)
    await log.forge(
        "INSERT INTO audit_chain (seq, entry_id, hash) VALUES (-3, gen_random_uuid(), 'x')"
    )
    assert await found(log) == (Wrong.LINK_ADDED, -3, None)


async def test_a_chain_computed_anew_contradicts_the_next_checkpoint(log: Log) -> None:
    await log.acts(3)
    await log.sign()
    await log.acts(3)
    await log.sign()
    await log.acts(3)
    await log.forge(alter(5), REHASH)
    verdict = await log.verify()
    assert verdict.fault == Fault(Wrong.REWRITTEN, 4, 6)
    assert verdict.signed_seq == 3
    assert await log.notary.checkpoint(force=True) is None, "nobody signs that"


async def test_a_chain_computed_anew_contradicts_a_head_written_down(log: Log) -> None:
    await log.acts(4)
    head = await log.head()
    await log.acts(2)
    await log.forge(alter(2), REHASH)
    assert (await log.verify()).fault is None, "nothing was signed"
    assert await found(log, head) == (Wrong.REWRITTEN, 1, 4)


@pytest.mark.parametrize("column", ["hash", "signature"])
async def test_an_altered_checkpoint_is_found(log: Log, column: str) -> None:
    await log.acts(2)
    await log.sign()
    await log.acts(1)
    await log.forge(f"UPDATE audit_checkpoints SET {column} = sha256('x')")
    assert await found(log) == (Wrong.CHECKPOINT_ALTERED, 2, None)


@pytest.mark.parametrize("seq", [-1, 9])
async def test_a_checkpoint_of_no_place_is_found(log: Log, seq: int) -> None:
    await log.acts(2)
    await log.sign()
    await log.forge(f"UPDATE audit_checkpoints SET seq = {seq}")
    assert await found(log) == (Wrong.CHECKPOINT_ALTERED, seq, None)


async def test_a_checkpoint_of_a_former_key_needs_that_key(log: Log) -> None:
    await log.acts(2)
    await log.sign()
    former, present = log.signer.public_key, Signer(bytes(32)).public_key
    verdict = await verify([present])
    assert verdict.fault == Fault(Wrong.CHECKPOINT_ALTERED, 2)
    assert (await verify([present, former])).fault is None


async def test_the_first_of_several_faults_is_named(log: Log) -> None:
    await log.acts(9)
    await log.forge(alter(7), *remove(5, 5), alter(3))
    assert await found(log) == (Wrong.ENTRY_ALTERED, 3, None)


async def test_a_long_log_is_checked_in_steps(log: Log) -> None:
    await log.acts(5)
    await log.sign()
    keys, reached = [log.signer.public_key], Head(0, bytes(32))
    seen = []
    for _ in range(4):
        verdict = await verify(keys, after=reached, entries_max=2)
        reached = verdict.reached
        seen.append((verdict.checked_count, reached.seq, verdict.finished))
    assert seen == [(2, 2, False), (2, 4, False), (1, 5, True), (0, 5, True)]
    elsewhere = Head(3, bytes(32))
    assert (await verify(keys, after=elsewhere)).fault == Fault(Wrong.REWRITTEN, 1, 3)
    beyond = Head(7, bytes(32))
    assert (await verify(keys, after=beyond)).fault == Fault(Wrong.TAIL_REMOVED, 7)
