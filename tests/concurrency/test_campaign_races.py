"""Operators at work at once: on one pool, one offer, one round, one schema."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from redis import asyncio as aioredis
from tortoise.exceptions import BaseORMException

from server.audit.domain import Actor, Role
from server.campaign import rows, service
from server.campaign.models import Offer, Round
from server.campaign.programme import Programme
from server.campaign.service import Campaign
from server.infra import db
from server.infra.engines import Engines, create_database, drop_database
from server.kit.clock import SetClock
from server.kit.errors import Refusal
from server.ledger import service as ledger
from server.ledger.domain import POOL, round_account
from server.models import MODELS
from server.reconcile.book import MONEY, check
from tests.factories.money import appropriate
from tests.factories.shared import empty, shared_database
from tests.factories.staff import APPROVER, PLANNER, SYSTEM
from tests.integration.campaign.scene import (
    FACE_FEN,
    POOL_FEN,
    approved,
    drafted,
    held_fen,
    offer_of,
)

pytestmark = pytest.mark.race

ROUNDS_MAX = 20
"""A twin looks this often for a race that happens nearly every time."""
AT_ONCE = 4
SEVERAL = [Actor(f"bureau-{n}", Role.BUREAU, "test") for n in range(AT_ONCE)]
ENOUGH = POOL_FEN // FACE_FEN
"""The stock that takes the whole pool."""


@pytest.fixture(scope="module")
async def book_url(engines: Engines, template: str) -> AsyncIterator[str]:
    async with shared_database(engines, template) as url:
        yield url


@pytest.fixture
async def campaign(
    book_url: str, redis: "aioredis.Redis", programme: Programme, clock: SetClock
) -> Campaign:
    return Campaign(programme, clock, redis)


async def begin(campaign: Campaign) -> None:
    await empty()
    await campaign.load_programme(actor=SYSTEM)
    await appropriate(campaign.programme, campaign.clock, POOL_FEN)


async def at_once(*asked: Awaitable[Any]) -> Counter[str]:
    """How each of them ended: by refusal's code, or done."""
    ended = await asyncio.gather(*asked, return_exceptions=True)
    for result in ended:
        if isinstance(result, BaseException) and not isinstance(result, Refusal):
            raise result
    return Counter(r.code if isinstance(r, Refusal) else "done" for r in ended)


async def broken() -> list[str]:
    return [finding.name for finding in await check(MONEY) if not finding.holds]


async def approve_at_once(campaign: Campaign) -> Counter[str]:
    await begin(campaign)
    rounds = [await drafted(campaign, ENOUGH) for _ in range(AT_ONCE)]
    return await at_once(*(campaign.approve(one, actor=APPROVER) for one in rounds))


@pytest.mark.policy("P-03")
async def test_of_approvals_at_once_the_pool_pays_one(campaign: Campaign) -> None:
    for _ in range(3):
        assert await approve_at_once(campaign) == {"done": 1, "ledger.short": AT_ONCE - 1}
        assert await ledger.balance_fen(POOL) == 0
        assert await broken() == []


async def test_of_approvals_at_once_the_pool_pays_one_breaks_without_pool_lock(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_lock() -> None:
        pass

    monkeypatch.setattr(ledger, "_lock_pool", no_lock)
    for _ in range(ROUNDS_MAX):
        if (await approve_at_once(campaign))["done"] > 1:
            assert await ledger.balance_fen(POOL) < 0
            assert "balances_not_negative" in await broken()
            return
    raise AssertionError("the race never happened")


async def add_at_once(campaign: Campaign) -> UUID:
    await begin(campaign)
    round_id = await approved(campaign, 100)
    offer = await offer_of(round_id)
    asked = [await campaign.enter_stock(offer.id, 10, actor=PLANNER) for _ in SEVERAL]
    pairs = zip(asked, SEVERAL, strict=True)
    adding = (campaign.approve_stock(addition, actor=one) for addition, one in pairs)
    assert await at_once(*adding) == {"done": AT_ONCE}
    return round_id


@pytest.mark.policy("P-03")
async def test_stock_added_by_several_at_once_is_all_there(campaign: Campaign) -> None:
    for _ in range(3):
        round_id = await add_at_once(campaign)
        offer = await offer_of(round_id)
        assert (offer.stock, offer.gate_epoch) == (100 + 10 * AT_ONCE, AT_ONCE)
        assert await held_fen(round_id) == offer.stock * FACE_FEN
        assert await broken() == []


async def test_stock_added_by_several_at_once_is_all_there_breaks_without_row_locks(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def row(round_id: UUID) -> Round:
        return await Round.get(id=round_id)

    async def offers(round_id: UUID) -> list[Offer]:
        return await Offer.filter(round_id=round_id)

    monkeypatch.setattr(rows, "locked_round", row)
    monkeypatch.setattr(rows, "locked_offers", offers)
    for _ in range(ROUNDS_MAX):
        round_id = await add_at_once(campaign)
        if (await offer_of(round_id)).stock < 100 + 10 * AT_ONCE:
            assert "rounds_reserved" in await broken()
            return
    raise AssertionError("the race never happened")


async def close_at_once(campaign: Campaign) -> tuple[UUID, Counter[str]]:
    await begin(campaign)
    round_id = await approved(campaign, ENOUGH)
    closing = (campaign.close(round_id, actor=one) for one in SEVERAL)
    return round_id, await at_once(*closing)


@pytest.mark.policy("P-10.1")
async def test_a_round_closed_by_several_at_once_pays_back_once(campaign: Campaign) -> None:
    for _ in range(3):
        round_id, ended = await close_at_once(campaign)
        assert ended == {"done": 1, "campaign.wrong_state": AT_ONCE - 1}
        assert (await held_fen(round_id), await ledger.balance_fen(POOL)) == (0, POOL_FEN)


async def test_a_round_closed_by_several_at_once_pays_back_once_breaks_without_row_lock(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def row(round_id: UUID) -> Round:
        return await Round.get(id=round_id)

    def another(*parts: object) -> UUID:
        return uuid.uuid4()

    monkeypatch.setattr(rows, "locked_round", row)
    # The event's id is a second guard: without the lock it turns the other payments into errors.
    monkeypatch.setattr(service, "derive", another)
    for _ in range(ROUNDS_MAX):
        round_id, ended = await close_at_once(campaign)
        if ended["done"] > 1:
            assert await ledger.balance_fen(round_account(round_id)) < 0
            return
    raise AssertionError("the race never happened")


@pytest.fixture
def bare_url(engines: Engines) -> Iterator[str]:
    """An empty database without a schema."""
    name = f"bare_{uuid.uuid4().hex[:12]}"
    yield create_database(engines, name)
    drop_database(engines, name)


async def migrate_at_once(url: str) -> list[BaseException]:
    settings = db.config(url, MODELS)
    ended = await asyncio.gather(*(db.migrate(settings) for _ in range(3)), return_exceptions=True)
    return [result for result in ended if isinstance(result, BaseException)]


async def test_processes_that_migrate_at_once_wait_for_each_other(bare_url: str) -> None:
    assert await migrate_at_once(bare_url) == []
    book = await asyncpg.connect(bare_url)
    try:
        guards = await book.fetchval("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal")
    finally:
        await book.close()
    assert guards > 0, "the last migration is there"
    assert await migrate_at_once(bare_url) == []


async def test_processes_that_migrate_at_once_wait_for_each_other_breaks_without_lock(
    bare_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def no_lock(client: object, name: str) -> AsyncIterator[None]:
        yield

    monkeypatch.setattr(db, "advisory_lock", no_lock)
    failed = await migrate_at_once(bare_url)
    assert failed
    assert all(isinstance(error, (BaseORMException, *db.CONNECTION_ERRORS)) for error in failed)
