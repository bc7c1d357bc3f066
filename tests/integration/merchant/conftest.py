"""Merchants in the book."""

import pytest
from redis import asyncio as aioredis

from server.campaign.programme import Programme
from server.kit.clock import SetClock
from server.merchant.service import Merchants
from tests.factories.book import Factory


@pytest.fixture
def merchants(database: str, programme: Programme, clock: SetClock) -> Merchants:
    return Merchants(programme, clock)


@pytest.fixture
def make(database: str, programme: Programme, clock: SetClock, redis: "aioredis.Redis") -> Factory:
    return Factory(programme, clock, redis)
