"""A period is cut into months and edge days: every day counts once, and few days are read."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.figures.periods import Span, next_month, split

ONE_DAY = timedelta(days=1)
JAN_1, JAN_31 = date(2026, 1, 1), date(2026, 1, 31)
MAY_1, MAY_31, JUNE_1 = date(2026, 5, 1), date(2026, 5, 31), date(2026, 6, 1)


@pytest.mark.parametrize(
    ("period", "months", "more", "fewer"),
    [
        ((MAY_1, MAY_31), (MAY_1, MAY_1), [], []),
        ((MAY_1, date(2026, 5, 30)), None, [(MAY_1, date(2026, 5, 30))], []),
        ((date(2026, 2, 1), date(2026, 3, 31)), (date(2026, 2, 1), date(2026, 3, 1)), [], []),
        ((MAY_31, JUNE_1), None, [(MAY_31, MAY_31), (JUNE_1, JUNE_1)], []),
        ((date(2026, 5, 2), date(2026, 6, 29)), (MAY_1, JUNE_1),
         [], [(MAY_1, MAY_1), (date(2026, 6, 30), date(2026, 6, 30))]),
        ((date(2026, 1, 20), date(2027, 1, 2)), (date(2026, 2, 1), date(2026, 12, 1)),
         [(date(2026, 1, 20), JAN_31), (date(2027, 1, 1), date(2027, 1, 2))], []),
        ((date(2028, 2, 1), date(2028, 2, 28)), None, [(date(2028, 2, 1), date(2028, 2, 28))], []),
        ((date(2028, 2, 1), date(2028, 2, 29)), (date(2028, 2, 1), date(2028, 2, 1)), [], []),
    ],
)  # fmt: skip
def test_examples(period: Span, months: Span | None, more: list[Span], fewer: list[Span]) -> None:
    found = split(*period)
    assert (found.months, list(found.more), list(found.fewer)) == (months, more, fewer)


def days_of(span: Span) -> list[date]:
    first, last = span
    return [first + number * ONE_DAY for number in range((last - first).days + 1)]


@given(st.dates(date(2024, 1, 1), date(2029, 1, 1)), st.integers(0, 800))
def test_every_day_counts_once_and_few_days_are_read(since: date, further: int) -> None:
    until = since + further * ONE_DAY
    found = split(since, until)
    seen: Counter[date] = Counter()
    if found.months is not None:
        month, last = found.months
        while month <= last:
            seen.update(days_of((month, next_month(month) - ONE_DAY)))
            month = next_month(month)
    edges = [day for span in found.more for day in days_of(span)]
    holes = [day for span in found.fewer for day in days_of(span)]
    seen.update(edges)
    seen.subtract(holes)
    assert +seen == Counter(days_of((since, until)))
    assert min(seen.values()) >= 0
    assert len(edges) + len(holes) <= 31
