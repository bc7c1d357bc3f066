"""Chinese numbers: of a resident (GB 11643), of an enterprise (GB 32100), of a mobile phone.

A check here is arithmetic: it catches slips of the finger, and says nothing about whether a number
was ever issued. What people type is first *folded*: blanks around it go, a to z become A to Z, and
the full-width digits and letters that a Chinese keyboard makes become ASCII. Nothing else is
forgiven; in particular other scripts' digits are not digits. Callers keep and hash the number that
comes back, never the text that went in, or one person would be two claimants (P-06.4).

The masks are what a screen may show. They never fail, and hide what they do not recognise.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

TEXT_CHARS_MAX = 64
"""Longer text is refused before anything is done to it."""

_FOLD = {
    **{ord("a") + letter: ord("A") + letter for letter in range(26)},
    **{ord("\uff10") + digit: ord("0") + digit for digit in range(10)},
    **{ord("\uff21") + letter: ord("A") + letter for letter in range(26)},
    **{ord("\uff41") + letter: ord("A") + letter for letter in range(26)},
}

_ID_NUMBER = re.compile(r"[1-9][0-9]{16}[0-9X]")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_BIRTH_YEAR_MIN = 1900

_CREDIT_SYMBOLS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_CODE = re.compile(rf"[{_CREDIT_SYMBOLS}]{{2}}[0-9]{{6}}[{_CREDIT_SYMBOLS}]{{10}}")
_CREDIT_VALUE = {symbol: value for value, symbol in enumerate(_CREDIT_SYMBOLS)}
_CREDIT_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))

_MOBILE = re.compile(r"1[3-9][0-9]{9}")

_NAME_STARS_MAX = 3


class Fault(StrEnum):
    """What is wrong with a number, in the order in which it is looked for."""

    CHARACTERS = "characters"
    """Wrong length, or a character that cannot be at its place."""
    BIRTH_DATE = "birth_date"
    """The calendar has no such day."""
    BIRTH_FUTURE = "birth_future"
    """Born after today."""
    BIRTH_TOO_EARLY = "birth_too_early"
    """Born before 1900: nobody alive was."""
    CHECK_DIGIT = "check_digit"
    """The last character does not fit the others: something was mistyped."""


class BadIdentifier(ValueError):
    """A number fails its check. `fault` says how; the number itself is in no message."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class Sex(StrEnum):
    """As the identity number has it: its 17th digit is odd for men."""

    MALE = "male"
    """男"""
    FEMALE = "female"
    """女"""


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A resident identity number that passed its check. Its repr shows nothing personal."""

    number: str = field(repr=False)
    """18 ASCII characters, the last of which may be X."""
    birth_date: date = field(repr=False)
    sex: Sex = field(repr=False)


def parse_id_number(text: str, today: date) -> IdNumber:
    """Read a resident identity number (GB 11643-1999). BadIdentifier if it is none.

    `today` is the date in Shanghai. The first six digits say where the number was first registered;
    they are not looked up, since areas were renamed and dissolved and the numbers stay valid, and
    no rule may read a residence from them. Numbers of 15 digits ended in 2013 and are refused.
    """
    number = _fold(text)
    if not _ID_NUMBER.fullmatch(number):
        raise BadIdentifier(Fault.CHARACTERS)
    try:
        birth_date = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise BadIdentifier(Fault.BIRTH_DATE) from None
    if birth_date > today:
        raise BadIdentifier(Fault.BIRTH_FUTURE)
    if birth_date.year < _BIRTH_YEAR_MIN:
        raise BadIdentifier(Fault.BIRTH_TOO_EARLY)
    total = sum(int(digit) * weight for digit, weight in zip(number, _ID_WEIGHTS, strict=False))
    if _ID_CHECKS[total % 11] != number[17]:
        raise BadIdentifier(Fault.CHECK_DIGIT)
    sex = Sex.MALE if int(number[16]) % 2 == 1 else Sex.FEMALE
    return IdNumber(number, birth_date, sex)


def check_credit_code(text: str) -> str:
    """Read a unified social credit code (GB 32100-2015). BadIdentifier if it is none.

    Only the outer check character is enforced. The organisation code inside (GB 11714) has one too,
    but individual businesses (92…) may hold older codes in which it is wrong.
    """
    code = _fold(text)
    if not _CREDIT_CODE.fullmatch(code):
        raise BadIdentifier(Fault.CHARACTERS)
    values = [_CREDIT_VALUE[symbol] for symbol in code]
    total = sum(value * weight for value, weight in zip(values, _CREDIT_WEIGHTS, strict=False))
    if -total % 31 != values[17]:
        raise BadIdentifier(Fault.CHECK_DIGIT)
    return code


def check_mobile(text: str) -> str:
    """Read a mainland mobile number: 11 digits, without +86. BadIdentifier if it is none."""
    number = _fold(text)
    if not _MOBILE.fullmatch(number):
        raise BadIdentifier(Fault.CHARACTERS)
    return number


def mask_name(name: str) -> str:
    """`张三` → `张*`, `王小明` → `王**`; never more than three stars, so length tells little."""
    stars = "*" * min(len(name) - 1, _NAME_STARS_MAX)
    return name[0] + stars if stars else "*" * len(name)


def mask_phone(number: str) -> str:
    """`13800138000` → `138****8000`; anything that is not a mobile number is all stars."""
    if not _MOBILE.fullmatch(number):
        return "*" * min(len(number), TEXT_CHARS_MAX)
    return f"{number[:3]}****{number[7:]}"


def mask_id_number(number: str) -> str:
    """`140502199003070015` → `140502********0015`; anything of another shape is all stars."""
    if not _ID_NUMBER.fullmatch(number):
        return "*" * min(len(number), TEXT_CHARS_MAX)
    return f"{number[:6]}********{number[14:]}"


def _fold(text: str) -> str:
    if len(text) > TEXT_CHARS_MAX:
        raise BadIdentifier(Fault.CHARACTERS)
    return text.strip().translate(_FOLD)
