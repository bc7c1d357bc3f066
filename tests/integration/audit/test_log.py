"""The audit log only grows: the database itself refuses to change or remove an entry (P-11.2)."""

import json
from datetime import UTC, datetime

import pytest
from tortoise.exceptions import BaseORMException
from tortoise.transactions import in_transaction

from server.audit import service as audit
from server.audit.domain import Action, Actor, Role
from server.audit.models import Entry
from server.infra.db import connection
from tests.factories.staff import FINANCE

NOW = datetime(2026, 6, 1, tzinfo=UTC)


async def recorded() -> Entry:
    await audit.record(
        Action.FUNDS_APPROVED, actor=FINANCE, subject="pool", at=NOW, after={"amount_fen": 1}
    )
    return await Entry.get()


@pytest.mark.policy("P-11.2")
async def test_an_entry_stays_as_it_was_written(database: str) -> None:
    entry = await recorded()
    assert (entry.actor, entry.action) == (FINANCE.name, Action.FUNDS_APPROVED)
    assert json.loads(entry.body)["after"] == {"amount_fen": 1}
    for statement in (
        "UPDATE audit_entries SET actor = 'x'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "TRUNCATE audit_entries CASCADE",
        "INSERT INTO audit_entries TABLE audit_entries ON CONFLICT (id) DO UPDATE SET actor = 'x'",
    ):
        with pytest.raises(Exception, match=r"written for ever|referenced in a foreign key"):
            async with connection() as book:
                await book.execute(statement)
    with pytest.raises(BaseORMException):
        await Entry.all().delete()
    kept = await Entry.get()
    assert (kept.actor, kept.body) == (FINANCE.name, entry.body)


@pytest.mark.policy("P-11.2")
async def test_an_entry_shares_the_fate_of_its_act(database: str) -> None:
    async def act() -> None:
        async with in_transaction():
            await recorded()
            raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        await act()
    assert await Entry.all().count() == 0


@pytest.mark.policy("P-11.1")
def test_an_act_has_an_actor() -> None:
    with pytest.raises(AssertionError, match="actor"):
        Actor("", Role.FINANCE)
