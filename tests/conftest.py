"""Fixtures of all tests: real engines, a fresh database for each test, a clock to be set."""

import asyncio
import base64
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import hypothesis
import pytest
from redis import Redis
from redis import asyncio as aioredis

from server.campaign.programme import Programme, read_programme
from server.cli.demo import rehearsal
from server.infra.crypto import BlindIndex, KeyRing, Vault
from server.infra.db import close_database, config, migrate, open_database
from server.infra.engines import Engines, create_database, drop_database, throwaway_engines
from server.infra.redis import open_redis
from server.kit.clock import SHANGHAI, SetClock
from server.models import MODELS
from server.parts import Parts, load_programme, make_parts
from server.settings import load
from tests.system import System

hypothesis.settings.register_profile(
    "ci", derandomize=True, deadline=None, max_examples=100, print_blob=True
)
hypothesis.settings.load_profile("ci")

SECRET = bytes(range(32))
POLICY = Path(__file__).parent.parent / "server" / "policy" / "jincheng-chengqu-2026.toml"
TEMPLATE = "huixiang_template"


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    """PostgreSQL and Valkey that are thrown away at the end of the run."""
    url = os.environ.get("TEST_REDIS_URL")
    with throwaway_engines(redis_url=url) as running:
        yield running


@pytest.fixture(scope="session")
def template(engines: Engines) -> str:
    """Name of a migrated database that is copied for each test."""
    url = create_database(engines, TEMPLATE)
    asyncio.run(migrate(config(url, MODELS)))
    return TEMPLATE


@pytest.fixture
def database_url(engines: Engines, template: str) -> Iterator[str]:
    """A fresh, migrated database of this test's own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    url = create_database(engines, name, template)
    yield url
    drop_database(engines, name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[str]:
    """The fresh database, with the models connected to it."""
    context = await open_database(config(database_url, MODELS, pool_max=16))
    yield database_url
    await close_database(context)


@pytest.fixture
async def redis(engines: Engines) -> AsyncIterator["aioredis.Redis"]:
    """An empty Redis."""
    client = open_redis(engines.redis_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture(scope="session")
def programme() -> Programme:
    """The 2026 programme, as shipped."""
    return read_programme(POLICY)


@pytest.fixture
def clock() -> SetClock:
    """A clock that stands at ten in the morning of 1 June 2026, Shanghai."""
    return SetClock(datetime(2026, 6, 1, 10, tzinfo=SHANGHAI))


@pytest.fixture(scope="session")
def vault() -> Vault:
    """Encryption at rest with a made-up key."""
    return Vault(KeyRing.from_secret(SECRET))


@pytest.fixture(scope="session")
def blind_index() -> BlindIndex:
    """Blind indexes with a made-up secret."""
    return BlindIndex(SECRET)


@pytest.fixture
def environment(engines: Engines, database_url: str, tmp_path: Path) -> dict[str, str]:
    """Environment of a process that serves this test's database."""
    Redis.from_url(engines.redis_url).flushall()
    return {
        "HUIXIANG_HOME": str(tmp_path),
        "HUIXIANG_SECRET": base64.b64encode(SECRET).decode(),
        "HUIXIANG_KEYS": "1:" + base64.b64encode(SECRET).decode(),
        "HUIXIANG_POLICY": str(rehearsal(POLICY, tmp_path / "policy.toml", datetime.now(UTC))),
        "DATABASE_URL": database_url,
        "REDIS_URL": engines.redis_url,
    }


@pytest.fixture
async def system(environment: dict[str, str], tmp_path: Path) -> AsyncIterator[System]:
    """Sandbox, server and worker as shipped, on this test's database; the programme is loaded."""
    running = System(environment, tmp_path)
    await load_programme(load(running.env))
    try:
        running.start("sandbox", "server", "worker")
        yield running
    finally:
        running.stop()


@pytest.fixture
async def parts(system: System, database: str) -> AsyncIterator[Parts]:
    """The parts of a process beside the running system: what the command line would use."""
    made = make_parts(load(system.env))
    yield made
    await made.redis.aclose()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running system."""
    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(trust_env=False, timeout=20, limits=limits) as client:
        yield client
