"""Asking for exports, watching them, fetching them. The files are written by `jobs`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from tortoise.functions import Sum

from server.audit import service as audit
from server.audit.domain import Action, Actor, Role
from server.exports.domain import (
    LIST_MAX,
    OPEN,
    OPEN_ALL_MAX,
    OPEN_EACH_MAX,
    STORED_BYTES_MAX,
    ExportState,
    Full,
    NotReady,
    TooMany,
    UnknownExport,
    UnknownKind,
)
from server.exports.kinds import Asked, Kind, Out
from server.exports.models import Export, ExportChunk
from server.infra.db import connection, transaction
from server.kit.clock import Clock
from server.kit.ids import uuid7


@dataclass(frozen=True, slots=True)
class Exports:
    """The lists there are, and the files of those that were asked for."""

    kinds: Mapping[str, Kind]
    clock: Clock

    async def ask(self, name: str, asked: Asked, *, actor: Actor) -> Export:
        """Have a list written. The refusals of the charter, in its order."""
        kind, asked = await self._checked(name, asked, actor)
        rows_total = await kind.total(asked)
        now = self.clock.now()
        async with transaction():
            await _one_at_a_time()
            await _check_room(actor)
            row = await Export.create(
                id=uuid7(),
                kind=kind.name,
                asked=dict(asked),
                state=ExportState.QUEUED,
                rows_total=rows_total,
                file_name=kind.file_name(asked)[:100],
                asked_by=actor.name,
                asked_at=now,
            )
            await self._record(kind, asked, f"export:{row.id}", actor)
        return row

    async def write(self, name: str, asked: Asked, out: Out, *, actor: Actor) -> None:
        """Write a list here and now, for the command line. The refusals of asking but the limits.

        The asking is recorded before the first byte: what somebody saw a part of was asked for.
        """
        kind, asked = await self._checked(name, asked, actor)
        async with transaction():
            await self._record(kind, asked, f"export:{uuid7()}", actor)
        await kind.write(asked, out)

    async def total(self, name: str, asked: Asked, *, actor: Actor) -> int:
        """How many rows the list would have."""
        kind, asked = await self._checked(name, asked, actor)
        return await kind.total(asked)

    async def one(self, export_id: UUID, *, actor: Actor) -> Export:
        """One export that the actor asked for; an auditor reads everybody's. UnknownExport."""
        actor.check(Action.EXPORT_ASKED)
        row = await Export.get_or_none(id=export_id)
        if row is None or not _may_read(row, actor):
            raise UnknownExport
        return row

    async def newest(self, *, actor: Actor) -> Sequence[Export]:
        """The newest exports of the actor; everybody's for an auditor."""
        actor.check(Action.EXPORT_ASKED)
        rows = Export.all() if actor.role is Role.AUDITOR else Export.filter(asked_by=actor.name)
        return await rows.order_by("-asked_at", "-id").limit(LIST_MAX)

    async def file(self, export_id: UUID, *, actor: Actor) -> Export:
        """An export whose file is whole. UnknownExport, NotReady."""
        row = await self.one(export_id, actor=actor)
        if row.state is not ExportState.DONE:
            raise NotReady(state=row.state.value)
        return row

    async def _checked(self, name: str, asked: Asked, actor: Actor) -> tuple[Kind, Asked]:
        actor.check(Action.EXPORT_ASKED)
        kind = self.kinds.get(name)
        if kind is None:
            raise UnknownKind(known=sorted(self.kinds))
        actor.check(kind.view)
        return kind, await kind.check(asked)

    async def _record(self, kind: Kind, asked: Asked, subject: str, actor: Actor) -> None:
        await audit.record(
            Action.EXPORT_ASKED,
            actor=actor,
            subject=subject,
            at=self.clock.now(),
            after={"kind": kind.name, "asked": dict(asked)},
        )


async def pieces(export_id: UUID, size_bytes: int) -> AsyncIterator[bytes]:
    """The bytes of a whole file, a piece at a time; EOFError if it was swept meanwhile."""
    sent = number = 0
    while sent < size_bytes:
        row = await ExportChunk.get_or_none(export_id=export_id, number=number)
        if row is None:
            raise EOFError
        content = bytes(row.content)
        yield content
        sent += len(content)
        number += 1


def _may_read(row: Export, actor: Actor) -> bool:
    return row.asked_by == actor.name or actor.role is Role.AUDITOR


async def _one_at_a_time() -> None:
    """Let askers count one after the other; a count of rows locks nothing by itself."""
    async with connection() as book:
        await book.execute("SELECT pg_advisory_xact_lock(hashtextextended('exports', 0))")


async def _check_room(actor: Actor) -> None:
    """Whether one more may be asked for. TooMany, Full."""
    waiting = Export.filter(state__in=OPEN)
    if await waiting.filter(asked_by=actor.name).count() >= OPEN_EACH_MAX:
        raise TooMany(most=OPEN_EACH_MAX)
    if await waiting.count() >= OPEN_ALL_MAX:
        raise TooMany(most=OPEN_ALL_MAX)
    rows = await Export.annotate(total=Sum("size_bytes")).values("total")
    if int(rows[0]["total"] or 0) >= STORED_BYTES_MAX:
        raise Full
