"""What a transfer and an account are; the names of the accounts."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from server.kit.errors import Kind, Refusal

TREASURY = "treasury"
POOL = "pool"
DUE_BACK = "due_back"
GIVEN_BACK = "given_back"


class AccountKind(StrEnum):
    """Sorts of account."""

    TREASURY = "treasury"
    """Outside: where appropriations come from."""
    POOL = "pool"
    """Money appropriated and not yet committed."""
    ROUND = "round"
    """Money reserved for the vouchers of one round."""
    PAYABLE = "payable"
    """Money owed to one merchant, in no confirmed batch."""
    SETTLING = "settling"
    """Money owed to one merchant, in a confirmed batch that the institution has not answered."""
    PAID = "paid"
    """Money that one merchant has received."""
    DEDUCTION = "deduction"
    """What one merchant owes: refunded after it was settled. Its balance is never positive."""
    DUE_BACK = "due_back"
    """What all merchants owe together; becomes the pool's when it is deducted or paid back."""
    GIVEN_BACK = "given_back"
    """Money that went back the way it came (P-10.4)."""


class Code(StrEnum):
    """Why money moved."""

    APPROPRIATION = "appropriation"
    """Finance paid into the programme (P-10.1)."""
    RESERVATION = "reservation"
    """A round was approved, or got more stock."""
    REDEMPTION = "redemption"
    """A merchant redeemed a voucher."""
    REFUND = "refund"
    """An order was returned; its share goes back to the pool (P-09.4)."""
    LATE_REFUND = "late_refund"
    """An order was returned after it was settled: the merchant owes its share (P-10.2)."""
    SETTLEMENT = "settlement"
    """A batch was confirmed: what a merchant is owed is on its way to be paid."""
    DEDUCTED = "deducted"
    """A batch took off what the merchant owed; the pool has it."""
    PAYMENT = "payment"
    """The institution paid a merchant."""
    PAYMENT_RETURNED = "payment_returned"
    """A payment came back: the merchant is owed it again."""
    REPAYMENT = "repayment"
    """A merchant paid back what it owed; the pool has it."""
    CORRECTION = "correction"
    """An appropriation had been recorded too high."""
    GIVING_BACK = "giving_back"
    """What was left went back the way it came (P-10.4)."""
    RELEASE = "release"
    """A round closed with vouchers that nobody had claimed."""
    EXPIRY = "expiry"
    """Claimed vouchers were not used in time."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One transfer to be written."""

    id: UUID
    """Derived from the business event, so that the event posts once."""
    debit: str
    credit: str
    amount_fen: int
    code: Code
    at: datetime
    subject: str
    """The business row it follows from: `redemption:<id>`, `round:<id>`, …"""

    def __post_init__(self) -> None:
        """A transfer moves something, between two accounts."""
        assert self.amount_fen > 0, "a transfer moves a positive amount"
        assert self.debit != self.credit, "a transfer moves between two accounts"


def round_account(round_id: UUID) -> str:
    """The account of a round."""
    return f"round:{round_id}"


def payable_account(merchant_id: UUID) -> str:
    """The account of what a merchant is owed and no confirmed batch holds."""
    return f"payable:{merchant_id}"


def settling_account(merchant_id: UUID) -> str:
    """The account of what is on its way to a merchant."""
    return f"settling:{merchant_id}"


def paid_account(merchant_id: UUID) -> str:
    """The account of what a merchant has received."""
    return f"paid:{merchant_id}"


def deduction_account(merchant_id: UUID) -> str:
    """The account of what a merchant owes after refunds of what was settled."""
    return f"deduction:{merchant_id}"


class CeilingPassed(Refusal):
    """Commitments would pass the programme's ceiling (P-03) by `data.missing_fen`."""

    code = "ledger.ceiling"
    kind = Kind.RULE
    detail = "超过本方案资金总额上限，请减少投放数量后重新提交。"


class PoolShort(Refusal):
    """The pool does not hold enough; `data.missing_fen` says how much is missing (P-03, P-10.1)."""

    code = "ledger.short"
    kind = Kind.RULE
    detail = "资金池余额不足，请先拨付资金或减少投放数量。"
