"""Statements for a merchant: of one batch, or of a period. Every redemption, deduction and line.

Raw SQL: reports over several tables at once, in one snapshot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from server.audit.domain import Actor, Role, View
from server.infra.db import connection
from server.kit.clock import iso
from server.merchant.models import Merchant
from server.settlement import queries
from server.settlement.models import Line
from server.settlement.refusals import BadPeriod, TooManyRows, Unknown

ROWS_MAX = 50_000
"""Of one statement; a longer one is asked for by shorter periods."""

_REDEMPTIONS = """
SELECT r.id, r.order_no, r.redeemed_at, r.order_amount_fen, r.face_value_fen, r.refunded_fen,
  r.settled_fen, b.number AS batch
FROM redemptions r LEFT JOIN batches b ON b.id = r.batch_id
WHERE r.merchant_id = $1 AND {scope} ORDER BY r.redeemed_at, r.id LIMIT {limit}
"""
_DEDUCTIONS = """
SELECT d.id, r.order_no, d.created_at AS refunded_at, d.amount_fen, d.repaid, b.number AS batch
FROM deductions d JOIN refunds f ON f.id = d.id JOIN redemptions r ON r.id = f.redemption_id
LEFT JOIN batches b ON b.id = d.batch_id
WHERE d.merchant_id = $1 AND {scope} ORDER BY d.created_at, d.id LIMIT {limit}
"""
_LINES = """
SELECT l.id, b.number AS batch, b.confirmed_at, l.number, l.redemptions_count, l.redeemed_fen,
  l.deducted_fen, l.carried_fen, l.amount_fen, l.state, l.institution_ref, l.paid_at, l.reason,
  ob.number AS carries_batch
FROM batch_lines l JOIN batches b ON b.id = l.batch_id
LEFT JOIN batch_lines o ON o.id = l.carries_id LEFT JOIN batches ob ON ob.id = o.batch_id
WHERE l.merchant_id = $1 AND {scope} ORDER BY b.number LIMIT {limit}
"""
_OF_BATCH = ("r.batch_id = $2", "d.batch_id = $2", "l.batch_id = $2")
_OF_PERIOD = (
    "r.redeemed_at >= $2 AND r.redeemed_at < $3",
    "d.created_at >= $2 AND d.created_at < $3",
    "b.confirmed_at >= $2 AND b.confirmed_at < $3",
)


class RedemptionRow(msgspec.Struct, frozen=True):
    """A redemption and what it counted for in its batch; null while it is in none."""

    id: str
    order_no: str
    redeemed_at: str
    order_amount_fen: int
    face_value_fen: int
    refunded_fen: int
    settled_fen: int | None
    batch: str | None


class DeductionRow(msgspec.Struct, frozen=True):
    """A refund of what was settled already, and the batch that takes it off."""

    id: str
    order_no: str
    refunded_at: str
    amount_fen: int
    repaid: bool
    batch: str | None


class LineRow(msgspec.Struct, frozen=True):
    """The merchant's line in a batch, and the batch whose returned line it pays again."""

    id: str
    batch: str
    confirmed_at: str | None
    number: int
    redemptions_count: int
    redeemed_fen: int
    deducted_fen: int
    carried_fen: int
    amount_fen: int
    state: str
    institution_ref: str | None
    paid_at: str | None
    reason: str | None
    carries_batch: str | None


class Totals(msgspec.Struct, frozen=True):
    """Sums of the three lists."""

    redemptions_count: int
    order_amount_fen: int
    face_value_fen: int
    refunded_fen: int
    settled_fen: int
    deducted_fen: int
    """Of the deductions in the list, whatever became of them."""
    carried_fen: int
    amount_fen: int
    """Of the lines: what was, or is to be, paid."""
    paid_fen: int
    """Of the lines that are paid."""


class Statement(msgspec.Struct, frozen=True):
    """What a merchant redeemed, owes and is paid, to the fen (P-10.2)."""

    merchant_id: str
    merchant_name: str
    credit_code: str
    batch: str | None
    since: str | None
    until: str | None
    redemptions: list[RedemptionRow]
    deductions: list[DeductionRow]
    lines: list[LineRow]
    totals: Totals


@dataclass(frozen=True, slots=True)
class Statements:
    """What merchants are told of their money; read by staff."""

    async def of_batch(self, batch_id: UUID, merchant_id: UUID, actor: Actor) -> Statement:
        """One merchant's part of one batch. Unknown, TooManyRows."""
        actor.check(View.SETTLEMENT)
        batch = await queries.seen(batch_id, actor)
        if not await Line.exists(batch_id=batch.id, merchant_id=merchant_id):
            raise Unknown(what="line")
        merchant = await _merchant(merchant_id)
        return await _read(merchant, _OF_BATCH, (batch.id,), batch.number)

    async def of_period(
        self, merchant_id: UUID, since: datetime, until: datetime, actor: Actor
    ) -> Statement:
        """What a merchant redeemed, had deducted and had confirmed from `since` until `until`.

        Not for payment institutions: it would show other institutions' payments. Unknown,
        BadPeriod, TooManyRows.
        """
        actor.check(View.SETTLEMENT)
        if actor.role is Role.INSTITUTION:
            raise Unknown(what="statement")
        if since >= until:
            raise BadPeriod(reason="order")
        merchant = await _merchant(merchant_id)
        return await _read(merchant, _OF_PERIOD, (since, until), None)


async def _merchant(merchant_id: UUID) -> Merchant:
    merchant = await Merchant.get_or_none(id=merchant_id)
    if merchant is None:
        raise Unknown(what="merchant")
    return merchant


async def _read(
    merchant: Merchant, scopes: Sequence[str], values: Sequence[Any], batch: str | None
) -> Statement:
    async with connection() as book, book.transaction(isolation="repeatable_read", readonly=True):
        fetched = [
            await book.fetch(query.format(scope=scope, limit=ROWS_MAX + 1), merchant.id, *values)
            for query, scope in zip((_REDEMPTIONS, _DEDUCTIONS, _LINES), scopes, strict=True)
        ]
    if any(len(rows) > ROWS_MAX for rows in fetched):
        raise TooManyRows(most=ROWS_MAX)
    redemptions = [RedemptionRow(**_plain(row)) for row in fetched[0]]
    deductions = [DeductionRow(**_plain(row)) for row in fetched[1]]
    lines = [LineRow(**_plain(row)) for row in fetched[2]]
    since, until = values if batch is None else (None, None)
    return Statement(
        merchant_id=str(merchant.id),
        merchant_name=merchant.name,
        credit_code=merchant.credit_code,
        batch=batch,
        since=iso(since) if since else None,
        until=iso(until) if until else None,
        redemptions=redemptions,
        deductions=deductions,
        lines=lines,
        totals=_totals(redemptions, deductions, lines),
    )


def _totals(
    redemptions: Sequence[RedemptionRow],
    deductions: Sequence[DeductionRow],
    lines: Sequence[LineRow],
) -> Totals:
    return Totals(
        redemptions_count=len(redemptions),
        order_amount_fen=sum(row.order_amount_fen for row in redemptions),
        face_value_fen=sum(row.face_value_fen for row in redemptions),
        refunded_fen=sum(row.refunded_fen for row in redemptions),
        settled_fen=sum(row.settled_fen or 0 for row in redemptions),
        deducted_fen=sum(row.amount_fen for row in deductions),
        carried_fen=sum(row.carried_fen for row in lines),
        amount_fen=sum(row.amount_fen for row in lines),
        paid_fen=sum(row.amount_fen for row in lines if row.state == "paid"),
    )


def _plain(row: "asyncpg.Record") -> dict[str, Any]:
    """A row with identifiers and instants as the text that JSON shows."""
    return {
        name: iso(value) if isinstance(value, datetime) else str(value) if name == "id" else value
        for name, value in row.items()
    }
