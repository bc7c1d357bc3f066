"""Plans of rounds and templates: what is refused, and in which order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.campaign.domain import (
    CAP_MAX,
    NAME_CHARS_MAX,
    OFFERS_MAX,
    STOCK_MAX,
    VALID_MIN,
    BadRound,
    LeverageTooLow,
    RoundPlan,
    TemplatePlan,
    check_plan,
    check_template,
)

STARTS = datetime(2026, 1, 19, 16, tzinfo=UTC)
ENDS = datetime(2026, 12, 31, 16, tzinfo=UTC)
NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)
TICK = timedelta(milliseconds=1)
GOOD = RoundPlan(
    name="第一轮",
    opens_at=NOW + timedelta(hours=1),
    closes_at=NOW + timedelta(hours=2),
    per_person_cap=1,
    voucher_valid=timedelta(days=7),
    offers=[("retail-50-5", 100), ("dining-20-4", 100)],
)

LADDER: list[tuple[dict[str, Any], str, str]] = [
    ({"offers": [("retail-50-5", 0)]}, "stock", "range"),
    ({"offers": []}, "offers", "count_or_repeated"),
    ({"voucher_valid": VALID_MIN - TICK}, "voucher_valid", "range"),
    ({"per_person_cap": 0}, "per_person_cap", "range"),
    ({"closes_at": ENDS + TICK}, "closes_at", "after_programme"),
    ({"opens_at": STARTS - TICK}, "opens_at", "before_programme"),
    ({"opens_at": ENDS + 2 * TICK}, "closes_at", "not_after_opening"),
    ({"name": "  "}, "name", "length"),
]
"""From the last rung to the first: each row adds one more fault and expects to hear of it."""


def refusal(plan: RoundPlan) -> dict[str, Any]:
    with pytest.raises(BadRound) as refused:
        check_plan(plan, starts_at=STARTS, ends_at=ENDS, now=NOW)
    return refused.value.data


def accept(plan: RoundPlan) -> None:
    check_plan(plan, starts_at=STARTS, ends_at=ENDS, now=NOW)


@pytest.mark.parametrize("rungs", range(1, len(LADDER) + 1))
def test_the_first_fault_in_order_is_named(rungs: int) -> None:
    faults: dict[str, Any] = {}
    for fault, _, _ in LADDER[:rungs]:
        faults |= fault
    _, field, reason = LADDER[rungs - 1]
    said = refusal(replace(GOOD, **faults))
    assert (said["field"], said["reason"]) == (field, reason)


@pytest.mark.parametrize(
    "good",
    [
        {},
        {"name": "名" * NAME_CHARS_MAX},
        {"per_person_cap": CAP_MAX},
        {"voucher_valid": VALID_MIN},
        {"voucher_valid": ENDS - STARTS},
        {"opens_at": NOW - timedelta(days=1), "closes_at": NOW + TICK},
        {"offers": [("a", STOCK_MAX)]},
        {"offers": [(str(number), 1) for number in range(OFFERS_MAX)]},
    ],
)
def test_every_limit_itself_is_allowed(good: dict[str, Any]) -> None:
    accept(replace(GOOD, **good))


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"name": "名" * (NAME_CHARS_MAX + 1)}, "name"),
        ({"name": ""}, "name"),
        ({"closes_at": GOOD.opens_at}, "closes_at"),
        ({"opens_at": NOW - timedelta(days=1), "closes_at": NOW}, "closes_at"),
        ({"per_person_cap": CAP_MAX + 1}, "per_person_cap"),
        ({"voucher_valid": ENDS - STARTS + TICK}, "voucher_valid"),
        ({"offers": [("a", STOCK_MAX + 1)]}, "stock"),
        ({"offers": [("a", -1)]}, "stock"),
        ({"offers": [("a", 1), ("a", 2)]}, "offers"),
        ({"offers": [(str(number), 1) for number in range(OFFERS_MAX + 1)]}, "offers"),
    ],
)
def test_one_past_every_limit_is_refused(bad: dict[str, Any], field: str) -> None:
    assert refusal(replace(GOOD, **bad))["field"] == field


@pytest.mark.policy("P-04")
def test_a_round_lies_within_the_programme_to_the_millisecond() -> None:
    year = replace(GOOD, opens_at=STARTS, closes_at=ENDS)
    accept(year)
    assert refusal(replace(year, opens_at=STARTS - TICK))["reason"] == "before_programme"
    assert refusal(replace(year, closes_at=ENDS + TICK))["reason"] == "after_programme"


TEMPLATE = TemplatePlan("t", "retail", "零售满50减5", 50_00, 5_00)
CATEGORIES = frozenset({"retail"})


def check(**changes: Any) -> None:
    check_template(replace(TEMPLATE, **changes), categories=CATEGORIES, leverage_min=5)


@pytest.mark.policy("P-06.6")
@pytest.mark.parametrize("face_value_fen", [1, 2_00, 5_00, 10_000_00])
def test_five_times_the_face_value_is_enough_and_a_fen_less_is_not(face_value_fen: int) -> None:
    check(face_value_fen=face_value_fen, min_spend_fen=5 * face_value_fen)
    with pytest.raises(LeverageTooLow) as refused:
        check(face_value_fen=face_value_fen, min_spend_fen=5 * face_value_fen - 1)
    assert refused.value.data["min_spend_fen_needed"] == 5 * face_value_fen


@pytest.mark.policy("P-06.6")
def test_a_leverage_of_4_99_is_refused() -> None:
    with pytest.raises(LeverageTooLow):
        check(face_value_fen=100_00, min_spend_fen=499_00)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"category": "cars", "face_value_fen": 0, "min_spend_fen": -1}, "category"),
        ({"face_value_fen": 0, "min_spend_fen": -1}, "face_value_fen"),
        ({"face_value_fen": -5, "min_spend_fen": 0}, "face_value_fen"),
    ],
)
def test_category_then_value_then_leverage(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRound) as refused:
        check(**changes)
    assert refused.value.data["field"] == field
