"""Redemptions as the rules see them, and ones in the book that the rules should find."""

from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

from server.campaign.models import Offer
from server.claim.models import Claim
from server.risk.domain import Redeemed
from tests.factories.till import Till

MONDAY_NOON = 1_780_286_400  # 2026-06-01 12:00 in Shanghai
_ids = count(1)


def redeemed(**said: Any) -> Redeemed:
    """An honest lunch, but for what is said. People and networks are new ones each time."""
    number = next(_ids)
    at: int = said.get("at_seconds", MONDAY_NOON)
    usual: dict[str, Any] = {
        "id": number,
        "at_seconds": at,
        "person": f"person {number}",
        "merchant": "shop",
        "store": "store",
        "cashier": f"till of {said.get('merchant', 'shop')}",
        "category": "dining",
        "order_fen": 27_50,
        "min_spend_fen": 20_00,
        "face_fen": 4_00,
        "claimed_at_seconds": at - 20_000,
        "network": f"network {number}",
    }
    return Redeemed(**usual | said)


async def split_orders(till: Till, offer: Offer, people: int, minutes: int = 2) -> list[UUID]:
    """So many residents, each with two orders at the threshold; the ids of the redemptions."""
    found = []
    for _ in range(people):
        person_id = await till.make.person()
        for _ in range(2):
            voucher = await till.make.voucher(await till.make.offer(), person_id)
            row = await till.redeem(voucher, order_amount_fen=offer.min_spend_fen)
            found.append(row.id)
            till.make.clock.move(timedelta(minutes=minutes))
    return found


async def on_network(voucher_id: UUID, index: bytes) -> None:
    """Say from which network a voucher was claimed."""
    await Claim.filter(id=voucher_id).update(network_index=index)
