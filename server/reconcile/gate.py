"""What the gate must agree with the book about, for one round."""

from uuid import UUID

from server.campaign.models import Offer, Round
from server.claim.gate import Gate
from server.claim.models import Claim
from server.reconcile.domain import Finding

PENDING_MAX = 100_000
GATE = "gate_agrees:"
"""Begins the name of the invariant of each round's gate; the round's id follows."""


async def gate_findings(gate: Gate, round_id: object) -> list[Finding]:
    """Compare the gate's stock with the book's: left + pending + issued = stock, for each offer.

    A gate of another epoch than the book's, or none, is about to be filled: nothing to compare.
    """
    assert isinstance(round_id, UUID), "a round's id is a UUID"
    row = await Round.get(id=round_id)
    epoch, left = await gate.stock(round_id)
    if epoch == 0 or epoch != row.gate_epoch:
        return []
    pending = {
        UUID(bytes=take.claim_id): take for take in await gate.pending(round_id, PENDING_MAX)
    }
    written = set(
        await Claim.filter(id__in=list(pending)).values_list("id", flat=True) if pending else []
    )
    open_takes: dict[int, int] = {}
    for claim_id, take in pending.items():
        if claim_id not in written:
            open_takes[take.position] = open_takes.get(take.position, 0) + 1
    rows = []
    for offer in await Offer.filter(round_id=round_id).order_by("position"):
        at_gate = left.get(offer.position, 0) + open_takes.get(offer.position, 0)
        if at_gate + offer.issued != offer.stock:
            rows.append(
                {
                    "offer_id": str(offer.id),
                    "stock": offer.stock,
                    "issued": offer.issued,
                    "left_at_gate": left.get(offer.position, 0),
                    "pending": open_takes.get(offer.position, 0),
                }
            )
    return [Finding(f"{GATE}{round_id}", "闸口剩余 + 待入账 + 已领 = 库存", tuple(rows))]
