"""Two tills and the rules, on a database shared by a file and emptied for each test."""

from collections.abc import AsyncIterator

import pytest
from redis import asyncio as aioredis

from server.campaign.programme import Programme
from server.infra.engines import Engines
from server.kit.clock import SetClock
from server.risk.policy import read_rules
from server.risk.service import Risk
from tests.factories.book import Factory
from tests.factories.shared import empty, shared_database
from tests.factories.till import Till


@pytest.fixture(scope="module")
async def shared(engines: Engines, template: str) -> AsyncIterator[str]:
    async with shared_database(engines, template) as url:
        yield url


@pytest.fixture
async def book(shared: str) -> str:
    await empty()
    return shared


@pytest.fixture
def make(book: str, programme: Programme, clock: SetClock, redis: "aioredis.Redis") -> Factory:
    return Factory(programme, clock, redis)


@pytest.fixture
async def till(make: Factory) -> Till:
    return await Till.of(make)


@pytest.fixture
def risk(clock: SetClock) -> Risk:
    return Risk(read_rules(), clock)
