"""Risk as others see it: the guard that a redemption asks, and the desk where cases are worked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q

from server.audit import service as audit
from server.audit.domain import Action, Actor, Role, View
from server.infra.db import transaction
from server.kit.clock import Clock
from server.kit.transitions import InvalidTransition
from server.risk.certain import Attempt, Policies, check_place, refuse_split
from server.risk.domain import (
    NOTE_CHARS_MAX,
    TRANSITIONS,
    BadNote,
    CaseState,
    LocationMode,
    OwnEntry,
    Rules,
    UnknownCase,
    WrongState,
)
from server.risk.models import LocationPolicy, RiskCase

WORKERS = frozenset({Role.SECURITY, Role.SUPERVISION})


@dataclass(frozen=True, slots=True)
class Risk:
    """Rules, and what is done with what they find. One per process."""

    rules: Rules
    clock: Clock
    policies: Policies = field(init=False)

    def __post_init__(self) -> None:
        """The rounds' policies are read when they are first needed."""
        object.__setattr__(self, "policies", Policies(self.clock))

    async def certain(self, attempt: Attempt) -> None:
        """Refuse what is certainly against the rules, in the redemption's own transaction (P-06.7).

        To be asked last, when nothing else refuses. TooFar, NoLocation, Split.
        """
        await check_place(attempt, self.rules, self.policies)
        await refuse_split(attempt, self.rules)

    async def cases(
        self,
        actor: Actor,
        state: CaseState | None = None,
        after: tuple[datetime, UUID] | None = None,
        count: int = 50,
    ) -> Sequence[RiskCase]:
        """Up to `count` cases, newest first; police and market supervision see their own.

        `after` is the last one of the page before: when it was opened, and its id.
        """
        actor.check(View.RISK)
        query = _seen_by(actor)
        if state is not None:
            query &= Q(state=state)
        if after is not None:
            instant, last = after
            query &= Q(opened_at__lt=instant) | Q(opened_at=instant, id__lt=last)
        return await RiskCase.filter(query).order_by("-opened_at", "-id").limit(count)

    async def one(self, case_id: UUID, actor: Actor) -> RiskCase:
        """One case. UnknownCase, also for one that is somebody else's to work."""
        actor.check(View.RISK)
        case = await RiskCase.filter(_seen_by(actor)).get_or_none(id=case_id)
        if case is None:
            raise UnknownCase
        return case

    async def take(self, case_id: UUID, actor: Actor) -> RiskCase:
        """Begin to work a case. UnknownCase, WrongState."""
        actor.check(Action.RISK_CASE_TAKEN)
        async with transaction():
            case = await _locked(case_id, actor)
            before = case.state
            case.state = _moved(case, CaseState.WORKING)
            case.taken_by = actor.name
            await case.save(update_fields=["state", "taken_by"])
            await audit.record(
                Action.RISK_CASE_TAKEN,
                actor=actor,
                subject=f"risk_case:{case.id}",
                at=self.clock.now(),
                before={"state": before},
                after={"state": case.state},
            )
        return case

    async def decide(self, case_id: UUID, actor: Actor, note: str, *, upheld: bool) -> RiskCase:
        """Uphold or dismiss a case that is worked. BadNote, UnknownCase, WrongState.

        A dismissed case frees the merchant's money at once; an upheld one holds it until a second
        person releases it.
        """
        actor.check(Action.RISK_CASE_DECIDED)
        note = _checked(note)
        async with transaction():
            case = await _locked(case_id, actor)
            before = case.state
            case.state = _moved(case, CaseState.UPHELD if upheld else CaseState.DISMISSED)
            case.decided_by, case.decided_at, case.note = actor.name, self.clock.now(), note
            await case.save(update_fields=["state", "decided_by", "decided_at", "note"])
            await audit.record(
                Action.RISK_CASE_DECIDED,
                actor=actor,
                subject=f"risk_case:{case.id}",
                at=case.decided_at,
                before={"state": before},
                after={"state": case.state, "note": note},
            )
        return case

    async def release(self, case_id: UUID, actor: Actor, note: str) -> RiskCase:
        """Let the money of an upheld case's merchant go its way again; freezing is another matter.

        BadNote, UnknownCase, WrongState, OwnEntry: whoever upheld it does not release it (P-11.1).
        """
        actor.check(Action.RISK_CASE_RELEASED)
        note = _checked(note)
        async with transaction():
            case = await _locked(case_id, actor)
            before = case.state
            case.state = _moved(case, CaseState.RELEASED)
            if case.decided_by == actor.name:
                raise OwnEntry
            case.released_by = actor.name
            await case.save(update_fields=["state", "released_by"])
            await audit.record(
                Action.RISK_CASE_RELEASED,
                actor=actor,
                subject=f"risk_case:{case.id}",
                at=self.clock.now(),
                before={"state": before},
                after={"state": case.state, "note": note},
            )
        return case

    async def set_location(
        self, round_id: UUID, mode: LocationMode, radius_m: int, actor: Actor
    ) -> LocationPolicy:
        """Say what a round does with where tills say they are; holds within seconds everywhere."""
        actor.check(Action.LOCATION_POLICY_SET)
        now = self.clock.now()
        async with transaction():
            row, _ = await LocationPolicy.update_or_create(
                round_id=round_id,
                defaults={
                    "mode": mode,
                    "radius_m": radius_m,
                    "set_by": actor.name,
                    "set_at": now,
                },
            )
            await audit.record(
                Action.LOCATION_POLICY_SET,
                actor=actor,
                subject=f"round:{round_id}",
                at=now,
                after={"mode": mode, "radius_m": radius_m},
            )
        return row


def _seen_by(actor: Actor) -> Q:
    """Those who work cases see their own; who oversees sees all."""
    return Q(role=actor.role) if actor.role in WORKERS else Q()


async def _locked(case_id: UUID, actor: Actor) -> RiskCase:
    query = RiskCase.filter(_seen_by(actor)).select_for_update(no_key=True)
    case = await query.get_or_none(id=case_id)
    if case is None:
        raise UnknownCase
    return case


def _moved(case: RiskCase, target: CaseState) -> CaseState:
    try:
        return TRANSITIONS.move(case.state, target)
    except InvalidTransition:
        raise WrongState(state=case.state.value) from None


def _checked(note: str) -> str:
    kept = note.strip()
    if not 1 <= len(kept) <= NOTE_CHARS_MAX:
        raise BadNote(most=NOTE_CHARS_MAX)
    return kept
