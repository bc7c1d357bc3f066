"""What an invariant is; runs: how much one looks at, how often, and what it found."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

WINDOW = timedelta(hours=2)
"""How far back the minute's run looks at single rows."""


@dataclass(frozen=True, slots=True)
class Invariant:
    """What must be true, and the query of the rows for which it is not.

    The query names its large tables in braces (`{redemptions}`, see `sources`); the minute's run
    puts there only the rows that were touched lately. One without braces always sees everything.
    """

    name: str
    sentence: str
    broken: str
    minute: bool = True
    """Whether the minute's run checks it; what reads whole large tables waits for the hour."""

    @property
    def total(self) -> bool:
        """Whether the minute's run sees all of it, so that it may also clear its alarm."""
        return self.minute and "{" not in self.broken


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one invariant; `rows` are the first few that break it."""

    name: str
    sentence: str
    rows: tuple[dict[str, Any], ...]

    @property
    def holds(self) -> bool:
        """Whether nothing breaks it."""
        return not self.rows


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
