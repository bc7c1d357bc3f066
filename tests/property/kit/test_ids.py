from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kit import ids

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
identifiers = st.integers(0, 2**128 - 1).map(lambda number: UUID(int=number))
places = st.integers(0, 26)


def times(left: int, right: int) -> int:
    """Multiplication in GF(32), shift and add, apart from the table in the code."""
    product = 0
    for bit in range(5):
        if right >> bit & 1:
            product ^= left << bit
    for bit in range(8, 4, -1):
        if product >> bit & 1:
            product ^= 0b100101 << (bit - 5)
    return product


@given(st.integers(1, 2_000))
def test_identifiers_are_unique_and_in_order(count: int) -> None:
    made = [ids.uuid7() for _ in range(count)]
    assert made == sorted(set(made))
    assert [UUID(bytes=one.bytes) for one in made] == made


@given(identifiers)
def test_a_code_is_read_back(identifier: UUID) -> None:
    code = ids.voucher_code(identifier)
    assert len(code) == 27
    assert set(code) <= set(ALPHABET)
    assert ids.voucher_id(code) == identifier
    assert ids.voucher_id(code.lower()) == identifier


@given(identifiers)
def test_a_code_says_the_number_in_base_32_and_is_a_word_of_the_checking_code(
    identifier: UUID,
) -> None:
    values = [ALPHABET.index(symbol) for symbol in ids.voucher_code(identifier)]
    number = 0
    for value in values[:26]:
        number = number * 32 + value
    assert number == identifier.int
    total, power = 0, 1
    for value in reversed(values):
        total ^= times(value, power)
        power = times(power, 2)
    assert total == 0


def test_the_checking_code_is_long_enough_to_tell_every_place_apart() -> None:
    powers = [1]
    while (following := times(powers[-1], 2)) != 1:
        powers.append(following)
    assert len(powers) == 31


@given(identifiers, places, st.integers(1, 31))
def test_every_single_wrong_symbol_is_caught(identifier: UUID, place: int, off: int) -> None:
    code = ids.voucher_code(identifier)
    wrong = ALPHABET[(ALPHABET.index(code[place]) + off) % 32]
    with pytest.raises(ValueError, match="check symbol"):
        ids.voucher_id(code[:place] + wrong + code[place + 1 :])


@given(identifiers, places, places)
def test_every_exchange_of_two_symbols_is_caught(identifier: UUID, one: int, two: int) -> None:
    symbols = list(ids.voucher_code(identifier))
    symbols[one], symbols[two] = symbols[two], symbols[one]
    typed = "".join(symbols)
    if typed == ids.voucher_code(identifier):
        assert ids.voucher_id(typed) == identifier
        return
    with pytest.raises(ValueError, match="check symbol"):
        ids.voucher_id(typed)


@given(st.text(max_size=80))
def test_any_text_is_a_code_or_a_value_error(text: str) -> None:
    try:
        identifier = ids.voucher_id(text)
    except ValueError:
        return
    assert ids.voucher_id(ids.voucher_code(identifier)) == identifier


@given(identifiers, st.lists(st.text(max_size=8), min_size=1, max_size=4), st.data())
def test_parts_are_never_run_together(
    namespace: UUID, parts: list[str], data: st.DataObject
) -> None:
    other = data.draw(st.lists(st.text(max_size=8), min_size=1, max_size=4))
    same = ids.derive(namespace, *parts) == ids.derive(namespace, *other)
    assert same == (parts == other)
