"""States of an export."""

from enum import StrEnum

from server.kit.transitions import Transitions


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
