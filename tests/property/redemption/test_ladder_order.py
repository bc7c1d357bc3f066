"""Whatever is wrong at once, the ladder's answer is the first of its order, and only that."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from server.kit.errors import Refusal
from server.redemption.domain import (
    AlreadyRedeemed,
    AmountTooLarge,
    BelowMinSpend,
    CodeExpired,
    CodeLocked,
    DiscountTooLarge,
    IdReused,
    MerchantSuspended,
    NotYetValid,
    OrderTaken,
    OtherCategory,
    ScanFacts,
    Terms,
    Use,
    VoucherExpired,
    VoucherVoid,
    decide_redemption,
)

NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
TERMS = Terms("dining", 20_00, 4_00, False, False, NOW, NOW + HOUR)
GOOD = ScanFacts(
    known_hash=None,
    request_hash=b"a",
    order_amount_fen=20_00,
    order_amount_fen_max=50_00,
    terms=TERMS,
    locked_ms=0,
    code_right=True,
    use=None,
    programme_starts_at=NOW - HOUR,
    programme_ends_at=NOW + HOUR,
    merchant_listed=True,
    merchant_categories=frozenset({"dining"}),
    discounts_fen=0,
    order_taken=False,
)
FAULTS: list[tuple[type[Refusal], dict[str, Any]]] = [
    (IdReused, {"known_hash": b"b"}),
    (AmountTooLarge, {"order_amount_fen_max": 0}),
    (CodeLocked, {"locked_ms": 1}),
    (CodeExpired, {"code_right": False}),
    (VoucherVoid, {"terms.void": True}),
    (AlreadyRedeemed, {"use": Use(NOW, "店")}),
    (VoucherExpired, {"terms.expired": True}),
    (NotYetValid, {"programme_starts_at": NOW + HOUR}),
    (MerchantSuspended, {"merchant_listed": False}),
    (OtherCategory, {"merchant_categories": frozenset()}),
    (BelowMinSpend, {"terms.min_spend_fen": 20_01}),
    (DiscountTooLarge, {"discounts_fen": 16_01}),
    (OrderTaken, {"order_taken": True}),
]


@given(st.sets(st.sampled_from(range(len(FAULTS)))))
def test_of_all_that_is_wrong_the_first_is_said(wrong: set[int]) -> None:
    terms, facts = TERMS, GOOD
    for fault in wrong:
        for name, value in FAULTS[fault][1].items():
            if name.startswith("terms."):
                terms = replace(terms, **{name.removeprefix("terms."): value})
            else:
                facts = replace(facts, **{name: value})
    said: type[Refusal] | None = None
    try:
        decide_redemption(replace(facts, terms=terms), NOW)
    except Refusal as refusal:
        said = type(refusal)
    assert said is (FAULTS[min(wrong)][0] if wrong else None)
