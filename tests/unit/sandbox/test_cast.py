"""The cast: valid, distinct, the same for ever, and found again by identity number."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kit.identifiers import check_mobile, parse_id_number
from server.sandbox import cast, names
from server.sandbox.cast import NobodyError, account, by_id_number, cashier, resident

INDEX = st.integers(0, cast.RESIDENTS_MAX - 1)


@given(INDEX)
def test_the_registry_finds_every_resident(index: int) -> None:
    assert by_id_number(resident(index).id_number) == resident(index)


@given(INDEX)
def test_everybody_has_a_valid_number_and_phone_and_is_of_age(index: int) -> None:
    person = resident(index)
    parsed = parse_id_number(person.id_number, date(2026, 1, 20))
    assert parsed.birth_date <= date(2006, 12, 31)
    assert person.id_number.startswith("1405")
    assert check_mobile(person.phone) == person.phone


def test_the_registry_finds_every_cashier() -> None:
    for index in range(len(names.CASHIERS)):
        assert by_id_number(cashier(index).id_number) == cashier(index)


def test_people_are_distinct() -> None:
    everybody = [*map(resident, range(20_000)), *map(resident, range(980_000, cast.RESIDENTS_MAX))]
    everybody += map(cashier, range(len(names.CASHIERS)))
    assert len({person.id_number for person in everybody}) == len(everybody)
    assert len({person.phone for person in everybody}) == len(everybody)


def test_sixty_residents_have_names_of_their_own() -> None:
    assert len(set(names.RESIDENTS)) == cast.NAMED_COUNT == 60
    assert any("·" in name for name in names.RESIDENTS)
    assert any(ord(character) > 0xFFFF for name in names.RESIDENTS for character in name)


def test_generated_people_have_plausible_names() -> None:
    for index in range(60, 5_000):
        assert re.fullmatch(r"[\u4e00-\u9fff]{2,3}", resident(index).name)


def test_a_second_account_is_the_same_person() -> None:
    first, second = account("resident:17"), account("resident:17#2")
    assert first.person == second.person
    assert first.openid != second.openid
    assert account("resident:17#1") == first


def test_openids_look_like_openids_and_are_distinct() -> None:
    openids = [account(f"resident:{index}").openid for index in range(5_000)]
    assert len(set(openids)) == 5_000
    assert all(re.fullmatch(r"o[A-Za-z0-9_-]{27}", openid) for openid in openids)


def test_it_never_changes() -> None:
    """Kept data of an earlier run refers to these people: changing them is a breaking change."""
    assert resident(0).id_number == "14050219460101001X"
    assert resident(123_456) == cast.Person("何小飞", "140502196405140019", "19900426944")


@pytest.mark.parametrize(
    "who",
    ["", "resident", "resident:", "resident:-1", "resident:01", "resident:1000000", "cashier:8",
     "resident:1#0", "resident:1#10", "resident:١", "mayor:1", "resident:1 "],
)  # fmt: skip
def test_nobody(who: str) -> None:
    with pytest.raises(NobodyError):
        account(who)


@pytest.mark.parametrize(
    "id_number",
    ["", "x", "110101199001010015", "140502194513010010", "140502202001010010",
     "140502194601010011", "14050219460101000X", "140502194601019990"],
)  # fmt: skip
def test_numbers_of_nobody(id_number: str) -> None:
    assert by_id_number(id_number) is None
