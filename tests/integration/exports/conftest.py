"""Exports on one database for all tests of a file, emptied before each."""

from collections.abc import AsyncIterator

import pytest
from redis import asyncio as aioredis

from server.campaign.programme import Programme
from server.exports.kinds import Kind
from server.exports.service import Exports
from server.figures import lists as figures_lists
from server.funding import lists as funding_lists
from server.infra.engines import Engines
from server.kit.clock import SetClock
from tests.factories.book import Factory
from tests.factories.shared import empty, shared_database
from tests.factories.till import Till
from tests.integration.exports.scene import SLOW


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
def kinds(programme: Programme) -> dict[str, Kind]:
    lists = (*figures_lists.kinds(programme.categories), funding_lists.LEDGER, SLOW)
    return {kind.name: kind for kind in lists}


@pytest.fixture
def exports(make: Factory, kinds: dict[str, Kind], clock: SetClock) -> Exports:
    return Exports(kinds, clock)
