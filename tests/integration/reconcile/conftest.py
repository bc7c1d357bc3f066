"""A healthy book that has some of everything, made once for the file that damages it."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from redis import asyncio as aioredis

from server.audit.domain import CLOCK
from server.campaign.models import Offer
from server.campaign.programme import Programme
from server.campaign.service import Campaign
from server.infra.engines import Engines
from server.infra.redis import open_redis
from server.kit.clock import SHANGHAI, SetClock
from server.redemption.models import Deduction
from server.settlement.models import Line, Payee
from tests.factories.book import Factory, round_of
from tests.factories.payments import PaymentOffice
from tests.factories.repayment import repaid
from tests.factories.shared import empty, shared_database
from tests.factories.till import Till

Names = dict[str, str]


@pytest.fixture(scope="module")
async def book_url(engines: Engines, template: str) -> AsyncIterator[str]:
    async with shared_database(engines, template) as url:
        yield url


@pytest.fixture
async def database(book_url: str) -> str:
    await empty()
    return book_url


@pytest.fixture
def make(database: str, programme: Programme, clock: SetClock, redis: "aioredis.Redis") -> Factory:
    return Factory(programme, clock, redis)


@pytest.fixture(scope="module")
async def healthy(book_url: str, engines: Engines, programme: Programme) -> AsyncIterator[Names]:
    """Names of what is in the book: an open and a closed round, three redemptions, two refunds."""
    redis = open_redis(engines.redis_url)
    clock = SetClock(datetime(2026, 6, 1, 10, tzinfo=SHANGHAI))
    make = Factory(programme, clock, redis)
    still_open, closed = await make.offer(), await make.offer(stock=20)
    till = await Till.of(make)
    other = await make.merchant()
    used = [await till.redeem(await make.voucher(still_open)) for _ in range(3)]
    await till.refund(used[1], 7_00)
    await till.refund(used[2], 20_00)
    settled = await settle(make, closed)
    person = await make.person()
    mine, theirs = await make.voucher(still_open, person), await make.voucher(still_open)
    await make.voucher(closed)
    await Campaign(programme, clock, redis).close(round_of(closed), actor=CLOCK)
    yield {
        "open": str(still_open.round_id),
        "closed": str(closed.round_id),
        "merchant": str(till.merchant.id),
        "other": str(other.id),
        "kept": str(used[0].id),
        "part": str(used[1].id),
        "whole": str(used[2].id),
        "person": str(person),
        "mine": str(mine.id),
        "theirs": str(theirs.id),
        **settled,
    }
    await redis.aclose()


async def settle(make: Factory, offer: Offer) -> Names:
    """Batches in most of their states, of one merchant; deductions open, taken and repaid.

    The first batch is paid, the second came back and is carried by the third, which is sent; the
    fourth is a draft.
    """
    office = await PaymentOffice.of(make)
    till, held = await office.till(), await office.till()
    rows = []
    batches = []
    for turn in range(4):
        rows += [await till.redeem(await make.voucher(offer)) for _ in range(2)]
        rows += [await held.redeem(await make.voucher(offer))] if turn == 0 else []
        make.clock.move(timedelta(hours=1))
        batch = (await office.draft()).batch if turn == 3 else await office.sent()
        batches.append(batch)
        if turn == 0:
            await office.answer(batch)
            await till.refund(rows[0], 20_00)  # taken off by the second batch
        if turn == 1:
            await office.answer(batch, failed=(1, 2))
            await held.refund(rows[2], 10_00)  # paid back by the merchant itself
            await repaid(
                make.programme, make.clock, await Deduction.get(merchant_id=held.merchant.id)
            )
        if turn == 2:
            await till.refund(rows[1], 20_00)  # is in the draft
    await till.refund(rows[3], 5_00)  # open
    lines = {
        str(row.batch_id): str(row.id) for row in await Line.filter(merchant_id=till.merchant.id)
    }
    names = ("paid", "returned", "sent", "draft")
    return {
        "payee": str((await Payee.get(merchant_id=till.merchant.id)).id),
        "settled_at": str(till.merchant.id),
        "held": str(held.merchant.id),
        "late": str(rows[0].id),
        **{f"{name}_batch": str(batch.id) for name, batch in zip(names, batches, strict=True)},
        **{
            f"{name}_line": lines[str(batch.id)] for name, batch in zip(names, batches, strict=True)
        },
    }
