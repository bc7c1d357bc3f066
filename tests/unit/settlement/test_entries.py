"""What may be written of institutions and payees."""

from datetime import date

import pytest

from server.settlement.domain import LicenceKind
from server.settlement.entries import (
    InstitutionPlan,
    PayeePlan,
    check_institution,
    check_number,
    check_payee,
)
from server.settlement.refusals import BadEntry
from tests.factories.payments import CARD

LICENCE = (LicenceKind.CLEARING, "Z1", date(2027, 1, 1))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (CARD, CARD),
        (" 6222 0216 0200 0000 010 ", CARD),
        ("0505 0000 1234 5678", "0505000012345678"),
        ("12345678", "12345678"),
        ("9" * 30, "9" * 30),
        ("62" + "0" * 18, "62" + "0" * 18),  # twenty digits: no card, whatever it begins with
    ],
)
def test_numbers_that_fit(text: str, kept: str) -> None:
    assert check_number(text) == kept


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (CARD[:-1] + "1", "check_digit"),
        ("1234567", "characters"),
        ("9" * 31, "characters"),
        ("１２３４５６７８", "characters"),
        ("1234-5678", "characters"),
        ("", "characters"),
        (" " * 65, "length"),
    ],
)
def test_numbers_that_do_not_and_never_show(text: str, reason: str) -> None:
    with pytest.raises(BadEntry) as refused:
        check_number(text)
    assert refused.value.data == {"field": "number", "reason": reason}


def test_every_single_wrong_digit_of_a_card_is_noticed() -> None:
    for place in range(2, len(CARD)):
        for digit in "0123456789":
            if digit != CARD[place]:
                with pytest.raises(BadEntry):
                    check_number(CARD[:place] + digit + CARD[place + 1 :])


def test_the_holder_is_the_merchant_by_its_legal_name() -> None:
    plan = PayeePlan(" 工行 ", " 泽州路饭店 ", CARD)
    assert check_payee(plan, "泽州路饭店") == PayeePlan("工行", "泽州路饭店", CARD)
    assert CARD not in repr(plan)
    with pytest.raises(BadEntry) as refused:
        check_payee(plan, "泽州路面馆")
    assert refused.value.data == {"field": "holder", "reason": "differs"}


@pytest.mark.policy("P-05.1")
def test_a_licence_is_written_whole_or_not_at_all() -> None:
    assert check_institution(InstitutionPlan(" 机构 ")) == InstitutionPlan("机构")
    whole = InstitutionPlan("机构", *LICENCE)
    assert check_institution(whole) == whole
    for parts in ((LICENCE[0], None, LICENCE[2]), (None, "Z1", None), (*LICENCE[:2], None)):
        with pytest.raises(BadEntry) as refused:
            check_institution(InstitutionPlan("机构", *parts))
        assert refused.value.data == {"field": "licence", "reason": "incomplete"}


@pytest.mark.parametrize("name", ["", "  ", "机" * 101, "机\0构", "机\n构"])
def test_names_are_texts_that_show(name: str) -> None:
    with pytest.raises(BadEntry) as refused:
        check_institution(InstitutionPlan(name))
    assert refused.value.data["field"] == "name"
