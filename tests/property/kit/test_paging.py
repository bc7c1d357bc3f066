from hypothesis import given
from hypothesis import strategies as st

from server.kit.paging import BadCursor, decode_cursor, encode_cursor

# PostgreSQL keeps neither a NUL nor half a surrogate pair in a text.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
parts = st.lists(st.integers(-(2**63), 2**63 - 1) | texts, max_size=4)


@given(parts)
def test_a_position_comes_back(position: list[str | int]) -> None:
    shape = tuple(type(part) for part in position)
    assert decode_cursor(encode_cursor(*position), shape) == tuple(position)


@given(parts, parts)
def test_two_positions_are_never_written_alike(one: list[str | int], two: list[str | int]) -> None:
    assert (encode_cursor(*one) == encode_cursor(*two)) == (one == two)


@given(st.text(max_size=80) | st.text("ABCDabcd0123_-WzEs", max_size=80))
def test_any_text_is_a_position_or_a_refusal(text: str) -> None:
    try:
        position = decode_cursor(text, (int, str))
    except BadCursor:
        return
    assert encode_cursor(*position) == text
