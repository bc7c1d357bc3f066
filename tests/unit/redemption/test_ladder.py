"""The two ladders, rung by rung: each row breaks one more rule, and the first one is the answer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.kit.errors import Refusal
from server.kit.money import Rounding
from server.redemption.domain import (
    AlreadyRedeemed,
    AmountTooLarge,
    BelowMinSpend,
    CodeExpired,
    CodeLocked,
    CodeMalformed,
    DiscountTooLarge,
    IdReused,
    MerchantSuspended,
    NotYetValid,
    OrderTaken,
    OtherCategory,
    RefundFacts,
    RefundTooMuch,
    ScanFacts,
    Terms,
    Use,
    Verdict,
    VoucherExpired,
    VoucherVoid,
    decide_redemption,
    decide_refund,
    refund_step_fen,
)

NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
TERMS = Terms(
    category="dining",
    min_spend_fen=20_00,
    face_value_fen=4_00,
    void=False,
    expired=False,
    issued_at=NOW - HOUR,
    valid_until=NOW + HOUR,
)
GOOD = ScanFacts(
    known_hash=None,
    request_hash=b"a",
    order_amount_fen=20_00,
    order_amount_fen_max=1_000_00,
    terms=TERMS,
    locked_ms=0,
    code_right=True,
    use=None,
    programme_starts_at=NOW - 24 * HOUR,
    programme_ends_at=NOW + 24 * HOUR,
    merchant_listed=True,
    merchant_categories=frozenset({"dining", "retail"}),
    discounts_fen=16_00,
    order_taken=False,
)

# From the last rung to the first. What each row breaks stays broken in all the rows below it.
RUNGS: list[tuple[type[Refusal], dict[str, Any]]] = [
    (OrderTaken, {"order_taken": True}),
    (DiscountTooLarge, {"discounts_fen": 16_01}),
    (BelowMinSpend, {"order_amount_fen": 19_99}),
    (OtherCategory, {"merchant_categories": frozenset({"fuel"})}),
    (MerchantSuspended, {"merchant_listed": False}),
    (NotYetValid, {"issued_at": NOW + timedelta(seconds=1)}),
    (VoucherExpired, {"valid_until": NOW}),
    (AlreadyRedeemed, {"use": Use(NOW - HOUR, "泽州路店")}),
    (VoucherVoid, {"void": True}),
    (CodeExpired, {"code_right": False}),
    (CodeLocked, {"locked_ms": 1500}),
    (CodeMalformed, {"terms": None}),
    (AmountTooLarge, {"order_amount_fen_max": 10_00}),
    (IdReused, {"known_hash": b"b"}),
]


def broken(rungs: int) -> ScanFacts:
    facts = GOOD
    for _, changes in RUNGS[:rungs]:
        of_terms = {k: v for k, v in changes.items() if hasattr(TERMS, k)}
        assert facts.terms is not None or not of_terms
        if of_terms and facts.terms is not None:
            facts = replace(facts, terms=replace(facts.terms, **of_terms))
        facts = replace(facts, **{k: v for k, v in changes.items() if k not in of_terms})
    return facts


def test_a_good_scan_redeems() -> None:
    assert decide_redemption(GOOD, NOW) is Verdict.NEW


@pytest.mark.parametrize("rung", range(1, len(RUNGS) + 1), ids=[r.__name__ for r, _ in RUNGS])
def test_the_first_broken_rule_is_the_answer(rung: int) -> None:
    with pytest.raises(Refusal) as refused:
        decide_redemption(broken(rung), NOW)
    assert type(refused.value) is RUNGS[rung - 1][0]


def test_a_replay_comes_before_every_rule() -> None:
    everything = replace(broken(len(RUNGS)), known_hash=GOOD.request_hash)
    assert decide_redemption(everything, NOW) is Verdict.REPLAY


def test_refusals_say_what_the_cashier_needs() -> None:
    said: dict[str, dict[str, Any]] = {}
    for rung in range(1, len(RUNGS) + 1):
        with pytest.raises(Refusal) as refused:
            decide_redemption(broken(rung), NOW)
        said[refused.value.code] = refused.value.data
    assert said == {
        "redemption.order_taken": {},
        "redemption.discount_too_large": {"most_fen": 16_00},
        "redemption.below_min_spend": {"min_spend_fen": 20_00},
        "redemption.other_category": {"category": "dining"},
        "redemption.merchant_suspended": {},
        "redemption.not_yet_valid": {"valid_from": "2026-06-01T02:00:01.000Z"},
        "redemption.voucher_expired": {"valid_until": "2026-06-01T02:00:00.000Z"},
        "redemption.already_redeemed": {
            "redeemed_at": "2026-06-01T01:00:00.000Z",
            "store_name": "泽州路店",
        },
        "redemption.voucher_void": {},
        "redemption.code_expired": {},
        "redemption.code_locked": {"retry_after_ms": 1500},
        "redemption.code_malformed": {},
        "redemption.amount_too_large": {"most_fen": 10_00},
        "redemption.id_reused": {},
    }


@pytest.mark.policy("P-04")
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"programme_ends_at": NOW}, VoucherExpired),
        ({"programme_ends_at": NOW + timedelta(microseconds=1)}, None),
        ({"programme_starts_at": NOW}, None),
        ({"programme_starts_at": NOW + timedelta(microseconds=1)}, NotYetValid),
    ],
)
def test_nothing_is_redeemed_outside_the_programme(
    changes: dict[str, Any], refusal: type[Refusal] | None
) -> None:
    facts = replace(GOOD, **changes)
    if refusal is None:
        assert decide_redemption(facts, NOW) is Verdict.NEW
    else:
        with pytest.raises(refusal):
            decide_redemption(facts, NOW)


def test_the_job_may_have_expired_a_voucher() -> None:
    facts = replace(GOOD, terms=replace(TERMS, expired=True))
    with pytest.raises(VoucherExpired):
        decide_redemption(facts, NOW)


REFUND = RefundFacts(
    known_hash=None,
    request_hash=b"a",
    order_amount_fen=100_00,
    face_value_fen=15_00,
    returned_before_fen=0,
    returned_fen=100_00,
    rounding=Rounding.HALF_UP,
)


def test_the_ladder_of_a_refund() -> None:
    assert decide_refund(REFUND) is Verdict.NEW
    too_much = replace(REFUND, returned_before_fen=1)
    with pytest.raises(RefundTooMuch) as refused:
        decide_refund(too_much)
    assert refused.value.data == {"remaining_fen": 99_99}
    with pytest.raises(IdReused):
        decide_refund(replace(too_much, known_hash=b"b"))
    assert decide_refund(replace(too_much, known_hash=b"a")) is Verdict.REPLAY


@pytest.mark.policy("P-09.4", "P-06.R")
def test_money_goes_back_in_proportion() -> None:
    assert refund_step_fen(REFUND) == 15_00
    assert refund_step_fen(replace(REFUND, returned_fen=50_00)) == 7_50
    assert refund_step_fen(replace(REFUND, returned_fen=3)) == 0
    assert refund_step_fen(replace(REFUND, returned_before_fen=3, returned_fen=1)) == 1
