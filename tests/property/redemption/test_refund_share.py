"""Refunds in any steps: exact, never negative, and whole when all of the order is back (P-09.4)."""

from dataclasses import replace
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kit.money import FEN_MAX, Rounding
from server.redemption.domain import (
    RefundFacts,
    RefundTooMuch,
    Verdict,
    decide_refund,
    refund_step_fen,
)

LEVERAGE_MIN = 5
STEPS_MAX = 30


@st.composite
def redemptions(draw: st.DrawFn) -> RefundFacts:
    """Anything that the programme lets be redeemed: the order is at least five times the face."""
    face_fen = draw(st.integers(1, 500_00))
    order_fen = draw(st.integers(LEVERAGE_MIN * face_fen, FEN_MAX))
    return RefundFacts(None, b"", order_fen, face_fen, 0, 0, Rounding.HALF_UP)


@st.composite
def returns(draw: st.DrawFn) -> tuple[RefundFacts, list[int]]:
    """A redemption and the steps by which all of its order comes back."""
    facts = draw(redemptions())
    order_fen = facts.order_amount_fen
    marks = draw(st.sets(st.integers(1, order_fen), max_size=STEPS_MAX)) | {order_fen}
    ordered = sorted(marks)
    return facts, [mark - before for before, mark in zip([0, *ordered], ordered, strict=False)]


@pytest.mark.policy("P-09.4", "P-06.R")
@given(returns())
def test_any_steps_give_back_exactly_the_share_and_at_the_end_the_face(
    case: tuple[RefundFacts, list[int]],
) -> None:
    facts, steps = case
    back_fen = returned_fen = 0
    for step_fen in steps:
        facts = replace(facts, returned_before_fen=returned_fen, returned_fen=step_fen)
        assert decide_refund(facts) is Verdict.NEW
        refund_fen = refund_step_fen(facts)
        assert 0 <= refund_fen <= facts.face_value_fen
        back_fen += refund_fen
        returned_fen += step_fen
        exact = Fraction(facts.face_value_fen * returned_fen, facts.order_amount_fen)
        assert back_fen == floor(exact + Fraction(1, 2)), "half a fen up, once over all steps"
    assert returned_fen == facts.order_amount_fen
    assert back_fen == facts.face_value_fen
    with pytest.raises(RefundTooMuch):
        decide_refund(replace(facts, returned_before_fen=returned_fen, returned_fen=1))


@given(returns())
def test_the_same_return_gives_the_same_money_however_it_is_cut(
    case: tuple[RefundFacts, list[int]],
) -> None:
    facts, steps = case
    half = steps[: len(steps) // 2 + 1]
    at_once_fen = refund_step_fen(replace(facts, returned_fen=sum(half)))
    before_fen = in_steps_fen = 0
    for step_fen in half:
        facts = replace(facts, returned_before_fen=before_fen, returned_fen=step_fen)
        in_steps_fen += refund_step_fen(facts)
        before_fen += step_fen
    assert in_steps_fen == at_once_fen
