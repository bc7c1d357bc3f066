"""Whatever is entered, approved and refused, in whatever order, every yuan is somewhere."""

import random
from dataclasses import replace
from uuid import UUID

import pytest
from redis import asyncio as aioredis

from server.campaign.domain import CLAIMABLE
from server.campaign.models import Offer, Round, StockAddition
from server.campaign.programme import Programme
from server.campaign.service import Campaign
from server.funding import domain
from server.funding.domain import EntryKind, EntryState
from server.funding.models import FundsEntry
from server.funding.position import Position
from server.funding.service import Funding
from server.kit.clock import SetClock
from server.ledger.domain import CeilingPassed, PoolShort
from server.voucher.models import Voucher
from tests.factories.book import Factory
from tests.factories.money import appropriation
from tests.factories.staff import APPROVER, AUDITOR, FINANCE, PLANNER, SYSTEM, TREASURER
from tests.integration.campaign.scene import drafted

STEPS = 80
CEILING_FEN = 30_000
REFUSALS = (
    PoolShort,
    CeilingPassed,
    domain.CorrectionTooLarge,
    domain.BadEntry,
    domain.WrongState,
)
"""What a walk may meet: the limits of pool, ceiling and appropriations, and entries decided."""


class Walk:
    """A model of the money beside the book: what should be where after each step."""

    def __init__(self, funding: Funding, campaign: Campaign, make: Factory, seed: int) -> None:
        self.funding, self.campaign, self.make = funding, campaign, make
        self.chance = random.Random(seed)
        self.appropriated_fen = self.corrected_fen = self.given_back_fen = 0
        self.in_rounds_fen = self.outstanding_fen = 0
        self.refused = 0

    @property
    def pool_fen(self) -> int:
        """What should be in the pool."""
        received_fen = self.appropriated_fen - self.corrected_fen
        return received_fen - self.given_back_fen - self.in_rounds_fen - self.outstanding_fen

    async def step(self) -> None:
        acts = (self.enter, self.enter, self.decide, self.decide, self.decide, self.release)
        more = (self.add_stock, self.claim, self.claim, self.claim, self.close)
        try:
            await self.chance.choice(acts + more)()
        except REFUSALS:
            self.refused += 1

    async def enter(self) -> None:
        kinds = [EntryKind.APPROPRIATION, EntryKind.CORRECTION, EntryKind.GIVING_BACK]
        (kind,) = self.chance.choices(kinds, (4, 1, 1))
        plan = appropriation(self.make.clock, self.chance.randint(1, 12_000))
        corrects = None
        if kind is EntryKind.CORRECTION:
            known = await FundsEntry.all().order_by("id")
            if not known:
                return
            corrects = self.chance.choice(known).id
        await self.funding.enter(replace(plan, kind=kind, corrects_id=corrects), actor=FINANCE)

    async def decide(self) -> None:
        query = FundsEntry.all()
        if self.chance.random() < 0.9:
            query = query.filter(state=EntryState.ENTERED)
        rows = await query.order_by("id")
        if not rows:
            return
        row = self.chance.choice(rows)
        if self.chance.random() < 0.2:
            await self.funding.reject(row.id, "不必", actor=TREASURER)
            return
        await self.funding.approve(row.id, actor=TREASURER)
        if row.kind is EntryKind.APPROPRIATION:
            self.appropriated_fen += row.amount_fen
        elif row.kind is EntryKind.CORRECTION:
            self.corrected_fen += row.amount_fen
        else:
            self.given_back_fen += row.amount_fen

    async def release(self) -> None:
        stock = self.chance.randint(1, 8)
        round_id = await drafted(self.campaign, stock)
        await self.campaign.approve(round_id, actor=APPROVER)
        self.in_rounds_fen += stock * 500

    async def offer(self) -> Offer | None:
        offers = await Offer.filter(round__state__in=CLAIMABLE).order_by("id")
        return self.chance.choice(offers) if offers else None

    async def add_stock(self) -> None:
        offer = await self.offer()
        if offer is None:
            return
        more = self.chance.randint(1, 10)
        addition_id = await self.campaign.enter_stock(offer.id, more, actor=PLANNER)
        await self.campaign.approve_stock(addition_id, actor=APPROVER)
        self.in_rounds_fen += more * 500

    async def claim(self) -> None:
        offer = await self.offer()
        if offer is None or offer.issued == offer.stock:
            return
        await self.make.voucher(offer)
        self.in_rounds_fen -= 500
        self.outstanding_fen += 500

    async def close(self) -> None:
        offer = await self.offer()
        if offer is not None:
            await self.campaign.close(UUID(str(offer.round_id)), actor=APPROVER)
            self.in_rounds_fen -= (offer.stock - offer.issued) * 500

    async def check(self) -> Position:
        found = await self.funding.position(actor=AUDITOR)
        assert found.adds_up
        assert (found.appropriated_fen, found.corrected_fen) == (
            self.appropriated_fen,
            self.corrected_fen,
        )
        assert (found.pool_fen, found.given_back_fen) == (self.pool_fen, self.given_back_fen)
        assert (found.reserved_fen, found.outstanding_fen) == (
            self.in_rounds_fen,
            self.outstanding_fen,
        )
        assert found.pool_fen >= 0
        assert found.committed_fen == self.in_rounds_fen + self.outstanding_fen <= CEILING_FEN
        back = await self.funding.giving_back(actor=AUDITOR)
        came_back_fen = back.refunded_fen + back.released_fen + back.expired_fen
        composed_fen = back.never_committed_fen - back.rolled_fen + came_back_fen
        assert composed_fen == back.amount_fen + back.given_back_fen
        return found


@pytest.mark.policy("P-10.1", "P-03")
@pytest.mark.parametrize("seed", range(5))
async def test_the_position_adds_up_after_any_sequence(
    database: str, programme: Programme, clock: SetClock, redis: "aioredis.Redis", seed: int
) -> None:
    low = replace(programme, ceiling_fen=CEILING_FEN)
    campaign = Campaign(low, clock, redis)
    await campaign.load_programme(actor=SYSTEM)
    walk = Walk(Funding(low, clock), campaign, Factory(low, clock, redis), seed)
    for _ in range(STEPS):
        await walk.step()
        await walk.check()
    assert walk.refused, "the walk met the limits"
    assert await Round.exists()
    assert await StockAddition.exists()
    assert await Voucher.exists()
