"""What goes over the wire about cases: no word about who a resident is."""

from typing import Annotated
from uuid import UUID

import msgspec

from server.kit.clock import iso
from server.risk.domain import NOTE_CHARS_MAX, LocationMode
from server.risk.models import LocationPolicy, RiskCase


class CaseDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was found out about a case, and why."""

    upheld: bool
    note: Annotated[str, msgspec.Meta(min_length=1, max_length=NOTE_CHARS_MAX)]


class CaseNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an upheld case is released."""

    note: Annotated[str, msgspec.Meta(min_length=1, max_length=NOTE_CHARS_MAX)]


class LocationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a round does with where tills say they are."""

    mode: LocationMode
    radius_m: Annotated[int, msgspec.Meta(ge=50, le=100_000)]


class LocationView(LocationRequest, frozen=True):
    """The same, with who said so."""

    round_id: UUID
    set_by: str
    set_at: str


class CaseView(msgspec.Struct, frozen=True):
    """A case."""

    id: UUID
    merchant_id: UUID
    store_id: UUID | None
    rule: str
    role: str
    """Who works it: `security` or `supervision`."""
    state: str
    score: float
    explanation: str
    figures: dict[str, float]
    evidence: list[str]
    """Ids of redemptions."""
    period_from: str
    period_until: str
    opened_at: str
    seen_at: str
    taken_by: str | None
    decided_by: str | None
    decided_at: str | None
    note: str | None
    released_by: str | None


class CasePage(msgspec.Struct, frozen=True):
    """One page of cases, newest first; `next_cursor` is null on the last."""

    cases: list[CaseView]
    next_cursor: str | None


def case_view(row: RiskCase) -> CaseView:
    """A case as its readers see it."""
    return CaseView(
        id=row.id,
        merchant_id=row.merchant_id,
        store_id=row.store_id,
        rule=row.rule,
        role=row.role.value,
        state=row.state.value,
        score=row.score,
        explanation=row.explanation,
        figures=row.figures,
        evidence=row.evidence,
        period_from=iso(row.period_from),
        period_until=iso(row.period_until),
        opened_at=iso(row.opened_at),
        seen_at=iso(row.seen_at),
        taken_by=row.taken_by,
        decided_by=row.decided_by,
        decided_at=iso(row.decided_at) if row.decided_at else None,
        note=row.note,
        released_by=row.released_by,
    )


def location_view(row: LocationPolicy) -> LocationView:
    """A round's policy on places."""
    return LocationView(
        mode=row.mode,
        radius_m=row.radius_m,
        round_id=row.round_id,
        set_by=row.set_by,
        set_at=iso(row.set_at),
    )
