"""Plans of rounds, and what a test asks of the book afterwards."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from server.audit.models import Entry
from server.campaign.domain import RoundPlan
from server.campaign.models import Offer, Round
from server.campaign.service import Campaign
from server.kit.clock import Clock
from server.ledger import service as ledger
from server.ledger.domain import POOL, round_account
from server.ledger.models import Transfer
from tests.factories.staff import APPROVER, PLANNER

POOL_FEN = 100_000_00
FACE_FEN = 5_00
STOCK = 100


def plan(clock: Clock, stock: int = STOCK, **said: Any) -> RoundPlan:
    """A round of one offer, retail-50-5, that opens in an hour for an hour."""
    now = clock.now()
    values: dict[str, Any] = {
        "name": "第一轮",
        "opens_at": now + timedelta(hours=1),
        "closes_at": now + timedelta(hours=2),
        "per_person_cap": 1,
        "voucher_valid": timedelta(days=7),
        "offers": [("retail-50-5", stock)],
    }
    return RoundPlan(**values | said)


async def drafted(campaign: Campaign, stock: int = STOCK, **said: Any) -> UUID:
    return await campaign.create_round(plan(campaign.clock, stock, **said), actor=PLANNER)


async def approved(campaign: Campaign, stock: int = STOCK, **said: Any) -> UUID:
    round_id = await drafted(campaign, stock, **said)
    await campaign.approve(round_id, actor=APPROVER)
    return round_id


async def offer_of(round_id: UUID) -> Offer:
    return await Offer.get(round_id=round_id)


async def book() -> dict[str, Any]:
    """All that a use case of the campaign may change: to compare before and after."""
    return {
        "rounds": await Round.all().order_by("id").values(),
        "offers": await Offer.all().order_by("id").values(),
        "transfers": await Transfer.all().count(),
        "entries": await Entry.all().count(),
        "pool": await ledger.balance_fen(POOL),
    }


async def held_fen(round_id: UUID) -> int:
    """What the round's account holds."""
    return await ledger.balance_fen(round_account(round_id))


async def acts(round_id: UUID) -> list[str]:
    """The recorded acts on a round, in order, with who did them."""
    entries = await Entry.filter(subject=f"round:{round_id}").order_by("id")
    return [f"{entry.action} {entry.actor}" for entry in entries]
