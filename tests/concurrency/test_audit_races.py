"""Acts that commit at once take their places in the chain one after the other (P-11.2)."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from redis import asyncio as aioredis
from tortoise.exceptions import IntegrityError

from server.audit import jobs
from server.audit import service as audit
from server.audit.domain import Action
from server.audit.models import Checkpoint, Entry, Link
from server.audit.signing import Signer
from server.audit.verify import verify
from server.audit.witness import Witness
from server.infra.db import connection, transaction
from server.infra.engines import Engines
from server.kit.clock import SetClock
from tests.conftest import SECRET
from tests.factories.shared import empty, shared_database
from tests.factories.staff import FINANCE

pytestmark = pytest.mark.race

AT_ONCE = 30
WORKERS = 6
ROUNDS_MAX = 20
"""A twin looks this often for a race that happens nearly every time."""
SOURCE = "SELECT pg_get_functiondef('chain_entry'::regproc)"
LOCK = "PERFORM pg_advisory_xact_lock(hashtextextended('audit_chain', 0));"


@pytest.fixture(scope="module")
async def book_url(engines: Engines, template: str) -> AsyncIterator[str]:
    async with shared_database(engines, template) as url:
        yield url


async def act_at_once(clock: SetClock) -> list[BaseException]:
    """AT_ONCE acts, each in its own transaction; how those ended that failed."""
    await empty()

    async def act(number: int) -> None:
        async with transaction():
            await audit.record(
                Action.FUNDS_APPROVED, actor=FINANCE, subject=f"funds:{number}", at=clock.now()
            )
            await asyncio.sleep(0)

    ended = await asyncio.gather(*map(act, range(AT_ONCE)), return_exceptions=True)
    return [result for result in ended if isinstance(result, BaseException)]


async def places() -> list[int]:
    return [link.seq for link in await Link.all().order_by("seq")]


@pytest.mark.policy("P-11.2")
async def test_acts_at_once_are_chained_without_a_gap(book_url: str, clock: SetClock) -> None:
    for _ in range(3):
        assert await act_at_once(clock) == []
        assert await places() == list(range(1, AT_ONCE + 1))
        verdict = await verify([])
        assert (verdict.fault, verdict.checked_count) == (None, AT_ONCE)


@pytest.fixture
async def without_the_lock(book_url: str) -> AsyncIterator[None]:
    async with connection() as book:
        source = await book.fetchval(SOURCE)
        assert LOCK in source
        await book.execute(source.replace(LOCK, ""))
    yield
    async with connection() as book:
        await book.execute(source)


async def test_acts_at_once_are_chained_without_a_gap_breaks_without_the_lock(
    book_url: str, clock: SetClock, without_the_lock: None
) -> None:
    """Two acts take one place: the unique place refuses one of them, and its whole act."""
    for _ in range(ROUNDS_MAX):
        failed = await act_at_once(clock)
        assert len(await places()) == await Entry.all().count() == AT_ONCE - len(failed)
        if failed:
            assert {type(one) for one in failed} == {asyncpg.UniqueViolationError}
            assert "audit_chain_pkey" in str(failed[0])
            return
    raise AssertionError("the race never happened")


async def sign_at_once(
    clock: SetClock, redis: "aioredis.Redis"
) -> list[Checkpoint | BaseException | None]:
    """What WORKERS workers get that find a log that is due."""
    assert await act_at_once(clock) == []
    await redis.flushall()
    signer = Signer(SECRET)
    witness = Witness(redis, signer.public_key)
    turns = (jobs.Notary(signer, witness, clock).checkpoint() for _ in range(WORKERS))
    return await asyncio.gather(*turns, return_exceptions=True)


@pytest.mark.policy("P-11.2")
async def test_workers_at_once_sign_once(
    book_url: str, clock: SetClock, redis: "aioredis.Redis"
) -> None:
    for _ in range(3):
        signed = await sign_at_once(clock, redis)
        assert signed.count(None) == WORKERS - 1
        assert [row.seq for row in await Checkpoint.all()] == [AT_ONCE]


async def test_workers_at_once_sign_once_breaks_without_the_lock(
    book_url: str, clock: SetClock, redis: "aioredis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_LOCK", "SELECT 1")
    for _ in range(ROUNDS_MAX):
        if any(isinstance(one, IntegrityError) for one in await sign_at_once(clock, redis)):
            return
    raise AssertionError("the race never happened")
