"""A merchant pays back by itself what it owes: the handler of funds entries of that kind."""

from datetime import datetime
from uuid import UUID

from server.funding.models import FundsEntry
from server.kit.ids import derive
from server.ledger import service as ledger
from server.ledger.domain import (
    DUE_BACK,
    POOL,
    Code,
    Posting,
    deduction_account,
    paid_account,
)
from server.ledger.models import Account
from server.redemption.models import Deduction
from server.settlement.refusals import DeductionClosed, NotPaidYet, RepaymentDiffers, Unknown


async def repay(entry: FundsEntry, at: datetime) -> None:
    """Post an approved repayment, in the approving transaction, and close its deduction.

    What the merchant has is less by it, it owes nothing of it any more, and the pool has it.
    Unknown, DeductionClosed, RepaymentDiffers, NotPaidYet.
    """
    row = await Deduction.select_for_update(no_key=True).get_or_none(id=entry.deduction_id)
    if row is None:
        raise Unknown(what="deduction")
    if row.repaid or row.batch_id is not None:
        raise DeductionClosed(state="repaid" if row.repaid else "in_batch")
    if row.amount_fen != entry.amount_fen:
        raise RepaymentDiffers(owed_fen=row.amount_fen)
    paid = paid_account(row.merchant_id)
    # Of two repayments at once, the second sees what the first took.
    await Account.select_for_update(no_key=True).get(id=paid)
    paid_fen = await ledger.balance_fen(paid)
    if paid_fen < row.amount_fen:
        raise NotPaidYet(paid_fen=paid_fen)
    row.repaid = True
    await row.save(update_fields=["repaid"])
    await ledger.post(
        [
            _posting(entry, "repaid", paid, deduction_account(row.merchant_id), at),
            _posting(entry, "recovered", DUE_BACK, POOL, at),
        ]
    )


def _posting(entry: FundsEntry, event: str, debit: str, credit: str, at: datetime) -> Posting:
    return Posting(
        id=derive(UUID(str(entry.id)), event),
        debit=debit,
        credit=credit,
        amount_fen=entry.amount_fen,
        code=Code.REPAYMENT,
        at=at,
        subject=f"funds:{entry.id}",
    )
