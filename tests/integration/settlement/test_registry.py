"""Institutions with their licences and payees: two people, and nothing without a valid licence."""

from datetime import date, timedelta

import pytest

from server.audit.domain import NotAllowed
from server.audit.models import Entry
from server.infra.db import connection
from server.kit.ids import uuid7
from server.settlement.domain import LicenceKind
from server.settlement.entries import InstitutionPlan, PayeePlan
from server.settlement.models import Batch, Line, Payee
from server.settlement.refusals import (
    BadEntry,
    InstitutionKnown,
    LicenceExpired,
    LicenceMissing,
    NotApproved,
    NumberDiffers,
    OwnEntry,
    Unknown,
    WrongState,
)
from tests.factories.book import Factory
from tests.factories.payments import CARD, PLAN, PaymentOffice, check_money
from tests.factories.staff import AUDITOR, BUREAU, FINANCE, INSTITUTION, TREASURER
from tests.factories.till import Till

BARE = InstitutionPlan(PLAN.name)
EXPIRED = InstitutionPlan(PLAN.name, LicenceKind.CLEARING, "Z9", date(2026, 5, 31))


async def redeem(till: Till) -> None:
    await till.redeem(await till.make.voucher(await till.make.offer()))


@pytest.mark.policy("P-11.1")
async def test_who_wrote_an_institution_cannot_approve_it(office: PaymentOffice) -> None:
    registry = office.settlement.registry
    row = await registry.enter_institution(InstitutionPlan("另一机构"), FINANCE)
    with pytest.raises(OwnEntry):
        await registry.approve_institution(row.id, FINANCE)
    await registry.approve_institution(row.id, TREASURER)
    with pytest.raises(WrongState):
        await registry.approve_institution(row.id, TREASURER)
    # A change waits again, and whoever changed it is the one who may not approve.
    changed = await registry.enter_institution(InstitutionPlan("改名机构"), TREASURER, row.id)
    assert (changed.approved_by, changed.entered_by) == (None, TREASURER.name)
    with pytest.raises(OwnEntry):
        await registry.approve_institution(row.id, TREASURER)
    await registry.approve_institution(row.id, FINANCE)
    with pytest.raises(InstitutionKnown):
        await registry.enter_institution(PLAN, FINANCE)
    with pytest.raises(Unknown):
        await registry.enter_institution(PLAN, FINANCE, uuid7())
    with pytest.raises(NotAllowed):
        await registry.enter_institution(PLAN, BUREAU)
    assert len(await registry.institutions(AUDITOR)) == 2
    assert await registry.institutions(INSTITUTION) == []


@pytest.mark.policy("P-05.1")
@pytest.mark.parametrize(
    ("plan", "approve", "refusal"),
    [(BARE, True, LicenceMissing), (EXPIRED, True, LicenceExpired), (PLAN, False, NotApproved)],
)
async def test_no_step_without_a_valid_licence(
    office: PaymentOffice,
    till: Till,
    plan: InstitutionPlan,
    approve: bool,
    refusal: type[LicenceMissing | LicenceExpired | NotApproved],
) -> None:
    registry, batches = office.settlement.registry, office.settlement.batches
    await redeem(till)
    drafted = (await office.draft()).batch

    async def change(to: InstitutionPlan, *, agreed: bool = True) -> None:
        await registry.enter_institution(to, FINANCE, office.institution_id)
        if agreed:
            await registry.approve_institution(office.institution_id, TREASURER)

    await change(plan, agreed=approve)
    with pytest.raises(refusal):
        await batches.confirm(drafted.id, drafted.amount_fen, TREASURER)
    await change(PLAN)
    await batches.confirm(drafted.id, drafted.amount_fen, TREASURER)
    await change(plan, agreed=approve)
    with pytest.raises(refusal):
        await batches.send(drafted.id, FINANCE)
    await redeem(till)
    with pytest.raises(refusal):
        await office.draft()
    assert await Batch.all().count() == 1
    await change(PLAN)
    assert (await batches.send(drafted.id, FINANCE)).content is not None
    assert (await office.draft()).batch.number == "JS-2026-0002"
    await check_money()


@pytest.mark.policy("P-05.1")
async def test_a_licence_ends_between_two_steps(office: PaymentOffice, till: Till) -> None:
    await redeem(till)
    batch = await office.confirmed()
    office.make.clock.at = office.make.clock.at.replace(year=2027, month=7, day=1)
    with pytest.raises(LicenceExpired) as refused:
        await office.settlement.batches.send(batch.id, FINANCE)
    assert refused.value.data == {"expired_on": "2027-06-30"}
    # What can no longer be sent is given back, and another institution pays it.
    await office.settlement.batches.return_batch(batch.id, "许可证到期", FINANCE)
    assert await till.payable_fen() == 4_00


async def test_a_payee_applies_from_its_approval_on(office: PaymentOffice, till: Till) -> None:
    registry = office.settlement.registry
    await redeem(till)
    plan = PayeePlan("农业银行", till.merchant.name, "0505 0000 1234 5678")
    newer = await registry.enter_payee(till.merchant.id, office.institution_id, plan, BUREAU)
    assert (newer.number_tail, newer.approved_at) == ("5678", None)
    first = (await office.draft()).batch
    assert (await Line.get(batch_id=first.id)).bank == "中国工商银行晋城分行"
    await office.settlement.drafting.drop(first.id, "换收款账户", FINANCE)
    with pytest.raises(OwnEntry):
        await registry.approve_payee(newer.id, plan.number, BUREAU)
    for other in ("0505000022225678", "5678", "", "０５０５０００0１２３４５６７８"):
        with pytest.raises(NumberDiffers):
            await registry.approve_payee(newer.id, other, FINANCE)
    await registry.approve_payee(newer.id, "05050000 1234 5678", FINANCE)
    with pytest.raises(WrongState):
        await registry.approve_payee(newer.id, plan.number, FINANCE)
    second = await office.sent()
    content = (await office.settlement.batches.file(second.id, FINANCE))[1].decode("utf-8-sig")
    assert "农业银行" in content
    assert "\t0505000012345678" in content
    # A change after sending is for a later batch: the file stays as it is.
    await office.payee(till.merchant)
    again = (await office.settlement.batches.file(second.id, FINANCE))[1].decode("utf-8-sig")
    assert again == content


async def test_a_merchant_that_changes_institutions_is_paid_by_the_new_one(
    office: PaymentOffice, till: Till, make: Factory
) -> None:
    await redeem(till)
    plan = InstitutionPlan("另一机构", LicenceKind.CLEARING, "Z3", date(2027, 1, 1))
    other = await PaymentOffice.of(make, plan)
    await other.payee(till.merchant)
    batch = await other.sent()
    assert batch.amount_fen == 4_00
    await check_money()


async def test_what_cannot_be_a_payee(office: PaymentOffice, till: Till) -> None:
    enter = office.settlement.registry.enter_payee
    merchant, institution = till.merchant.id, office.institution_id
    good = PayeePlan("工行", till.merchant.name, CARD)
    with pytest.raises(NotAllowed):
        await enter(merchant, institution, good, AUDITOR)
    with pytest.raises(Unknown):
        await enter(uuid7(), institution, good, FINANCE)
    with pytest.raises(Unknown):
        await enter(merchant, uuid7(), good, FINANCE)
    with pytest.raises(Unknown):
        await office.settlement.registry.approve_payee(uuid7(), CARD, FINANCE)
    with pytest.raises(BadEntry):
        await enter(merchant, institution, PayeePlan("工行", "别人", CARD), FINANCE)
    assert await Payee.all().count() == 1


async def test_an_account_number_is_sealed_and_in_no_log(office: PaymentOffice, till: Till) -> None:
    (payee,) = await Payee.all()
    assert CARD.encode() not in bytes(payee.number_sealed)
    assert (payee.number_tail, office.settlement.registry.number(payee)) == (CARD[-4:], CARD)
    bodies = [row.body for row in await Entry.all()]
    assert bodies
    assert not any(CARD in body for body in bodies)
    async with connection() as raw:
        rows = await raw.fetch("SELECT p::text AS said FROM payees p")
    assert all(CARD not in row["said"] for row in rows)


async def test_the_end_of_the_year_begins_the_numbers_anew(
    office: PaymentOffice, till: Till
) -> None:
    await redeem(till)
    assert (await office.draft()).batch.number == "JS-2026-0001"
    await redeem(till)
    # Half past midnight in Shanghai is still the old year in UTC.
    office.make.clock.at = office.make.clock.at.replace(
        year=2026, month=12, day=31, hour=23, minute=59
    ) + timedelta(minutes=31)
    assert (await office.draft()).batch.number == "JS-2027-0001"
