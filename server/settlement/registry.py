"""Payment institutions with their licences, and where merchants are paid: entered and approved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from server.audit import service as audit
from server.audit.domain import Action, Actor, Role, View
from server.infra.crypto import Vault
from server.infra.db import transaction
from server.kit.clock import Clock
from server.kit.ids import uuid7
from server.merchant.models import Merchant
from server.settlement import assignment
from server.settlement.entries import (
    TAIL_DIGITS,
    InstitutionPlan,
    PayeePlan,
    check_institution,
    check_payee,
)
from server.settlement.ladders import Standing
from server.settlement.models import Institution, Payee
from server.settlement.refusals import (
    InstitutionKnown,
    NumberDiffers,
    OwnEntry,
    Unknown,
    WrongState,
)

LIST_MAX = 1000


@dataclass(frozen=True, slots=True)
class Registry:
    """Who pays, and where to. What one person writes, another agrees to (P-11.1)."""

    vault: Vault
    clock: Clock

    async def enter_institution(
        self, plan: InstitutionPlan, actor: Actor, institution_id: UUID | None = None
    ) -> Institution:
        """Write a payment institution, or change one: either way it waits for another person.

        BadEntry, Unknown, InstitutionKnown.
        """
        actor.check(Action.INSTITUTION_ENTERED)
        plan = check_institution(plan)
        written: dict[str, Any] = {
            "name": plan.name,
            "licence_kind": plan.licence_kind,
            "licence_no": plan.licence_no,
            "licence_expires_on": plan.licence_expires_on,
            "entered_by": actor.name,
            "approved_by": None,
        }
        now = self.clock.now()
        try:
            async with transaction():
                before = None
                if institution_id is None:
                    row = await Institution.create(id=uuid7(), created_at=now, **written)
                else:
                    row = await locked_institution(institution_id)
                    before = _facts(row)
                    row.update_from_dict(written)
                    await row.save(update_fields=list(written))
                await audit.record(
                    Action.INSTITUTION_ENTERED,
                    actor=actor,
                    subject=f"institution:{row.id}",
                    at=now,
                    before=before,
                    after=_facts(row),
                )
        except IntegrityError:
            raise InstitutionKnown from None
        return row

    async def approve_institution(self, institution_id: UUID, actor: Actor) -> Institution:
        """Agree to what somebody else wrote. Unknown, WrongState, OwnEntry."""
        actor.check(Action.INSTITUTION_APPROVED)
        async with transaction():
            row = await locked_institution(institution_id)
            if row.approved_by is not None:
                raise WrongState(state="approved")
            if row.entered_by == actor.name:
                raise OwnEntry
            row.approved_by = actor.name
            await row.save(update_fields=["approved_by"])
            await audit.record(
                Action.INSTITUTION_APPROVED,
                actor=actor,
                subject=f"institution:{row.id}",
                at=self.clock.now(),
                before={"entered_by": row.entered_by},
                after=_facts(row),
            )
        return row

    async def institutions(self, actor: Actor) -> Sequence[Institution]:
        """All institutions by name; an institution's own account sees itself alone."""
        actor.check(View.SETTLEMENT)
        rows = Institution.all()
        if actor.role is Role.INSTITUTION:
            rows = rows.filter(id=actor.institution_id)
        return await rows.order_by("name").limit(LIST_MAX)

    async def enter_payee(
        self, merchant_id: UUID, institution_id: UUID, plan: PayeePlan, actor: Actor
    ) -> Payee:
        """Write where a merchant is to be paid; it applies from its approval on.

        Unknown, BadEntry. The number is sealed for its row and shown to nobody.
        """
        actor.check(Action.PAYEE_ENTERED)
        payee_id, now = uuid7(), self.clock.now()
        async with transaction():
            merchant = await Merchant.get_or_none(id=merchant_id)
            if merchant is None:
                raise Unknown(what="merchant")
            if not await Institution.exists(id=institution_id):
                raise Unknown(what="institution")
            plan = check_payee(plan, merchant.name)
            row = await Payee.create(
                id=payee_id,
                merchant_id=merchant_id,
                institution_id=institution_id,
                bank=plan.bank,
                holder=plan.holder,
                number_sealed=self.vault.seal(
                    plan.number, table="payees", column="number", row_id=payee_id
                ),
                number_tail=plan.number[-TAIL_DIGITS:],
                entered_by=actor.name,
                entered_at=now,
            )
            await audit.record(
                Action.PAYEE_ENTERED,
                actor=actor,
                subject=f"payee:{payee_id}",
                at=now,
                after={
                    "merchant": str(merchant_id),
                    "institution": str(institution_id),
                    "number_tail": row.number_tail,
                },
            )
        return row

    async def approve_payee(self, payee_id: UUID, number: str, actor: Actor) -> Payee:
        """Agree to where somebody else wrote that a merchant is paid.

        From now on it applies, to batches that are drafted later. The approver types the account's
        `number` from the merchant's paper: four digits would let a wrong account pass. Unknown,
        WrongState, OwnEntry, NumberDiffers.
        """
        actor.check(Action.PAYEE_APPROVED)
        async with transaction():
            # A draft does not see a merchant change institutions halfway.
            await assignment.take_turn()
            row = await Payee.select_for_update().get_or_none(id=payee_id)
            if row is None:
                raise Unknown(what="payee")
            if row.approved_at is not None:
                raise WrongState(state="approved")
            if row.entered_by == actor.name:
                raise OwnEntry
            if "".join(number.split()) != self.number(row):
                raise NumberDiffers
            row.approved_by, row.approved_at = actor.name, self.clock.now()
            await row.save(update_fields=["approved_by", "approved_at"])
            await audit.record(
                Action.PAYEE_APPROVED,
                actor=actor,
                subject=f"payee:{payee_id}",
                at=row.approved_at,
                before={"entered_by": row.entered_by},
                after={"merchant": str(row.merchant_id), "number_tail": row.number_tail},
            )
        return row

    async def payees(self, merchant_id: UUID, actor: Actor) -> Sequence[Payee]:
        """A merchant's payees, newest first; an institution's account sees those it pays."""
        actor.check(View.SETTLEMENT)
        rows = Payee.filter(merchant_id=merchant_id)
        if actor.role is Role.INSTITUTION:
            rows = rows.filter(institution_id=actor.institution_id)
        return await rows.order_by("-id").limit(LIST_MAX)

    def number(self, payee: Payee) -> str:
        """The number of an account, for the payment file and to compare it; told to nobody else."""
        return self.vault.open(
            payee.number_sealed, table="payees", column="number", row_id=payee.id
        )


async def locked_institution(institution_id: object) -> Institution:
    """The institution's row, locked until the transaction ends; Unknown.

    A licence that is changed while a batch is made is seen either before or after, never halfway.
    """
    await assignment.be_patient()
    row = await Institution.select_for_update(no_key=True).get_or_none(id=institution_id)
    if row is None:
        raise Unknown(what="institution")
    return row


def standing(row: Institution) -> Standing:
    """What decides whether it may be worked with."""
    return Standing(
        row.licence_kind, row.licence_no, row.licence_expires_on, row.approved_by is not None
    )


def _facts(row: Institution) -> dict[str, object]:
    expires_on = row.licence_expires_on
    return {
        "name": row.name,
        "licence_kind": row.licence_kind,
        "licence_no": row.licence_no,
        "licence_expires_on": None if expires_on is None else expires_on.isoformat(),
        "approved_by": row.approved_by,
    }
