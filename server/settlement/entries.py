"""What may be written of an institution or a payee: texts, licences, account numbers. Pure."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date

from server.settlement.domain import LicenceKind
from server.settlement.refusals import BadEntry

NAME_CHARS_MAX = 100
LICENCE_NO_CHARS_MAX = 40
REASON_CHARS_MAX = 200
TAIL_DIGITS = 4
NUMBER_CHARS_MAX = 64
"""Longest account number with its blanks that is looked at."""

_NUMBER = re.compile(r"[0-9]{8,30}")
_CARD = re.compile(r"62[0-9]{14,17}")
"""A card of China UnionPay: 16 to 19 digits, the last of which is a check digit (ISO 7812)."""


@dataclass(frozen=True, slots=True)
class InstitutionPlan:
    """A payment institution as it is written; a licence has all of its three parts, or none."""

    name: str
    licence_kind: LicenceKind | None = None
    licence_no: str | None = None
    licence_expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class PayeePlan:
    """Where a merchant is paid, as it is written. Its repr shows no number."""

    bank: str
    holder: str
    number: str = field(repr=False)


def check_institution(plan: InstitutionPlan) -> InstitutionPlan:
    """The plan as it is kept; BadEntry field by field."""
    name = check_text(plan.name, "name", NAME_CHARS_MAX)
    parts = (plan.licence_kind, plan.licence_no, plan.licence_expires_on)
    if all(part is None for part in parts):
        return InstitutionPlan(name)
    if any(part is None for part in parts):
        raise BadEntry(field="licence", reason="incomplete")
    number = check_text(plan.licence_no or "", "licence_no", LICENCE_NO_CHARS_MAX)
    return InstitutionPlan(name, plan.licence_kind, number, plan.licence_expires_on)


def check_payee(plan: PayeePlan, merchant_name: str) -> PayeePlan:
    """The plan as it is kept; BadEntry field by field.

    The holder is the merchant by its legal name: public money goes to nobody else's account.
    """
    bank = check_text(plan.bank, "bank", NAME_CHARS_MAX)
    holder = check_text(plan.holder, "holder", NAME_CHARS_MAX)
    if holder != merchant_name:
        raise BadEntry(field="holder", reason="differs")
    return PayeePlan(bank, holder, check_number(plan.number))


def check_number(text: str) -> str:
    """An account's number: 8 to 30 digits without blanks, right by its check digit if it is a card.

    BadEntry says what is wrong and never the number.
    """
    if len(text) > NUMBER_CHARS_MAX:
        raise BadEntry(field="number", reason="length")
    number = "".join(text.split())
    if not _NUMBER.fullmatch(number):
        raise BadEntry(field="number", reason="characters")
    if _CARD.fullmatch(number) and not _luhn(number):
        raise BadEntry(field="number", reason="check_digit")
    return number


def check_text(text: str, name: str, chars_max: int) -> str:
    """`text` without the blanks around it; BadEntry if it is empty, long or not printable."""
    kept = text.strip()
    if not 1 <= len(kept) <= chars_max:
        raise BadEntry(field=name, reason="length", most=chars_max)
    if any(unicodedata.category(letter)[0] == "C" for letter in kept):
        raise BadEntry(field=name, reason="characters")
    return kept


def _luhn(number: str) -> bool:
    """Whether the last digit fits the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(map(int, reversed(number))):
        doubled = digit * (1 + place % 2)
        total += doubled // 10 + doubled % 10
    return total % 10 == 0
