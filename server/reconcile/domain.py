"""Runs: how much one looks at, how often, and what it found."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from server.reconcile.invariants import Finding

WINDOW = timedelta(hours=2)
"""How far back the minute's run looks at single rows."""


class Scope(StrEnum):
    """How much a run looks at."""

    MINUTE = "minute"
    """Every minute: all totals, and of the single rows those touched within `WINDOW`."""
    FULL = "full"
    """Once an hour and on demand: every row there is."""

    @property
    def number(self) -> int:
        """The row of its last run."""
        return 1 if self is Scope.MINUTE else 2

    @property
    def every(self) -> timedelta:
        """How often it runs by itself."""
        return timedelta(minutes=1) if self is Scope.MINUTE else timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run found."""

    scope: Scope
    at: datetime
    seconds: float
    findings: tuple[Finding, ...]
    position: dict[str, int]
    """Fen on all accounts of each kind."""

    @property
    def broken(self) -> tuple[Finding, ...]:
        """The invariants that do not hold."""
        return tuple(finding for finding in self.findings if not finding.holds)
