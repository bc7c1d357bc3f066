"""Time: asked for in one place, so that a test or a rehearsal can set it.

Instants are aware UTC datetimes everywhere; the programme's calendar is Asia/Shanghai.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Whatever can tell the time."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)


@dataclass
class SetClock:
    """A clock that stands still until it is moved: for rehearsals and tests."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        """The instant it was set to."""
        return self.at

    def move(self, by: timedelta) -> None:
        """Move the clock by `by`, which may be negative."""
        self.at += by


def iso(instant: datetime) -> str:
    """RFC 3339 text of an instant in UTC with milliseconds: `2026-05-01T02:00:00.000Z`."""
    text = instant.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
