"""Working days: holidays, make-up days, and years that nobody has announced."""

from datetime import date, timedelta

import pytest
from chinese_calendar import constants

from server.infra import workdays
from server.infra.workdays import add_workdays, is_workday

SPRING_FESTIVAL_2026 = [date(2026, 2, 15) + timedelta(days=n) for n in range(9)]
"""国办发明电: 15 to 23 February off; Saturdays 14 and 28 February are worked."""


def test_the_spring_festival_of_2026_is_off_and_its_saturdays_are_worked() -> None:
    assert not any(is_workday(day) for day in SPRING_FESTIVAL_2026)
    assert [is_workday(date(2026, 2, day)) for day in (13, 14, 24, 28)] == [True] * 4
    assert not is_workday(date(2026, 2, 22)), "a Sunday within it"
    assert not is_workday(date(2026, 3, 1)), "an ordinary Sunday"


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ((2026, 2, 12), 1, (2026, 2, 13)),
        ((2026, 2, 13), 1, (2026, 2, 14)),
        ((2026, 2, 14), 1, (2026, 2, 24)),
        ((2026, 2, 13), 6, (2026, 2, 28)),
        ((2026, 2, 28), 1, (2026, 3, 2)),
        ((2026, 6, 1), 5, (2026, 6, 8)),
        ((2026, 9, 30), 1, (2026, 10, 8)),
        ((2025, 12, 31), 1, (2026, 1, 4)),
    ],
)
def test_days_are_counted_from_the_day_after(
    start: tuple[int, int, int], count: int, end: tuple[int, int, int]
) -> None:
    due = add_workdays(date(*start), count)
    assert (due.on, due.provisional, due.sentence) == (date(*end), False, None)


@pytest.mark.policy("P-10.4")
def test_after_the_end_of_2026_the_date_is_provisional_and_says_so() -> None:
    due = add_workdays(date(2026, 12, 31), 15)
    assert due.on == date(2027, 1, 22), "1 January is off by law, whatever is announced"
    assert due.provisional
    assert due.sentence == "2027年放假安排尚未公布，按周一至周五推算"


@pytest.mark.policy("P-10.4")
def test_the_date_is_sure_once_the_year_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workdays, "ANNOUNCED", workdays.ANNOUNCED | {2027})
    for day in (1, 4):
        monkeypatch.setitem(constants.holidays, date(2027, 1, day), "New Year's Day")
    due = add_workdays(date(2026, 12, 31), 15)
    assert (due.on, due.provisional, due.sentence) == (date(2027, 1, 25), False, None)


def test_the_end_of_2026_itself_is_sure() -> None:
    assert not add_workdays(date(2026, 12, 25), 4).provisional
    assert add_workdays(date(2026, 12, 25), 4).on == date(2026, 12, 31)
    assert add_workdays(date(2026, 12, 25), 5).provisional


def test_of_a_year_not_announced_only_the_days_sure_by_law_are_off() -> None:
    off = [
        day
        for day in (date(2031, 1, 1) + timedelta(days=n) for n in range(365))
        if day.weekday() < 5 and not is_workday(day)
    ]
    expected = [(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)]
    assert off == [d for d in (date(2031, *day) for day in expected) if d.weekday() < 5]


def test_a_term_over_several_unannounced_years_names_them_all() -> None:
    sentence = add_workdays(date(2026, 12, 1), 366).sentence
    assert sentence is not None
    assert sentence.startswith("2027年、2028年放假安排")


@pytest.mark.parametrize("count", [0, -1, 367])
def test_a_term_has_a_length_and_a_limit(count: int) -> None:
    with pytest.raises(AssertionError):
        add_workdays(date(2026, 1, 1), count)
