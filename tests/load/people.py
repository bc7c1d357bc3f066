"""Residents of the bench: real rows in bulk, and a signed session token for each."""

import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from server.identity.domain import SESSION_LIFE
from server.kit.clock import SystemClock
from server.kit.ids import uuid7
from server.parts import make_parts
from server.settings import Settings

ADDRESSES = 20_000
"""Networks that the residents are spread over, as behind carriers: many people share one."""


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody who may claim."""

    person_id: UUID
    account_id: UUID
    token: str
    address: str


def address_of(number: int) -> str:
    """The address of the `number`th resident: one of `ADDRESSES` in 10.0.0.0/8."""
    place = number % ADDRESSES
    return f"10.{1 + place // 62500}.{place // 250 % 250}.{1 + place % 250}"


async def settle(settings: Settings, count: int) -> list[Resident]:
    """Write `count` verified persons, their accounts and sessions; returns them with tokens.

    Names and numbers are made-up bytes, since nothing on the way of a claim reads them.
    """
    sessions = make_parts(settings).sessions
    now = SystemClock().now()
    ends = now + SESSION_LIFE - timedelta(seconds=1)
    people: list[Resident] = []
    persons, accounts, logins = [], [], []
    for number in range(count):
        person_id, account_id, session_id = uuid7(), uuid7(), uuid7()
        token = sessions.issue(session_id, account_id, person_id, int(ends.timestamp()))
        people.append(Resident(person_id, account_id, token, address_of(number)))
        persons.append((person_id, b"bench", b"bench", os.urandom(32), now))
        accounts.append((account_id, f"bench-{account_id.hex}", person_id, now))
        logins.append((session_id, account_id, now, ends))
    book = await asyncpg.connect(settings.database_url)
    try:
        columns = ["id", "name_sealed", "id_number_sealed", "id_number_index", "verified_at"]
        await book.copy_records_to_table("persons", records=persons, columns=columns)
        columns = ["id", "openid", "person_id", "created_at"]
        await book.copy_records_to_table("accounts", records=accounts, columns=columns)
        columns = ["id", "account_id", "issued_at", "expires_at"]
        await book.copy_records_to_table("sessions", records=logins, columns=columns)
        await book.execute("ANALYZE persons, accounts, sessions")
    finally:
        await book.close()
    return people


def write_lines(place: Path, people: Sequence[Resident], bodies: Sequence[str] = ()) -> None:
    """Write what the load generators read: token, address, and a body where each has its own."""
    with place.open("w", encoding="ascii") as file:
        for one, body in itertools.zip_longest(people, bodies, fillvalue=""):
            assert isinstance(one, Resident), "there is a resident for each body"
            file.write(f"{one.token}\t{one.address}" + (f"\t{body}\n" if body else "\n"))
