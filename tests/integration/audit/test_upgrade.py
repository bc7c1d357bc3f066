"""A log from before there was a chain keeps what it said, and is chained (P-11.2)."""

import json
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import cast

import asyncpg
import pytest
from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.context import TortoiseContext
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from server.audit.models import Entry, Link
from server.audit.verify import verify
from server.funding.models import FundsEntry
from server.infra.db import APP, CONNECTION, close_database, config, migrate, open_database
from server.infra.engines import Engines, create_database, drop_database
from server.models import MODELS
from server.reconcile.book import ALL, check

pytestmark = pytest.mark.policy("P-11.2")

BEFORE_THE_CHAIN = "0003_guards"
OLD = """
INSERT INTO audit_entries (id, at, actor, action, subject, data)
SELECT ('019d0000-0000-7000-8000-00000000000' || n)::uuid,
  timestamptz '2026-05-01 08:00:00.123999+08' + n * interval '1 day',
  '财政 "一"', CASE n WHEN 1 THEN 'ledger.appropriated' ELSE 'campaign.round_approved' END,
  'round:' || n, '{"b": {"yuan": "壹"}, "a": [1, 2]}'
FROM generate_series(1, 5) n
"""
OLD_MONEY = """
INSERT INTO ledger_accounts (id, kind, created_at) VALUES
  ('treasury', 'treasury', '2026-02-01'), ('pool', 'pool', '2026-02-01');
INSERT INTO ledger_transfers (id, debit_id, credit_id, amount_fen, code, at, subject)
VALUES ('019d0000-0000-7000-8000-0000000000f1', 'treasury', 'pool', 100, 'appropriation',
  '2026-02-01 20:00+00', 'appropriation:019d0000-0000-7000-8000-0000000000f1')
"""


@pytest.fixture
def old_url(engines: Engines) -> Iterator[str]:
    name = f"old_{uuid.uuid4().hex[:12]}"
    yield create_database(engines, name)
    drop_database(engines, name)


@pytest.fixture
async def upgraded(old_url: str) -> AsyncIterator[None]:
    """A book of the first migrations with five entries, brought up to date."""
    settings = config(old_url, MODELS)
    async with TortoiseContext() as context:
        await context.init(config=settings)
        client = cast("AsyncpgDBClient", context.connections.get(CONNECTION))
        target = MigrationTarget(APP, BEFORE_THE_CHAIN)
        await MigrationExecutor(client, settings["apps"]).migrate([target])
    book = await asyncpg.connect(old_url)
    await book.execute(OLD)
    await book.execute(OLD_MONEY)
    await book.close()
    await migrate(settings)
    context = await open_database(settings)
    yield
    await close_database(context)


async def test_old_entries_keep_what_they_said_and_are_chained(upgraded: None) -> None:
    verdict = await verify([])
    assert (verdict.fault, verdict.checked_count) == (None, 5)
    first, *_, last = await Link.all().order_by("seq")
    assert (first.seq, last.seq) == (1, 5)
    rows = await Entry.all().order_by("id").values("id", "body")
    assert json.loads(rows[1]["body"]) == {
        "id": str(rows[1]["id"]),
        "at": "2026-05-03T00:00:00.123Z",
        "actor": '财政 "一"',
        "role": "system",
        "origin": "",
        "action": "campaign.round_approved",
        "subject": "round:2",
        "before": None,
        "after": {"a": [1, 2], "b": {"yuan": "壹"}},
    }


async def test_old_entries_are_as_safe_as_new_ones(upgraded: None, old_url: str) -> None:
    book = await asyncpg.connect(old_url)
    for statement in ("UPDATE audit_entries SET actor = 'x'", "DELETE FROM audit_entries"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await book.execute(statement)
    await book.close()


async def test_an_old_appropriation_has_an_entry_and_every_invariant_holds(upgraded: None) -> None:
    entry = await FundsEntry.get()
    assert (entry.amount_fen, entry.happened_on.isoformat()) == (100, "2026-02-02")
    assert [finding for finding in await check(ALL) if not finding.holds] == []
