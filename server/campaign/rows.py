"""Rounds and offers as rows: locked in one order, moved through one table."""

from uuid import UUID

from server.campaign.domain import TRANSITIONS, RoundState, UnknownRound, WrongState
from server.campaign.models import Offer, Round


async def locked_round(round_id: UUID) -> Round:
    """The round's row, locked until the transaction ends; UnknownRound."""
    row = await Round.select_for_update(no_key=True).get_or_none(id=round_id)
    if row is None:
        raise UnknownRound
    return row


async def locked_offers(round_id: UUID) -> list[Offer]:
    """The round's offers, locked in the order in which the batch writer locks them."""
    return await Offer.filter(round_id=round_id).select_for_update(no_key=True).order_by("id")


async def raise_epoch(row: Round) -> None:
    """Shut the book to the present filling of the gate; the round and its offers are locked."""
    row.gate_epoch += 1
    await row.save(update_fields=["gate_epoch"])
    await Offer.filter(round_id=row.id).update(gate_epoch=row.gate_epoch)


def move(row: Round, target: RoundState) -> None:
    """Move a round on; WrongState where the table has no such move."""
    if not TRANSITIONS.allows(row.state, target):
        raise WrongState(state=row.state, target=target)
    row.state = TRANSITIONS.move(row.state, target)
