"""Entries of public money: kinds and states."""

from enum import StrEnum

from server.kit.transitions import Transitions


class EntryKind(StrEnum):
    """What an entry is about."""

    APPROPRIATION = "appropriation"
    """拨付: money received into the platform's account; treasury → pool."""
    CORRECTION = "correction"
    """更正: an appropriation that was recorded too high; pool → treasury, naming that entry."""
    REPAYMENT = "repayment"
    """商户退款: a merchant paid back what it owed after a refund; frees it into the pool."""
    GIVING_BACK = "giving_back"
    """退还: what is left goes back the way it came (P-10.4); pool → given_back."""


class EntryState(StrEnum):
    """States of an entry."""

    ENTERED = "entered"
    """Waits for a second person; the ledger has not moved."""
    APPROVED = "approved"
    """Agreed to, and posted."""
    REJECTED = "rejected"
    """Refused; the ledger did not move."""


TRANSITIONS = Transitions(
    "funds",
    EntryState.ENTERED,
    {
        EntryState.ENTERED: frozenset({EntryState.APPROVED, EntryState.REJECTED}),
        EntryState.APPROVED: frozenset(),
        EntryState.REJECTED: frozenset(),
    },
)
