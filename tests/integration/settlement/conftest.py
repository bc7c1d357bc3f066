"""An office that settles, on a database shared by a file and emptied for each test."""

from collections.abc import AsyncIterator

import pytest
from redis import asyncio as aioredis

from server.campaign.programme import Programme
from server.infra.engines import Engines
from server.kit.clock import SetClock
from tests.factories.book import Factory
from tests.factories.payments import PaymentOffice
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
async def office(make: Factory) -> PaymentOffice:
    return await PaymentOffice.of(make)


@pytest.fixture
async def till(office: PaymentOffice) -> Till:
    return await office.till()


@pytest.fixture
async def other(office: PaymentOffice) -> Till:
    return await office.till()
