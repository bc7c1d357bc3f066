"""Asking, writing, taking over, sweeping: what holds for every list."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from server.audit.domain import Action, NotAllowed
from server.audit.models import Entry
from server.exports import jobs
from server.exports.domain import (
    CHUNK_BYTES,
    GIVE_UP,
    KEPT,
    OPEN_ALL_MAX,
    OPEN_EACH_MAX,
    STALE,
    STORED_BYTES_MAX,
    BadAsked,
    ExportState,
    FileTooLarge,
    Full,
    NotReady,
    TooMany,
    UnknownExport,
    UnknownKind,
)
from server.exports.jobs import ChunkOut, Lost, sweep, write_next
from server.exports.models import Export
from server.exports.schemas import export_view
from server.exports.service import Exports
from server.kit.clock import SetClock, SystemClock
from server.kit.ids import uuid7
from tests.factories.staff import AUDITOR, BUREAU, EVERYBODY, FINANCE, TREASURER
from tests.integration.exports.scene import chunks_count, whole

BIG = {"pieces": 5, "bytes": CHUNK_BYTES - 7}


async def test_a_file_is_written_in_pieces_and_handed_out_whole(
    exports: Exports, clock: SetClock
) -> None:
    row = await exports.ask("slow.csv", BIG, actor=FINANCE)
    assert (row.state, row.rows_total) == (ExportState.QUEUED, 5)
    assert await write_next(exports.kinds, clock)
    done = await exports.file(row.id, actor=FINANCE)
    content = await whole(row.id)
    assert content == b"".join(bytes([n]) * (CHUNK_BYTES - 7) for n in range(5))
    assert (done.size_bytes, done.rows_done) == (len(content), 5)
    assert done.sha256 == hashlib.sha256(content).digest()
    assert await chunks_count() == 5
    view = export_view(done)
    assert (view.percent, view.state, view.file_name) == (100, "done", "慢清单_测试.csv")
    assert not await write_next(exports.kinds, clock)


async def test_the_asking_is_in_the_audit_log(exports: Exports) -> None:
    row = await exports.ask("slow.csv", {"pieces": 2}, actor=BUREAU)
    entry = await Entry.get(action=Action.EXPORT_ASKED)
    assert (entry.subject, entry.actor) == (f"export:{row.id}", "bureau")
    assert '"kind":"slow.csv"' in entry.body


async def test_who_may_ask_and_read(exports: Exports, clock: SetClock) -> None:
    row = await exports.ask("slow.csv", {}, actor=FINANCE)
    for actor in EVERYBODY:
        if actor in {FINANCE, AUDITOR}:
            assert (await exports.one(row.id, actor=actor)).id == row.id
        elif actor.may(Action.EXPORT_ASKED):
            with pytest.raises(UnknownExport):
                await exports.one(row.id, actor=actor)
        else:
            with pytest.raises(NotAllowed):
                await exports.ask("slow.csv", {}, actor=actor)
            with pytest.raises(NotAllowed):
                await exports.one(row.id, actor=actor)
    assert list(await exports.newest(actor=TREASURER)) == []
    assert [one.id for one in await exports.newest(actor=AUDITOR)] == [row.id]


async def test_what_is_refused_before_anything_is_kept(exports: Exports) -> None:
    with pytest.raises(UnknownKind):
        await exports.ask("passwords.csv", {}, actor=FINANCE)
    for asked in (
        {},
        {"since": "2026-06-01"},
        {"since": "2026-06-01", "until": "2026-13-01"},
        {"since": "2026-06-01", "until": "2026-06-02", "person_id": "x"},
        {"since": "2026-06-01", "until": 7},
    ):
        for kind in ("redemptions.csv", "ledger.csv"):
            with pytest.raises(BadAsked):
                await exports.ask(kind, asked, actor=FINANCE)
    with pytest.raises(BadAsked):
        await exports.ask(
            "ledger.csv", {"since": "2026-06-02", "until": "2026-06-01"}, actor=FINANCE
        )
    assert await Export.all().count() == 0
    assert await Entry.filter(action=Action.EXPORT_ASKED).count() == 0


async def test_three_for_a_person_and_twenty_for_all(exports: Exports, clock: SetClock) -> None:
    for _ in range(OPEN_EACH_MAX):
        await exports.ask("slow.csv", {}, actor=FINANCE)
    with pytest.raises(TooMany) as refusal:
        await exports.ask("slow.csv", {}, actor=FINANCE)
    assert refusal.value.data == {"most": OPEN_EACH_MAX}
    await write_next(exports.kinds, clock)
    await exports.ask("slow.csv", {}, actor=FINANCE)
    for number in range(OPEN_ALL_MAX - OPEN_EACH_MAX):
        await Export.create(
            id=uuid7(),
            kind="slow.csv",
            asked={},
            state=ExportState.QUEUED,
            file_name="x",
            asked_by=f"somebody {number}",
            asked_at=clock.now(),
        )
    with pytest.raises(TooMany) as refusal:
        await exports.ask("slow.csv", {}, actor=BUREAU)
    assert refusal.value.data == {"most": OPEN_ALL_MAX}


async def test_askers_at_once_are_counted_one_after_the_other(exports: Exports) -> None:
    asking = [exports.ask("slow.csv", {}, actor=FINANCE) for _ in range(8)]
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert sum(isinstance(answer, Export) for answer in answers) == OPEN_EACH_MAX
    assert sum(isinstance(answer, TooMany) for answer in answers) == 8 - OPEN_EACH_MAX


async def test_files_that_fill_all_the_room_keep_new_ones_out(
    exports: Exports, clock: SetClock
) -> None:
    row = await exports.ask("slow.csv", {}, actor=FINANCE)
    await write_next(exports.kinds, clock)
    await Export.filter(id=row.id).update(size_bytes=STORED_BYTES_MAX)
    with pytest.raises(Full):
        await exports.ask("slow.csv", {}, actor=FINANCE)


async def test_a_file_that_is_not_whole_cannot_be_fetched(
    exports: Exports, clock: SetClock
) -> None:
    row = await exports.ask("slow.csv", BIG, actor=FINANCE)
    with pytest.raises(NotReady):
        await exports.file(row.id, actor=FINANCE)
    out = await jobs._take(clock)
    assert out is not None
    out.write(bytes(CHUNK_BYTES))
    await out.drain(1)
    assert await chunks_count() == 1
    with pytest.raises(NotReady) as refusal:
        await exports.file(row.id, actor=FINANCE)
    assert refusal.value.data == {"state": "running"}
    assert export_view(await Export.get(id=row.id)).sha256 is None


async def test_what_fails_says_why_and_leaves_no_piece(exports: Exports, clock: SetClock) -> None:
    refused = await exports.ask("slow.csv", BIG | {"refuse_at": 3}, actor=FINANCE)
    broken = await exports.ask("slow.csv", BIG | {"break_at": 3}, actor=BUREAU)
    assert await write_next(exports.kinds, clock)
    assert await write_next(exports.kinds, clock)
    for row, sentence in ((refused, FileTooLarge.detail), (broken, jobs.FAILED_SENTENCE)):
        told = await Export.get(id=row.id)
        assert (told.state, told.problem) == (ExportState.FAILED, sentence)
    assert await chunks_count() == 0
    with pytest.raises(NotReady):
        await exports.file(refused.id, actor=FINANCE)


async def test_a_file_over_the_limit_fails(
    exports: Exports, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "FILE_BYTES_MAX", 3 * CHUNK_BYTES)
    row = await exports.ask("slow.csv", BIG, actor=FINANCE)
    await write_next(exports.kinds, clock)
    assert (await Export.get(id=row.id)).problem == FileTooLarge.detail
    assert await chunks_count() == 0


@pytest.mark.fault
async def test_a_dead_writer_s_export_is_taken_over_and_begun_again(
    exports: Exports, clock: SetClock
) -> None:
    row = await exports.ask("slow.csv", BIG, actor=FINANCE)
    dead = await jobs._take(clock)
    assert dead is not None
    dead.write(b"x" * (2 * CHUNK_BYTES))
    await dead.drain(2)
    assert not await write_next(exports.kinds, clock), "its writer was alive just now"
    clock.move(STALE + timedelta(seconds=1))
    assert await write_next(exports.kinds, clock)
    assert hashlib.sha256(await whole(row.id)).digest() == (await Export.get(id=row.id)).sha256
    assert b"x" not in await whole(row.id)


@pytest.mark.fault
async def test_a_writer_that_was_only_asleep_adds_nothing(
    exports: Exports, clock: SetClock
) -> None:
    row = await exports.ask("slow.csv", BIG, actor=FINANCE)
    asleep = await jobs._take(clock)
    assert asleep is not None
    clock.move(STALE + timedelta(seconds=1))
    other = await jobs._take(clock)
    assert other is not None
    asleep.write(b"x" * CHUNK_BYTES)
    for late in (asleep.drain(1), asleep.beat(), asleep.finish(), asleep.fail("no")):
        with pytest.raises(Lost):
            await late
    assert await chunks_count() == 0
    other.write(b"right")
    await other.finish()
    assert await whole(row.id) == b"right"


async def test_the_sign_of_life_is_what_keeps_two_writers_apart(
    exports: Exports, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin of the test above: without the comparison the sleeper adds its piece."""

    async def careless(self: ChunkOut, **to: object) -> None:
        await Export.filter(id=self.row.id).update(**to)

    await exports.ask("slow.csv", BIG, actor=FINANCE)
    asleep = await jobs._take(clock)
    assert asleep is not None
    clock.move(STALE + timedelta(seconds=1))
    assert await jobs._take(clock) is not None
    monkeypatch.setattr(ChunkOut, "_move", careless)
    asleep.write(b"x" * CHUNK_BYTES)
    await asleep.drain(1)
    assert await chunks_count() == 1


@pytest.mark.fault
async def test_when_the_book_goes_away_the_export_is_begun_again_later(
    exports: Exports, clock: SetClock
) -> None:
    row = await exports.ask("slow.csv", BIG | {"lose_at": 2}, actor=FINANCE)
    assert await write_next(exports.kinds, clock)
    assert (await Export.get(id=row.id)).state is ExportState.RUNNING
    await Export.filter(id=row.id).update(asked=BIG)
    clock.move(STALE + timedelta(seconds=1))
    assert await write_next(exports.kinds, clock)
    assert (await Export.get(id=row.id)).state is ExportState.DONE


async def test_a_writer_that_is_stopped_puts_its_export_back(exports: Exports) -> None:
    clock = SystemClock()
    row = await replace(exports, clock=clock).ask(
        "slow.csv", {"pieces": 100, "wait": 0.05}, actor=FINANCE
    )
    writing = asyncio.create_task(write_next(exports.kinds, clock))
    async with asyncio.timeout(20):
        while (await Export.get(id=row.id)).state is not ExportState.RUNNING:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert (await Export.get(id=row.id)).state is ExportState.QUEUED


async def test_progress_is_told_while_it_is_written(exports: Exports) -> None:
    clock = SystemClock()
    row = await replace(exports, clock=clock).ask(
        "slow.csv", {"pieces": 30, "wait": 0.1}, actor=FINANCE
    )
    writing = asyncio.create_task(write_next(exports.kinds, clock))
    told = set()
    while not writing.done():
        seen = await Export.get(id=row.id)
        told.add(export_view(seen).percent)
        await asyncio.sleep(0.05)
    assert len(told - {0, 100}) >= 2, told


async def test_an_export_that_kills_its_writers_is_given_up(
    exports: Exports, clock: SetClock
) -> None:
    row = await exports.ask("slow.csv", BIG, actor=FINANCE)
    assert await jobs._take(clock) is not None
    clock.move(GIVE_UP + timedelta(minutes=1))
    assert not await write_next(exports.kinds, clock)
    told = await Export.get(id=row.id)
    assert (told.state, told.problem) == (ExportState.FAILED, jobs.GAVE_UP_SENTENCE)


async def test_a_file_is_kept_for_a_day(exports: Exports, clock: SetClock) -> None:
    row = await exports.ask("slow.csv", BIG, actor=FINANCE)
    await write_next(exports.kinds, clock)
    clock.move(KEPT)
    assert await sweep(clock) == 0
    clock.move(timedelta(seconds=1))
    assert await sweep(clock) == 1
    assert await chunks_count() == 0
    with pytest.raises(UnknownExport):
        await exports.one(row.id, actor=FINANCE)
