from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kit.money import FEN_MAX, Rounding, fen_text, parse_yuan, refunded_fen

roundings = st.sampled_from(Rounding)
faces = st.integers(0, 1_000_000)
orders = st.integers(1, 10**9)


@st.composite
def returns(draw: st.DrawFn) -> tuple[int, int, list[int]]:
    """A voucher's face value, an order, and the amounts of it returned to date, ending whole."""
    order_fen = draw(orders)
    to_date = draw(st.lists(st.integers(0, order_fen), max_size=20))
    return draw(faces), order_fen, [*sorted(to_date), order_fen]


@pytest.mark.policy("P-09.4", "P-06.R")
@given(returns(), roundings)
def test_partial_returns_sum_to_exactly_the_face_value(
    case: tuple[int, int, list[int]], rounding: Rounding
) -> None:
    face_fen, order_fen, to_date = case
    steps, before_fen = [], 0
    for returned_fen in to_date:
        total_fen = refunded_fen(face_fen, returned_fen, order_fen, rounding)
        steps.append(total_fen - before_fen)
        before_fen = total_fen
    assert min(steps) >= 0
    assert sum(steps) == face_fen


@pytest.mark.policy("P-09.4")
@given(returns(), roundings)
def test_what_is_given_back_lies_between_nothing_and_the_face_value(
    case: tuple[int, int, list[int]], rounding: Rounding
) -> None:
    face_fen, order_fen, to_date = case
    for returned_fen in to_date:
        assert 0 <= refunded_fen(face_fen, returned_fen, order_fen, rounding) <= face_fen


@pytest.mark.policy("P-09.4")
@given(faces, orders, st.data())
def test_half_up_is_the_nearest_fen_and_the_upper_of_two(
    face_fen: int, order_fen: int, data: st.DataObject
) -> None:
    returned_fen = data.draw(st.integers(0, order_fen))
    exact = Fraction(face_fen * returned_fen, order_fen)
    assert refunded_fen(face_fen, returned_fen, order_fen) == floor(exact + Fraction(1, 2))
    assert refunded_fen(face_fen, returned_fen, order_fen, Rounding.DOWN) == floor(exact)


@pytest.mark.policy("P-09.4")
@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_exactly_half_a_fen_goes_up(face_fen: int, order_fen: int) -> None:
    # Half of an odd face value always lies between two fen.
    assert refunded_fen(2 * face_fen + 1, order_fen, 2 * order_fen) == face_fen + 1


@given(st.integers(0, FEN_MAX))
def test_an_amount_that_is_written_can_be_read(fen: int) -> None:
    text = fen_text(fen)
    assert parse_yuan(text.removeprefix("¥").replace(",", "")) == fen
    assert fen_text(-fen) == (f"-{text}" if fen else text)


@given(st.text(alphabet="0123456789.,-+e ", max_size=20))
def test_any_text_is_an_amount_or_a_value_error(text: str) -> None:
    try:
        fen = parse_yuan(text)
    except ValueError:
        return
    assert Fraction(text) * 100 == fen
