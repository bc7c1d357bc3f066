"""Who exists: residents and cashiers, each computed from a number and stored nowhere.

A person is written `resident:17` or `cashier:0`; their second WeChat account is `resident:17#2`:
the same person and phone under another openid (P-06.4 needs it). Numbers below sixty have
hand-picked names. Identity numbers are constructed: area of Jincheng (1405xx), a birth date, a
sequence number, and the check digit of GB 11643. They are one-to-one with the person's number, so
the provider can find the person from the identity number without a table.
"""

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Final

from server.sandbox import names

RESIDENTS_MAX: Final = 1_000_000
"""Residents that can be asked for: `resident:0` to `resident:999999`."""
ACCOUNTS_MAX: Final = 9
"""WeChat accounts of one person."""
NAMED_COUNT: Final = len(names.RESIDENTS)

AREAS: Final = ("140502", "140521", "140522", "140524", "140525", "140581")
_FIRST_BIRTH: Final = date(1946, 1, 1)
_BIRTH_DAYS: Final = 22_271
"""Birth dates from 1946 to the end of 2006: everyone is of age in 2026. A prime, see `_day_of`."""
_STRIDE: Final = 7_919
_STRIDE_INVERSE: Final = pow(_STRIDE, -1, _BIRTH_DAYS)
_CASHIER_SEQUENCE: Final = 900
"""Residents stay below it, so no cashier shares a number with one."""
_PHONE_STRIDE: Final = 61_803_399
"""Coprime with 10^8, so phone numbers are one-to-one with people too."""
_CASHIER_PHONES: Final = 50_000_000

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS: Final = "10X98765432"
_WHO = re.compile(r"(resident|cashier):(0|[1-9]\d{0,6})(?:#([1-9]))?", re.ASCII)


class NobodyError(LookupError):
    """No such person in the cast."""


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up person: what is printed on the identity card, and their mobile number."""

    name: str
    id_number: str
    phone: str


@dataclass(frozen=True, slots=True)
class Account:
    """One WeChat account: the openid in this mini-program, and the person who holds the phone."""

    who: str
    openid: str
    person: Person


@lru_cache(maxsize=8192)
def account(who: str) -> Account:
    """Return the account written as `resident:17`, `resident:17#2` or `cashier:0`.

    Raises `NobodyError` for anything else, numbers out of range included.
    """
    match = _WHO.fullmatch(who)
    if match is None:
        raise NobodyError(who)
    role, index, number = match[1], int(match[2]), int(match[3] or 1)
    person = resident(index) if role == "resident" else cashier(index)
    canonical = f"{role}:{index}" + (f"#{number}" if number > 1 else "")
    digest = sha256(f"huixiang sandbox {canonical}".encode()).digest()
    return Account(canonical, "o" + urlsafe_b64encode(digest).decode()[:27], person)


def resident(index: int) -> Person:
    """Return resident `index`, always the same one; raises `NobodyError` out of range."""
    if not 0 <= index < RESIDENTS_MAX:
        raise NobodyError(f"resident:{index}")
    quotient, area = divmod(index, len(AREAS))
    lap, place = divmod(quotient, _BIRTH_DAYS)
    name = names.RESIDENTS[index] if index < NAMED_COUNT else _generated_name(index)
    return Person(name, _id_number(AREAS[area], _day_of(place), lap + 1), _phone(index))


def cashier(index: int) -> Person:
    """Return cashier `index`; raises `NobodyError` out of range."""
    if not 0 <= index < len(names.CASHIERS):
        raise NobodyError(f"cashier:{index}")
    id_number = _id_number(AREAS[0], _day_of(index), _CASHIER_SEQUENCE + index)
    return Person(names.CASHIERS[index], id_number, _phone(_CASHIER_PHONES + index))


def by_id_number(id_number: str) -> Person | None:
    """Find the person whose identity number it is, or None: the registry of the provider."""
    if not re.fullmatch(r"1405\d{13}[\dX]", id_number, re.ASCII) or id_number[:6] not in AREAS:
        return None
    try:
        born = date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))
    except ValueError:
        return None
    day, sequence = (born - _FIRST_BIRTH).days, int(id_number[14:17])
    if not 0 <= day < _BIRTH_DAYS:
        return None
    try:
        if sequence >= _CASHIER_SEQUENCE:
            person = cashier(sequence - _CASHIER_SEQUENCE)
        else:
            place = day * _STRIDE_INVERSE % _BIRTH_DAYS
            quotient = (sequence - 1) * _BIRTH_DAYS + place
            person = resident(quotient * len(AREAS) + AREAS.index(id_number[:6]))
    except NobodyError:
        return None
    return person if person.id_number == id_number else None


def _day_of(place: int) -> int:
    """Scatter neighbouring numbers over the calendar; a prime modulus makes it one-to-one."""
    return place * _STRIDE % _BIRTH_DAYS


def _id_number(area: str, day: int, sequence: int) -> str:
    """Build the 18 characters of GB 11643: area, birth date, sequence, check digit."""
    birth = _FIRST_BIRTH + timedelta(days=day)
    body = f"{area}{birth:%Y%m%d}{sequence:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return body + _CHECK_DIGITS[total % 11]


def _phone(index: int) -> str:
    """Build an eleven-digit mobile number, 199 and eight digits."""
    return f"199{index * _PHONE_STRIDE % 10**8:08d}"


def _generated_name(index: int) -> str:
    """Compose a name of two or three characters; names may repeat, as they do in life."""
    rest, surname = divmod(index, len(names.SURNAMES))
    rest, first = divmod(rest, len(names.GIVEN_FIRST))
    last = names.GIVEN_LAST[(rest + index) % len(names.GIVEN_LAST)]
    middle = "" if index % 7 == 0 else names.GIVEN_FIRST[first]
    return names.SURNAMES[surname] + middle + last
