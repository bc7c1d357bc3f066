"""Entering and deciding entries of public money, and reading them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q

from server.audit import service as audit
from server.audit.domain import Action, Actor, View
from server.campaign.programme import Programme
from server.funding import giving_back, position, queries
from server.funding.domain import (
    NOTE_CHARS_MAX,
    TRANSITIONS,
    BadEntry,
    CorrectionTooLarge,
    DocumentKnown,
    EntryKind,
    EntryPlan,
    EntryState,
    IdReused,
    OwnEntry,
    UnknownEntry,
    WrongState,
    checked,
    clean,
)
from server.funding.giving_back import GivingBack
from server.funding.models import FundsEntry
from server.funding.position import Position
from server.funding.queries import AccountBalance, Move
from server.infra.db import transaction
from server.kit.clock import SHANGHAI, Clock
from server.kit.paging import Place
from server.ledger import service as ledger

Handler = Callable[[FundsEntry, datetime], Awaitable[None]]
"""Posts an approved entry of a kind that belongs to a slice above, within the approving
transaction; `at` is the instant of approval. May refuse: then the entry stays as it was."""


_POSTS = {
    EntryKind.APPROPRIATION: ledger.appropriate,
    EntryKind.CORRECTION: ledger.correct,
    EntryKind.GIVING_BACK: ledger.give_back,
}
"""How the kinds that are funding's own are posted."""

_DECISION = ["state", "decided_by", "decided_at", "decided_note"]


@dataclass(frozen=True, slots=True)
class Entered:
    """An entry that was asked for, and whether this is the first time."""

    entry: FundsEntry
    fresh: bool


@dataclass(frozen=True, slots=True)
class Funding:
    """Use cases of public money. `actor` is the named account that acts (P-11.1)."""

    programme: Programme
    clock: Clock
    handlers: Mapping[EntryKind, Handler] = field(default_factory=dict)
    """For the kinds that funding does not post itself: `repayment`."""

    async def enter(self, plan: EntryPlan, *, actor: Actor) -> Entered:
        """Write down what the bank moved; it waits for another person. Refusals: the charter."""
        actor.check(Action.FUNDS_ENTERED)
        plan = checked(
            plan,
            ceiling_fen=self.programme.ceiling_fen,
            issued_on=self.programme.issued_on,
            today=self.clock.now().astimezone(SHANGHAI).date(),
        )
        if plan.kind not in _POSTS and plan.kind not in self.handlers:
            raise BadEntry(field="kind", reason="not_supported")
        try:
            return await self._enter(plan, actor)
        except IntegrityError:
            # Somebody entered the same thing at the same moment; now it is there to be met.
            return await self._enter(plan, actor)

    async def approve(self, entry_id: UUID, *, actor: Actor) -> FundsEntry:
        """Agree to an entry and post it, in one transaction (P-11.1). Refusals: the charter."""
        actor.check(Action.FUNDS_APPROVED)
        now = self.clock.now()
        async with transaction():
            row = await _decided(entry_id, EntryState.APPROVED, actor, now)
            await row.save(update_fields=_DECISION)
            post = _POSTS.get(row.kind)
            if post is not None:
                await post(row.id, row.amount_fen, at=now)
            else:
                await self.handlers[row.kind](row, now)
            await audit.record(
                Action.FUNDS_APPROVED,
                actor=actor,
                subject=f"funds:{row.id}",
                at=now,
                before={"state": EntryState.ENTERED},
                after={"state": row.state, "kind": row.kind, "amount_fen": row.amount_fen},
            )
        return row

    async def reject(self, entry_id: UUID, note: str, *, actor: Actor) -> FundsEntry:
        """Refuse an entry and say why; its document may be entered again."""
        actor.check(Action.FUNDS_REJECTED)
        now = self.clock.now()
        async with transaction():
            row = await _decided(entry_id, EntryState.REJECTED, actor, now)
            row.decided_note = clean("note", note, NOTE_CHARS_MAX)
            await row.save(update_fields=_DECISION)
            await audit.record(
                Action.FUNDS_REJECTED,
                actor=actor,
                subject=f"funds:{row.id}",
                at=now,
                before={"state": EntryState.ENTERED},
                after={"state": row.state, "note": row.decided_note},
            )
        return row

    async def one(self, entry_id: UUID, *, actor: Actor) -> FundsEntry:
        """An entry; UnknownEntry."""
        actor.check(View.FUNDS)
        row = await FundsEntry.get_or_none(id=entry_id)
        if row is None:
            raise UnknownEntry(field="id")
        return row

    async def entries(
        self, place: Place | None, count: int, *, state: EntryState | None = None, actor: Actor
    ) -> Sequence[FundsEntry]:
        """Up to `count` entries after `place`, newest first, of one state if it is named."""
        actor.check(View.FUNDS)
        return await queries.entries(place, count, state)

    async def position(self, *, actor: Actor) -> Position:
        """Where every yuan is now."""
        actor.check(View.FUNDS)
        return await position.read(self.programme, self.clock.now())

    async def giving_back(self, *, actor: Actor) -> GivingBack:
        """What goes back after the programme, and by when (P-10.4)."""
        actor.check(View.FUNDS)
        return await giving_back.read(self.programme, self.clock.now())

    async def accounts(
        self, after: str | None, count: int, *, actor: Actor
    ) -> Sequence[AccountBalance]:
        """Up to `count` accounts with their balances, by name, after the one that is named."""
        actor.check(View.FUNDS)
        return await queries.accounts(after, count)

    async def moves(
        self, account: str, place: Place | None, count: int, *, actor: Actor
    ) -> Sequence[Move]:
        """Up to `count` transfers of an account after `place`, newest first."""
        actor.check(View.FUNDS)
        return await queries.moves(account, place, count)

    async def _enter(self, plan: EntryPlan, actor: Actor) -> Entered:
        now = self.clock.now()
        async with transaction():
            known = await FundsEntry.get_or_none(id=plan.id)
            if known is not None:
                if known.entered_by != actor.name or _plan_of(known) != plan:
                    raise IdReused
                return Entered(known, fresh=False)
            corrected = await _corrected(plan)
            await _refuse_known_document(plan)
            if corrected is not None:
                await _refuse_too_large(plan, corrected)
            row = await FundsEntry.create(
                **asdict(plan),
                state=TRANSITIONS.initial,
                entered_by=actor.name,
                entered_at=now,
            )
            await audit.record(
                Action.FUNDS_ENTERED,
                actor=actor,
                subject=f"funds:{row.id}",
                at=now,
                after={
                    "state": row.state,
                    "kind": plan.kind,
                    "amount_fen": plan.amount_fen,
                    "document_no": plan.document_no,
                    "happened_on": plan.happened_on.isoformat(),
                    "corrects": _text(plan.corrects_id),
                    "deduction": _text(plan.deduction_id),
                },
            )
        return Entered(row, fresh=True)


async def _decided(entry_id: UUID, state: EntryState, actor: Actor, now: datetime) -> FundsEntry:
    """The entry as it is once `actor` has decided it, locked and not yet saved; or the refusal."""
    row = await _locked(entry_id)
    if row is None:
        raise UnknownEntry(field="id")
    if row.entered_by == actor.name:
        raise OwnEntry
    if not TRANSITIONS.allows(row.state, state):
        raise WrongState(state=row.state)
    row.state = TRANSITIONS.move(row.state, state)
    row.decided_by = actor.name
    row.decided_at = now
    return row


async def _locked(entry_id: UUID) -> FundsEntry | None:
    """The entry's row, locked until the transaction ends."""
    return await FundsEntry.select_for_update(no_key=True).get_or_none(id=entry_id)


async def _corrected(plan: EntryPlan) -> FundsEntry | None:
    """The appropriation that a correction lowers, locked: one correction of it at a time looks."""
    if plan.corrects_id is None:
        return None
    row = await _locked(plan.corrects_id)
    if row is None:
        raise UnknownEntry(field="corrects_id")
    if row.kind is not EntryKind.APPROPRIATION:
        raise BadEntry(field="corrects_id", reason="no_appropriation", kind=row.kind)
    if row.state is not EntryState.APPROVED:
        raise BadEntry(field="corrects_id", reason="not_approved", state=row.state)
    return row


async def _refuse_known_document(plan: EntryPlan) -> None:
    """Refuse what two unique indexes would: they hold, and this names the entry that is met."""
    same = Q(
        kind=plan.kind,
        document_no=plan.document_no,
        happened_on=plan.happened_on,
        amount_fen=plan.amount_fen,
    )
    if plan.deduction_id is not None:
        same |= Q(deduction_id=plan.deduction_id)
    met = await FundsEntry.filter(same).exclude(state=EntryState.REJECTED).first()
    if met is not None:
        raise DocumentKnown(entry_id=str(met.id), entered_by=met.entered_by)


async def _refuse_too_large(plan: EntryPlan, corrected: FundsEntry) -> None:
    """Refuse a correction that, with those that were not rejected, passes the appropriation."""
    others = FundsEntry.filter(corrects_id=corrected.id).exclude(state=EntryState.REJECTED)
    most_fen = corrected.amount_fen - sum([row.amount_fen for row in await others])
    if plan.amount_fen > most_fen:
        raise CorrectionTooLarge(most_fen=most_fen)


def _plan_of(row: FundsEntry) -> EntryPlan:
    """What was asked when the entry was made."""
    return EntryPlan(
        id=row.id,
        kind=row.kind,
        amount_fen=row.amount_fen,
        document_no=row.document_no,
        happened_on=row.happened_on,
        note=row.note,
        corrects_id=row.corrects_id,
        deduction_id=row.deduction_id,
    )


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
