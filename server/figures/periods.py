"""Periods as the roll-ups can answer them: whole months, and days at the edges."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Split:
    """A period in parts that do not overlap; both ends of a span are within."""

    months: tuple[date, date] | None
    """The first days of the first and of the last whole month."""
    days: Sequence[tuple[date, date]]
    """Spans of days: none, one, or one at each edge."""


def split(since: date, until: date) -> Split:
    """The whole months of a period, and the days before and after them."""
    assert since <= until, "a period does not end before it begins"
    first = since if since.day == 1 else next_month(since)
    after = until + ONE_DAY
    end = after.replace(day=1)
    if first >= end:
        return Split(None, ((since, until),))
    edges = ((since, first - ONE_DAY), (end, until))
    return Split(
        (first, (end - ONE_DAY).replace(day=1)),
        tuple((begin, last) for begin, last in edges if begin <= last),
    )


def next_month(day: date) -> date:
    """The first day of the month after the one of `day`."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
