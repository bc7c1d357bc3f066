"""What an account's name, role and password may be."""

from uuid import uuid4

import pytest

from server.audit.domain import STAFF, Role
from server.staff.domain import (
    NAME_CHARS_MAX,
    PASSWORD_CHARS_MAX,
    RESERVED,
    BadStaff,
    check_name,
    check_password,
    check_role,
    spelled,
)


@pytest.mark.parametrize("name", ["li", "shangwu-1", "财政甲", "a" * NAME_CHARS_MAX, "li.w_2"])
def test_a_usual_name_is_taken_as_it_is(name: str) -> None:
    assert check_name(name) == name


def test_a_name_has_one_spelling() -> None:
    full_width = "caizheng\uff0d\uff11"
    assert check_name(full_width) == spelled(full_width) == "caizheng-1"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "length"),
        ("甲", "length"),
        ("a" * (NAME_CHARS_MAX + 1), "length"),
        ("li wang", "characters"),
        (" li", "characters"),
        ("li\u3000w", "characters"),
        ("li\u00a0w", "characters"),
        ("li\0", "characters"),
        ("li\u200b", "characters"),
        ("\ud800\ud800", "characters"),
        ("account:1", "characters"),
        ("Caizheng-1", "characters"),
        ("caizh\u0435ng-1", "characters"),
        ("caizheng\u20101", "characters"),
        ("caizheng\u30fc1", "characters"),
        *((name, "reserved") for name in sorted(RESERVED)),
    ],
)
def test_other_names_are_refused(name: str, reason: str) -> None:
    with pytest.raises(BadStaff) as refused:
        check_name(name)
    assert (refused.value.data["field"], refused.value.data["reason"]) == ("name", reason)


@pytest.mark.policy("P-11.1")
@pytest.mark.parametrize("role", Role)
def test_people_have_a_role_for_people_and_payers_an_institution(role: Role) -> None:
    for institution_id in (None, uuid4()):
        fits = role in STAFF and (role is Role.INSTITUTION) == (institution_id is not None)
        if fits:
            check_role(role, institution_id)
            continue
        with pytest.raises(BadStaff):
            check_role(role, institution_id)


@pytest.mark.parametrize("chars", [0, 9, PASSWORD_CHARS_MAX + 1])
def test_a_password_has_a_length(chars: int) -> None:
    with pytest.raises(BadStaff) as refused:
        check_password("密" * chars)
    assert refused.value.data["field"] == "password"
    check_password("密" * 10)
    check_password("密" * PASSWORD_CHARS_MAX)
