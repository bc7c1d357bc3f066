"""A worker that is killed while it opens a case: the next one opens it, once."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from redis import asyncio as aioredis

from server.campaign.programme import Programme
from server.infra.db import connection
from server.kit.clock import SetClock
from server.risk.jobs import look_at_fresh
from server.risk.models import RiskCase, Watermark
from server.risk.policy import read_rules
from tests.factories.book import Factory
from tests.factories.risky import split_orders
from tests.factories.till import Till

pytestmark = [pytest.mark.fault, pytest.mark.policy("P-06.7")]

PROJECT = Path(__file__).parents[2]

WORKER = """
import asyncio, sys
from datetime import datetime
from server.infra.db import config, open_database
from server.kit.clock import SetClock
from server.models import MODELS
from server.risk import jobs, opening
from server.risk.policy import read_rules

async def hang(*_, **__):
    print("here", flush=True)
    await asyncio.sleep(600)

async def main():
    await open_database(config(sys.argv[1], MODELS))
    if sys.argv[3] == "opening":
        opening.audit.record = hang
    else:
        jobs._move = hang
    await jobs.look_at_fresh(read_rules(), SetClock(datetime.fromisoformat(sys.argv[2])))

asyncio.run(main())
"""


@pytest.mark.parametrize(("at", "opened_before"), [("opening", 0), ("moving", 1)])
async def test_a_worker_killed_at_its_work_leaves_it_to_the_next(
    database: str,
    programme: Programme,
    clock: SetClock,
    redis: "aioredis.Redis",
    at: str,
    opened_before: int,
) -> None:
    make = Factory(programme, clock, redis)
    till = await Till.of(make)
    await split_orders(till, await make.offer(), 3)
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, database, clock.now().isoformat(), at],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    ) as worker:
        assert worker.stdout is not None
        line = await asyncio.to_thread(worker.stdout.readline)
        worker.send_signal(signal.SIGKILL)
    assert line == "here\n"
    await _gone()
    assert await RiskCase.all().count() == opened_before
    assert not await Watermark.exists()
    await look_at_fresh(read_rules(), clock)
    assert await RiskCase.all().count() == 1
    assert (await Watermark.get(name="fresh")).until_at == clock.now()


async def _gone() -> None:
    """Wait until PostgreSQL has noticed, and rolled back what the dead one held."""
    for _ in range(100):
        async with connection() as book:
            held = await book.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND state = 'idle in transaction'"
            )
        if not held:
            return
        await asyncio.sleep(0.1)
    pytest.fail("the dead worker's transaction is still open")
