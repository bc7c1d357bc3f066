"""A merchant pays back what it owes: one entry, approved by a second person, closes a deduction."""

from uuid import UUID

import pytest

from server.funding.domain import EntryKind, EntryPlan, EntryState
from server.funding.models import FundsEntry
from server.funding.service import Funding
from server.kit.clock import SHANGHAI
from server.kit.ids import uuid7
from server.ledger.domain import DUE_BACK, POOL, paid_account
from server.ledger.service import balance_fen
from server.redemption.models import Deduction
from server.settlement.refusals import DeductionClosed, NotPaidYet, RepaymentDiffers, Unknown
from server.settlement.repayment import repay
from tests.factories.payments import PaymentOffice, check_money
from tests.factories.staff import FINANCE, TREASURER
from tests.factories.till import Till


@pytest.fixture
def funding(office: PaymentOffice) -> Funding:
    return Funding(office.make.programme, office.make.clock, {EntryKind.REPAYMENT: repay})


async def owe(office: PaymentOffice, till: Till, *, paid: bool = True) -> Deduction:
    """The merchant was settled, and half of the order came back afterwards."""
    row = await till.redeem(await till.make.voucher(await till.make.offer()))
    batch = await office.sent()
    if paid:
        await office.answer(batch)
    await till.refund(row, 10_00)
    return await Deduction.get(batch_id=None, repaid=False)


async def enter(funding: Funding, amount_fen: int, deduction_id: UUID) -> FundsEntry:
    today = funding.clock.now().astimezone(SHANGHAI).date()
    plan = EntryPlan(
        id=uuid7(),
        kind=EntryKind.REPAYMENT,
        amount_fen=amount_fen,
        document_no=f"H-{uuid7()}",
        happened_on=today,
        note="商户自行退款",
        deduction_id=deduction_id,
    )
    return (await funding.enter(plan, actor=FINANCE)).entry


async def test_a_merchant_pays_back_what_it_owes(
    office: PaymentOffice, till: Till, funding: Funding
) -> None:
    owed = await owe(office, till)
    pool_fen = await balance_fen(POOL)
    entry = await enter(funding, 2_00, owed.id)
    await check_money()
    await funding.approve(entry.id, actor=TREASURER)
    assert (await Deduction.get(id=owed.id)).repaid
    assert await balance_fen(POOL) == pool_fen + 2_00
    assert await balance_fen(DUE_BACK) == 0
    assert await balance_fen(paid_account(till.merchant.id)) == 2_00
    await check_money()
    # Nothing of it is taken off the next batch.
    await till.redeem(await till.make.voucher(await till.make.offer()))
    assert (await office.draft()).batch.deducted_fen == 0


async def test_a_repayment_that_does_not_fit_stays_as_it_was(
    office: PaymentOffice, till: Till, funding: Funding
) -> None:
    owed = await owe(office, till)
    wrong = await enter(funding, 2_01, owed.id)
    with pytest.raises(RepaymentDiffers) as differs:
        await funding.approve(wrong.id, actor=TREASURER)
    assert differs.value.data == {"owed_fen": 2_00}
    assert (await FundsEntry.get(id=wrong.id)).state is EntryState.ENTERED
    await funding.reject(wrong.id, "金额不符", actor=TREASURER)
    lost = await enter(funding, 2_00, uuid7())
    with pytest.raises(Unknown):
        await funding.approve(lost.id, actor=TREASURER)
    await till.redeem(await till.make.voucher(await till.make.offer()))
    await office.draft()
    late = await enter(funding, 2_00, owed.id)
    with pytest.raises(DeductionClosed) as closed:
        await funding.approve(late.id, actor=TREASURER)
    assert closed.value.data == {"state": "in_batch"}
    await check_money()


async def test_what_was_not_paid_cannot_be_paid_back(
    office: PaymentOffice, till: Till, funding: Funding
) -> None:
    owed = await owe(office, till, paid=False)
    entry = await enter(funding, 2_00, owed.id)
    with pytest.raises(NotPaidYet) as refused:
        await funding.approve(entry.id, actor=TREASURER)
    assert refused.value.data == {"paid_fen": 0}
    await check_money()
