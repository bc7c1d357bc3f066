"""A healthy book that has some of everything, made once for the file that damages it."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from redis import asyncio as aioredis

from server.audit.domain import CLOCK
from server.campaign.programme import Programme
from server.campaign.service import Campaign
from server.infra.engines import Engines
from server.infra.redis import open_redis
from server.kit.clock import SHANGHAI, SetClock
from tests.factories.book import Factory, round_of
from tests.factories.shared import empty, shared_database
from tests.factories.till import Till

Names = dict[str, str]


@pytest.fixture(scope="module")
async def book_url(engines: Engines, template: str) -> AsyncIterator[str]:
    async with shared_database(engines, template) as url:
        yield url


@pytest.fixture
async def database(book_url: str) -> str:
    await empty()
    return book_url


@pytest.fixture
def make(database: str, programme: Programme, clock: SetClock, redis: "aioredis.Redis") -> Factory:
    return Factory(programme, clock, redis)


@pytest.fixture(scope="module")
async def healthy(book_url: str, engines: Engines, programme: Programme) -> AsyncIterator[Names]:
    """Names of what is in the book: an open and a closed round, three redemptions, two refunds."""
    redis = open_redis(engines.redis_url)
    clock = SetClock(datetime(2026, 6, 1, 10, tzinfo=SHANGHAI))
    make = Factory(programme, clock, redis)
    still_open, closed = await make.offer(), await make.offer()
    till = await Till.of(make)
    other = await make.merchant()
    used = [await till.redeem(await make.voucher(still_open)) for _ in range(3)]
    await till.refund(used[1], 7_00)
    await till.refund(used[2], 20_00)
    person = await make.person()
    mine, theirs = await make.voucher(still_open, person), await make.voucher(still_open)
    await make.voucher(closed)
    await Campaign(programme, clock, redis).close(round_of(closed), actor=CLOCK)
    yield {
        "open": str(still_open.round_id),
        "closed": str(closed.round_id),
        "merchant": str(till.merchant.id),
        "other": str(other.id),
        "kept": str(used[0].id),
        "part": str(used[1].id),
        "whole": str(used[2].id),
        "person": str(person),
        "mine": str(mine.id),
        "theirs": str(theirs.id),
    }
    await redis.aclose()
