"""Reading batches as each role may: a payment institution sees what was sent to it, alone."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from server.audit.domain import Actor, Role
from server.merchant.models import Merchant
from server.risk.queries import held_among
from server.settlement.models import Batch, Line, Payee
from server.settlement.refusals import Unknown

LINE_NUMBER_MAX = 2**31 - 1
"""As the column has it."""


def visible(actor: Actor) -> "QuerySet[Batch]":
    """The batches that the actor may know of."""
    if actor.role is Role.INSTITUTION:
        return Batch.filter(institution_id=actor.institution_id, sent_at__isnull=False)
    return Batch.all()


async def seen(batch_id: UUID, actor: Actor) -> Batch:
    """One batch as the actor may see it; Unknown."""
    batch = await visible(actor).get_or_none(id=batch_id)
    if batch is None:
        raise Unknown(what="batch")
    return batch


async def locked(batch_id: UUID, actor: Actor) -> Batch:
    """One batch, its row held until the transaction ends: of two acts the second sees the first.

    Unknown if there is none that the actor may see.
    """
    batch = await Batch.select_for_update().get_or_none(id=batch_id)
    if batch is None or (
        actor.role is Role.INSTITUTION
        and (batch.sent_at is None or batch.institution_id != actor.institution_id)
    ):
        raise Unknown(what="batch")
    return batch


def own_draft(batch: Batch, actor: Actor) -> bool:
    """Whether the actor is of finance and drafted the batch: another answers for it (P-11.1)."""
    return actor.role is Role.FINANCE and batch.entered_by == actor.name


async def page(actor: Actor, after: tuple[datetime, UUID] | None, count: int) -> Sequence[Batch]:
    """Up to `count` batches that the actor may see, newest first."""
    rows = visible(actor)
    if after is not None:
        instant, last = after
        rows = rows.filter(Q(entered_at__lt=instant) | Q(entered_at=instant, id__lt=last))
    return await rows.order_by("-entered_at", "-id").limit(count)


async def lines(batch: Batch, after: int, count: int) -> Sequence[Line]:
    """Up to `count` lines of a batch behind number `after`."""
    return await Line.filter(batch_id=batch.id, number__gt=after).order_by("number").limit(count)


async def number_tails(rows: Sequence[Line]) -> Mapping[UUID, str]:
    """Of each payee of these lines the last four digits of its account's number."""
    payees = await Payee.filter(id__in={row.payee_id for row in rows}).only("id", "number_tail")
    return {payee.id: payee.number_tail for payee in payees}


async def frozen_among(merchant_ids: Sequence[UUID]) -> AbstractSet[UUID]:
    """Those of these merchants whose money is held now: frozen (P-11.5), or by a case (P-06.7).

    Their rows are held until the transaction ends, so that a freezing, or the opening of a case, is
    either seen here or comes after what is done here.
    """
    merchants = Merchant.filter(id__in=merchant_ids).order_by("id")
    rows = await merchants.select_for_update(no_key=True)
    frozen = {row.id for row in rows if row.frozen_at is not None}
    return frozen | await held_among(merchant_ids)
