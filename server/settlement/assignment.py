"""Which redemptions and deductions enter a batch, in a few statements over whole sets.

Raw SQL: a batch takes hundreds of thousands of redemptions, and each must be judged by its row as
it is at the moment it is taken, not as some process read it before. An UPDATE that meets a row
which a refund holds waits, and then judges the row anew.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from server.infra.db import connection

SECONDS_MAX = 300
"""For one statement here; a draft may run longer than what answers people at a till."""

_PAYEE = """
payee AS (
  SELECT DISTINCT ON (merchant_id) merchant_id, id, institution_id, bank, holder FROM payees
  WHERE approved_at IS NOT NULL ORDER BY merchant_id, approved_at DESC, id DESC
)
"""

_RETURNED = """
SELECT l.id, l.amount_fen FROM batch_lines l
WHERE l.merchant_id = m.id AND l.state = 'returned'
  AND NOT EXISTS (SELECT 1 FROM batch_lines c WHERE c.carries_id = l.id)
ORDER BY l.id LIMIT 1
"""

# Merchants that something is due to or from, and that this institution pays, or nobody does yet.
_CONCERNED = f"""
WITH {_PAYEE}
SELECT m.id, m.name, m.frozen_at IS NOT NULL AS frozen, p.id IS NOT NULL AS has_payee
FROM merchants m LEFT JOIN payee p ON p.merchant_id = m.id
WHERE (p.id IS NULL OR p.institution_id = $1) AND (
  EXISTS (SELECT 1 FROM redemptions r
    WHERE r.batch_id IS NULL AND r.merchant_id = m.id AND r.redeemed_at < $2)
  OR EXISTS (SELECT 1 FROM deductions d
    WHERE d.batch_id IS NULL AND d.merchant_id = m.id AND NOT d.repaid)
  OR EXISTS ({_RETURNED})
)
ORDER BY m.credit_code
"""

# Worth: the face value less what went back to the pool. What was refunded while the redemption was
# in a draft that was dropped is a deduction of its own, and must not be taken off twice.
_WORTH = """
r.face_value_fen - r.refunded_fen + CASE WHEN r.refunded_fen = 0 THEN 0 ELSE coalesce((
  SELECT sum(d.amount_fen)::bigint FROM refunds f JOIN deductions d ON d.id = f.id
  WHERE f.redemption_id = r.id), 0) END
"""

# The test of batch_id is made again on a row that had to be waited for: it enters one batch.
_TAKE_REDEMPTIONS = f"""
UPDATE redemptions r SET batch_id = $1, settled_fen = {_WORTH}
WHERE r.batch_id IS NULL AND r.merchant_id = ANY($2::uuid[]) AND r.redeemed_at < $3
"""

_TAKE_DEDUCTIONS = """
UPDATE deductions SET batch_id = $1
WHERE batch_id IS NULL AND merchant_id = ANY($2::uuid[]) AND NOT repaid
"""

_SUMS = f"""
WITH {_PAYEE}, redeemed AS (
  SELECT merchant_id, count(*) AS n, sum(settled_fen)::bigint AS fen FROM redemptions
  WHERE batch_id = $1 GROUP BY 1
), deducted AS (
  SELECT merchant_id, sum(amount_fen)::bigint AS fen FROM deductions
  WHERE batch_id = $1 GROUP BY 1
)
SELECT m.id AS merchant_id, m.name AS merchant_name, m.credit_code, p.bank, p.holder,
  p.id AS payee_id, coalesce(r.n, 0) AS redemptions_count, coalesce(r.fen, 0) AS redeemed_fen,
  coalesce(d.fen, 0) AS deducted_fen, coalesce(l.amount_fen, 0) AS carried_fen, l.id AS carries_id
FROM merchants m JOIN payee p ON p.merchant_id = m.id
LEFT JOIN redeemed r ON r.merchant_id = m.id
LEFT JOIN deducted d ON d.merchant_id = m.id
LEFT JOIN LATERAL ({_RETURNED}) l ON true
WHERE m.id = ANY($2::uuid[]) AND (r.n > 0 OR d.fen > 0 OR l.id IS NOT NULL)
ORDER BY m.credit_code
"""

# What waits for a merchant that gets no line.
_WAITING = f"""
SELECT m.id, coalesce(r.n, 0) AS n,
  (coalesce(r.fen, 0) - coalesce(d.fen, 0) + coalesce(l.fen, 0))::bigint AS fen
FROM merchants m
LEFT JOIN LATERAL (SELECT count(*) AS n, sum({_WORTH}) AS fen FROM redemptions r
  WHERE r.batch_id IS NULL AND r.merchant_id = m.id AND r.redeemed_at < $2) r ON true
LEFT JOIN LATERAL (SELECT sum(d.amount_fen) AS fen FROM deductions d
  WHERE d.batch_id IS NULL AND d.merchant_id = m.id AND NOT d.repaid) d ON true
LEFT JOIN LATERAL (SELECT sum(l.amount_fen) AS fen FROM batch_lines l
  WHERE l.merchant_id = m.id AND l.state = 'returned'
    AND NOT EXISTS (SELECT 1 FROM batch_lines c WHERE c.carries_id = l.id)) l ON true
WHERE m.id = ANY($1::uuid[])
"""

_FREE = """
UPDATE {table} SET {columns} WHERE batch_id = $1 AND ($2::uuid[] IS NULL OR merchant_id = ANY($2))
"""


@dataclass(frozen=True, slots=True)
class Concerned:
    """A merchant that something is due to or from."""

    id: UUID
    name: str
    frozen: bool
    has_payee: bool


@dataclass(frozen=True, slots=True)
class Sum:
    """What a batch has for one merchant, and where it is to be paid."""

    merchant_id: UUID
    merchant_name: str
    credit_code: str
    bank: str
    holder: str
    payee_id: UUID
    redemptions_count: int
    redeemed_fen: int
    deducted_fen: int
    carried_fen: int
    carries_id: UUID | None

    @property
    def amount_fen(self) -> int:
        """What is to be paid; negative when the merchant owes more than it is owed."""
        return self.redeemed_fen - self.deducted_fen + self.carried_fen


@asynccontextmanager
async def _patient() -> AsyncIterator["asyncpg.Connection[Any]"]:
    """The open transaction's connection, whose statements may run longer from now on."""
    async with connection() as book:
        await book.execute(f"SET LOCAL statement_timeout = '{SECONDS_MAX}s'")
        await book.execute("SET LOCAL lock_timeout = '60s'")
        yield book


async def be_patient() -> None:
    """Let the open transaction wait for a draft that is under way, rather than fail after seconds.

    Few people settle, and each of them would only try again.
    """
    async with _patient():
        pass


async def take_turn() -> None:
    """Let only one draft, or drop, at a time decide who is in which batch; until commit.

    It also keeps the numbers of batches without gaps.
    """
    async with _patient() as book:
        await book.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('settlement.turn', 0))",
            timeout=SECONDS_MAX,
        )


async def concerned(institution_id: UUID, until: datetime) -> Sequence[Concerned]:
    """Merchants that the institution may have to pay, by credit code."""
    async with _patient() as book:
        rows = await book.fetch(_CONCERNED, institution_id, until, timeout=SECONDS_MAX)
    return [Concerned(**row) for row in rows]


async def take(batch_id: UUID, merchants: Sequence[UUID], until: datetime) -> Sequence[Sum]:
    """Put what is due of these merchants into the batch; what it has for each, by credit code."""
    async with _patient() as book:
        await book.execute(_TAKE_REDEMPTIONS, batch_id, list(merchants), until, timeout=SECONDS_MAX)
        await book.execute(_TAKE_DEDUCTIONS, batch_id, list(merchants), timeout=SECONDS_MAX)
        rows = await book.fetch(_SUMS, batch_id, list(merchants), timeout=SECONDS_MAX)
    return [Sum(**row) for row in rows]


async def free(batch_id: UUID, merchants: Sequence[UUID] | None = None) -> None:
    """Take redemptions and deductions out of a draft again: of these merchants, or all."""
    chosen = None if merchants is None else list(merchants)
    async with _patient() as book:
        for table, columns in (
            ("redemptions", "batch_id = NULL, settled_fen = NULL"),
            ("deductions", "batch_id = NULL"),
        ):
            statement = _FREE.format(table=table, columns=columns)
            await book.execute(statement, batch_id, chosen, timeout=SECONDS_MAX)


async def waiting(merchants: Sequence[UUID], until: datetime) -> Mapping[UUID, tuple[int, int]]:
    """For each of these merchants: how many redemptions wait, and what all of it is worth."""
    async with _patient() as book:
        rows = await book.fetch(_WAITING, list(merchants), until, timeout=SECONDS_MAX)
    return {UUID(str(row["id"])): (row["n"], row["fen"]) for row in rows}
