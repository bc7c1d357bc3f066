from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from server.identity.domain import (
    NAME_CHARS_MAX,
    BadIdNumber,
    BadName,
    BadPhone,
    Bound,
    Identification,
    LoggedIn,
    NotRealName,
    OtherPerson,
    PhoneFirst,
    Principal,
    check_id_number,
    check_identification,
    check_may_bind,
    check_phone,
    fold_name,
    person_of,
)
from server.kit.errors import Refusal

TODAY = date(2026, 6, 1)
NUMBER = "11010519491231002X"
ONE, TWO, THREE = (UUID(int=n) for n in (1, 2, 3))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("张三", "张三"),
        (" 王小明\n", "王小明"),
        ("欧阳娜娜", "欧阳娜娜"),
        ("𠮷田〇", "𠮷田〇"),
        ("阿凡提·艾山", "阿凡提·艾山"),
        ("阿凡提•艾山", "阿凡提·艾山"),
        ("阿凡提.艾山．江", "阿凡提·艾山·江"),
        ("马" + "林" * (NAME_CHARS_MAX - 1), "马" + "林" * (NAME_CHARS_MAX - 1)),
        ("Li", "Li"),
        ("Anne-Marie O'Neil Jr.", "Anne-Marie O'Neil Jr."),
        ("J. R. Smith", "J. R. Smith"),
    ],
)
def test_names_are_kept_as_identity_cards_write_them(typed: str, kept: str) -> None:
    assert fold_name(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "张", "J", "张 三", "·张三", "张三·", "张··三", "张三1", "张三!", "Li  Lei", "-Li",
        "张Li", "<b>张三</b>", "张\u200b三", "张\0三", "田中さん",
        "马" * (NAME_CHARS_MAX + 1), "A" * 10_000,
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused(typed: str) -> None:
    with pytest.raises(BadName):
        fold_name(typed)


def test_an_identification_is_checked_name_first() -> None:
    read = check_identification("阿凡提•艾山", f" {NUMBER.lower()} ", TODAY)
    assert read == Identification("阿凡提·艾山", NUMBER)
    with pytest.raises(BadName):
        check_identification("1", "1", TODAY)
    with pytest.raises(BadIdNumber):
        check_identification("张三", "1", TODAY)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("1", "characters"),
        ("110105194913310021", "birth_date"),
        ("110105203001010021", "birth_future"),
        ("110105189912310021", "birth_too_early"),
        ("110105194912310021", "check_digit"),
    ],
)
def test_a_bad_number_says_what_is_wrong_and_not_the_number(typed: str, reason: str) -> None:
    with pytest.raises(BadIdNumber) as refused:
        check_id_number(typed, TODAY)
    assert refused.value.data == {"reason": reason}


@pytest.mark.parametrize(
    ("number", "country"), [("13800138000", "852"), ("12345", "86"), ("12800138000", "86")]
)
def test_only_a_mainland_mobile_is_a_phone(number: str, country: str) -> None:
    assert check_phone("13800138000", "86") == "13800138000"
    with pytest.raises(BadPhone):
        check_phone(number, country)


# Each row breaks one rule more than the row above, and expects that one.
@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ({}, None),
        ({"person_index": b"same"}, None),
        ({"person_index": b"other"}, OtherPerson),
        ({"person_index": b"other", "phone": False}, PhoneFirst),
    ],
)
def test_an_account_may_bind_in_this_order(
    broken: dict[str, object], expected: type[Refusal] | None
) -> None:
    bound = replace(Bound(phone=True, person_index=None), **broken)  # type: ignore[arg-type]
    if expected is None:
        check_may_bind(bound, b"same")
    else:
        with pytest.raises(expected):
            check_may_bind(bound, b"same")


def test_only_a_verified_person_claims() -> None:
    assert person_of(Principal(ONE, TWO, THREE)) == THREE
    with pytest.raises(NotRealName):
        person_of(Principal(ONE, TWO, None))


def test_a_principal_is_the_same_from_uuids_and_from_bytes() -> None:
    one, other = Principal(ONE, TWO, THREE), Principal(ONE.bytes, TWO.bytes, THREE)
    assert (other.session_id, other.account_id, other.person_id) == (ONE, TWO, THREE)
    assert one == other
    assert hash(one) == hash(other)
    assert one != Principal(ONE, TWO, None)
    assert one != "Principal"


def test_nothing_personal_shows_in_a_repr() -> None:
    from datetime import UTC, datetime

    from server.identity.domain import AccountView

    assert "张" not in repr(Identification("张三", NUMBER))
    assert "1949" not in repr(Identification("张三", NUMBER))
    begun = LoggedIn("token-text", datetime(2026, 6, 1, tzinfo=UTC), AccountView(None, None))
    assert "token-text" not in repr(begun)
