"""Confirming a batch, sending it, and its coming back. Each act holds the batch's row."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from server.audit import service as audit
from server.audit.domain import Action, Actor, Role, View
from server.infra.db import transaction
from server.kit.clock import Clock
from server.ledger import service as ledger
from server.settlement import postings, queries
from server.settlement.domain import TRANSITIONS, BatchState, LineState
from server.settlement.entries import REASON_CHARS_MAX, check_text
from server.settlement.ladders import (
    ConfirmFacts,
    ReturnFacts,
    SendFacts,
    check_confirm,
    check_return,
    check_send,
)
from server.settlement.models import Batch, Line, Payee
from server.settlement.payment_file import PaymentRow, payment_file
from server.settlement.refusals import FileChanged, WrongState
from server.settlement.registry import Registry, locked_institution, standing

FROZEN = "资金冻结，未交付款"
"""Why a line came back that was not sent."""


class Sent(NamedTuple):
    """A batch with its payment file; none if every merchant of it was frozen meanwhile."""

    batch: Batch
    content: bytes | None
    held_back: Sequence[Line]
    """Lines of merchants that were frozen after the batch was confirmed (P-11.5)."""


@dataclass(frozen=True, slots=True)
class Batches:
    """What happens to a batch after it was drafted."""

    registry: Registry
    clock: Clock

    async def confirm(self, batch_id: UUID, seen_fen: int, actor: Actor) -> Batch:
        """Agree to somebody else's batch: from now on it never changes, and the ledger moves.

        `seen_fen` is the amount that the confirmer looked at. Unknown, WrongState, OwnEntry, the
        licence's refusals, AmountDiffers, MerchantsFrozen.
        """
        actor.check(Action.BATCH_CONFIRMED)
        now = self.clock.now()
        async with transaction():
            batch = await queries.locked(batch_id, actor)
            institution = await locked_institution(batch.institution_id)
            lines = await Line.filter(batch_id=batch.id).order_by("number")
            frozen = await queries.frozen_among([line.merchant_id for line in lines])
            facts = ConfirmFacts(
                state=batch.state,
                entered_by=batch.entered_by,
                actor=actor.name,
                standing=standing(institution),
                amount_fen=batch.amount_fen,
                seen_fen=seen_fen,
                frozen=[str(merchant_id) for merchant_id in sorted(frozen)],
            )
            check_confirm(facts, now)
            batch.state = TRANSITIONS.move(batch.state, BatchState.CONFIRMED)
            batch.confirmed_by, batch.confirmed_at = actor.name, now
            await batch.save(update_fields=["state", "confirmed_by", "confirmed_at"])
            await ledger.post([each for line in lines for each in postings.confirmed(line, now)])
            await audit.record(
                Action.BATCH_CONFIRMED,
                actor=actor,
                subject=f"batch:{batch.id}",
                at=now,
                before={"state": BatchState.DRAFT, "entered_by": batch.entered_by},
                after={"state": batch.state, "amount_fen": batch.amount_fen},
            )
        return batch

    async def send(self, batch_id: UUID, actor: Actor) -> Sent:
        """Hand a confirmed batch over: its payment file, the same however often it is asked for.

        Lines of merchants that were frozen since come back at once. Unknown, WrongState, the
        licence's refusals, FileChanged.
        """
        actor.check(Action.BATCH_SENT)
        now = self.clock.now()
        async with transaction():
            batch = await queries.locked(batch_id, actor)
            if batch.sent_at is not None:
                return Sent(batch, await self._file(batch), [])
            institution = await locked_institution(batch.institution_id)
            check_send(SendFacts(batch.state, standing(institution)), now)
            lines = await Line.filter(batch_id=batch.id, state=LineState.OPEN).order_by("number")
            frozen = await queries.frozen_among([line.merchant_id for line in lines])
            held_back = [line for line in lines if line.merchant_id in frozen]
            await give_back(held_back, FROZEN, now)
            content = await self._write(batch, now) if len(held_back) < len(lines) else None
            if content is None:
                batch.state = TRANSITIONS.move(batch.state, BatchState.RETURNED)
                batch.reason, batch.ended_at = FROZEN, now
            await batch.save(
                update_fields=["state", "sent_at", "file_sha256", "reason", "ended_at"]
            )
            await audit.record(
                Action.BATCH_SENT,
                actor=actor,
                subject=f"batch:{batch.id}",
                at=now,
                before={"state": BatchState.CONFIRMED},
                after={
                    "state": batch.state,
                    "file_sha256": batch.file_sha256.hex() if batch.file_sha256 else None,
                    "held_back": [line.number for line in held_back],
                },
            )
        return Sent(batch, content, held_back)

    async def one(self, batch_id: UUID, actor: Actor) -> Batch:
        """One batch, as far as the actor may know of it. Unknown."""
        actor.check(View.SETTLEMENT)
        return await queries.seen(batch_id, actor)

    async def page(
        self, after: tuple[datetime, UUID] | None, count: int, actor: Actor
    ) -> Sequence[Batch]:
        """Up to `count` batches that the actor may know of, newest first."""
        actor.check(View.SETTLEMENT)
        return await queries.page(actor, after, count)

    async def lines(self, batch: Batch, after: int, count: int) -> Sequence[Line]:
        """Up to `count` lines, behind number `after`, of a batch that the actor has been shown."""
        return await queries.lines(batch, after, count)

    async def file(self, batch_id: UUID, actor: Actor) -> tuple[Batch, bytes]:
        """The payment file as it was sent, for who sends it and who pays by it.

        It shows account numbers, so that other readers do not get it. Unknown, WrongState,
        FileChanged.
        """
        actor.check(View.SETTLEMENT)
        if actor.role is not Role.INSTITUTION:
            actor.check(Action.BATCH_SENT)
        batch = await queries.seen(batch_id, actor)
        if batch.sent_at is None:
            raise WrongState(state=batch.state.value)
        return batch, await self._file(batch)

    async def return_batch(self, batch_id: UUID, reason: str, actor: Actor) -> Batch:
        """The institution gives a whole batch back: nothing of it was paid, all is owed again.

        Whoever of finance drafted it cannot say so of a batch that was sent. BadEntry, Unknown,
        WrongState, OwnEntry, PartlyPaid.
        """
        actor.check(Action.BATCH_RETURNED)
        reason = check_text(reason, "reason", REASON_CHARS_MAX)
        now = self.clock.now()
        async with transaction():
            batch = await queries.locked(batch_id, actor)
            before = batch.state
            paid = await Line.filter(batch_id=batch.id, state=LineState.PAID).count()
            check_return(ReturnFacts(batch.state, queries.own_draft(batch, actor), paid))
            lines = await Line.filter(batch_id=batch.id, state=LineState.OPEN).order_by("number")
            await give_back(lines, reason, now)
            batch.state = TRANSITIONS.move(batch.state, BatchState.RETURNED)
            batch.reason, batch.ended_at = reason, now
            await batch.save(update_fields=["state", "reason", "ended_at"])
            await audit.record(
                Action.BATCH_RETURNED,
                actor=actor,
                subject=f"batch:{batch.id}",
                at=now,
                before={"state": before},
                after={"state": batch.state, "reason": reason},
            )
        return batch

    async def _write(self, batch: Batch, now: datetime) -> bytes:
        """Make the file of the lines that are open, and remember which they are."""
        await Line.filter(batch_id=batch.id, state=LineState.OPEN).update(in_file=True)
        content = await self._made(batch)
        batch.state = TRANSITIONS.move(batch.state, BatchState.SENT)
        batch.sent_at, batch.file_sha256 = now, hashlib.sha256(content).digest()
        return content

    async def _file(self, batch: Batch) -> bytes:
        """The file again, made of rows that do not change; FileChanged if they did."""
        content = await self._made(batch)
        assert batch.file_sha256 is not None, "a batch that was sent has a file"
        if hashlib.sha256(content).digest() != bytes(batch.file_sha256):
            raise FileChanged(batch=batch.number)
        return content

    async def _made(self, batch: Batch) -> bytes:
        lines = await Line.filter(batch_id=batch.id, in_file=True).order_by("number")
        payees = await Payee.filter(id__in=[line.payee_id for line in lines])
        numbers = {payee.id: self.registry.number(payee) for payee in payees}
        return payment_file(
            batch.number,
            [
                PaymentRow(
                    line_number=line.number,
                    credit_code=line.credit_code,
                    merchant_name=line.merchant_name,
                    bank=line.bank,
                    holder=line.holder,
                    account_number=numbers[line.payee_id],
                    amount_fen=line.amount_fen,
                )
                for line in lines
            ],
        )


async def give_back(lines: Sequence[Line], reason: str, at: datetime) -> None:
    """Mark open lines as returned, and post that the merchants are owed it again."""
    if not lines:
        return
    ids = [line.id for line in lines]
    changed = await Line.filter(id__in=ids, state=LineState.OPEN).update(
        state=LineState.RETURNED, reason=reason
    )
    assert changed == len(lines), "the batch's row is held, so its lines are as they were read"
    await ledger.post([postings.returned(line, at) for line in lines])
