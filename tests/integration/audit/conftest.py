"""A log on an empty book: acts done by anybody, and whoever can switch the triggers off."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest
from redis import asyncio as aioredis

from server.audit import queries
from server.audit import service as audit
from server.audit.domain import Action
from server.audit.jobs import Notary
from server.audit.models import Entry
from server.audit.signing import Signer
from server.audit.verdict import Head, Verdict
from server.audit.verify import verify
from server.audit.witness import Witness
from server.infra.db import transaction
from server.infra.engines import Engines
from server.kit.clock import SetClock
from tests.conftest import SECRET
from tests.factories.shared import empty, shared_database
from tests.factories.staff import FINANCE

REHASH = """
DO $$ DECLARE l record; last bytea := decode(repeat('00', 32), 'hex'); BEGIN
  FOR l IN SELECT c.seq, e.body FROM audit_chain c JOIN audit_entries e ON e.id = c.entry_id
    ORDER BY c.seq LOOP
    last := sha256(last || int8send(l.seq) || convert_to(l.body, 'UTF8'));
    UPDATE audit_chain SET hash = last WHERE seq = l.seq;
  END LOOP;
END $$
"""
"""What a clever forger does after a change: every hash computed anew."""


UNBIND = """
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT conname FROM pg_constraint
    WHERE conrelid = 'audit_chain'::regclass AND contype IN ('f', 'u') LOOP
    EXECUTE format('ALTER TABLE audit_chain DROP CONSTRAINT %I', name);
  END LOOP;
END $$
"""
"""The chain's foreign key, and that an entry has one place; a file's database stays without."""


@pytest.fixture(scope="module")
async def book_url(engines: Engines, template: str) -> AsyncIterator[str]:
    async with shared_database(engines, template) as url:
        yield url


@pytest.fixture
async def database(book_url: str) -> str:
    await empty()
    return book_url


@dataclass(frozen=True)
class Log:
    """A log that grows by acts of finance and is signed with a made-up secret."""

    url: str
    clock: SetClock
    signer: Signer
    witness: Witness

    @property
    def notary(self) -> Notary:
        """A worker that was started just now."""
        return Notary(self.signer, self.witness, self.clock)

    async def acts(self, count: int) -> None:
        """So many acts, each in its own transaction."""
        for _ in range(count):
            async with transaction():
                await audit.record(
                    Action.FUNDS_APPROVED,
                    actor=FINANCE,
                    subject=f"funds:{await Entry.all().count() + 1}",
                    at=self.clock.now(),
                    before={"state": "entered"},
                    after={"state": "approved"},
                )

    async def sign(self) -> None:
        assert await self.notary.checkpoint(force=True) is not None

    async def verify(self, head: Head | None = None, entries_max: int | None = None) -> Verdict:
        return await verify([self.signer.public_key], head=head, entries_max=entries_max)

    async def head(self) -> Head:
        return await queries.head()

    async def forge(self, *statements: str) -> None:
        """What somebody does who administers the tables: no trigger, no constraint holds."""
        tables = ("audit_entries", "audit_chain", "audit_checkpoints")
        book = await asyncpg.connect(self.url)
        try:
            await book.execute(UNBIND)
            for table in tables:
                await book.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for statement in statements:
                await book.execute(statement)
            for table in tables:
                await book.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        finally:
            await book.close()


@pytest.fixture
def log(database: str, clock: SetClock, redis: "aioredis.Redis") -> Log:
    signer = Signer(SECRET)
    return Log(database, clock, signer, Witness(redis, signer.public_key))
