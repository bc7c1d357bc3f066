"""A random life of redemptions, refunds and batches: at the end everybody has what is theirs."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis import asyncio as aioredis

from server.campaign.programme import Programme
from server.infra.engines import Engines
from server.kit.clock import SetClock
from server.ledger.domain import DUE_BACK, deduction_account, payable_account
from server.ledger.service import balance_fen
from server.merchant.models import Merchant
from server.merchant.service import Merchants
from server.redemption.models import Deduction, Redemption
from server.settlement.domain import BatchState, LineState
from server.settlement.models import Batch, Line
from server.settlement.refusals import MerchantsFrozen, NothingDue, PartlyPaid
from tests.factories.book import Factory
from tests.factories.payments import PaymentOffice, balances_fen, check_money, net_fen
from tests.factories.shared import empty, shared_database
from tests.factories.staff import APPROVER, BUREAU, FINANCE, TREASURER
from tests.factories.till import Till

STEPS = 40
MERCHANTS = 3
ROUNDS_MAX = 12
"""Batches that it may take to settle the rest: a draft carries one returned line per merchant."""


@pytest.fixture(scope="module")
async def shared(engines: Engines, template: str) -> AsyncIterator[str]:
    async with shared_database(engines, template) as url:
        yield url


@pytest.fixture
async def make(
    shared: str, programme: Programme, clock: SetClock, redis: "aioredis.Redis"
) -> Factory:
    await empty()
    return Factory(programme, clock, redis)


class Walk:
    """Some merchants and what may happen to their money, in any order."""

    def __init__(self, office: PaymentOffice, tills: list[Till], seed: int) -> None:
        self.office, self.tills = office, tills
        self.chance = random.Random(seed)
        self.merchants = Merchants(office.make.programme, office.make.clock)

    async def step(self) -> None:
        acts = (
            *(self.redeem,) * 5,
            *(self.refund,) * 3,
            *(self.draft,) * 3,
            *(self.confirm,) * 3,
            *(self.send,) * 2,
            *(self.answer,) * 2,
            self.drop,
            self.give_back,
            self.freeze,
        )
        await self.chance.choice(acts)()
        self.office.make.clock.move(timedelta(minutes=1))
        await self.office.make.redis.flushall()

    async def redeem(self) -> None:
        till = self.chance.choice(self.tills)
        voucher = await till.make.voucher(await till.make.offer(stock=1))
        extra_fen = self.chance.choice([0, 7, 10_00])
        own_fen = self.chance.randint(0, 16_00 + extra_fen)
        platform_fen = self.chance.randint(0, 16_00 + extra_fen - own_fen)
        await till.redeem(
            voucher,
            order_amount_fen=20_00 + extra_fen,
            merchant_discount_fen=own_fen,
            platform_discount_fen=platform_fen,
        )

    async def refund(self) -> None:
        rows = [
            r for r in await Redemption.all().order_by("id") if r.returned_fen < r.order_amount_fen
        ]
        if rows:
            row = self.chance.choice(rows)
            till = next(t for t in self.tills if t.merchant.id == row.merchant_id)
            rest_fen = row.order_amount_fen - row.returned_fen
            await till.refund(row, self.chance.choice([rest_fen, self.chance.randint(1, rest_fen)]))

    async def one(self, *states: BatchState) -> Batch | None:
        rows = await Batch.filter(state__in=states).order_by("number")
        return self.chance.choice(rows) if rows else None

    async def draft(self) -> None:
        try:
            await self.office.draft()
        except NothingDue:
            return

    async def confirm(self) -> None:
        batch = await self.one(BatchState.DRAFT)
        if batch:
            try:
                await self.office.settlement.batches.confirm(batch.id, batch.amount_fen, TREASURER)
            except MerchantsFrozen:
                await self.office.settlement.drafting.drop(batch.id, "冻结", FINANCE)

    async def send(self) -> None:
        batch = await self.one(BatchState.CONFIRMED)
        if batch:
            await self.office.settlement.batches.send(batch.id, FINANCE)

    async def answer(self) -> None:
        batch = await self.one(BatchState.SENT)
        if batch:
            numbers = [line.number for line in await Line.filter(batch_id=batch.id, in_file=True)]
            failed = [number for number in numbers if self.chance.random() < 0.3]
            only = [number for number in numbers if self.chance.random() < 0.7]
            if only:
                await self.office.answer(batch, failed=failed, only=only)

    async def drop(self) -> None:
        batch = await self.one(BatchState.DRAFT)
        if batch:
            await self.office.settlement.drafting.drop(batch.id, "改期", FINANCE)

    async def give_back(self) -> None:
        batch = await self.one(BatchState.CONFIRMED, BatchState.SENT)
        if batch:
            try:
                await self.office.settlement.batches.return_batch(batch.id, "退回", TREASURER)
            except PartlyPaid:
                return

    async def freeze(self) -> None:
        merchant = self.chance.choice(self.tills).merchant
        row = await Merchant.get(id=merchant.id)
        if row.frozen_at is None:
            await self.merchants.freeze(row.id, BUREAU, "核查")
        else:
            await self.merchants.unfreeze(row.id, APPROVER, "查清")

    async def finish(self) -> None:
        """Settle all that is left: nobody is frozen, nothing comes back."""
        for row in await Merchant.filter(frozen_at__isnull=False):
            await self.merchants.unfreeze(row.id, APPROVER, "查清")
        # Who owes more than it is owed redeems until that is over, so that all can be deducted.
        for till in self.tills:
            while await owed_fen(till) < 0:
                voucher = await till.make.voucher(await till.make.offer(stock=1))
                await till.redeem(voucher)
                await self.office.make.redis.flushall()
        for _ in range(ROUNDS_MAX):
            for batch in await Batch.filter(state=BatchState.DRAFT):
                await self.office.settlement.batches.confirm(batch.id, batch.amount_fen, TREASURER)
            for batch in await Batch.filter(state=BatchState.CONFIRMED):
                await self.office.settlement.batches.send(batch.id, FINANCE)
            for batch in await Batch.filter(state=BatchState.SENT):
                await self.office.answer(batch)
            try:
                await self.office.draft()
            except NothingDue:
                return
        raise AssertionError("something is never settled")


async def owed_fen(till: Till) -> int:
    """What is payable and on its way, less what is to be deducted."""
    merchant = till.merchant.id
    payable, settling, _ = await balances_fen(merchant)
    del settling
    return payable + await balance_fen(deduction_account(merchant))


@pytest.mark.slow
@pytest.mark.policy("P-10.2", "P-06.8", "P-11.5")
@pytest.mark.parametrize("seed", range(5))
async def test_whatever_happens_everybody_is_paid_what_they_redeemed(
    make: Factory, seed: int
) -> None:
    office = await PaymentOffice.of(make)
    tills = [await office.till() for _ in range(MERCHANTS)]
    walk = Walk(office, tills, seed)
    for _ in range(STEPS):
        await walk.step()
        if walk.chance.random() < 0.15:
            await check_money()
    await walk.finish()
    await check_money()
    for till in tills:
        merchant = till.merchant.id
        owed_back_fen = sum(
            row.amount_fen for row in await Deduction.filter(merchant_id=merchant, batch_id=None)
        )
        paid_fen = sum(
            line.amount_fen
            for line in await Line.filter(merchant_id=merchant, state=LineState.PAID)
        )
        assert paid_fen == await net_fen(merchant) + owed_back_fen
        assert await balance_fen(payable_account(merchant)) == owed_back_fen == 0
    assert await balance_fen(DUE_BACK) == 0
    await each_in_one_batch()


async def each_in_one_batch() -> None:
    """What is worth anything is in exactly one batch that stands; discounts are in no sum."""
    standing = {row.id: row for row in await Batch.exclude(state=BatchState.DROPPED)}
    sums = dict.fromkeys(standing, 0)
    for row in await Redemption.all():
        if row.batch_id is None:
            assert row.refunded_fen == row.face_value_fen
            continue
        assert row.settled_fen is not None
        assert 0 <= row.settled_fen <= row.face_value_fen
        sums[row.batch_id] += row.settled_fen
    assert sums == {batch_id: row.redeemed_fen for batch_id, row in standing.items()}


@pytest.mark.policy("P-06.8")
async def test_a_batch_is_the_same_whatever_was_discounted(make: Factory) -> None:
    office = await PaymentOffice.of(make)
    plain, topped = [await office.till() for _ in range(2)]
    for own_fen, platform_fen in ((0, 0), (16_00, 0), (0, 16_00), (8_00, 8_00)):
        for till, discounts in ((plain, (0, 0)), (topped, (own_fen, platform_fen))):
            voucher = await make.voucher(await make.offer(stock=1))
            await till.redeem(
                voucher, merchant_discount_fen=discounts[0], platform_discount_fen=discounts[1]
            )
            await make.redis.flushall()
    batch = (await office.draft()).batch
    amounts = [line.amount_fen for line in await Line.filter(batch_id=batch.id)]
    assert amounts == [16_00, 16_00]
