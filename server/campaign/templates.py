"""Voucher templates: written down by one person, agreed to by another (P-06.6, P-11.1).

The programme's own file is the plan itself: what it says is entered by `programme` and approved by
`plan`. A template that people have changed since is theirs; loading the file again leaves it.
"""

from collections.abc import Sequence
from datetime import datetime

from server.audit import service as audit
from server.audit.domain import Action, Actor
from server.campaign.domain import (
    OwnEntry,
    TemplatePlan,
    UnknownTemplate,
    WrongState,
    check_template,
)
from server.campaign.models import Template
from server.campaign.programme import Programme
from server.infra.db import transaction

FILE, PLAN = "programme", "plan"
_TERMS = ("category", "name", "min_spend_fen", "face_value_fen")


async def load(programme: Programme, *, actor: Actor, now: datetime) -> None:
    """Write what the programme's file says into the book; may be done again after an edit."""
    actor.check(Action.TEMPLATE_ENTERED)
    for plan in programme.templates:
        async with transaction():
            present = await _locked(plan.id)
            if present is not None and _stays(present, plan):
                continue
            await _write(present, plan, entered_by=FILE, approved_by=PLAN, actor=actor, now=now)


async def enter(plan: TemplatePlan, programme: Programme, *, actor: Actor, now: datetime) -> None:
    """Write or change a template; no round can release it before another person agrees.

    LeverageTooLow (P-06.6), BadRound. Offers of rounds that exist keep the terms that they were
    created with.
    """
    actor.check(Action.TEMPLATE_ENTERED)
    check_template(
        plan, categories=frozenset(programme.categories), leverage_min=programme.leverage_min
    )
    async with transaction():
        present = await _locked(plan.id)
        if present is not None and _terms(present) == _terms(plan):
            return
        await _write(present, plan, entered_by=actor.name, approved_by=None, actor=actor, now=now)


async def approve(template_id: str, *, actor: Actor, now: datetime) -> None:
    """Agree to a template. UnknownTemplate, OwnEntry, WrongState."""
    actor.check(Action.TEMPLATE_APPROVED)
    async with transaction():
        row = await _locked(template_id)
        if row is None:
            raise UnknownTemplate
        if row.entered_by == actor.name:
            raise OwnEntry
        if row.approved_by is not None:
            raise WrongState(state="approved")
        row.approved_by = actor.name
        await row.save(update_fields=["approved_by"])
        await audit.record(
            Action.TEMPLATE_APPROVED,
            actor=actor,
            subject=f"template:{row.id}",
            at=now,
            after={**_terms(row), "entered_by": row.entered_by},
        )


async def every() -> Sequence[Template]:
    """All templates, by category and worth."""
    return await Template.all().order_by("category", "face_value_fen", "id")


async def _write(
    present: Template | None,
    plan: TemplatePlan,
    *,
    entered_by: str,
    approved_by: str | None,
    actor: Actor,
    now: datetime,
) -> None:
    people = {"entered_by": entered_by, "approved_by": approved_by}
    before = None if present is None else _terms(present)
    await Template.update_or_create(id=plan.id, defaults={**_terms(plan), **people})
    await audit.record(
        Action.TEMPLATE_ENTERED,
        actor=actor,
        subject=f"template:{plan.id}",
        at=now,
        before=before,
        after={**_terms(plan), **people},
    )


async def _locked(template_id: str) -> Template | None:
    """The template's row, if there is one, locked until the transaction ends."""
    return await Template.select_for_update(no_key=True).get_or_none(id=template_id)


def _stays(present: Template, plan: TemplatePlan) -> bool:
    """Whether loading the file leaves a template: it says the same, or people have changed it."""
    if present.entered_by not in {FILE, PLAN}:
        return True
    return present.approved_by is not None and _terms(present) == _terms(plan)


def _terms(template: Template | TemplatePlan) -> dict[str, object]:
    return {name: getattr(template, name) for name in _TERMS}
