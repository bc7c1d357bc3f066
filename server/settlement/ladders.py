"""May it be done? The rungs of licence, drafting, confirming, sending and returning, in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from server.kit.clock import SHANGHAI, iso
from server.settlement.domain import BatchState, LicenceKind
from server.settlement.refusals import (
    AmountDiffers,
    BadPeriod,
    LicenceExpired,
    LicenceMissing,
    MerchantsFrozen,
    NotApproved,
    OwnEntry,
    PartlyPaid,
    WrongState,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a payment institution may be worked with, as the book has it (P-05.1)."""

    licence_kind: LicenceKind | None
    licence_no: str | None
    licence_expires_on: date | None
    """The last day on which it holds."""
    approved: bool


@dataclass(frozen=True, slots=True)
class DraftFacts:
    """What decides whether a batch may be drafted."""

    standing: Standing
    period_until: datetime


@dataclass(frozen=True, slots=True)
class ConfirmFacts:
    """What decides whether a batch may be confirmed, its row held."""

    state: BatchState
    entered_by: str
    actor: str
    standing: Standing
    amount_fen: int
    seen_fen: int
    """What the confirmer saw."""
    frozen: Sequence[str]
    """Ids of its merchants that are frozen now."""


@dataclass(frozen=True, slots=True)
class SendFacts:
    """What decides whether a batch may be sent, its row held."""

    state: BatchState
    standing: Standing


@dataclass(frozen=True, slots=True)
class ReturnFacts:
    """What decides whether a whole batch may come back, its row held."""

    state: BatchState
    own_draft: bool
    """Finance, and the very person who drafted it."""
    paid_count: int


def shanghai_day(now: datetime) -> date:
    """The calendar day of an instant in Shanghai."""
    return now.astimezone(SHANGHAI).date()


def check_licence(standing: Standing, today: date) -> None:
    """LicenceMissing, LicenceExpired, NotApproved; a licence holds until the end of its last day.

    `today` is the day in Shanghai (P-05.1).
    """
    if not (standing.licence_kind and standing.licence_no and standing.licence_expires_on):
        raise LicenceMissing
    if standing.licence_expires_on < today:
        raise LicenceExpired(expired_on=standing.licence_expires_on.isoformat())
    if not standing.approved:
        raise NotApproved


def check_draft(facts: DraftFacts, now: datetime) -> None:
    """Whether a batch may be drafted at `now`."""
    check_licence(facts.standing, shanghai_day(now))
    if facts.period_until > now:
        raise BadPeriod(reason="future", now=iso(now))


def check_confirm(facts: ConfirmFacts, now: datetime) -> None:
    """Whether a batch may be confirmed at `now`."""
    if facts.state is not BatchState.DRAFT:
        raise WrongState(state=facts.state.value)
    if facts.entered_by == facts.actor:
        raise OwnEntry
    check_licence(facts.standing, shanghai_day(now))
    if facts.seen_fen != facts.amount_fen:
        raise AmountDiffers(amount_fen=facts.amount_fen)
    if facts.frozen:
        raise MerchantsFrozen(merchants=list(facts.frozen))


def check_send(facts: SendFacts, now: datetime) -> None:
    """Whether a batch may be handed to its institution at `now`."""
    if facts.state is not BatchState.CONFIRMED:
        raise WrongState(state=facts.state.value)
    check_licence(facts.standing, shanghai_day(now))


def check_return(facts: ReturnFacts) -> None:
    """Whether a whole batch may come back unpaid.

    Once it was sent, saying so alone would let one person have the same money paid twice (P-11.1).
    """
    if facts.state not in {BatchState.CONFIRMED, BatchState.SENT}:
        raise WrongState(state=facts.state.value)
    if facts.state is BatchState.SENT and facts.own_draft:
        raise OwnEntry
    if facts.paid_count:
        raise PartlyPaid(paid_count=facts.paid_count)
