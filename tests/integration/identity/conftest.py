"""Residents with phones, a database of the test's own, and workers."""

from collections.abc import AsyncIterator, Iterator

import pytest

from server.infra.engines import Engines
from server.kit.clock import SetClock
from tests.integration.identity.scene import Scene, Worker, emptied
from tests.integration.sandbox.running import Sandbox, running_sandbox


@pytest.fixture(scope="session")
def residents() -> Iterator[Sandbox]:
    with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def scene(
    residents: Sandbox, engines: Engines, database: str, clock: SetClock
) -> AsyncIterator[Scene]:
    await emptied(engines.redis_url)
    yield Scene(residents, engines.redis_url, clock)
    residents.calm()


@pytest.fixture
async def worker(scene: Scene) -> AsyncIterator[Worker]:
    async with scene.worker() as running:
        yield running
