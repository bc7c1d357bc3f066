"""Drafting, confirming and importing are cut off halfway: the book is whole, a retry succeeds."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import asyncio as aioredis
from tortoise.exceptions import OperationalError

from server.audit.domain import Role
from server.campaign.programme import Programme
from server.infra.db import CONNECTION_ERRORS, connection
from server.kit.clock import SetClock
from server.ledger.models import Transfer
from server.parts import make_parts
from server.redemption.models import Redemption
from server.settings import load
from server.settlement.domain import BatchState
from server.settlement.models import Batch, Line, Receipt
from tests.factories.book import Factory
from tests.factories.payments import PaymentOffice, balances_fen, check_money
from tests.factories.staff import SYSTEM, TREASURER
from tests.factories.till import Till
from tests.system import PROJECT, System

pytestmark = [pytest.mark.fault, pytest.mark.slow]

CUT = (*CONNECTION_ERRORS, OperationalError)
ASLEEP = """
SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()
"""


@pytest.fixture
def make(database: str, programme: Programme, clock: SetClock, redis: "aioredis.Redis") -> Factory:
    return Factory(programme, clock, redis)


@pytest.fixture
async def office(make: Factory) -> PaymentOffice:
    return await PaymentOffice.of(make)


@pytest.fixture
async def till(office: PaymentOffice) -> Till:
    till = await office.till()
    offer = await till.make.offer()
    for _ in range(3):
        await till.redeem(await till.make.voucher(offer))
    return till


@asynccontextmanager
async def lingering(on: str) -> AsyncIterator[None]:
    """Within, a transaction sleeps for some seconds after it wrote such a row."""
    async with connection() as raw:
        await raw.execute(
            "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_sleep(4); RETURN NULL; END $$"
        )
        await raw.execute(
            f"CREATE TRIGGER linger AFTER {on} FOR EACH ROW EXECUTE FUNCTION linger()"
        )
    yield
    async with connection() as raw:
        await raw.execute("DROP FUNCTION linger() CASCADE")


async def asleep() -> list[int]:
    """The backends that sleep now, once there are any."""
    for _ in range(200):
        async with connection() as raw:
            found = [row["pid"] for row in await raw.fetch(ASLEEP)]
        if found:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("nothing slept")


async def cut_off(act: Awaitable[Any]) -> None:
    """Do the act and end its database connection while it sleeps halfway."""
    task = asyncio.ensure_future(act)
    (pid,) = await asleep()
    async with connection() as raw:
        assert await raw.fetchval("SELECT pg_terminate_backend($1)", pid)
    with pytest.raises(CUT):
        await task


async def state() -> tuple[Any, ...]:
    """What the acts write, as it stands."""
    return (
        [(row.number, row.state) for row in await Batch.all().order_by("number")],
        [row.state for row in await Line.all().order_by("id")],
        await Transfer.all().count(),
        await Receipt.all().count(),
        await Redemption.filter(batch_id=None).count(),
    )


async def test_a_draft_is_cut_off(office: PaymentOffice, till: Till) -> None:
    before = await state()
    async with lingering("INSERT ON batch_lines"):
        await cut_off(office.draft())
    assert await state() == before
    await check_money()
    assert (await office.draft()).batch.number == "JS-2026-0001"
    await check_money()


async def test_a_confirmation_is_cut_off(office: PaymentOffice, till: Till) -> None:
    batch = (await office.draft()).batch
    before = await state()
    async with lingering("INSERT ON ledger_transfers"):
        await cut_off(office.settlement.batches.confirm(batch.id, 12_00, TREASURER))
    assert await state() == before
    await check_money()
    await office.settlement.batches.confirm(batch.id, 12_00, TREASURER)
    assert await balances_fen(till.merchant.id) == (0, 12_00, 0)
    await check_money()


async def test_an_import_is_cut_off(office: PaymentOffice, till: Till) -> None:
    batch = await office.sent()
    content = await office.receipt(batch)
    before = await state()
    take_in = office.settlement.receipts.take_in
    async with lingering("INSERT ON receipts"):
        await cut_off(take_in(batch.id, "a.csv", content, TREASURER))
    assert await state() == before
    await check_money()
    receipt, fresh = await take_in(batch.id, "a.csv", content, TREASURER)
    assert (fresh, receipt.matched_count) == (True, 1)
    assert (await Batch.get(id=batch.id)).state is BatchState.PAID
    await check_money()


async def test_a_process_is_killed_while_it_confirms(
    office: PaymentOffice, till: Till, environment: dict[str, str], tmp_path: Path
) -> None:
    batch = (await office.draft()).batch
    env = System(environment, tmp_path).env
    parts = make_parts(load(env))
    await parts.staff.add(TREASURER.name, Role.FINANCE, password=None, actor=SYSTEM)
    await parts.redis.aclose()
    before = await state()
    words = ("settlement", "confirm", str(batch.id), "12.00", "--by", TREASURER.name)

    async def start() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "server.cli", *words, cwd=PROJECT, env=env
        )

    async with lingering("UPDATE ON batches"):
        process = await start()
        (pid,) = await asleep()
        process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL
        for _ in range(200):  # until the server noticed
            async with connection() as raw:
                if not await raw.fetchval(
                    "SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid
                ):
                    break
            await asyncio.sleep(0.05)
    assert await state() == before
    await check_money()
    assert await (await start()).wait() == 0
    assert (await Batch.get(id=batch.id)).state is BatchState.CONFIRMED
    assert await balances_fen(till.merchant.id) == (0, 12_00, 0)
    await check_money()
