"""A month of redemptions at two merchants, over for an hour, on one database for a file's tests."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis import asyncio as aioredis

from server.campaign.programme import Programme
from server.infra.engines import Engines
from server.kit.clock import SetClock
from server.sampling.cases import risky_records
from server.sampling.service import Samples
from tests.factories.book import Factory
from tests.factories.shared import empty, shared_database
from tests.factories.till import Till
from tests.integration.sampling.scene import Month, play


@pytest.fixture(scope="module")
async def shared(engines: Engines, template: str) -> AsyncIterator[str]:
    async with shared_database(engines, template) as url:
        yield url


@pytest.fixture
async def make(
    shared: str, programme: Programme, clock: SetClock, redis: "aioredis.Redis"
) -> Factory:
    await empty()
    return Factory(programme, clock, redis)


@pytest.fixture
async def month(make: Factory, clock: SetClock) -> Month:
    since = clock.now()
    played = await play(make, [await Till.of(make), await Till.of(make, "dining", "retail")])
    until = clock.now()
    clock.move(timedelta(hours=1))
    return Month(since, until, *played)


@pytest.fixture
def samples(make: Factory, clock: SetClock) -> Samples:
    return Samples(risky_records, clock)
