"""Two tills of different merchants on one database for all tests of a file."""

from collections.abc import AsyncIterator

import pytest
from redis import asyncio as aioredis

from server.campaign.programme import Programme
from server.infra.engines import Engines
from server.kit.clock import SetClock
from tests.factories.book import Factory
from tests.factories.shared import empty, shared_database
from tests.factories.till import Till


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
async def till(make: Factory) -> Till:
    return await Till.of(make)


@pytest.fixture
async def elsewhere(make: Factory) -> Till:
    return await Till.of(make, "dining", "retail")
