"""The campaign on an empty book with money in its pool, and somebody to plan rounds."""

from collections.abc import AsyncIterator

import pytest
from redis import asyncio as aioredis

from server.campaign.programme import Programme
from server.campaign.service import Campaign
from server.infra.engines import Engines
from server.kit.clock import SetClock
from tests.factories.money import appropriate
from tests.factories.shared import empty, shared_database
from tests.factories.staff import SYSTEM
from tests.integration.campaign.scene import POOL_FEN


@pytest.fixture(scope="module")
async def book_url(engines: Engines, template: str) -> AsyncIterator[str]:
    async with shared_database(engines, template) as url:
        yield url


@pytest.fixture
async def database(book_url: str) -> str:
    await empty()
    return book_url


@pytest.fixture
async def campaign(
    database: str, redis: "aioredis.Redis", programme: Programme, clock: SetClock
) -> Campaign:
    made = Campaign(programme, clock, redis)
    await made.load_programme(actor=SYSTEM)
    await appropriate(programme, clock, POOL_FEN)
    return made
