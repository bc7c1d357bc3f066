"""Things that a test needs in the book; all but vouchers are made by their own services."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from uuid import UUID, uuid4

from redis import asyncio as aioredis
from tortoise.expressions import F
from tortoise.transactions import in_transaction

from server.campaign.domain import RoundPlan
from server.campaign.models import Offer
from server.campaign.programme import Programme
from server.campaign.service import Campaign
from server.claim.models import Claim
from server.identity.models import Person, WeChatAccount
from server.kit.clock import SetClock
from server.kit.identifiers import BadIdentifier, check_credit_code
from server.kit.ids import uuid7
from server.merchant.domain import MerchantPlan, StorePlan
from server.merchant.models import Merchant, Store
from server.merchant.service import Merchants
from server.voucher.domain import VoucherState
from server.voucher.models import Voucher
from tests.factories.money import appropriate
from tests.factories.staff import APPROVER, BUREAU, PLANNER, SYSTEM

APPROPRIATED_FEN = 10_000_000_00
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Factory:
    """Makes rounds, vouchers, merchants and cashiers. Money is appropriated with each round."""

    programme: Programme
    clock: SetClock
    redis: "aioredis.Redis"

    async def offer(
        self, template: str = "dining-20-4", stock: int = 10, valid: timedelta = timedelta(days=7)
    ) -> Offer:
        """An offer of a new, approved round that is open now."""
        campaign = Campaign(self.programme, self.clock, self.redis)
        await campaign.load_programme(actor=SYSTEM)
        await appropriate(self.programme, self.clock, APPROPRIATED_FEN)
        now = self.clock.now()
        plan = RoundPlan(
            name=f"第{next(_numbers)}轮",
            opens_at=now,
            closes_at=now + timedelta(days=1),
            per_person_cap=1,
            voucher_valid=valid,
            offers=[(template, stock)],
        )
        round_id = await campaign.create_round(plan, actor=PLANNER)
        await campaign.approve(round_id, actor=APPROVER)
        return await Offer.get(round_id=round_id)

    async def voucher(
        self, offer: Offer, person_id: UUID | None = None, valid: timedelta = timedelta(days=7)
    ) -> Voucher:
        """A voucher of the offer, issued now to a person (another one each time)."""
        now = self.clock.now()
        person_id = await self.person(person_id)
        round_id = round_of(offer)
        async with in_transaction():
            claim = await Claim.create(
                id=uuid7(),
                round_id=round_id,
                offer_id=offer.id,
                person_id=person_id,
                claimed_at=now,
                network_index=bytes(8),
            )
            await Offer.filter(id=offer.id).update(issued=F("issued") + 1)
            return await Voucher.create(
                id=claim.id,
                person_id=person_id,
                round_id=round_id,
                offer_id=offer.id,
                category=offer.category,
                name=offer.name,
                min_spend_fen=offer.min_spend_fen,
                face_value_fen=offer.face_value_fen,
                state=VoucherState.ISSUED,
                issued_at=now,
                valid_until=now + valid,
            )

    async def person(self, person_id: UUID | None = None) -> UUID:
        """A verified person in the book, another one each time unless named; their id."""
        person_id = person_id or uuid4()
        if not await Person.exists(id=person_id):
            await Person.create(
                id=person_id,
                name_sealed=b"sealed",
                id_number_sealed=b"sealed",
                id_number_index=person_id.bytes,
                verified_at=self.clock.now(),
            )
        return person_id

    async def merchant(self, *categories: str) -> Merchant:
        """A listed merchant with one store, of these categories (dining unless named)."""
        plan = merchant_plan(*categories)
        return await Merchants(self.programme, self.clock).add(plan, actor=BUREAU)

    async def cashier(self, store: Store) -> UUID:
        """A logged-in account that redeems for the store; its id."""
        account = await WeChatAccount.create(
            id=uuid7(), openid=f"o{uuid4().hex}", created_at=self.clock.now()
        )
        merchants = Merchants(self.programme, self.clock)
        await merchants.add_cashier(store.id, account.openid, "王店员", actor=BUREAU)
        return account.id


def round_of(offer: Offer) -> UUID:
    """The round that an offer is within."""
    return UUID(str(offer.round_id))


def merchant_plan(*categories: str) -> MerchantPlan:
    """A merchant that may be entered, with a credit code of its own."""
    return MerchantPlan(
        credit_code=credit_code(next(_numbers)),
        name="泽州路饭店",
        categories=categories or ("dining",),
        stores=[StorePlan("泽州路店", "泽州路 1 号", "东街街道")],
    )


def credit_code(number: int) -> str:
    """The `number`th made-up unified social credit code of the district that passes its check."""
    for check in "0123456789ABCDEFGHJKLMNPQRTUWXY":
        try:
            return check_credit_code(f"92140502MA{number:07}{check}")
        except BadIdentifier:
            continue
    raise AssertionError("one of the 31 check characters fits")
