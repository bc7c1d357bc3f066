"""Money acts are cut off halfway, or die before their answer: the book is whole, nothing is twice.

Cut off before the commit, nothing has happened and the same request does it. Killed while the
commit is on its way, it has happened, and the same request is told so and moves nothing more.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from redis import asyncio as aioredis

from server.audit.domain import Role
from server.audit.models import Entry
from server.campaign.programme import Programme
from server.campaign.service import Campaign
from server.funding.domain import EntryKind, EntryPlan, EntryState
from server.funding.models import FundsEntry
from server.funding.service import Funding
from server.kit.clock import SetClock
from server.ledger.domain import DUE_BACK, GIVEN_BACK, POOL, TREASURY
from server.ledger.models import Transfer
from server.ledger.service import balance_fen
from server.parts import make_parts
from server.redemption.models import Deduction
from server.settings import load
from server.settlement.domain import BatchState
from server.settlement.models import Batch, Receipt
from server.voucher.domain import VoucherState
from server.voucher.jobs import expire_due
from server.voucher.models import Voucher
from tests.factories.book import APPROPRIATED_FEN, Factory, round_of
from tests.factories.money import appropriation
from tests.factories.payments import PaymentOffice, balances_fen, check_money
from tests.factories.repayment import repaid
from tests.factories.staff import BUREAU, FINANCE, SYSTEM, TREASURER
from tests.faults.cutting import command, cut_off, killed, lingering
from tests.system import System

pytestmark = [pytest.mark.fault, pytest.mark.slow]


@pytest.fixture
def make(database: str, programme: Programme, clock: SetClock, redis: "aioredis.Redis") -> Factory:
    return Factory(programme, clock, redis)


@pytest.fixture
def funding(programme: Programme, clock: SetClock, make: Factory) -> Funding:
    return Funding(programme, clock)


async def entered(funding: Funding, make: Factory, kind: EntryKind) -> UUID:
    """An entry of a hundred yuan that waits, beside a pool that has enough."""
    await make.offer(stock=1)
    plan = appropriation(make.clock, 100_00)
    plan = EntryPlan(plan.id, kind, plan.amount_fen, plan.document_no, plan.happened_on)
    await funding.enter(plan, actor=FINANCE)
    return plan.id


@pytest.mark.parametrize(
    ("kind", "account", "fen"),
    [
        (EntryKind.APPROPRIATION, TREASURY, -APPROPRIATED_FEN - 100_00),
        (EntryKind.GIVING_BACK, GIVEN_BACK, 100_00),
    ],
)
@pytest.mark.parametrize("table", ["ledger_transfers", "audit_entries"])
async def test_an_approval_of_funds_is_cut_off(
    funding: Funding, make: Factory, kind: EntryKind, account: str, fen: int, table: str
) -> None:
    entry_id = await entered(funding, make, kind)
    before = await Transfer.all().count(), await Entry.all().count()
    async with lingering(table):
        await cut_off(funding.approve(entry_id, actor=TREASURER))
    assert (await Transfer.all().count(), await Entry.all().count()) == before
    assert (await FundsEntry.get(id=entry_id)).state is EntryState.ENTERED
    await check_money()
    await funding.approve(entry_id, actor=TREASURER)
    assert await balance_fen(account) == fen
    await check_money()


async def test_a_repayment_is_cut_off(make: Factory) -> None:
    office = await PaymentOffice.of(make)
    till = await office.till()
    sold = await till.redeem(await make.voucher(await make.offer()))
    await office.answer(await office.sent())
    await till.refund(sold, 20_00)
    debt = await Deduction.get()
    async with lingering("ledger_transfers"):
        await cut_off(repaid(make.programme, make.clock, debt))
    assert await balance_fen(DUE_BACK) == 4_00
    assert not (await Deduction.get()).repaid
    await check_money()
    funding = Funding(make.programme, make.clock)
    await funding.reject(
        (await FundsEntry.get(kind=EntryKind.REPAYMENT)).id, "重录", actor=TREASURER
    )
    await repaid(make.programme, make.clock, debt)
    assert await balance_fen(DUE_BACK) == 0
    await check_money()


async def test_a_round_is_cut_off_while_it_closes(make: Factory) -> None:
    offer = await make.offer(stock=5)
    await make.voucher(offer)
    campaign = Campaign(make.programme, make.clock, make.redis)
    async with lingering("ledger_transfers"):
        await cut_off(campaign.close(round_of(offer), actor=BUREAU))
    await check_money()
    await campaign.close(round_of(offer), actor=BUREAU)
    assert await balance_fen(POOL) == APPROPRIATED_FEN - 4_00
    await check_money()


async def test_expiry_is_cut_off_between_its_batches(make: Factory) -> None:
    offer = await make.offer(stock=10)
    for _ in range(6):
        await make.voucher(offer)
    make.clock.move(timedelta(days=8))
    assert await expire_due(make.clock.now(), batch_max=2, batches_max=1) == 2
    async with lingering("ledger_transfers"):
        await cut_off(expire_due(make.clock.now(), batch_max=2))
    assert await Voucher.filter(state=VoucherState.EXPIRED).count() == 2
    await check_money()
    assert await expire_due(make.clock.now(), batch_max=2) == 4
    assert await expire_due(make.clock.now()) == 0
    assert await balance_fen(POOL) == APPROPRIATED_FEN - 4 * 4_00
    await check_money()


@pytest.fixture
async def env(environment: dict[str, str], make: Factory, tmp_path: Path) -> Mapping[str, str]:
    """Where the command line finds this test's book, with the accounts that it names."""
    env = System(environment, tmp_path).env
    parts = make_parts(load(env))
    for actor in (FINANCE, TREASURER):
        await parts.staff.add(actor.name, Role.FINANCE, actor=SYSTEM)
    await parts.redis.aclose()
    return env


async def test_a_process_dies_while_its_approval_of_funds_commits(
    env: Mapping[str, str], funding: Funding, make: Factory
) -> None:
    entry_id = await entered(funding, make, EntryKind.APPROPRIATION)
    words = ("fund", "approve", str(entry_id), "--by", TREASURER.name)
    async with lingering("ledger_transfers", at_commit=True):
        await killed(env, *words)
    assert await balance_fen(TREASURY) == -APPROPRIATED_FEN - 100_00, "the commit was on its way"
    await check_money()
    assert await (await command(env, *words)).wait() == 1
    assert await balance_fen(TREASURY) == -APPROPRIATED_FEN - 100_00
    await check_money()


async def test_a_process_dies_while_its_confirmation_commits(
    env: Mapping[str, str], make: Factory
) -> None:
    office = await PaymentOffice.of(make)
    till = await office.till()
    await till.redeem(await make.voucher(await make.offer()))
    batch = (await office.draft()).batch
    words = ("settlement", "confirm", str(batch.id), "4.00", "--by", TREASURER.name)
    async with lingering("ledger_transfers", at_commit=True):
        await killed(env, *words)
    assert (await Batch.get(id=batch.id)).state is BatchState.CONFIRMED
    assert await (await command(env, *words)).wait() == 1
    assert await balances_fen(till.merchant.id) == (0, 4_00, 0)
    await check_money()


@pytest.mark.parametrize("at_commit", [False, True])
async def test_a_process_dies_while_it_imports_a_receipt(
    env: Mapping[str, str], make: Factory, tmp_path: Path, at_commit: bool
) -> None:
    office = await PaymentOffice.of(make)
    till = await office.till()
    await till.redeem(await make.voucher(await make.offer()))
    batch = await office.sent()
    file = tmp_path / "回执.csv"
    file.write_bytes(await office.receipt(batch))
    words = ("settlement", "receipt", str(batch.id), str(file), "--by", TREASURER.name)
    async with lingering("receipts", at_commit=at_commit):
        await killed(env, *words)
    assert await Receipt.all().count() == int(at_commit)
    assert await balances_fen(till.merchant.id) == ((0, 0, 4_00) if at_commit else (0, 4_00, 0))
    await check_money()
    assert await (await command(env, *words)).wait() == 0
    assert await Receipt.all().count() == 1
    assert await balances_fen(till.merchant.id) == (0, 0, 4_00)
    await check_money()


@pytest.mark.parametrize("at_commit", [False, True])
async def test_the_worker_dies_while_it_expires_vouchers(
    env: Mapping[str, str], make: Factory, at_commit: bool
) -> None:
    offer = await make.offer(stock=10)
    for _ in range(3):  # the machine's own clock is months after their end
        await make.voucher(offer, valid=timedelta(hours=1))
    async with lingering("ledger_transfers", at_commit=at_commit):
        await killed(env, "worker")
    expired = await Voucher.filter(state=VoucherState.EXPIRED).count()
    assert expired == (3 if at_commit else 0)
    worker = await command(env, "worker")
    for _ in range(200):
        if await Voucher.filter(state=VoucherState.EXPIRED).count() == 3:
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    worker.terminate()
    await worker.wait()
    assert await Transfer.filter(code="expiry").count() == 1
    await check_money()
