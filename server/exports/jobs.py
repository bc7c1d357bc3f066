"""Background work of exports: writing what was asked for, and sweeping what had its day.

A writer claims its export by the sign of life that it puts in the row (`beat_at`): each further
piece is added in a transaction that first finds that very sign there and puts a newer one. When
another writer has taken the export over, the sign is another, and the first one stops without
having added anything. So two writers never mix their pieces, however long one of them slept.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import asyncpg
from tortoise.exceptions import DBConnectionError
from tortoise.expressions import Q

from server.exports.domain import (
    CHUNK_BYTES,
    FILE_BYTES_MAX,
    GIVE_UP,
    KEPT,
    STALE,
    TRANSITIONS,
    ExportState,
    FileTooLarge,
)
from server.exports.kinds import Kind
from server.exports.models import Export, ExportChunk
from server.infra.archive import TooLarge
from server.infra.db import transaction
from server.kit.clock import Clock
from server.kit.errors import Refusal

LOG = logging.getLogger("huixiang.exports")

PROGRESS_EVERY = timedelta(seconds=1)
BEAT_EVERY_SECONDS = 10.0
SWEPT_AT_ONCE = 10
FAILED_SENTENCE = "生成文件时出错，我们已记录，请稍后重新申请。"
GAVE_UP_SENTENCE = "多次生成都没有完成，请缩短期间后重新申请。"

_AGAIN = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, DBConnectionError, OSError)
"""The book went away: the export stays as it is, and is begun again by whoever finds it stale."""


class Lost(Exception):
    """Another writer has taken the export over."""


@dataclass
class ChunkOut:
    """Puts a file into the book in pieces, as long as the export is this writer's."""

    row: Export
    clock: Clock
    mine: datetime
    """The sign of life that this writer put last."""
    number: int = 0
    size_bytes: int = 0
    rows_done: int = 0
    buffer: bytearray = field(default_factory=bytearray)
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def write(self, content: bytes, /) -> None:
        """Some more of the file. FileTooLarge."""
        self.size_bytes += len(content)
        if self.size_bytes > FILE_BYTES_MAX:
            raise FileTooLarge(bytes_max=FILE_BYTES_MAX)
        self.digest.update(content)
        self.buffer += content

    async def drain(self, rows_done: int) -> None:
        """Store the whole pieces, and the progress about once a second. Lost."""
        self.rows_done = rows_done
        while len(self.buffer) >= CHUNK_BYTES:
            await self._store(CHUNK_BYTES)
        if self.clock.now() - self.mine >= PROGRESS_EVERY:
            await self.beat()

    async def finish(self) -> None:
        """Store the rest and say that the file is whole. Lost."""
        if self.buffer:
            await self._store(len(self.buffer))
        now = self.clock.now()
        await self._move(
            state=TRANSITIONS.move(ExportState.RUNNING, ExportState.DONE),
            rows_done=self.rows_done,
            rows_total=self.rows_done,
            size_bytes=self.size_bytes,
            sha256=self.digest.digest(),
            done_at=now,
        )

    async def fail(self, problem: str) -> None:
        """Give the pieces up and say why. Lost."""
        async with transaction():
            now = self.clock.now()
            state = TRANSITIONS.move(ExportState.RUNNING, ExportState.FAILED)
            await self._move(state=state, problem=problem[:200], size_bytes=0, done_at=now)
            await ExportChunk.filter(export_id=self.row.id).delete()

    async def put_back(self) -> None:
        """Let another writer begin it at once. Lost."""
        await self._move(state=TRANSITIONS.move(ExportState.RUNNING, ExportState.QUEUED))

    async def beat(self) -> None:
        """A sign of life, with the progress. Lost."""
        await self._move(rows_done=self.rows_done, size_bytes=self.size_bytes)

    async def _store(self, size: int) -> None:
        async with transaction():
            await self._move(rows_done=self.rows_done, size_bytes=self.size_bytes)
            await ExportChunk.create(
                export_id=self.row.id, number=self.number, content=bytes(self.buffer[:size])
            )
        self.number += 1
        del self.buffer[:size]

    async def _move(self, **to: object) -> None:
        """Change the row if it is still this writer's, and put a newer sign of life."""
        async with self.lock:
            now = max(self.clock.now(), self.mine)
            rows = Export.filter(id=self.row.id, state=ExportState.RUNNING, beat_at=self.mine)
            if not await rows.update(beat_at=now, **to):
                raise Lost
            self.mine = now


async def write_next(kinds: Mapping[str, Kind], clock: Clock) -> bool:
    """Write the oldest export that waits, or whose writer died; False when there is none."""
    out = await _take(clock)
    if out is None:
        return False
    row = out.row
    LOG.info("export %s (%s) begins", row.id, row.kind)
    beating = Beating(out)
    try:
        await kinds[row.kind].write(row.asked, out)
        await beating.stop()
        await out.finish()
        LOG.info("export %s is done: %d rows, %d bytes", row.id, out.rows_done, out.size_bytes)
    except asyncio.CancelledError:
        await beating.stop()
        await _while_it_is_ours(out, out.put_back())
        raise
    except Lost:
        LOG.warning("export %s was taken over", row.id)
    except _AGAIN:
        LOG.exception("export %s stopped; it will be begun again", row.id)
    except Refusal as refusal:
        await beating.stop()
        await _while_it_is_ours(out, out.fail(refusal.detail))
    except TooLarge:
        await beating.stop()
        await _while_it_is_ours(out, out.fail(FileTooLarge.detail))
    except Exception:
        LOG.exception("export %s failed", row.id)
        await beating.stop()
        await _while_it_is_ours(out, out.fail(FAILED_SENTENCE))
    finally:
        await beating.stop()
    return True


async def sweep(clock: Clock) -> int:
    """Remove exports whose day is over, with their files; how many there were."""
    over = Export.filter(done_at__lt=clock.now() - KEPT).order_by("done_at")
    ids = await over.limit(SWEPT_AT_ONCE).values_list("id", flat=True)
    for export_id in ids:
        async with transaction():
            await ExportChunk.filter(export_id=export_id).delete()
            await Export.filter(id=export_id).delete()
    return len(ids)


async def _take(clock: Clock) -> ChunkOut | None:
    """Make the oldest free export this writer's, without the pieces of an earlier one."""
    now = clock.now()
    free = Q(state=ExportState.QUEUED) | Q(state=ExportState.RUNNING, beat_at__lt=now - STALE)
    async with transaction():
        rows = Export.filter(free).order_by("asked_at", "id").limit(1)
        row = await rows.select_for_update(skip_locked=True).first()
        if row is None:
            return None
        await ExportChunk.filter(export_id=row.id).delete()
        row.state, row.beat_at = ExportState.RUNNING, now
        row.rows_done = row.size_bytes = 0
        fields = ["state", "beat_at", "rows_done", "size_bytes"]
        given_up = row.asked_at < now - GIVE_UP
        if given_up:
            row.state, row.problem, row.done_at = ExportState.FAILED, GAVE_UP_SENTENCE, now
            fields += ["problem", "done_at"]
        await row.save(update_fields=fields)
    return None if given_up else ChunkOut(row, clock, now)


class Beating:
    """Signs of life also while one long statement of the book is waited for.

    It is asked to stop, never cancelled: cut off between the row and its own memory of it, it would
    make its writer believe that the export is another's.
    """

    def __init__(self, out: ChunkOut) -> None:
        self._out = out
        self._over = asyncio.Event()
        self._task = asyncio.create_task(self._beat(), name=f"exports:{out.row.id}")

    async def stop(self) -> None:
        """Stop, after the sign that is on its way."""
        self._over.set()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _beat(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._over.wait(), BEAT_EVERY_SECONDS)
            except TimeoutError:
                pass
            else:
                return
            try:
                await self._out.beat()
            except Lost:
                return
            except (*_AGAIN, asyncpg.PostgresError):
                LOG.warning("export %s: no sign of life got through", self._out.row.id)


async def _while_it_is_ours(out: ChunkOut, move: Awaitable[None]) -> None:
    """A last move, unless another writer has the export or the book is away."""
    try:
        await move
    except (Lost, *_AGAIN, asyncpg.PostgresError):
        LOG.warning("export %s is left to another writer", out.row.id)
