"""Claims on real engines: Valkey, and Debian's Redis 7 for the tests that ask for both."""

from collections.abc import AsyncIterator, Iterator

import pytest
from redis import asyncio as aioredis

from server.campaign.programme import Programme
from server.infra.engines import Engines
from server.infra.redis import open_redis
from server.kit.clock import SetClock
from tests.integration.claim.engine7 import PROGRAM, RedisServer, installed, running_redis
from tests.integration.claim.scene import Desk, Scene


@pytest.fixture(scope="session")
def redis7() -> Iterator[RedisServer]:
    if installed() is None:
        pytest.skip(f"{PROGRAM} is not installed on this machine")
    with running_redis() as server:
        yield server


@pytest.fixture
def gate_url(request: pytest.FixtureRequest, engines: Engines) -> str:
    """Where the gate is: in Valkey, or where a test is parametrised with `redis7`, there."""
    if getattr(request, "param", "valkey") == "redis7":
        server: RedisServer = request.getfixturevalue("redis7")
        return server.url
    return engines.redis_url


@pytest.fixture
async def gate_redis(gate_url: str) -> AsyncIterator["aioredis.Redis"]:
    """An empty Redis, where the gate is."""
    client = open_redis(gate_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def scene(
    database: str,
    gate_url: str,
    gate_redis: "aioredis.Redis",
    programme: Programme,
    clock: SetClock,
) -> Scene:
    return Scene(programme, clock, gate_url, gate_redis)


@pytest.fixture
async def desk(scene: Scene) -> AsyncIterator[Desk]:
    async with scene.desk() as running:
        yield running
