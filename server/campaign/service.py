"""Planning, approving and running rounds; templates and stock stand in files of their own.

Every change of a round locks the round's row first and its offers after it, in the order of their
ids. What a change means for the gate is said by raising the epoch: the gate is filled again from
the book before anyone takes from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from redis import asyncio as aioredis

from server.audit import service as audit
from server.audit.domain import CLOCK, Action, Actor
from server.campaign import rows, stock, templates
from server.campaign.domain import (
    CLAIMABLE,
    TRANSITIONS,
    BadRound,
    OwnEntry,
    RoundPlan,
    RoundState,
    TemplatePlan,
    WrongState,
    check_plan,
)
from server.campaign.models import Offer, Round, StockAddition, Template
from server.campaign.programme import Programme
from server.campaign.snapshot import CHANNEL
from server.infra import notice
from server.infra.db import transaction
from server.kit.clock import Clock, iso
from server.kit.ids import derive, uuid7
from server.ledger import service as ledger
from server.ledger.domain import POOL, Code, Posting, round_account


@dataclass(frozen=True, slots=True)
class Campaign:
    """Use cases of the campaign. `actor` is the named account that acts (P-11.1)."""

    programme: Programme
    clock: Clock
    redis: "aioredis.Redis"

    async def load_programme(self, *, actor: Actor) -> None:
        """Write the programme's templates into the book; may be done again after an edit."""
        now = self.clock.now()
        await ledger.open_basic_accounts(now)
        await templates.load(self.programme, actor=actor, now=now)

    async def enter_template(self, plan: TemplatePlan, *, actor: Actor) -> None:
        """Write or change a voucher template, for another person to approve (P-06.6, P-11.1)."""
        await templates.enter(plan, self.programme, actor=actor, now=self.clock.now())

    async def approve_template(self, template_id: str, *, actor: Actor) -> None:
        """Agree to a template, so that rounds can release it."""
        await templates.approve(template_id, actor=actor, now=self.clock.now())

    async def list_templates(self) -> Sequence[Template]:
        """All templates, those that wait for a second person too."""
        return await templates.every()

    async def create_round(self, plan: RoundPlan, *, actor: Actor) -> UUID:
        """Draft a round; refused when it is outside the programme or past a limit (P-04)."""
        actor.check(Action.ROUND_CREATED)
        now = self.clock.now()
        check_plan(
            plan, starts_at=self.programme.starts_at, ends_at=self.programme.ends_at, now=now
        )
        async with transaction():
            released = await _approved([template for template, _ in plan.offers])
            row = await Round.create(
                id=uuid7(),
                name=plan.name.strip(),
                state=TRANSITIONS.initial,
                opens_at=plan.opens_at,
                closes_at=plan.closes_at,
                per_person_cap=plan.per_person_cap,
                voucher_valid_seconds=int(plan.voucher_valid.total_seconds()),
                voucher_valid_until_max=self.programme.ends_at,
                created_by=actor.name,
                created_at=now,
            )
            await Offer.bulk_create(
                [
                    _offer(row.id, position, released[template], count)
                    for position, (template, count) in enumerate(plan.offers)
                ]
            )
            await audit.record(
                Action.ROUND_CREATED,
                actor=actor,
                subject=f"round:{row.id}",
                at=now,
                after={
                    "state": row.state,
                    "name": row.name,
                    "opens_at": iso(plan.opens_at),
                    "closes_at": iso(plan.closes_at),
                    "per_person_cap": plan.per_person_cap,
                    "voucher_valid_seconds": row.voucher_valid_seconds,
                    "offers": dict(plan.offers),
                },
            )
        return row.id

    async def approve(self, round_id: UUID, *, actor: Actor) -> None:
        """Approve a draft and reserve its money, in one transaction (P-03, P-11.1)."""
        actor.check(Action.ROUND_APPROVED)
        now = self.clock.now()
        async with transaction():
            row = await rows.locked_round(round_id)
            if row.created_by == actor.name:
                raise OwnEntry
            rows.move(row, RoundState.APPROVED)
            if row.closes_at <= now:
                raise BadRound(field="closes_at", reason="past")
            row.approved_by = actor.name
            await row.save(update_fields=["state", "approved_by"])
            offers = await Offer.filter(round_id=round_id)
            amount_fen = sum(offer.stock * offer.face_value_fen for offer in offers)
            await ledger.open_round_account(round_id, now)
            await ledger.reserve(
                derive(round_id, "reservation"),
                round_id,
                amount_fen,
                ceiling_fen=self.programme.ceiling_fen,
                at=now,
            )
            await audit.record(
                Action.ROUND_APPROVED,
                actor=actor,
                subject=f"round:{round_id}",
                at=now,
                before={"state": RoundState.DRAFT},
                after={"state": row.state, "reserved_fen": amount_fen},
            )
        await self._tell()

    async def open_now(self, round_id: UUID, *, actor: Actor) -> None:
        """Open an approved round ahead of its time."""
        actor.check(Action.ROUND_OPENED)
        now = self.clock.now()
        async with transaction():
            row = await rows.locked_round(round_id)
            if row.state not in (RoundState.APPROVED, RoundState.SCHEDULED):
                raise WrongState(state=row.state)
            if not self.programme.runs(now) or row.closes_at <= now:
                raise BadRound(field="opens_at", reason="outside_programme")
            before = {"opens_at": iso(row.opens_at)}
            row.opens_at = min(row.opens_at, now)
            await row.save(update_fields=["opens_at"])
            await audit.record(
                Action.ROUND_OPENED,
                actor=actor,
                subject=f"round:{round_id}",
                at=now,
                before=before,
                after={"opens_at": iso(row.opens_at)},
            )
        await self._tell()

    async def pause(self, round_id: UUID, *, actor: Actor) -> None:
        """Halt claiming; whoever was let in before is still answered."""
        await self._set_paused(round_id, Action.ROUND_PAUSED, actor=actor, paused=True)

    async def resume(self, round_id: UUID, *, actor: Actor) -> None:
        """Let claiming go on."""
        await self._set_paused(round_id, Action.ROUND_RESUMED, actor=actor, paused=False)

    async def enter_stock(self, offer_id: UUID, count: int, *, actor: Actor) -> UUID:
        """Ask for more vouchers of an offer; the id under which another person decides."""
        return await stock.enter(offer_id, count, actor=actor, now=self.clock.now())

    async def approve_stock(self, addition_id: UUID, *, actor: Actor) -> None:
        """Add the vouchers and reserve their money (P-03), also while the round is open."""
        ceiling_fen = self.programme.ceiling_fen
        now = self.clock.now()
        await stock.approve(addition_id, actor=actor, ceiling_fen=ceiling_fen, now=now)
        await self._tell()

    async def waiting_stock(self) -> Sequence[StockAddition]:
        """What was asked and nobody has decided, the oldest first, with the offers."""
        return await stock.waiting()

    async def reject_stock(self, addition_id: UUID, *, actor: Actor) -> None:
        """Refuse more vouchers that somebody asked for."""
        await stock.reject(addition_id, actor=actor, now=self.clock.now())

    async def close(self, round_id: UUID, *, actor: Actor) -> None:
        """End a round and give the money of what nobody claimed back to the pool (P-10.1).

        Raising the epoch under the offers' locks shuts the book: no claim that is on its way can be
        written after the unclaimed count was taken.
        """
        actor.check(Action.ROUND_CLOSED)
        now = self.clock.now()
        async with transaction():
            row = await rows.locked_round(round_id)
            state = row.state
            rows.move(row, RoundState.CLOSED)
            row.closed_at = now
            await row.save(update_fields=["state", "closed_at"])
            offers = await rows.locked_offers(round_id)
            await rows.raise_epoch(row)
            unclaimed_fen = sum((o.stock - o.issued) * o.face_value_fen for o in offers)
            if unclaimed_fen:
                await ledger.post(
                    [
                        Posting(
                            id=derive(round_id, "release"),
                            debit=round_account(round_id),
                            credit=POOL,
                            amount_fen=unclaimed_fen,
                            code=Code.RELEASE,
                            at=now,
                            subject=f"round:{round_id}",
                        )
                    ]
                )
            await audit.record(
                Action.ROUND_CLOSED,
                actor=actor,
                subject=f"round:{round_id}",
                at=now,
                before={"state": state},
                after={"state": row.state, "released_fen": unclaimed_fen},
            )
        await self._tell()

    async def scheduled(self, round_id: UUID) -> None:
        """Say that an approved round's gate is filled."""
        await self._by_clock(round_id, RoundState.APPROVED, RoundState.SCHEDULED)

    async def opened(self, round_id: UUID) -> None:
        """Say that a scheduled round's time has come."""
        await self._by_clock(round_id, RoundState.SCHEDULED, RoundState.OPEN, Action.ROUND_OPENED)

    async def settled(self, round_id: UUID) -> None:
        """Say that no voucher of a closed round is open any more."""
        await self._by_clock(round_id, RoundState.CLOSED, RoundState.SETTLED, Action.ROUND_SETTLED)

    async def in_state(self, *states: RoundState) -> Sequence[Round]:
        """The rounds in any of these states, by opening time, with their offers."""
        return await Round.filter(state__in=states).order_by("opens_at").prefetch_related("offers")

    async def _set_paused(
        self, round_id: UUID, action: Action, *, actor: Actor, paused: bool
    ) -> None:
        actor.check(action)
        async with transaction():
            row = await rows.locked_round(round_id)
            if row.state not in CLAIMABLE:
                raise WrongState(state=row.state)
            before = {"paused": row.paused}
            row.paused = paused
            await row.save(update_fields=["paused"])
            await audit.record(
                action,
                actor=actor,
                subject=f"round:{round_id}",
                at=self.clock.now(),
                before=before,
                after={"paused": paused},
            )
        await self._tell()

    async def _by_clock(
        self, round_id: UUID, current: RoundState, target: RoundState, action: Action | None = None
    ) -> None:
        async with transaction():
            row = await rows.locked_round(round_id)
            if row.state is not current:
                return
            rows.move(row, target)
            await row.save(update_fields=["state"])
            if action is not None:
                await audit.record(
                    action,
                    actor=CLOCK,
                    subject=f"round:{round_id}",
                    at=self.clock.now(),
                    before={"state": current},
                    after={"state": target},
                )
        await self._tell()

    async def _tell(self) -> None:
        await notice.tell(self.redis, CHANNEL)


async def _approved(names: Sequence[str]) -> dict[str, Template]:
    """The templates of these names, each approved by a second person (P-11.1); BadRound."""
    found = await Template.in_bulk(names, "id")
    for name in names:
        if name not in found:
            raise BadRound(field="offers", reason="unknown_template", template=name)
        if found[name].approved_by is None:
            raise BadRound(field="offers", reason="template_not_approved", template=name)
    return found


def _offer(round_id: UUID, position: int, template: Template, count: int) -> Offer:
    return Offer(
        id=uuid7(),
        round_id=round_id,
        template_id=template.id,
        position=position,
        category=template.category,
        name=template.name,
        min_spend_fen=template.min_spend_fen,
        face_value_fen=template.face_value_fen,
        stock=count,
    )
