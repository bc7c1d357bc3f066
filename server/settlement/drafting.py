"""Drafting a batch and dropping it: what enters, who is held, and its number."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from server.audit import service as audit
from server.audit.domain import Action, Actor
from server.campaign.programme import Programme
from server.infra.db import transaction
from server.kit.clock import Clock
from server.kit.ids import uuid7
from server.risk.queries import held_among
from server.settlement import assignment
from server.settlement.assignment import Concerned, Sum
from server.settlement.domain import TRANSITIONS, BatchState, HeldReason, LineState
from server.settlement.entries import REASON_CHARS_MAX, check_text
from server.settlement.ladders import DraftFacts, check_draft, shanghai_day
from server.settlement.models import Batch, Line
from server.settlement.queries import locked
from server.settlement.refusals import NothingDue, WrongState
from server.settlement.registry import locked_institution, standing

HELD_SHOWN_MAX = 100
"""In the data of a refusal."""


class Held(NamedTuple):
    """A merchant that gets no line, why, and what waits for it."""

    merchant_id: UUID
    merchant_name: str
    reason: HeldReason
    redemptions_count: int
    amount_fen: int


class Drafted(NamedTuple):
    """A batch, and who is left out of it."""

    batch: Batch
    held: Sequence[Held]


@dataclass(frozen=True, slots=True)
class Drafting:
    """Making batches out of what was redeemed and is in no batch (P-10.2)."""

    programme: Programme
    clock: Clock

    async def draft(self, institution_id: UUID, period_until: datetime, actor: Actor) -> Drafted:
        """Put all that was redeemed before `period_until` and is due into a new batch.

        Unknown, the licence's refusals, BadPeriod, NothingDue. Redemptions left over from earlier
        periods enter too. Nothing is posted: a draft may be dropped.
        """
        actor.check(Action.BATCH_DRAFTED)
        now = self.clock.now()
        async with transaction():
            await assignment.take_turn()
            institution = await locked_institution(institution_id)
            check_draft(DraftFacts(standing(institution), period_until), now)
            batch = await self._begin(institution_id, period_until, actor, now)
            about = await assignment.concerned(institution_id, period_until)
            risky = await held_among([one.id for one in about])
            chosen = [
                one.id for one in about if one.has_payee and not one.frozen and one.id not in risky
            ]
            sums = await assignment.take(batch.id, chosen, period_until)
            negative = [each for each in sums if each.amount_fen < 0]
            if negative:
                await assignment.free(batch.id, [each.merchant_id for each in negative])
            kept = [each for each in sums if each.amount_fen >= 0]
            owing = {each.merchant_id for each in negative}
            held = await _held(about, owing, risky, period_until)
            if not any(each.amount_fen for each in kept):
                raise NothingDue(held=[_told(one) for one in held[:HELD_SHOWN_MAX]])
            await Line.bulk_create(_lines(batch, kept))
            await _add_up(batch, kept)
            await audit.record(
                Action.BATCH_DRAFTED,
                actor=actor,
                subject=f"batch:{batch.id}",
                at=now,
                after=_facts(batch) | {"held_count": len(held)},
            )
        return Drafted(batch, held)

    async def drop(self, batch_id: UUID, reason: str, actor: Actor) -> Batch:
        """Give a draft up: what it held is free for another. BadEntry, Unknown, WrongState."""
        actor.check(Action.BATCH_DROPPED)
        reason = check_text(reason, "reason", REASON_CHARS_MAX)
        now = self.clock.now()
        async with transaction():
            # A draft beside this one sees all of what is freed here, or nothing of it.
            await assignment.take_turn()
            batch = await locked(batch_id, actor)
            if not TRANSITIONS.allows(batch.state, BatchState.DROPPED):
                raise WrongState(state=batch.state.value)
            await assignment.free(batch.id)
            await Line.filter(batch_id=batch.id).delete()
            batch.state, batch.reason, batch.ended_at = BatchState.DROPPED, reason, now
            await batch.save(update_fields=["state", "reason", "ended_at"])
            await audit.record(
                Action.BATCH_DROPPED,
                actor=actor,
                subject=f"batch:{batch.id}",
                at=now,
                before=_facts(batch),
                after={"state": batch.state, "reason": reason},
            )
        return batch

    async def held(self, batch: Batch) -> Sequence[Held]:
        """Who got no line in a draft, as it is now: what was due by then and is in no batch."""
        async with transaction():
            about = await assignment.concerned(UUID(str(batch.institution_id)), batch.period_until)
            risky = await held_among([one.id for one in about])
            left = {
                one.id for one in about if one.has_payee and not one.frozen and one.id not in risky
            }
            held = await _held(about, left, risky, batch.period_until)
            return [one for one in held if one.redemptions_count or one.amount_fen]

    async def _begin(
        self, institution_id: UUID, period_until: datetime, actor: Actor, now: datetime
    ) -> Batch:
        """An empty draft with the year's next number (of Shanghai's calendar)."""
        year = f"JS-{shanghai_day(now).year}-"
        count = await Batch.filter(number__startswith=year).count()
        before = Batch.filter(institution_id=institution_id).exclude(state=BatchState.DROPPED)
        last = await before.order_by("-period_until").first()
        begun = last.period_until if last else self.programme.starts_at
        return await Batch.create(
            id=uuid7(),
            number=f"{year}{count + 1:04}",
            institution_id=institution_id,
            period_from=min(begun, period_until),
            period_until=period_until,
            state=TRANSITIONS.initial,
            entered_by=actor.name,
            entered_at=now,
        )


def _lines(batch: Batch, sums: Sequence[Sum]) -> list[Line]:
    return [
        Line(
            id=uuid7(),
            batch_id=batch.id,
            number=number,
            merchant_id=each.merchant_id,
            credit_code=each.credit_code,
            merchant_name=each.merchant_name,
            bank=each.bank,
            holder=each.holder,
            payee_id=each.payee_id,
            redemptions_count=each.redemptions_count,
            redeemed_fen=each.redeemed_fen,
            deducted_fen=each.deducted_fen,
            carried_fen=each.carried_fen,
            amount_fen=each.amount_fen,
            state=LineState.OPEN if each.amount_fen else LineState.NOTHING,
            carries_id=each.carries_id,
        )
        for number, each in enumerate(sums, 1)
    ]


async def _add_up(batch: Batch, sums: Sequence[Sum]) -> None:
    """Write the batch's own sums."""
    batch.redemptions_count = sum(each.redemptions_count for each in sums)
    batch.redeemed_fen = sum(each.redeemed_fen for each in sums)
    batch.deducted_fen = sum(each.deducted_fen for each in sums)
    batch.carried_fen = sum(each.carried_fen for each in sums)
    batch.amount_fen = sum(each.amount_fen for each in sums)
    await batch.save()


async def _held(
    about: Sequence[Concerned],
    negative: AbstractSet[UUID],
    risky: AbstractSet[UUID],
    until: datetime,
) -> Sequence[Held]:
    """Who gets no line, by credit code, with what waits for them."""
    reasons = {one.id: HeldReason.NO_PAYEE for one in about if not one.has_payee}
    reasons |= {one.id: HeldReason.RISK_CASE for one in about if one.id in risky}
    reasons |= {one.id: HeldReason.FROZEN for one in about if one.frozen}
    reasons |= dict.fromkeys(negative, HeldReason.NEGATIVE)
    if not reasons:
        return []
    waits = await assignment.waiting(list(reasons), until)
    return [
        Held(one.id, one.name, reasons[one.id], *waits[one.id])
        for one in about
        if one.id in reasons
    ]


def _told(held: Held) -> dict[str, object]:
    return {
        "merchant_id": str(held.merchant_id),
        "reason": held.reason.value,
        "amount_fen": held.amount_fen,
    }


def _facts(batch: Batch) -> dict[str, object]:
    return {
        "number": batch.number,
        "state": batch.state,
        "redemptions_count": batch.redemptions_count,
        "redeemed_fen": batch.redeemed_fen,
        "deducted_fen": batch.deducted_fen,
        "carried_fen": batch.carried_fen,
        "amount_fen": batch.amount_fen,
    }
