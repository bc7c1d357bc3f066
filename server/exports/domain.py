"""States of an export, its limits, its refusals."""

from datetime import timedelta
from enum import StrEnum

from server.kit.errors import Kind, Refusal
from server.kit.transitions import Transitions

OPEN_EACH_MAX = 3
"""Unfinished exports of one person."""
OPEN_ALL_MAX = 20
STORED_BYTES_MAX = 8 * 1024**3
"""Of all files together; a new one is refused above it."""
FILE_BYTES_MAX = 2 * 1024**3
CHUNK_BYTES = 1024 * 1024
KEPT = timedelta(hours=24)
"""How long a file can be fetched."""
STALE = timedelta(seconds=60)
"""A writer that gave no sign of life for so long is taken for dead."""
GIVE_UP = timedelta(hours=6)
"""An export that killed its writers for so long is not tried again."""
LIST_MAX = 100


class ExportState(StrEnum):
    """States of an export."""

    QUEUED = "queued"
    """Waits for the worker."""
    RUNNING = "running"
    """Being written."""
    DONE = "done"
    """Can be fetched."""
    FAILED = "failed"
    """Could not be written; `problem` says why."""


OPEN = (ExportState.QUEUED, ExportState.RUNNING)

TRANSITIONS = Transitions(
    "export",
    ExportState.QUEUED,
    {
        ExportState.QUEUED: frozenset({ExportState.RUNNING}),
        # A writer that died leaves its export running: another one begins it again.
        ExportState.RUNNING: frozenset({ExportState.DONE, ExportState.FAILED, ExportState.QUEUED}),
        ExportState.DONE: frozenset(),
        ExportState.FAILED: frozenset(),
    },
)


def percent(rows_done: int, rows_total: int | None, state: ExportState) -> int:
    """How far an export is, 0 to 100; 100 only when it is done."""
    if state is ExportState.DONE:
        return 100
    if not rows_total:
        return 0
    return min(99, rows_done * 100 // rows_total)


class UnknownKind(Refusal):
    """There is no list of this name; `data.known` names those there are."""

    code = "exports.unknown_kind"
    kind = Kind.RULE
    detail = "没有这种导出，请从可导出的清单中选择。"


class BadAsked(Refusal):
    """What is asked does not fit the list; `data.reason` says where."""

    code = "exports.bad_asked"
    kind = Kind.MALFORMED
    detail = "导出条件有误，请检查期间和筛选条件后重新提交。"


class TooMany(Refusal):
    """The person, or everybody, has as many unfinished exports as there may be (`data.most`)."""

    code = "exports.too_many"
    kind = Kind.TOO_MANY
    detail = "未完成的导出过多，请等现有的导出完成后再申请。"


class Full(Refusal):
    """The files that are kept take all the room there is; they go after a day."""

    code = "exports.full"
    kind = Kind.UNAVAILABLE
    detail = "导出文件占满了空间，请等旧文件清理后（最多 24 小时）再申请。"


class UnknownExport(Refusal):
    """There is no such export, or it is somebody else's, or its day is over."""

    code = "exports.unknown"
    kind = Kind.NOT_FOUND
    detail = "没有找到这次导出，可能已过期清理，请重新申请。"


class NotReady(Refusal):
    """The file is not whole (`data.state`): waiting, being written, or failed."""

    code = "exports.not_ready"
    kind = Kind.CONFLICT
    detail = "文件还没有生成好，请稍后查看进度再下载。"


class FileTooLarge(Refusal):
    """The file would be over the limit (`data.bytes_max`)."""

    code = "exports.too_large"
    kind = Kind.RULE
    detail = "文件超过 2 GB 上限，请缩短期间或增加筛选条件后重新申请。"
