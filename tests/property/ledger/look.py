"""Reading the book for the machine of `test_whole_life.py`."""

from collections.abc import Awaitable
from typing import TypeVar
from uuid import UUID

from server.campaign.models import Offer
from server.infra.db import connection
from server.settlement.models import Batch, Line
from server.voucher.models import Voucher
from tests.property.ledger.purse import Row

T = TypeVar("T")

BALANCES = """
SELECT a.id, (coalesce((SELECT sum(amount_fen) FROM ledger_transfers WHERE credit_id = a.id), 0)
  - coalesce((SELECT sum(amount_fen) FROM ledger_transfers WHERE debit_id = a.id), 0))::bigint
FROM ledger_accounts a
"""


async def awaited(work: Awaitable[T]) -> T:
    return await work


async def happened() -> list[str]:
    """What the book has that does not happen every day."""
    async with connection() as book:
        rows = await book.fetch(
            "SELECT DISTINCT code FROM ledger_transfers "
            "UNION SELECT 'batch ' || state FROM batches "
            "UNION SELECT 'line ' || state FROM batch_lines "
            "UNION SELECT 'carried' FROM batch_lines WHERE carried_fen > 0 "
            "UNION SELECT 'early and late' FROM deductions d JOIN refunds f ON f.id = d.id "
            "JOIN redemptions r ON r.id = f.redemption_id WHERE r.refunded_fen > d.amount_fen "
            "UNION SELECT 'redeemed before, drafted again' FROM batches d, redemptions r "
            "WHERE d.state = 'dropped' AND r.redeemed_at < d.entered_at AND r.batch_id <> d.id"
        )
    return [row[0] for row in rows]


async def offer(round_id: UUID) -> Offer:
    return await Offer.get(round_id=round_id)


async def voucher(voucher_id: UUID) -> Voucher:
    return await Voucher.get(id=voucher_id)


async def batch(batch_id: UUID) -> Batch:
    return await Batch.get(id=batch_id)


async def lines(batch_id: UUID) -> dict[int, tuple[UUID, int, int, int, str]]:
    """The lines as they were drafted."""
    return {
        line.number: (
            line.merchant_id,
            line.redeemed_fen,
            line.deducted_fen,
            line.carried_fen,
            line.state.value,
        )
        for line in await Line.filter(batch_id=batch_id)
    }


def told(row: Row) -> tuple[UUID, int, int, int, str]:
    return (row.merchant, row.redeemed_fen, row.deducted_fen, row.carried_fen, row.state)
