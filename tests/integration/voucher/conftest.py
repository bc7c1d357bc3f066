"""A wallet in the book."""

import pytest
from redis import asyncio as aioredis

from server.campaign.programme import Programme
from server.infra.crypto import Codebook
from server.kit.clock import SetClock
from server.voucher.service import Wallet
from tests.factories.book import Factory


@pytest.fixture
def wallet(database: str, clock: SetClock) -> Wallet:
    return Wallet(Codebook(bytes(range(32))), clock)


@pytest.fixture
def make(database: str, programme: Programme, clock: SetClock, redis: "aioredis.Redis") -> Factory:
    return Factory(programme, clock, redis)
