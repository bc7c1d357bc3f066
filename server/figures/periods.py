"""Periods as the roll-ups can answer them: whole months, and days at the edges.

An edge is read by its own days, or as the whole month less the other days, whichever is fewer: days
have many more rows than months. Sums and counts can be taken away as exactly as they are added.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)

Span = tuple[date, date]
"""The first and the last day, both within."""


@dataclass(frozen=True, slots=True)
class Split:
    """A period as `months` and `more` days, less the `fewer` days."""

    months: Span | None
    """The first days of the first and of the last month."""
    more: Sequence[Span]
    fewer: Sequence[Span]


def split(since: date, until: date) -> Split:
    """Cut a period into as few days as can be: 15 at each edge, or 30 within one month."""
    assert since <= until, "a period does not end before it begins"
    first, last = since.replace(day=1), until.replace(day=1)
    end = next_month(last) - ONE_DAY
    if first == last:
        whole = (since, until) == (first, end)
        return Split((first, last), (), ()) if whole else Split(None, ((since, until),), ())
    more: list[Span] = []
    fewer: list[Span] = []
    after = next_month(first)
    if since - first <= after - since:
        fewer.append((first, since - ONE_DAY))
    else:
        more.append((since, after - ONE_DAY))
        first = after
    if end - until <= until + ONE_DAY - last:
        fewer.append((until + ONE_DAY, end))
    else:
        more.append((last, until))
        last = (last - ONE_DAY).replace(day=1)
    months = (first, last) if first <= last else None
    return Split(months, more, [span for span in fewer if span[0] <= span[1]])


def next_month(day: date) -> date:
    """The first day of the month after the one of `day`."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
