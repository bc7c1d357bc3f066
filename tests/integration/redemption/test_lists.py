"""What a cashier reads: their own day, and one redemption of their merchant."""

from datetime import datetime, timedelta

import pytest

from server.kit.clock import SHANGHAI
from server.kit.paging import decode_place
from server.redemption.domain import UnknownRedemption
from tests.factories.book import Factory
from tests.factories.till import Till


async def test_a_cashier_sees_their_own_shanghai_day(till: Till, make: Factory) -> None:
    offer = await make.offer(stock=10)
    vouchers = [await make.voucher(offer) for _ in range(4)]
    make.clock.at = datetime(2026, 6, 1, 23, 59, tzinfo=SHANGHAI)
    await till.redeem(vouchers[0])
    make.clock.move(timedelta(minutes=1))
    first = await till.redeem(vouchers[1])
    await (await till.beside()).redeem(vouchers[2])
    make.clock.move(timedelta(minutes=1))
    second = await till.redeem(vouchers[3])
    await till.refund(second, 20_00)
    page = await till.redemptions.day(till.account_id, None)
    assert [row.id for row in page.redemptions] == [str(second.id), str(first.id)]
    assert [row.refunded_fen for row in page.redemptions] == [4_00, 0]
    assert page.redemptions[0].voucher_name == "餐饮满20减4"
    assert page.next_cursor is None


async def test_a_long_day_is_read_page_by_page(till: Till, make: Factory) -> None:
    offer = await make.offer(stock=30)
    made = []
    for number in range(23):
        made.append(str((await till.redeem(await make.voucher(offer))).id))
        if number % 3:
            make.clock.move(timedelta(seconds=1, microseconds=1))
        await till.make.redis.flushall()
    page = await till.redemptions.day(till.account_id, None)
    assert len(page.redemptions) == 20
    rest = await till.redemptions.day(till.account_id, decode_place(page.next_cursor))
    seen = [row.id for row in (*page.redemptions, *rest.redemptions)]
    assert len(seen) == 23
    assert sorted(seen) == sorted(made)
    assert rest.next_cursor is None


async def test_one_redemption_is_read_by_its_own_merchant(
    till: Till, elsewhere: Till, make: Factory
) -> None:
    row = await till.redeem(await make.voucher(await make.offer()))
    await till.refund(row, 10_00)
    record = await (await till.beside()).redemptions.one(till.account_id, row.id)
    assert (record.returned_fen, record.refunded_fen) == (10_00, 2_00)
    with pytest.raises(UnknownRedemption):
        await elsewhere.redemptions.one(elsewhere.account_id, row.id)
