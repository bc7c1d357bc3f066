"""What goes over the wire about exports."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from server.exports.domain import KEPT, ExportState, percent
from server.exports.models import Export
from server.kit.clock import iso


class ExportRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A list, and what of it."""

    kind: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    asked: dict[str, Any] = {}


class ExportView(msgspec.Struct, frozen=True):
    """One export as whoever asked for it sees it."""

    id: UUID
    kind: str
    asked: dict[str, object]
    state: str
    rows_done: int
    rows_total: int | None
    percent: int
    file_name: str
    size_bytes: int
    sha256: str | None
    """Hexadecimal, once the file is whole."""
    problem: str | None
    asked_by: str
    asked_at: str
    done_at: str | None
    kept_until: str | None


class ExportPage(msgspec.Struct, frozen=True):
    """The newest exports."""

    exports: list[ExportView]


def export_view(row: Export) -> ExportView:
    """What an export's row shows."""
    done = row.state is ExportState.DONE
    return ExportView(
        id=row.id,
        kind=row.kind,
        asked=row.asked,
        state=row.state.value,
        rows_done=row.rows_done,
        rows_total=row.rows_total,
        percent=percent(row.rows_done, row.rows_total, row.state),
        file_name=row.file_name,
        size_bytes=row.size_bytes,
        sha256=bytes(row.sha256).hex() if done and row.sha256 is not None else None,
        problem=row.problem,
        asked_by=row.asked_by,
        asked_at=iso(row.asked_at),
        done_at=_iso(row.done_at),
        kept_until=_iso(row.done_at + KEPT) if row.done_at is not None else None,
    )


def _iso(at: datetime | None) -> str | None:
    return None if at is None else iso(at)
