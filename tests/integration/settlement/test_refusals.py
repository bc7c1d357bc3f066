"""What is refused of batches, and that nothing of it happened."""

from dataclasses import replace
from datetime import timedelta

import pytest

from server.audit.domain import NotAllowed
from server.infra.db import connection
from server.kit.ids import uuid7
from server.merchant.service import Merchants
from server.reconcile.book import ALL, check
from server.settlement.domain import BatchState
from server.settlement.models import Batch, Line, Receipt
from server.settlement.refusals import (
    AmountDiffers,
    BadEntry,
    BadPeriod,
    BadReceipt,
    FileChanged,
    MerchantsFrozen,
    NothingDue,
    OwnEntry,
    PartlyPaid,
    Unknown,
    WrongState,
)
from tests.factories.payments import PaymentOffice, check_money
from tests.factories.staff import APPROVER, AUDITOR, FINANCE, INSTITUTION, TREASURER
from tests.factories.till import Till


async def redeem(till: Till) -> None:
    await till.redeem(await till.make.voucher(await till.make.offer()))


async def test_a_draft_of_nothing_or_of_the_future(office: PaymentOffice, till: Till) -> None:
    drafting, clock = office.settlement.drafting, office.make.clock
    with pytest.raises(NothingDue):
        await office.draft()
    await redeem(till)
    with pytest.raises(BadPeriod):
        await office.draft(clock.now() + timedelta(hours=1))
    with pytest.raises(NothingDue):
        await office.draft(clock.now() - timedelta(hours=1))
    with pytest.raises(Unknown):
        await drafting.draft(uuid7(), clock.now(), FINANCE)
    with pytest.raises(NotAllowed):
        await drafting.draft(office.institution_id, clock.now(), APPROVER)
    assert await Batch.all().count() == 0
    drafted = (await office.draft()).batch
    assert drafted.number == "JS-2026-0001"
    assert drafted.period_from == office.make.programme.starts_at


@pytest.mark.policy("P-11.1")
async def test_a_batch_is_confirmed_by_another_person_who_saw_its_amount(
    office: PaymentOffice, till: Till
) -> None:
    confirm = office.settlement.batches.confirm
    await redeem(till)
    batch = (await office.draft()).batch
    with pytest.raises(NotAllowed):
        await confirm(batch.id, 4_00, AUDITOR)
    with pytest.raises(Unknown):
        await confirm(uuid7(), 4_00, TREASURER)
    with pytest.raises(OwnEntry):
        await confirm(batch.id, 4_00, FINANCE)
    with pytest.raises(AmountDiffers) as differs:
        await confirm(batch.id, 4_01, TREASURER)
    assert differs.value.data == {"amount_fen": 4_00}
    merchants = Merchants(office.make.programme, office.make.clock)
    await merchants.freeze(till.merchant.id, APPROVER, "核查")
    with pytest.raises(MerchantsFrozen) as frozen:
        await confirm(batch.id, 4_00, TREASURER)
    assert frozen.value.data == {"merchants": [str(till.merchant.id)]}
    assert (await Batch.get(id=batch.id)).state is BatchState.DRAFT
    await office.settlement.drafting.drop(batch.id, "冻结", TREASURER)
    with pytest.raises(WrongState):
        await confirm(batch.id, 4_00, TREASURER)
    await check_money()


async def test_each_act_has_its_state(office: PaymentOffice, till: Till) -> None:
    batches, drafting = office.settlement.batches, office.settlement.drafting
    take_in = office.settlement.receipts.take_in
    await redeem(till)
    batch = (await office.draft()).batch
    with pytest.raises(WrongState):
        await batches.send(batch.id, FINANCE)
    with pytest.raises(WrongState):
        await batches.file(batch.id, FINANCE)
    with pytest.raises(WrongState):
        await batches.return_batch(batch.id, "x", TREASURER)
    with pytest.raises(WrongState):
        await take_in(batch.id, "a", b"x", TREASURER)
    with pytest.raises(BadEntry):
        await drafting.drop(batch.id, " ", FINANCE)
    await batches.confirm(batch.id, 4_00, TREASURER)
    with pytest.raises(WrongState):
        await drafting.drop(batch.id, "x", FINANCE)
    with pytest.raises(WrongState):
        await take_in(batch.id, "a", b"x", TREASURER)
    await batches.send(batch.id, FINANCE)
    with pytest.raises(BadReceipt):
        await take_in(batch.id, "a", b"x", TREASURER)
    with pytest.raises(BadEntry):
        await take_in(batch.id, "a\0b", b"x", TREASURER)
    await office.answer(batch)
    with pytest.raises(WrongState):
        await batches.return_batch(batch.id, "x", TREASURER)
    assert await Receipt.all().count() == 1


@pytest.mark.policy("P-11.1")
async def test_who_drafted_a_batch_does_not_say_alone_what_became_of_it(
    office: PaymentOffice, till: Till
) -> None:
    batches, take_in = office.settlement.batches, office.settlement.receipts.take_in
    await redeem(till)
    batch = await office.sent()
    content = await office.receipt(batch)
    with pytest.raises(OwnEntry):
        await batches.return_batch(batch.id, "x", FINANCE)
    for bad_or_good in (content, b"x"):
        with pytest.raises(OwnEntry):
            await take_in(batch.id, "a", bad_or_good, FINANCE)
    assert (await Batch.get(id=batch.id)).state is BatchState.SENT
    await batches.return_batch(batch.id, "x", TREASURER)
    # The institution had paid: its receipt, whoever brings it, is an alarm.
    await take_in(batch.id, "a", content, TREASURER)
    (finding,) = [one for one in await check(ALL) if not one.holds]
    assert finding.name == "receipts_not_contradicted"
    line = await Line.get(batch_id=batch.id)
    assert [(row["line_id"], row["batch_id"]) for row in finding.rows] == [(line.id, batch.id)]


async def test_before_it_is_sent_who_drafted_a_batch_may_take_it_back(
    office: PaymentOffice, till: Till
) -> None:
    await redeem(till)
    batch = await office.confirmed()
    returned = await office.settlement.batches.return_batch(batch.id, "x", FINANCE)
    assert returned.state is BatchState.RETURNED
    await check_money()


async def test_a_batch_that_is_partly_paid_does_not_come_back_whole(
    office: PaymentOffice, till: Till, other: Till
) -> None:
    await redeem(till)
    await redeem(other)
    batch = await office.sent()
    await office.answer(batch, only=[1])
    with pytest.raises(PartlyPaid) as refused:
        await office.settlement.batches.return_batch(batch.id, "x", TREASURER)
    assert refused.value.data == {"paid_count": 1}
    await check_money()


async def test_a_file_that_was_changed_behind_our_back_is_not_handed_out(
    office: PaymentOffice, till: Till
) -> None:
    await redeem(till)
    batch = await office.sent()
    async with connection() as raw:
        await raw.execute("UPDATE batches SET file_sha256 = sha256('x')")
    for ask in (office.settlement.batches.file, office.settlement.batches.send):
        with pytest.raises(FileChanged):
            await ask(batch.id, FINANCE)


async def test_readers_do_not_get_account_numbers(office: PaymentOffice, till: Till) -> None:
    await redeem(till)
    batch = await office.sent()
    with pytest.raises(NotAllowed):
        await office.settlement.batches.file(batch.id, AUDITOR)
    with pytest.raises(Unknown):  # another institution's
        await office.settlement.batches.file(batch.id, INSTITUTION)
    with pytest.raises(Unknown):
        await office.settlement.receipts.listed(batch.id, INSTITUTION)
    assert await office.settlement.batches.page(None, 10, INSTITUTION) == []
    assert len(await office.settlement.batches.page(None, 10, AUDITOR)) == 1


async def test_an_institution_acts_on_what_was_sent_to_it_alone(
    office: PaymentOffice, till: Till
) -> None:
    payer = replace(INSTITUTION, institution_id=office.institution_id)
    batches, take_in = office.settlement.batches, office.settlement.receipts.take_in
    await redeem(till)
    batch = await office.confirmed()
    for who in (payer, INSTITUTION):  # it is not sent yet
        with pytest.raises(Unknown):
            await batches.return_batch(batch.id, "账户异常", who)
        with pytest.raises(Unknown):
            await take_in(batch.id, "a", b"", who)
    await batches.send(batch.id, FINANCE)
    for act in (
        batches.return_batch(batch.id, "账户异常", INSTITUTION),
        take_in(batch.id, "a", await office.receipt(batch), INSTITUTION),
        batches.one(batch.id, INSTITUTION),
        office.settlement.statements.of_batch(batch.id, till.merchant.id, INSTITUTION),
    ):
        with pytest.raises(Unknown):
            await act
    assert (await batches.one(batch.id, payer)).state is BatchState.SENT
    returned = await batches.return_batch(batch.id, "账户异常", payer)
    assert returned.state is BatchState.RETURNED
    assert [row.id for row in await batches.page(None, 10, payer)] == [batch.id]
    await check_money()
