"""The life of a batch: what enters, what moves on the ledger, what comes back."""

import hashlib

import pytest

from server.ledger.domain import DUE_BACK, POOL, deduction_account
from server.ledger.service import balance_fen
from server.redemption.models import Deduction, Redemption
from server.settlement.domain import BatchState, HeldReason, LineState
from server.settlement.models import Batch, Line
from server.settlement.refusals import NothingDue
from tests.factories.book import Factory
from tests.factories.payments import PaymentOffice, balances_fen, check_money
from tests.factories.staff import BUREAU, FINANCE, SECURITY, TREASURER
from tests.factories.till import Till


async def redeem(till: Till, count: int = 1) -> list[Redemption]:
    offer = await till.make.offer(stock=count)
    return [
        await till.redeem(await till.make.voucher(offer), order_amount_fen=40_00)
        for _ in range(count)
    ]


@pytest.mark.policy("P-10.2")
async def test_what_was_redeemed_is_paid_net_of_refunds(
    office: PaymentOffice, till: Till, other: Till
) -> None:
    rows = await redeem(till, 3)
    await redeem(other, 1)
    await till.refund(rows[0], 10_00)
    drafted = await office.draft()
    batch = drafted.batch
    assert drafted.held == []
    assert (batch.number, batch.state) == ("JS-2026-0001", BatchState.DRAFT)
    assert (batch.redemptions_count, batch.amount_fen) == (4, 15_00)
    assert await balances_fen(till.merchant.id) == (11_00, 0, 0)
    await check_money()

    confirmed = await office.settlement.batches.confirm(batch.id, 15_00, TREASURER)
    assert (confirmed.state, confirmed.confirmed_by) == (BatchState.CONFIRMED, TREASURER.name)
    assert await balances_fen(till.merchant.id) == (0, 11_00, 0)
    await check_money()

    sent = await office.settlement.batches.send(batch.id, FINANCE)
    assert sent.content is not None
    assert sent.batch.file_sha256 == hashlib.sha256(sent.content).digest()
    again = await office.settlement.batches.send(batch.id, FINANCE)
    assert again.content == sent.content
    assert (await office.settlement.batches.file(batch.id, FINANCE))[1] == sent.content

    receipt = await office.answer(batch, only=[1])
    assert (receipt.matched_count, receipt.unmatched) == (1, [])
    assert (await Batch.get(id=batch.id)).state is BatchState.SENT
    await office.answer(batch, only=[2])
    assert (await Batch.get(id=batch.id)).state is BatchState.PAID
    assert await balances_fen(till.merchant.id) == (0, 0, 11_00)
    assert await balances_fen(other.merchant.id) == (0, 0, 4_00)
    await check_money()
    with pytest.raises(NothingDue):
        await office.draft()


@pytest.mark.policy("P-10.2")
async def test_a_refund_of_what_was_settled_is_deducted_from_the_next_batch(
    office: PaymentOffice, till: Till
) -> None:
    (row,) = await redeem(till)
    first = await office.sent()
    await office.answer(first)
    pool_fen = await balance_fen(POOL)
    assert await till.refund(row, 20_00) == 2_00
    # The pool has it only when it is recovered.
    assert await balance_fen(POOL) == pool_fen
    assert await balance_fen(deduction_account(till.merchant.id)) == -2_00
    assert await balance_fen(DUE_BACK) == 2_00
    await check_money()

    with pytest.raises(NothingDue) as nothing:
        await office.draft()
    (held,) = nothing.value.data["held"]
    assert (held["reason"], held["amount_fen"]) == (HeldReason.NEGATIVE, -2_00)

    await redeem(till, 2)
    pool_fen = await balance_fen(POOL)
    batch = await office.confirmed()
    assert (batch.redeemed_fen, batch.deducted_fen, batch.amount_fen) == (8_00, 2_00, 6_00)
    assert await balance_fen(POOL) == pool_fen + 2_00
    assert await balance_fen(deduction_account(till.merchant.id)) == 0
    assert await balance_fen(DUE_BACK) == 0
    assert (await Deduction.get(id=(await Deduction.all())[0].id)).batch_id == batch.id
    await check_money()


async def test_a_refund_while_its_batch_is_a_draft_is_a_deduction(
    office: PaymentOffice, till: Till
) -> None:
    (row,) = await redeem(till)
    batch = (await office.draft()).batch
    await till.refund(row, 20_00)
    assert await Deduction.all().count() == 1
    await office.settlement.batches.confirm(batch.id, 4_00, TREASURER)
    assert await balances_fen(till.merchant.id) == (0, 4_00, 0)
    await check_money()


async def test_a_refund_within_a_dropped_draft_is_taken_off_once(
    office: PaymentOffice, till: Till
) -> None:
    rows = await redeem(till, 2)
    batch = (await office.draft()).batch
    await till.refund(rows[0], 20_00)
    await office.settlement.drafting.drop(batch.id, "改期", FINANCE)
    await check_money()
    again = await office.confirmed()
    assert again.number == "JS-2026-0002"
    assert (again.redeemed_fen, again.deducted_fen, again.amount_fen) == (8_00, 2_00, 6_00)
    await check_money()


async def test_a_line_that_came_back_is_paid_by_a_later_batch(
    office: PaymentOffice, till: Till, other: Till
) -> None:
    await redeem(till)
    await redeem(other)
    first = await office.sent()
    number = (await Line.get(batch_id=first.id, merchant_id=till.merchant.id)).number
    await office.answer(first, failed=[number])
    back = await Line.get(batch_id=first.id, merchant_id=till.merchant.id)
    assert (back.state, back.reason, back.paid_at) == (LineState.RETURNED, "账号户名不符", None)
    assert (await Batch.get(id=first.id)).state is BatchState.PAID
    assert await balances_fen(till.merchant.id) == (4_00, 0, 0)
    await redeem(till)
    second = await office.sent()
    assert (second.redeemed_fen, second.carried_fen, second.amount_fen) == (4_00, 4_00, 8_00)
    assert (await Line.get(batch_id=second.id)).carries_id == back.id
    await office.answer(second)
    assert await balances_fen(till.merchant.id) == (0, 0, 8_00)
    await check_money()


async def test_a_whole_batch_comes_back_and_is_paid_later(
    office: PaymentOffice, till: Till
) -> None:
    await redeem(till)
    batch = await office.sent()
    returned = await office.settlement.batches.return_batch(batch.id, "系统升级", TREASURER)
    assert (returned.state, returned.reason) == (BatchState.RETURNED, "系统升级")
    assert await balances_fen(till.merchant.id) == (4_00, 0, 0)
    await check_money()
    later = await office.sent()
    await office.answer(later, failed=[1])
    assert (await Batch.get(id=later.id)).state is BatchState.RETURNED
    last = await office.sent()
    await office.answer(last)
    assert await balances_fen(till.merchant.id) == (0, 0, 4_00)
    assert [last.redemptions_count, last.carried_fen] == [0, 4_00]
    await check_money()


async def test_what_refunds_took_entirely_has_a_line_with_nothing_to_pay(
    office: PaymentOffice, till: Till, other: Till
) -> None:
    (row,) = await redeem(till)
    await till.refund(row, 40_00)
    with pytest.raises(NothingDue):
        await office.draft()
    await redeem(other)
    batch = await office.sent()
    line = await Line.get(batch_id=batch.id, merchant_id=till.merchant.id)
    assert (line.state, line.amount_fen, line.in_file) == (LineState.NOTHING, 0, False)
    await office.answer(batch)
    assert (await Batch.get(id=batch.id)).state is BatchState.PAID
    await check_money()


@pytest.mark.policy("P-11.5")
async def test_a_frozen_merchants_money_is_held_at_every_step(
    office: PaymentOffice, till: Till, other: Till, make: Factory
) -> None:
    from server.merchant.service import Merchants

    merchants = Merchants(make.programme, make.clock)
    await redeem(till)
    await redeem(other)
    await merchants.freeze(till.merchant.id, SECURITY, "套现")
    drafted = await office.draft()
    assert [(one.merchant_id, one.reason, one.amount_fen) for one in drafted.held] == [
        (till.merchant.id, HeldReason.FROZEN, 4_00)
    ]
    await office.settlement.batches.confirm(drafted.batch.id, 4_00, TREASURER)
    await merchants.freeze(other.merchant.id, SECURITY, "套现")
    sent = await office.settlement.batches.send(drafted.batch.id, FINANCE)
    assert sent.content is None
    assert [line.merchant_id for line in sent.held_back] == [other.merchant.id]
    assert (sent.batch.state, sent.batch.sent_at) == (BatchState.RETURNED, None)
    assert await balances_fen(other.merchant.id) == (4_00, 0, 0)
    await check_money()
    await merchants.unfreeze(till.merchant.id, BUREAU, "查清")
    await merchants.unfreeze(other.merchant.id, BUREAU, "查清")
    batch = await office.sent()
    assert (batch.amount_fen, batch.carried_fen) == (8_00, 4_00)
    await office.answer(batch)
    assert await balances_fen(other.merchant.id) == (0, 0, 4_00)
    await check_money()


async def test_only_lines_of_merchants_that_are_not_frozen_are_in_the_file(
    office: PaymentOffice, till: Till, other: Till, make: Factory
) -> None:
    from server.merchant.service import Merchants

    await redeem(till)
    await redeem(other)
    batch = await office.confirmed()
    await Merchants(make.programme, make.clock).freeze(till.merchant.id, BUREAU, "核查")
    sent = await office.settlement.batches.send(batch.id, FINANCE)
    assert sent.content is not None
    assert till.merchant.credit_code.encode() not in sent.content
    assert other.merchant.credit_code.encode() in sent.content
    await office.answer(batch)
    assert (await Batch.get(id=batch.id)).state is BatchState.PAID
    assert (await office.settlement.batches.file(batch.id, FINANCE))[1] == sent.content
    await check_money()


async def test_a_merchant_without_a_payee_waits(office: PaymentOffice, make: Factory) -> None:
    till = await Till.of(make)
    await redeem(till)
    with pytest.raises(NothingDue) as nothing:
        await office.draft()
    assert [held["reason"] for held in nothing.value.data["held"]] == [HeldReason.NO_PAYEE]
    assert await Batch.all().count() == 0
    await office.payee(till.merchant)
    assert (await office.draft()).batch.number == "JS-2026-0001"
