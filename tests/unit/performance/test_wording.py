"""Figures as people read them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from server.performance import wording


@pytest.mark.parametrize(
    ("amount_fen", "shown"),
    [(0, "0.00"), (5, "0.05"), (1_234_567_89, "1,234,567.89"), (-5, "-0.05"), (None, "—")],
)
def test_amounts_in_tables_are_exact(amount_fen: int | None, shown: str) -> None:
    assert wording.yuan(amount_fen) == shown


@pytest.mark.parametrize(
    ("amount_fen", "said"),
    [
        (0, "0.00 元"),
        (9_999_99, "9,999.99 元"),
        (10_000_00, "1.00 万元"),
        (12_345_50, "1.23 万元"),
        (12_350_00, "1.24 万元"),
        (52_345_678_00, "5,234.57 万元"),
        (123_456_789_00, "1.23 亿元"),
    ],
)
def test_amounts_in_sentences_are_round(amount_fen: int, said: str) -> None:
    assert wording.spoken_yuan(amount_fen) == said


@pytest.mark.parametrize(
    ("ratio", "percent", "times"),
    [
        (None, "—", "—"),
        (Decimal(0), "0.00%", "0.00"),
        (Decimal("0.71255"), "71.26%", "0.71"),
        (Decimal("12.3456"), "1,234.56%", "12.35"),
    ],
)
def test_ratios_are_rounded_half_up_and_dashes_where_undefined(
    ratio: Decimal | None, percent: str, times: str
) -> None:
    assert (wording.percent(ratio), wording.times(ratio)) == (percent, times)


def test_counts_have_thousands_and_dashes() -> None:
    assert (wording.count(1_234_567), wording.count(0), wording.count(None)) == (
        "1,234,567",
        "0",
        "—",
    )


@pytest.mark.parametrize(
    ("amounts_fen", "name", "tops"),
    [
        ([], "元", []),
        ([0, 99_00], "元", ["0", "99.0"]),
        ([1_234_00, 56_789_00], "万元", ["0.12", "5.68"]),
        ([1_234_567_00, 10_000_00, 98_765_00], "万元", ["123", "1.00", "9.88"]),
        ([250_000_000_00], "亿元", ["2.50"]),
    ],
)
def test_columns_share_one_unit_in_which_they_are_short(
    amounts_fen: list[int], name: str, tops: list[str]
) -> None:
    unit_fen, unit = wording.unit_of(amounts_fen)
    assert unit == name
    assert [wording.short(amount_fen, unit_fen) for amount_fen in amounts_fen] == tops


def test_days_and_instants_are_shanghais() -> None:
    late = datetime(2026, 6, 30, 16, 5, tzinfo=UTC)
    assert wording.instant(late) == "2026年7月1日 00:05"
    assert wording.period(date(2026, 1, 20), date(2026, 12, 31)) == (
        "2026年1月20日至2026年12月31日"
    )


@pytest.mark.parametrize(
    ("month", "name"),
    [
        (date(2026, 1, 1), "2026年1月（20日至31日）"),
        (date(2026, 2, 1), "2026年2月"),
        (date(2026, 12, 1), "2026年12月（1日至15日）"),
    ],
)
def test_a_month_says_which_of_its_days_the_period_holds(month: date, name: str) -> None:
    assert wording.month_within(month, date(2026, 1, 20), date(2026, 12, 15)) == name
