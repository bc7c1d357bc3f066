"""Refunding: what comes back of a redemption, and from where (P-09.4, P-10.2)."""

from datetime import datetime
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from server.infra.db import transaction
from server.kit.ids import derive
from server.kit.money import Rounding
from server.ledger import service as ledger
from server.ledger.domain import (
    DUE_BACK,
    POOL,
    Code,
    Posting,
    deduction_account,
    payable_account,
)
from server.merchant.queries import till_of
from server.redemption.domain import (
    RefundFacts,
    UnknownRedemption,
    Verdict,
    decide_refund,
    refund_step_fen,
)
from server.redemption.models import Deduction, Redemption, Refund
from server.redemption.schemas import RefundRequest, RefundView, refund_view, request_hash
from server.voucher import service as vouchers

V = TypeVar("V")


class Answer(NamedTuple, Generic[V]):
    """What is answered, and whether this very request did it (201) or an earlier one (200)."""

    view: V
    fresh: bool


async def refund(
    account_id: UUID, redemption_id: UUID, asked: RefundRequest, rounding: Rounding, now: datetime
) -> Answer[RefundView]:
    """Refund in one transaction, or answer as before if this id did it already.

    Raises the refusals of the charter in its order. The redemption's row is held from the first
    look on; putting redemptions into a batch writes the same rows. So either the batch counts what
    is refunded here as gone, or this refund sees the batch and becomes a deduction; never both.
    """
    async with transaction():
        till = await till_of(account_id)
        redemption = await Redemption.select_for_update(no_key=True).get_or_none(
            id=redemption_id, merchant_id=till.merchant_id
        )
        if redemption is None:
            raise UnknownRedemption
        known = await Refund.get_or_none(id=asked.id)
        hashed = request_hash(asked, till.cashier_id, redemption_id)
        facts = RefundFacts(
            known_hash=known.request_hash if known else None,
            request_hash=hashed,
            order_amount_fen=redemption.order_amount_fen,
            face_value_fen=redemption.face_value_fen,
            returned_before_fen=redemption.returned_fen,
            returned_fen=asked.returned_fen,
            rounding=rounding,
        )
        if decide_refund(facts) is Verdict.REPLAY:
            assert known is not None, "a replay is of something known"
            return Answer(refund_view(known), fresh=False)
        row = await Refund.create(
            id=asked.id,
            redemption=redemption,
            returned_fen=asked.returned_fen,
            refunded_fen=refund_step_fen(facts),
            reason=asked.reason,
            cashier_id=till.cashier_id,
            request_hash=hashed,
            refunded_at=now,
        )
        await _give_back(redemption, row)
        return Answer(refund_view(row), fresh=True)


async def _give_back(redemption: Redemption, row: Refund) -> None:
    """Add the refund to its redemption, void the voucher the first time, and post what is due."""
    first = redemption.returned_fen == 0
    redemption.returned_fen += row.returned_fen
    redemption.refunded_fen += row.refunded_fen
    await redemption.save(update_fields=["returned_fen", "refunded_fen"])
    if first:
        await vouchers.void(redemption.voucher_id, row.refunded_at)
    if row.refunded_fen == 0:
        return
    if redemption.batch_id is None:
        await _post(row, Code.REFUND, payable_account(redemption.merchant_id), POOL)
        return
    # The merchant has been paid, or is about to be: what it owes is taken off a later batch, and
    # the pool has it only then (P-10.2).
    await Deduction.create(
        id=row.id,
        merchant_id=redemption.merchant_id,
        amount_fen=row.refunded_fen,
        created_at=row.refunded_at,
    )
    await _post(row, Code.LATE_REFUND, deduction_account(redemption.merchant_id), DUE_BACK)


async def _post(row: Refund, code: Code, debit: str, credit: str) -> None:
    posting = Posting(
        id=derive(row.id, "refund"),
        debit=debit,
        credit=credit,
        amount_fen=row.refunded_fen,
        code=code,
        at=row.refunded_at,
        subject=f"refund:{row.id}",
    )
    await ledger.post([posting])
