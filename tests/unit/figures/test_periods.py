"""A period is cut into whole months and edge days: every day once, and as few days as can be."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.figures.periods import next_month, split

ONE_DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("since", "until", "months", "days"),
    [
        ((2026, 5, 1), (2026, 5, 31), ((2026, 5, 1), (2026, 5, 1)), []),
        ((2026, 5, 2), (2026, 5, 31), None, [((2026, 5, 2), (2026, 5, 31))]),
        ((2026, 5, 1), (2026, 5, 30), None, [((2026, 5, 1), (2026, 5, 30))]),
        ((2026, 5, 31), (2026, 6, 1), None, [((2026, 5, 31), (2026, 6, 1))]),
        ((2026, 2, 1), (2026, 3, 31), ((2026, 2, 1), (2026, 3, 1)), []),
        (
            (2026, 1, 20),
            (2027, 1, 2),
            ((2026, 2, 1), (2026, 12, 1)),
            [((2026, 1, 20), (2026, 1, 31)), ((2027, 1, 1), (2027, 1, 2))],
        ),
        ((2028, 2, 1), (2028, 2, 28), None, [((2028, 2, 1), (2028, 2, 28))]),
        ((2028, 2, 1), (2028, 2, 29), ((2028, 2, 1), (2028, 2, 1)), []),
    ],
)
def test_examples(
    since: tuple[int, int, int],
    until: tuple[int, int, int],
    months: tuple[tuple[int, int, int], tuple[int, int, int]] | None,
    days: list[tuple[tuple[int, int, int], tuple[int, int, int]]],
) -> None:
    found = split(date(*since), date(*until))
    assert found.months == (None if months is None else (date(*months[0]), date(*months[1])))
    assert list(found.days) == [(date(*first), date(*last)) for first, last in days]


@given(st.dates(date(2024, 1, 1), date(2029, 1, 1)), st.integers(0, 800))
def test_every_day_is_there_once_and_only_edges_are_days(since: date, more: int) -> None:
    until = since + more * ONE_DAY
    found = split(since, until)
    seen: list[date] = []
    if found.months is not None:
        month, last = found.months
        while month <= last:
            seen += [
                month + number * ONE_DAY for number in range((next_month(month) - month).days)
            ]
            month = next_month(month)
    for first, last in found.days:
        seen += [first + number * ONE_DAY for number in range((last - first).days + 1)]
    assert sorted(seen) == [since + number * ONE_DAY for number in range(more + 1)]
    assert sum((last - first).days + 1 for first, last in found.days) <= 60
