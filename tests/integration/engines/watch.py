"""Looking at engines from outside: what they hold, what really runs, another supervisor."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from server.infra.engines import Engines
from server.infra.engines.binaries import find_binaries
from server.infra.engines.psql import run_sql

PROJECT = Path(__file__).parents[3]

SUPERVISOR = """
import json, os, signal, sys, time
from pathlib import Path
from server.infra.engines import start_engines

signal.signal(signal.SIGINT, lambda *_: None)
with start_engines(Path(sys.argv[1]), durable=sys.argv[2] == "durable") as engines:
    child = 0
    if sys.argv[3] == "fork" and (child := os.fork()) == 0:
        engines.postgres.stop()
        engines.valkey.stop()
        time.sleep(60)
        os._exit(0)
    facts = {
        "database_url": engines.database_url,
        "redis_url": engines.redis_url,
        "pids": [engines.postgres.pid, engines.valkey.pid],
        "child": child,
    }
    print(json.dumps(facts), flush=True)
    sys.stdin.read()
"""
"""A supervisor of its own: runs engines until its standard input ends."""


KEEP = """
SET client_min_messages = error;
DROP TABLE IF EXISTS kept;
CREATE TABLE kept AS SELECT 'here'::text AS word;
"""


def sql(database_url: str, script: str) -> str:
    """What a statement prints."""
    return run_sql(find_binaries().postgres_bin / "psql", database_url, script).strip()


def keep(engines: Engines) -> None:
    """Put one fact into each engine."""
    sql(engines.database_url, KEEP)
    with redis.Redis.from_url(engines.redis_url) as client:
        client.set("kept", "here")


def kept(engines: Engines) -> tuple[str, bytes | None]:
    """The two facts."""
    with redis.Redis.from_url(engines.redis_url) as client:
        value = client.get("kept")
    assert value is None or isinstance(value, bytes)
    return sql(engines.database_url, "SELECT word FROM kept"), value


def running_under(folder: Path) -> list[int]:
    """Processes whose working directory is in the folder, as every engine process's is."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            where = (entry / "cwd").readlink()
        except OSError:
            continue
        if where.is_relative_to(folder):
            found.append(int(entry.name))
    return found


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether it comes to hold within the time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def supervisor(
    home: Path, *, mode: str = "plain", durable: bool = False
) -> Iterator[tuple[subprocess.Popen[str], dict[str, object]]]:
    """Another process that runs engines on the home, and what it says about them."""
    arguments = [str(home), "durable" if durable else "throwaway", mode]
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, *arguments],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()
