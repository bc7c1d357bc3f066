"""Payment institutions, batches and lines: kinds and states."""

from enum import StrEnum

from server.kit.transitions import Transitions


class LicenceKind(StrEnum):
    """The two licences of which a payment institution must hold one (P-05.1)."""

    CLEARING = "clearing"
    """《银行卡清算业务许可证》."""
    PAYMENT = "payment"
    """《支付业务许可证》."""


class BatchState(StrEnum):
    """States of a batch."""

    DRAFT = "draft"
    """Its redemptions are set apart; waits for a second person."""
    DROPPED = "dropped"
    """Given up before it was confirmed; its redemptions are free again."""
    CONFIRMED = "confirmed"
    """Agreed to: nothing of it changes any more."""
    SENT = "sent"
    """Its payment file was handed to the institution."""
    PAID = "paid"
    """Every line is answered, and at least one was paid."""
    RETURNED = "returned"
    """Every line came back unpaid."""


TRANSITIONS = Transitions(
    "batch",
    BatchState.DRAFT,
    {
        BatchState.DRAFT: frozenset({BatchState.CONFIRMED, BatchState.DROPPED}),
        BatchState.DROPPED: frozenset(),
        BatchState.CONFIRMED: frozenset({BatchState.SENT, BatchState.RETURNED}),
        BatchState.SENT: frozenset({BatchState.PAID, BatchState.RETURNED}),
        BatchState.PAID: frozenset(),
        BatchState.RETURNED: frozenset(),
    },
)


class LineState(StrEnum):
    """States of one merchant's line in a batch."""

    OPEN = "open"
    """Not answered by the institution."""
    PAID = "paid"
    """The merchant has it."""
    RETURNED = "returned"
    """It came back unpaid; a later batch carries it."""
    NOTHING = "nothing"
    """Nothing to pay: refunds took all of it. Not in the payment file."""


class HeldReason(StrEnum):
    """Why a merchant gets no line in a draft though something is due."""

    FROZEN = "frozen"
    """Its money is held (P-11.5)."""
    RISK_CASE = "risk_case"
    """Split or sham orders are being looked into (P-06.7)."""
    NO_PAYEE = "no_payee"
    """Nobody has approved where it is paid."""
    NEGATIVE = "negative"
    """It owes more, after refunds, than it is owed."""
