"""What may be entered as a merchant."""

from dataclasses import replace

import pytest

from server.kit.transitions import InvalidTransition
from server.merchant.domain import (
    STORES_MAX,
    TRANSITIONS,
    BadMerchant,
    MerchantPlan,
    MerchantState,
    StorePlan,
    check_merchant,
)
from tests.factories.book import credit_code

GOOD = credit_code(1)
STORE = StorePlan("总店", "泽州路 1 号", "东街街道")
PLAN = MerchantPlan(GOOD, "泽州路饭店", ["retail", "dining", "dining"], [STORE])
CATEGORIES = {"retail", "dining", "fuel"}


@pytest.mark.policy("P-08.1")
def test_a_merchant_needs_a_credit_code_that_passes_its_check() -> None:
    assert check_merchant(PLAN, CATEGORIES).credit_code == GOOD
    wrong = GOOD[:-1] + ("0" if GOOD[-1] != "0" else "1")
    with pytest.raises(BadMerchant) as refused:
        check_merchant(replace(PLAN, credit_code=wrong), CATEGORIES)
    assert refused.value.data == {"field": "credit_code", "reason": "check_digit"}


def test_what_is_kept_is_clean() -> None:
    store = StorePlan(" 总店 ", "泽州路 1 号\n", "东街街道")
    kept = check_merchant(replace(PLAN, name=" 泽州路饭店　", stores=[store]), CATEGORIES)
    assert kept.name == "泽州路饭店"
    assert kept.categories == ["dining", "retail"]
    assert kept.stores == [STORE]


@pytest.mark.policy("P-08.1")
@pytest.mark.parametrize(
    ("plan", "field", "reason"),
    [
        (replace(PLAN, credit_code="", name=""), "credit_code", "characters"),
        (replace(PLAN, name=" ", categories=[]), "name", "length"),
        (replace(PLAN, name="饭\u200b店"), "name", "characters"),
        (replace(PLAN, name="店" * 101), "name", "length"),
        (replace(PLAN, categories=[], stores=[]), "categories", "none"),
        (replace(PLAN, categories=["dining", "stocks"], stores=[]), "categories", "unknown"),
        (replace(PLAN, stores=[]), "stores", "count"),
        (replace(PLAN, stores=[STORE] * (STORES_MAX + 1)), "stores", "count"),
        (replace(PLAN, stores=[replace(STORE, address="")]), "stores.address", "length"),
        (replace(PLAN, stores=[replace(STORE, subdistrict="")]), "stores.subdistrict", "length"),
    ],
)
def test_the_first_wrong_field_is_named(plan: MerchantPlan, field: str, reason: str) -> None:
    with pytest.raises(BadMerchant) as refused:
        check_merchant(plan, CATEGORIES)
    assert refused.value.data["field"] == field
    assert refused.value.data["reason"] == reason


@pytest.mark.parametrize("state", MerchantState)
def test_staying_is_not_a_move(state: MerchantState) -> None:
    with pytest.raises(InvalidTransition):
        TRANSITIONS.move(state, state)
