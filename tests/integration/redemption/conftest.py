"""Two tills of one merchant, and one of another."""

import pytest
from redis import asyncio as aioredis

from server.campaign.programme import Programme
from server.kit.clock import SetClock
from tests.factories.book import Factory
from tests.factories.till import Till


@pytest.fixture
def make(database: str, programme: Programme, clock: SetClock, redis: "aioredis.Redis") -> Factory:
    return Factory(programme, clock, redis)


@pytest.fixture
async def till(make: Factory) -> Till:
    return await Till.of(make)


@pytest.fixture
async def elsewhere(make: Factory) -> Till:
    return await Till.of(make, "dining", "retail")
