"""What each step of a line posts: derived from the line, so that no step posts twice."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from server.kit.ids import derive
from server.ledger.domain import (
    DUE_BACK,
    POOL,
    Code,
    Posting,
    deduction_account,
    paid_account,
    payable_account,
    settling_account,
)
from server.settlement.models import Line


def confirmed(line: Line, at: datetime) -> Iterator[Posting]:
    """The amount is on its way; what was taken off is recovered, and the pool has it (P-10.2)."""
    merchant = line.merchant_id
    if line.amount_fen:
        yield _posting(
            line,
            "settlement",
            (payable_account(merchant), settling_account(merchant)),
            (line.amount_fen, Code.SETTLEMENT, at),
        )
    if line.deducted_fen:
        taken = (line.deducted_fen, Code.DEDUCTED, at)
        yield _posting(
            line, "deducted", (payable_account(merchant), deduction_account(merchant)), taken
        )
        yield _posting(line, "recovered", (DUE_BACK, POOL), taken)


def paid(line: Line, at: datetime) -> Posting:
    """The merchant has it."""
    accounts = (settling_account(line.merchant_id), paid_account(line.merchant_id))
    return _posting(line, "payment", accounts, (line.amount_fen, Code.PAYMENT, at))


def returned(line: Line, at: datetime) -> Posting:
    """It came back: the merchant is owed it again."""
    accounts = (settling_account(line.merchant_id), payable_account(line.merchant_id))
    return _posting(line, "returned", accounts, (line.amount_fen, Code.PAYMENT_RETURNED, at))


def _posting(
    line: Line, event: str, accounts: tuple[str, str], moved: tuple[int, Code, datetime]
) -> Posting:
    debit, credit = accounts
    amount_fen, code, at = moved
    return Posting(
        id=derive(UUID(str(line.id)), event),
        debit=debit,
        credit=credit,
        amount_fen=amount_fen,
        code=code,
        at=at,
        subject=f"line:{line.id}",
    )
