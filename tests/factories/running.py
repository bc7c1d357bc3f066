"""The shipped processes for all tests of a file, on a database of its own."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from redis import Redis

from server.cli.demo import rehearsal
from server.infra.engines import Engines
from server.parts import load_programme
from server.settings import load
from tests.factories.shared import bare_copy
from tests.system import System

SECRET = base64.b64encode(bytes(range(32))).decode()
POLICY = Path(__file__).parents[2] / "server" / "policy" / "jincheng-chengqu-2026.toml"


@asynccontextmanager
async def running_system(
    engines: Engines, template: str, folder: Path, *names: str
) -> AsyncIterator[System]:
    """The named processes; the programme is loaded, everything else is empty."""
    client = Redis.from_url(engines.redis_url)
    client.flushall()
    client.close()
    with bare_copy(engines, template) as url:
        env = {
            "HUIXIANG_HOME": str(folder),
            "HUIXIANG_SECRET": SECRET,
            "HUIXIANG_KEYS": f"1:{SECRET}",
            "HUIXIANG_POLICY": str(rehearsal(POLICY, folder / "policy.toml", datetime.now(UTC))),
            "DATABASE_URL": url,
            "REDIS_URL": engines.redis_url,
        }
        system = System(env, folder)
        await load_programme(load(system.env))
        system.start(*names)
        try:
            yield system
        finally:
            system.stop()
