"""More vouchers for an offer: asked by one person, agreed to by another (P-03, P-11.1)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from server.audit import service as audit
from server.audit.domain import Action, Actor
from server.campaign import rows
from server.campaign.domain import (
    CLAIMABLE,
    STOCK_MAX,
    AdditionState,
    BadRound,
    OwnEntry,
    UnknownAddition,
    UnknownRound,
    WrongState,
)
from server.campaign.models import Offer, Round, StockAddition
from server.infra.db import transaction
from server.kit.ids import derive, uuid7
from server.ledger import service as ledger

WAITING_SHOWN_MAX = 500


async def enter(offer_id: UUID, count: int, *, actor: Actor, now: datetime) -> UUID:
    """Ask for `count` more vouchers of an offer; the id under which another person decides.

    UnknownRound, WrongState, BadRound.
    """
    actor.check(Action.STOCK_ENTERED)
    async with transaction():
        offer = await Offer.get_or_none(id=offer_id)
        if offer is None:
            raise UnknownRound
        row = await Round.get(id=offer.round_id)
        _check(row, offer, count, now)
        addition = await StockAddition.create(
            id=uuid7(),
            offer_id=offer_id,
            count=count,
            state=AdditionState.ENTERED,
            entered_by=actor.name,
            entered_at=now,
        )
        await audit.record(
            Action.STOCK_ENTERED,
            actor=actor,
            subject=f"round:{row.id}",
            at=now,
            after={"addition": str(addition.id), "offer": str(offer_id), "count": count},
        )
    return addition.id


async def approve(addition_id: UUID, *, actor: Actor, ceiling_fen: int, now: datetime) -> None:
    """Add the vouchers and reserve their money (P-03), also while the round is open.

    Raises the epoch of the whole round, so that the gate is filled again with the new stock.
    UnknownAddition, OwnEntry, WrongState, BadRound, CeilingPassed, PoolShort.
    """
    actor.check(Action.STOCK_APPROVED)
    async with transaction():
        addition = await _decided(addition_id, AdditionState.APPROVED, actor, now)
        first = await Offer.get(id=addition.offer_id)
        round_id = UUID(str(first.round_id))
        row = await rows.locked_round(round_id)
        offers = await rows.locked_offers(round_id)
        offer = next(one for one in offers if one.id == addition.offer_id)
        _check(row, offer, addition.count, now)
        offer.stock += addition.count
        await offer.save(update_fields=["stock"])
        await ledger.reserve(
            derive(addition.id, "reservation"),
            round_id,
            addition.count * offer.face_value_fen,
            ceiling_fen=ceiling_fen,
            at=now,
        )
        await rows.raise_epoch(row)
        await audit.record(
            Action.STOCK_APPROVED,
            actor=actor,
            subject=f"round:{round_id}",
            at=now,
            before={"offer": str(offer.id), "stock": offer.stock - addition.count},
            after={"offer": str(offer.id), "stock": offer.stock, "addition": str(addition.id)},
        )


async def reject(addition_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Refuse an addition; nothing changes. UnknownAddition, OwnEntry, WrongState."""
    actor.check(Action.STOCK_REJECTED)
    async with transaction():
        addition = await _decided(addition_id, AdditionState.REJECTED, actor, now)
        offer = await Offer.get(id=addition.offer_id)
        await audit.record(
            Action.STOCK_REJECTED,
            actor=actor,
            subject=f"round:{offer.round_id}",
            at=now,
            after={"addition": str(addition.id), "state": addition.state},
        )


async def waiting() -> Sequence[StockAddition]:
    """Additions that nobody has decided, the oldest first, with their offers."""
    asked = StockAddition.filter(state=AdditionState.ENTERED).order_by("entered_at", "id")
    return await asked.limit(WAITING_SHOWN_MAX).select_related("offer")


async def _decided(
    addition_id: UUID, state: AdditionState, actor: Actor, now: datetime
) -> StockAddition:
    """The addition, locked, decided and saved; or the refusal."""
    row = await _locked(addition_id)
    if row is None:
        raise UnknownAddition
    if row.entered_by == actor.name:
        raise OwnEntry
    if row.state is not AdditionState.ENTERED:
        raise WrongState(state=row.state)
    row.state, row.decided_by, row.decided_at = state, actor.name, now
    await row.save(update_fields=["state", "decided_by", "decided_at"])
    return row


async def _locked(addition_id: UUID) -> StockAddition | None:
    """The addition's row, locked until the transaction ends."""
    return await StockAddition.select_for_update(no_key=True).get_or_none(id=addition_id)


def _check(row: Round, offer: Offer, count: int, now: datetime) -> None:
    """Refuse more stock past an offer's limit, or for a round that is not running."""
    if not 1 <= count <= STOCK_MAX - offer.stock:
        raise BadRound(field="stock", reason="range", most=STOCK_MAX - offer.stock)
    if row.state not in CLAIMABLE or row.closes_at <= now:
        raise WrongState(state=row.state)
