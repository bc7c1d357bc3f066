"""The roll-ups made anew: from nothing, from damage, and while redemptions go on."""

import asyncio

import pytest

from server.figures.domain import Scope
from server.figures.queries import total
from server.figures.service import Rebuilt, rebuild
from server.infra.db import connection
from server.kit.clock import SHANGHAI
from tests.factories import naive
from tests.factories.book import Factory
from tests.factories.till import Till


async def damage(statement: str) -> None:
    async with connection() as book:
        await book.execute(statement)


async def some(make: Factory, till: Till) -> None:
    """Three redemptions, one of them refunded."""
    offer = await make.offer()
    rows = [await till.redeem(await make.voucher(offer)) for _ in range(3)]
    await till.refund(rows[0], 5_00)


async def test_a_book_in_order_is_left_alone(make: Factory, till: Till) -> None:
    await some(make, till)
    assert await rebuild() == Rebuilt(0, 0, 0)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM figures_daily; DELETE FROM figures_monthly", Rebuilt(1, 1, 0)),
        ("UPDATE figures_daily SET redeemed_fen = redeemed_fen + 1", Rebuilt(1, 0, 0)),
        ("UPDATE figures_monthly SET refunds_count = 7", Rebuilt(0, 1, 0)),
        ("UPDATE figures_areas SET subdistrict = '别处'", Rebuilt(0, 0, 2)),
        ("UPDATE figures_monthly SET month = '2020-01-01'", Rebuilt(0, 2, 0)),
    ],
)
async def test_whatever_was_wrong_is_put_right(
    make: Factory, till: Till, statement: str, expected: Rebuilt
) -> None:
    await some(make, till)
    day = make.clock.now().astimezone(SHANGHAI).date()
    before = await total(Scope(day, day))
    await damage(statement)
    assert await naive.differences()
    assert await rebuild() == expected
    assert await naive.differences() == []
    assert await total(Scope(day, day)) == before


async def test_it_is_exact_while_redemptions_go_on(make: Factory, till: Till) -> None:
    await some(make, till)
    offer = await make.offer(stock=30)
    vouchers = [await make.voucher(offer) for _ in range(12)]
    await damage("DELETE FROM figures_daily")

    async def redeem(number: int) -> None:
        row = await till.redeem(vouchers[number])
        await till.refund(row, 1_00)

    for begin in range(0, len(vouchers), 4):
        await make.redis.flushall()
        at_once = [redeem(number) for number in range(begin, begin + 4)]
        await asyncio.gather(*at_once, rebuild(), rebuild())
    assert await naive.differences() == []
