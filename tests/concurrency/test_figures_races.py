"""Twenty redemptions and refunds at one store at once: the roll-ups miss none of them."""

import asyncio
from datetime import timedelta

import pytest
from redis import asyncio as aioredis

from server.campaign.programme import Programme
from server.figures.domain import Scope
from server.figures.queries import total
from server.infra.db import connection
from server.kit.clock import SHANGHAI, SetClock
from tests.factories import naive
from tests.factories.book import Factory
from tests.factories.till import Till

pytestmark = pytest.mark.race

TILLS, EACH = 4, 5
LOSES = """
CREATE OR REPLACE FUNCTION figure_redemption() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  fen bigint;
  today date := (NEW.redeemed_at AT TIME ZONE 'Asia/Shanghai')::date;
BEGIN
  SELECT redeemed_fen INTO fen FROM figures_daily WHERE store_id = NEW.store_id AND day = today;
  PERFORM pg_sleep(0.01);
  UPDATE figures_daily SET redeemed_fen = fen + NEW.face_value_fen
    WHERE store_id = NEW.store_id AND day = today;
  RETURN NULL;
END $$
"""
"""A trigger that reads and then writes, instead of adding in one statement."""


@pytest.fixture
def make(database: str, programme: Programme, clock: SetClock, redis: "aioredis.Redis") -> Factory:
    return Factory(programme, clock, redis)


async def rush(make: Factory) -> None:
    """Every till redeems and refunds at once; one store, one round, one day."""
    first = await Till.of(make)
    tills = [first, *[await first.beside() for _ in range(TILLS - 1)]]
    offer = await make.offer(stock=TILLS * EACH + 1)
    await first.redeem(await make.voucher(offer))
    vouchers = [await make.voucher(offer) for _ in range(TILLS * EACH)]

    async def one(number: int) -> None:
        till = tills[number % TILLS]
        row = await till.redeem(vouchers[number], merchant_discount_fen=number)
        if number % 2:
            await till.refund(row, 10_00 + number)

    await asyncio.gather(*(one(number) for number in range(TILLS * EACH)))


@pytest.mark.policy("P-10.3")
async def test_a_rush_at_one_store_is_counted_whole(make: Factory) -> None:
    await rush(make)
    assert await naive.differences() == []
    today = make.clock.now().astimezone(SHANGHAI).date()
    scope = Scope(today - timedelta(days=1), today)
    figures = await total(scope)
    assert (figures.redeemed_count, figures.refunds_count) == (TILLS * EACH + 1, TILLS * EACH // 2)
    assert figures.redeemed_fen == await naive.ledger_fen(scope, "redemption")
    assert figures.refunded_fen == await naive.ledger_fen(scope, "refund", "late_refund")


async def test_a_rush_at_one_store_is_counted_whole_breaks_without_adding_in_one_statement(
    make: Factory,
) -> None:
    async with connection() as book:
        await book.execute(LOSES)
    await rush(make)
    assert "ledger" in await naive.differences()
