"""The audit log only grows: the database itself refuses to change or remove an entry (P-11.2)."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from tortoise.exceptions import BaseORMException

from server.audit import service as audit
from server.audit.chain import body_of
from server.audit.domain import Action, Actor, Role
from server.audit.models import Checkpoint, Entry, Link
from server.infra.db import connection, transaction
from tests.factories.staff import AUDITOR, FINANCE
from tests.integration.audit.conftest import Log
from tests.unit.audit.test_chain import BODY, FIRST

NOW = datetime(2026, 6, 1, tzinfo=UTC)
TABLES = ("audit_entries", "audit_chain", "audit_checkpoints")
KEYS = {"audit_entries": "id", "audit_chain": "seq", "audit_checkpoints": "seq"}
COLUMNS = {"audit_entries": "actor", "audit_chain": "hash", "audit_checkpoints": "signature"}


async def recorded() -> Entry:
    await audit.record(
        Action.FUNDS_APPROVED, actor=FINANCE, subject="pool", at=NOW, after={"amount_fen": 1}
    )
    return await Entry.get()


def changes(table: str) -> list[str]:
    key, column = KEYS[table], COLUMNS[table]
    merge = f"MERGE INTO {table} t USING (TABLE {table}) s ON t.{key} = s.{key} WHEN MATCHED THEN"
    update = f"UPDATE SET {column}"
    return [
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
        f"TRUNCATE {', '.join(TABLES)}",
        f"INSERT INTO {table} TABLE {table} ON CONFLICT ({key}) DO {update} = excluded.{column}",
        f"{merge} {update} = s.{column}",
        f"{merge} DELETE",
        f"WITH gone AS (DELETE FROM {table} RETURNING *) SELECT count(*) FROM gone",
    ]


@pytest.mark.policy("P-11.2")
@pytest.mark.parametrize("table", TABLES)
async def test_what_was_written_stays_as_it_was(log: Log, table: str) -> None:
    await log.acts(2)
    await log.sign()
    async with connection() as book:
        before = await book.fetch(f"TABLE {table}")
        assert before
        for statement in changes(table):
            with pytest.raises(Exception, match="written for ever"):
                await book.execute(statement)
        assert await book.fetch(f"TABLE {table}") == before
    assert (await log.verify()).fault is None


async def test_the_models_cannot_change_it_either(log: Log) -> None:
    await log.acts(1)
    await log.sign()
    for model in (Entry, Link, Checkpoint):
        with pytest.raises(BaseORMException):
            await model.all().delete()
    with pytest.raises(BaseORMException):
        await Entry.all().update(actor="x")


@pytest.mark.policy("P-11.2")
async def test_who_when_from_where_what_before_and_after_are_kept(database: str) -> None:
    actor = Actor("财政-1", Role.FINANCE, "10.0.0.1")
    before, after = {"state": "entered"}, {"state": "approved", "note": "同意"}
    async with transaction():
        await audit.record(
            Action.FUNDS_APPROVED,
            actor=actor,
            subject="funds:1",
            at=NOW,
            before=before,
            after=after,
        )
    entry = await Entry.get()
    assert (entry.actor, entry.role, entry.origin) == ("财政-1", Role.FINANCE, "10.0.0.1")
    assert (entry.action, entry.subject, entry.at) == (Action.FUNDS_APPROVED, "funds:1", NOW)
    assert json.loads(entry.body) == {
        "id": str(entry.id),
        "at": "2026-06-01T00:00:00.000Z",
        "actor": "财政-1",
        "role": "finance",
        "origin": "10.0.0.1",
        "action": "funding.approved",
        "subject": "funds:1",
        "before": before,
        "after": after,
    }


@pytest.mark.policy("P-11.2")
async def test_the_database_hashes_as_anybody_would(database: str) -> None:
    """The vector of the unit test, through the migration's SQL."""
    at = datetime(2026, 6, 1, 2, 0, 0, 123_000, UTC)
    entry_id = UUID("019d0000-0000-7000-8000-000000000009")
    actor = Actor("财政-1", Role.FINANCE, "10.0.0.1")
    act, subject = Action.FUNDS_APPROVED, "funds:1"
    body = body_of(
        entry_id=entry_id,
        at=at,
        actor=actor,
        action=act,
        subject=subject,
        before=None,
        after={"amount_fen": 100},
    )
    assert body == BODY
    await Entry.create(
        id=entry_id,
        at=at,
        actor=actor.name,
        role=actor.role,
        origin=actor.origin,
        action=act,
        subject=subject,
        body=body,
    )
    link = await Link.get()
    assert (link.seq, link.entry_id, bytes(link.hash).hex()) == (1, entry_id, FIRST)


@pytest.mark.policy("P-11.2")
async def test_entries_are_chained_when_their_act_commits_in_that_order(log: Log) -> None:
    await log.acts(2)
    async with transaction():
        await log.acts(2)
        assert await Link.all().count() == 2, "not before the commit"
    await log.acts(1)
    links = await Link.all().order_by("seq").prefetch_related("entry")
    assert [link.seq for link in links] == [1, 2, 3, 4, 5]
    assert [link.entry.subject for link in links] == [f"funds:{n}" for n in range(1, 6)]


@pytest.mark.policy("P-11.2")
async def test_an_entry_shares_the_fate_of_its_act(log: Log) -> None:
    async def act() -> None:
        async with transaction():
            await recorded()
            raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        await act()
    assert await Entry.all().count() == 0
    await log.acts(1)
    assert [link.seq for link in await Link.all()] == [1], "what was rolled back took no place"


@pytest.mark.policy("P-11.1")
def test_an_act_has_an_actor() -> None:
    with pytest.raises(AssertionError, match="actor"):
        Actor("", Role.FINANCE)


@pytest.mark.policy("P-11.1")
async def test_an_entry_of_somebody_who_may_not_is_an_error_of_ours(database: str) -> None:
    with pytest.raises(AssertionError, match="whether its actor may"):
        await audit.record(Action.FUNDS_APPROVED, actor=AUDITOR, subject="pool", at=NOW)
    assert await Entry.all().count() == 0
