"""Things die in the middle of a rush; residents retry, and then the book is checked.

Each test names what it kills. Afterwards everybody knows whether they won, every answered success
is in PostgreSQL, all of the stock was given, and every invariant holds. The server may answer 2xx,
4xx and 503, and nothing else.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from redis import Redis

from server.infra.db import config, migrate
from server.infra.engines import Engines, throwaway_engines
from server.models import MODELS
from server.parts import Parts, load_programme, make_parts, running
from server.settings import load
from tests.integration.claim.rush import Rush, environment_of, frozen
from tests.system import System

pytestmark = pytest.mark.fault

PEOPLE, STOCK, SOME = 300, 200, 60


@pytest.fixture(scope="module")
def engines() -> Iterator[Engines]:
    """Engines of these tests' own, for they are killed."""
    with throwaway_engines() as running:
        yield running


@pytest.fixture(scope="module")
async def system(
    engines: Engines, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[System]:
    """One system for all of these tests: each leaves it well, or the next one fails."""
    folder = tmp_path_factory.mktemp("faults")
    await migrate(config(engines.database_url, MODELS))
    made = System(environment_of(engines.database_url, engines.redis_url, folder), folder)
    await load_programme(load(made.env))
    made.start("sandbox", "server", "worker")
    yield made
    made.stop()


@pytest.fixture
async def parts(system: System) -> AsyncIterator[Parts]:
    """The parts of a process beside the running system."""
    made = make_parts(load(system.env))
    async with running(made):
        yield made


@pytest.fixture
async def rush(system: System, parts: Parts, http: httpx.AsyncClient) -> Rush:
    system.start(*({"server", "worker"} - set(system.processes)))
    return await Rush.of(system, parts, http, PEOPLE, STOCK)


async def test_the_server_is_killed(rush: Rush) -> None:
    rushing = rush.start()
    await rush.until(SOME)
    rush.system.kill("server")
    await asyncio.sleep(0.3)
    rush.system.start("server")
    await rushing
    await rush.check()


async def test_the_worker_is_killed(rush: Rush) -> None:
    rushing = rush.start()
    await rush.until(SOME)
    rush.system.kill("worker")
    await rushing
    await rush.check()


async def test_redis_is_emptied(rush: Rush, engines: Engines) -> None:
    rushing = rush.start()
    with Redis.from_url(engines.redis_url) as redis:
        for part in (1, 2, 3):
            await rush.until(SOME * part)
            redis.flushall()
    await rushing
    await rush.check()


async def test_redis_is_killed_and_comes_back_empty(rush: Rush, engines: Engines) -> None:
    assert engines.valkey is not None
    url = engines.redis_url
    rushing = rush.start()
    await rush.until(SOME)
    engines.valkey.kill()
    await asyncio.sleep(0.5)
    engines.valkey.start()
    assert engines.redis_url == url, "the server knows it by its address"
    await rushing
    await rush.check()


async def test_redis_loses_its_last_second(rush: Rush, engines: Engines) -> None:
    rushing = rush.start()
    await rush.until(SOME)
    holders, gate = rush.opened.key("holders"), rush.opened.key("gate")
    with Redis.from_url(engines.redis_url) as redis:
        lost = list(redis.hgetall(holders))[: SOME // 2]
        with redis.pipeline() as back:
            back.hdel(holders, *lost)
            back.delete(rush.opened.key("pending"))
            back.hincrby(gate, "left:0", len(lost))
            back.execute()
    await rushing
    await rush.check()


async def test_redis_stands_still(rush: Rush, engines: Engines) -> None:
    assert engines.valkey is not None
    rushing = rush.start()
    await rush.until(SOME)
    with frozen(engines.valkey.pid):
        await asyncio.sleep(3)
    await rushing
    await rush.check()


async def test_postgresql_is_killed(rush: Rush, engines: Engines) -> None:
    assert engines.postgres is not None
    url = engines.database_url
    rushing = rush.start()
    await rush.until(SOME)
    engines.postgres.kill()
    await asyncio.sleep(0.5)
    engines.postgres.start()
    assert engines.database_url == url, "the server knows it by its address"
    await rushing
    await rush.check()


async def test_postgresql_stands_still(rush: Rush, engines: Engines) -> None:
    assert engines.postgres is not None
    first = rush.people[0]
    with frozen(engines.postgres.pid):
        answer = await rush.ask(first)
        assert answer is not None
        assert (answer.status_code, answer.json()["code"]) == (503, "claim.unsure")
        assert answer.headers["retry-after"] == "1"
        rushing = rush.start()
        await asyncio.sleep(1)
    await rushing
    assert first in rush.vouchers
    await rush.check()


async def test_everything_is_killed(rush: Rush, engines: Engines) -> None:
    assert engines.postgres is not None
    assert engines.valkey is not None
    rushing = rush.start()
    await rush.until(SOME)
    for name in ("server", "worker"):
        rush.system.kill(name)
    engines.valkey.kill()
    engines.postgres.kill()
    engines.valkey.start()
    engines.postgres.start()
    rush.system.start("server", "worker")
    await rushing
    await rush.check()


async def test_the_resident_hangs_up_after_asking(rush: Rush) -> None:
    impatient = rush.people[:40]
    hung_up = await asyncio.gather(*(rush.ask(person, seconds=0.003) for person in impatient))
    assert None in hung_up, "nobody hung up in time"
    await rush.start()
    await rush.check()
    assert rush.told["ReadTimeout"] > 0
