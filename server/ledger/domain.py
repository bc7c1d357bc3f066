"""What a transfer and an account are; the names of the accounts."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from server.kit.errors import Kind, Refusal

TREASURY = "treasury"
POOL = "pool"


class AccountKind(StrEnum):
    """Sorts of account."""

    TREASURY = "treasury"
    """Outside: where appropriations come from."""
    POOL = "pool"
    """Money appropriated and not yet committed."""
    ROUND = "round"
    """Money reserved for the vouchers of one round."""
    PAYABLE = "payable"
    """Money owed to one merchant."""


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
    """The account of what a merchant is owed."""
    return f"payable:{merchant_id}"


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
