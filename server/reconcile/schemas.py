"""Shapes of what `/api/v1/alarms` answers."""

from collections.abc import Sequence

import msgspec

from server.kit.clock import iso
from server.kit.paging import encode_place
from server.reconcile.domain import Scope
from server.reconcile.models import Alarm, Check


class AlarmView(msgspec.Struct, frozen=True):
    """An invariant that was found broken."""

    id: str
    name: str
    sentence: str
    """What should be true, in Chinese."""
    rows: list[dict[str, object]]
    """The first rows that break it, as last seen."""
    first_seen_at: str
    last_seen_at: str
    times: int
    """In how many runs it was seen."""
    cleared_at: str | None
    """When a run that sees all of it found that it holds again."""


class CheckView(msgspec.Struct, frozen=True):
    """The last run of a scope."""

    scope: str
    """`minute` or `full`."""
    at: str
    broken_count: int
    seconds: float


class AlarmPage(msgspec.Struct, frozen=True):
    """A page of alarms, newest first, and when everything was last checked."""

    alarms: list[AlarmView]
    checks: list[CheckView]
    next_cursor: str | None


def alarm_page(rows: Sequence[Alarm], checks: Sequence[Check], limit: int) -> AlarmPage:
    """The first `limit` of the rows; one more of them means that there is another page."""
    page = rows[:limit]
    last = page[-1] if len(rows) > limit else None
    scopes = {scope.number: scope.value for scope in Scope}
    return AlarmPage(
        alarms=[
            AlarmView(
                id=str(row.id),
                name=row.name,
                sentence=row.sentence,
                rows=row.rows,
                first_seen_at=iso(row.first_seen_at),
                last_seen_at=iso(row.last_seen_at),
                times=row.times,
                cleared_at=None if row.cleared_at is None else iso(row.cleared_at),
            )
            for row in page
        ],
        checks=[
            CheckView(scopes[row.id], iso(row.at), row.broken_count, round(row.seconds, 3))
            for row in checks
        ],
        next_cursor=encode_place(last.first_seen_at, last.id) if last else None,
    )
