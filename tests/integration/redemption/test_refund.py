"""Returns: the voucher is void, its money goes back in proportion, and never more than once."""

from uuid import UUID

import pytest

from server.kit.ids import uuid7
from server.ledger.domain import POOL, Code
from server.ledger.models import Transfer
from server.ledger.service import balance_fen
from server.merchant.service import Merchants
from server.redemption.domain import IdReused, RefundTooMuch, UnknownRedemption
from server.redemption.models import Redemption, Refund
from server.redemption.schemas import RefundRequest
from server.voucher.domain import VoucherState
from server.voucher.models import Voucher
from tests.factories.book import Factory
from tests.factories.staff import BUREAU
from tests.factories.till import Till, check_books


@pytest.fixture
async def redeemed(till: Till, make: Factory) -> Redemption:
    return await till.redeem(await make.voucher(await make.offer()), order_amount_fen=30_00)


def returned(fen: int, one: UUID | None = None) -> RefundRequest:
    return RefundRequest(id=one or uuid7(), returned_fen=fen, reason="退菜")


@pytest.mark.policy("P-09.4", "P-06.R", "P-10.1")
async def test_a_whole_return_brings_all_of_it_back(till: Till, redeemed: Redemption) -> None:
    pool_fen = await balance_fen(POOL)
    asked = returned(30_00)
    answer = await till.redemptions.refund(till.account_id, redeemed.id, asked)
    assert answer.fresh
    assert (answer.view.returned_fen, answer.view.refunded_fen) == (30_00, 4_00)
    assert await balance_fen(POOL) == pool_fen + 4_00
    assert await till.payable_fen() == 0
    assert (await Voucher.get(id=redeemed.voucher_id)).state is VoucherState.VOID
    await check_books([till])


@pytest.mark.policy("P-09.4", "P-06.R")
async def test_parts_come_back_in_proportion_and_add_up(till: Till, redeemed: Redemption) -> None:
    # 4.00 x 1/30.00 rounds to nothing; a third and the rest make up the whole.
    assert [await till.refund(redeemed, fen) for fen in (1, 9_99, 10_00, 10_00)] == [
        0,
        1_33,
        1_34,
        1_33,
    ]
    after = await Redemption.get(id=redeemed.id)
    assert (after.returned_fen, after.refunded_fen) == (30_00, 4_00)
    assert await Transfer.filter(code=Code.REFUND).count() == 3
    assert (await Voucher.get(id=redeemed.voucher_id)).state is VoucherState.VOID
    await check_books([till])


async def test_no_more_comes_back_than_was_bought(till: Till, redeemed: Redemption) -> None:
    await till.refund(redeemed, 29_00)
    with pytest.raises(RefundTooMuch) as refused:
        await till.refund(redeemed, 1_01)
    assert refused.value.data == {"remaining_fen": 1_00}
    assert await Refund.all().count() == 1
    await till.refund(redeemed, 1_00)
    await check_books([till])


async def test_the_same_refund_is_done_once(till: Till, redeemed: Redemption) -> None:
    asked = returned(10_00)
    first = await till.redemptions.refund(till.account_id, redeemed.id, asked)
    await till.refund(redeemed, 20_00)
    again = await till.redemptions.refund(till.account_id, redeemed.id, asked)
    assert (again.view, again.fresh) == (first.view, False)
    with pytest.raises(IdReused):
        await till.redemptions.refund(till.account_id, redeemed.id, returned(10_01, asked.id))
    assert await Refund.all().count() == 2
    await check_books([till])


async def test_a_refund_belongs_to_one_redemption(
    till: Till, redeemed: Redemption, make: Factory
) -> None:
    other = await till.redeem(await make.voucher(await make.offer()))
    asked = returned(1_00)
    await till.redemptions.refund(till.account_id, redeemed.id, asked)
    with pytest.raises(IdReused):
        await till.redemptions.refund(till.account_id, other.id, asked)


async def test_any_till_of_the_merchant_refunds_and_no_other(
    till: Till, elsewhere: Till, redeemed: Redemption
) -> None:
    with pytest.raises(UnknownRedemption):
        await elsewhere.refund(redeemed, 1_00)
    assert await (await till.beside()).refund(redeemed, 30_00) == 4_00


async def test_a_suspended_merchant_still_gives_money_back(
    till: Till, redeemed: Redemption, make: Factory
) -> None:
    merchants = Merchants(make.programme, make.clock)
    await merchants.suspend(till.merchant.id, actor=BUREAU, reason="抽查")
    make.clock.at = make.programme.ends_at
    assert await till.refund(redeemed, 30_00) == 4_00
