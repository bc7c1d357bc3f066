"""Funding on an empty book."""

from collections.abc import AsyncIterator

import pytest

from server.campaign.programme import Programme
from server.funding.service import Funding
from server.infra.engines import Engines
from server.kit.clock import SetClock
from server.ledger import service as ledger
from tests.factories.shared import empty, shared_database


@pytest.fixture(scope="module")
async def book_url(engines: Engines, template: str) -> AsyncIterator[str]:
    async with shared_database(engines, template) as url:
        yield url


@pytest.fixture
async def database(book_url: str) -> str:
    await empty()
    return book_url


@pytest.fixture
async def funding(database: str, programme: Programme, clock: SetClock) -> Funding:
    await ledger.open_basic_accounts(clock.now())
    return Funding(programme, clock)
