"""A random walk of redeeming, refunding, expiring and closing: the ledger tells the truth."""

import contextlib
import random
from datetime import timedelta

import pytest
from redis import asyncio as aioredis

from server.campaign.domain import RoundState
from server.campaign.models import Offer, Round
from server.campaign.programme import Programme
from server.campaign.service import Campaign
from server.kit.clock import SetClock
from server.ledger.domain import POOL, TREASURY, round_account
from server.ledger.service import balance_fen
from server.redemption.domain import BelowMinSpend, VoucherExpired
from server.redemption.models import Redemption
from server.voucher.domain import VoucherState
from server.voucher.jobs import expire_due
from server.voucher.models import Voucher
from tests.factories.book import Factory, round_of
from tests.factories.staff import BUREAU
from tests.factories.till import Till, check_books

STEPS = 40
TEMPLATES = ("dining-20-4", "dining-100-15", "retail-200-30")


@pytest.fixture
def make(database: str, programme: Programme, clock: SetClock, redis: "aioredis.Redis") -> Factory:
    return Factory(programme, clock, redis)


class Walk:
    """One round each of some templates, two tills, and what a day may bring."""

    def __init__(self, make: Factory, seed: int) -> None:
        self.make = make
        self.chance = random.Random(seed)
        self.offers: list[Offer] = []
        self.tills: list[Till] = []

    async def begin(self) -> None:
        self.offers = [await self.make.offer(name, stock=8) for name in TEMPLATES]
        self.tills = [await Till.of(self.make, "dining", "retail") for _ in range(2)]

    async def step(self) -> None:
        acts = (self.claim, self.claim, self.redeem, self.redeem, self.refund, self.wait)
        await self.chance.choice(acts)()

    async def claim(self) -> None:
        offer = await Offer.get(id=self.chance.choice(self.offers).id)
        if offer.issued < offer.stock:
            await self.make.voucher(offer, valid=timedelta(hours=self.chance.randint(1, 9)))

    async def redeem(self) -> None:
        issued = await Voucher.filter(state=VoucherState.ISSUED).order_by("id")
        if issued:
            voucher = self.chance.choice(issued)
            order_fen = voucher.min_spend_fen + self.chance.randint(-5_00, 50_00)
            # Some orders are too small, and some vouchers have ended before the job came by.
            with contextlib.suppress(BelowMinSpend, VoucherExpired):
                await self.chance.choice(self.tills).redeem(voucher, order_amount_fen=order_fen)

    async def refund(self) -> None:
        kept = [r for r in await Redemption.all() if r.returned_fen < r.order_amount_fen]
        if kept:
            row = self.chance.choice(sorted(kept, key=lambda redemption: redemption.id))
            till = next(t for t in self.tills if t.merchant.id == row.merchant_id)
            rest_fen = row.order_amount_fen - row.returned_fen
            await till.refund(row, self.chance.choice([rest_fen, self.chance.randint(1, rest_fen)]))

    async def wait(self) -> None:
        self.make.clock.move(timedelta(minutes=self.chance.randint(1, 120)))
        await expire_due(self.make.clock.now(), batch_max=self.chance.randint(1, 5))

    async def check(self) -> None:
        await check_books(self.tills)
        in_rounds_fen = 0
        for offer in await Offer.all():
            unclaimed = offer.stock - offer.issued
            if (await Round.get(id=round_of(offer))).state is RoundState.CLOSED:
                unclaimed = 0
            issued = await Voucher.filter(offer_id=offer.id, state=VoucherState.ISSUED).count()
            held_fen = await balance_fen(round_account(round_of(offer)))
            assert held_fen == (unclaimed + issued) * offer.face_value_fen
            in_rounds_fen += held_fen
        payable_fen = sum([await till.payable_fen() for till in self.tills])
        appropriated_fen = -await balance_fen(TREASURY)
        assert await balance_fen(POOL) == appropriated_fen - in_rounds_fen - payable_fen


@pytest.mark.policy("P-10.1", "P-10.2", "P-09.4")
@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_money_is_where_it_should_be(make: Factory, seed: int) -> None:
    walk = Walk(make, seed)
    await walk.begin()
    for _ in range(STEPS):
        await walk.step()
        await make.redis.flushall()
        if walk.chance.random() < 0.2:
            await walk.check()
    campaign = Campaign(make.programme, make.clock, make.redis)
    for offer in walk.offers:
        await campaign.close(round_of(offer), actor=BUREAU)
    await walk.check()
    make.clock.move(timedelta(days=1))
    await expire_due(make.clock.now())
    await walk.check()
    for offer in walk.offers:
        assert await balance_fen(round_account(round_of(offer))) == 0
