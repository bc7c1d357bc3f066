"""Cutting an act off halfway: a trigger that sleeps, and whom to end meanwhile."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tortoise.exceptions import OperationalError

from server.infra.db import CONNECTION_ERRORS, connection
from tests.system import PROJECT

CUT = (*CONNECTION_ERRORS, OperationalError)
ASLEEP = """
SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()
"""
SECONDS = 3
TRIES_MAX = 600


@asynccontextmanager
async def lingering(
    table: str, event: str = "INSERT", *, at_commit: bool = False
) -> AsyncIterator[None]:
    """Within, a transaction sleeps after it wrote such a row, or only when it commits."""
    late = "DEFERRABLE INITIALLY DEFERRED" if at_commit else ""
    constraint = "CONSTRAINT" if at_commit else ""
    async with connection() as raw:
        await raw.execute(
            "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN PERFORM pg_sleep({SECONDS}); RETURN NULL; END $$"
        )
        await raw.execute(
            f"CREATE {constraint} TRIGGER linger AFTER {event} ON {table} {late} "
            "FOR EACH ROW EXECUTE FUNCTION linger()"
        )
    yield
    async with connection() as raw:
        await raw.execute("DROP FUNCTION linger() CASCADE")


async def asleep() -> int:
    """The backend that sleeps now, once there is one."""
    for _ in range(TRIES_MAX):
        async with connection() as raw:
            pid = await raw.fetchval(ASLEEP)
        if pid:
            return int(pid)
        await asyncio.sleep(0.05)
    raise AssertionError("nothing slept")


async def gone(pid: int) -> None:
    """Wait until that backend has ended, having noticed whatever happened to its client."""
    for _ in range(TRIES_MAX):
        async with connection() as raw:
            if not await raw.fetchval("SELECT 1 FROM pg_stat_activity WHERE pid = $1", pid):
                return
        await asyncio.sleep(0.05)
    raise AssertionError("it never ended")


async def cut_off(act: Awaitable[Any]) -> None:
    """Do the act, and end its database connection while it sleeps halfway."""
    task = asyncio.ensure_future(act)
    pid = await asleep()
    async with connection() as raw:
        assert await raw.fetchval("SELECT pg_terminate_backend($1)", pid)
    with pytest.raises(CUT):
        await task


async def command(env: Mapping[str, str], *words: str) -> asyncio.subprocess.Process:
    """`huixiang …` in a process of its own."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "server.cli", *words),
        cwd=PROJECT,
        env=env,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def killed(env: Mapping[str, str], *words: str) -> None:
    """Run a command and `kill -9` it while its transaction sleeps."""
    process = await command(env, *words)
    pid = await asleep()
    process.send_signal(signal.SIGKILL)
    assert await process.wait() == -signal.SIGKILL
    await gone(pid)
