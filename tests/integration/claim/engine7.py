"""Debian's redis-server 7, where it is installed: the same claims must pass against it."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis
from redis.exceptions import RedisError

READY_SECONDS_MAX = 10.0
PROGRAM = "redis-server"
SETTINGS = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--loglevel", "warning")


def installed() -> str | None:
    """Its path, or None."""
    return shutil.which(PROGRAM)


class RedisServer:
    """One server process on a free port of loopback."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = tempfile.mkdtemp(prefix="huixiang-redis7-")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        program = installed()
        assert program is not None, f"{PROGRAM} is not installed"
        self._process = subprocess.Popen(
            [program, "--port", str(self.port), "--dir", self._folder, *SETTINGS],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + READY_SECONDS_MAX
        with Redis.from_url(self.url) as client:
            while True:
                try:
                    client.ping()
                except RedisError:
                    assert time.monotonic() < deadline, f"{PROGRAM} does not answer"
                    time.sleep(0.02)
                else:
                    return

    def kill(self) -> None:
        """SIGKILL; what it held is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    """A server that ends with the block."""
    server = RedisServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()
