from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kit.identifiers import (
    BadIdentifier,
    Fault,
    check_credit_code,
    mask_id_number,
    mask_name,
    mask_phone,
    parse_id_number,
)

TODAY = date(2026, 5, 1)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def with_check_digit(body: str) -> str:
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def with_check_character(body: str) -> str:
    total = sum(CREDIT.index(symbol) * 3**place for place, symbol in enumerate(body))
    return body + CREDIT[(31 - total % 31) % 31]


numbers = st.builds(
    lambda area, birth, sequence: with_check_digit(f"{area}{birth:%Y%m%d}{sequence:03}"),
    st.integers(100_000, 899_999),
    st.dates(date(1900, 1, 1), TODAY),
    st.integers(0, 999),
)
credit_codes = st.from_regex(rf"\A[{CREDIT}]{{2}}[0-9]{{6}}[{CREDIT}]{{9}}\Z", alphabet=CREDIT).map(
    with_check_character
)


@given(numbers)
def test_every_well_made_number_is_read(number: str) -> None:
    assert parse_id_number(number, TODAY).number == number


@given(numbers, st.integers(0, 17), st.integers(1, 10))
def test_every_single_wrong_digit_is_caught(number: str, place: int, off: int) -> None:
    symbols = "0123456789X"
    wrong = symbols[(symbols.index(number[place]) + off) % 11]
    with pytest.raises(BadIdentifier):
        parse_id_number(number[:place] + wrong + number[place + 1 :], TODAY)


@given(numbers, st.integers(0, 16))
def test_every_exchange_of_neighbours_is_caught(number: str, place: int) -> None:
    first, second = number[place], number[place + 1]
    exchanged = number[:place] + second + first + number[place + 2 :]
    if first == second:
        assert parse_id_number(exchanged, TODAY).number == number
        return
    with pytest.raises(BadIdentifier):
        parse_id_number(exchanged, TODAY)


@given(numbers, st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_nobody_is_born_after_today(number: str, today: date) -> None:
    birth = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    if birth <= today:
        assert parse_id_number(number, today).birth_date == birth
        return
    with pytest.raises(BadIdentifier) as caught:
        parse_id_number(number, today)
    assert caught.value.fault is Fault.BIRTH_FUTURE


@given(st.text(max_size=80))
def test_any_text_is_a_number_or_a_bad_one(text: str) -> None:
    try:
        found = parse_id_number(text, TODAY)
    except BadIdentifier:
        return
    assert found.number.isascii()


@given(credit_codes)
def test_every_well_made_credit_code_is_read(code: str) -> None:
    assert check_credit_code(code) == code


@given(credit_codes, st.integers(0, 17), st.integers(1, 30))
def test_every_single_wrong_character_is_caught(code: str, place: int, off: int) -> None:
    wrong = CREDIT[(CREDIT.index(code[place]) + off) % 31]
    with pytest.raises(BadIdentifier):
        check_credit_code(code[:place] + wrong + code[place + 1 :])


@given(credit_codes, st.integers(0, 16))
def test_every_exchange_of_neighbouring_characters_is_caught(code: str, place: int) -> None:
    exchanged = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if exchanged == code:
        return
    with pytest.raises(BadIdentifier):
        check_credit_code(exchanged)


@given(st.text(max_size=100))
def test_a_mask_never_fails_and_shows_one_character_at_most_of_a_stranger(text: str) -> None:
    assert set(mask_phone(f"x{text}")) <= {"*"}
    assert set(mask_id_number(f"x{text}")) <= {"*"}
    masked = mask_name(text)
    assert len(masked) <= 4
    assert set(masked[1:]) <= {"*"}
    assert not text or masked != text or set(text) == {"*"}
