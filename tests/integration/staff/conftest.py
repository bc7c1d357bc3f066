"""Named accounts on an empty book, with their counters at zero."""

from collections.abc import AsyncIterator

import pytest
from redis import asyncio as aioredis

from server.infra.crypto import KeyRing, TokenSigner
from server.infra.engines import Engines
from server.kit.clock import SetClock
from server.staff.attempts import Attempts
from server.staff.service import Staff
from tests.conftest import SECRET
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
def staff(database: str, redis: "aioredis.Redis", clock: SetClock) -> Staff:
    return Staff(TokenSigner(KeyRing.from_secret(SECRET)), Attempts(redis), clock)
