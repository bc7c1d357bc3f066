"""How an invariant is checked: wholly, or over what was touched lately."""

from datetime import datetime
from typing import Any

import asyncpg

from server.kit.ids import uuid7_floor
from server.reconcile.domain import Finding, Invariant

ROWS_SHOWN_MAX = 20
TIMEOUT_SECONDS = 300


_EVERYTHING = {
    "redemptions": "redemptions",
    "refunds": "refunds",
    "vouchers": "vouchers",
    "claims": "claims",
    "touched_vouchers": "vouchers",
    "redemption_postings": "(SELECT * FROM ledger_transfers WHERE code = 'redemption')",
    "refund_postings": ("(SELECT * FROM ledger_transfers WHERE code IN ('refund', 'late_refund'))"),
    "entries": "audit_entries",
    "links": "audit_chain",
    "days": "figures_daily",
    "areas": "figures_areas",
    "months": "figures_monthly",
}


def sources(since: datetime | None) -> dict[str, str]:
    """What stands for each large table: the table itself, or a query of its rows touched `since`.

    Every one of these queries walks an index: the times of redemptions, refunds and entries, the
    time within a voucher's and claim's version 7 identifier, the subject of a posting. Of roll-ups
    it is the month that `since` is in, and later ones.
    """
    if since is None:
        return _EVERYTHING
    then = f"timestamptz '{since.isoformat()}'"
    floor = f"uuid '{uuid7_floor(since)}'"
    refunds = f"(SELECT * FROM refunds WHERE refunded_at >= {then})"
    redemptions = f"""(SELECT * FROM redemptions WHERE id IN (
        SELECT id FROM redemptions WHERE redeemed_at >= {then}
        UNION SELECT redemption_id FROM refunds WHERE refunded_at >= {then}))"""
    month = f"date_trunc('month', {then} AT TIME ZONE 'Asia/Shanghai')::date"
    entries = f"(SELECT * FROM audit_entries WHERE at >= {then})"
    return {
        "redemptions": redemptions,
        "refunds": refunds,
        "vouchers": f"(SELECT * FROM vouchers WHERE id >= {floor})",
        "claims": f"(SELECT * FROM claims WHERE id >= {floor})",
        "touched_vouchers": f"""(SELECT * FROM vouchers WHERE id IN (
            SELECT id FROM vouchers WHERE id >= {floor}
            UNION SELECT voucher_id FROM {redemptions} lately))""",
        "redemption_postings": f"""(SELECT t.* FROM {redemptions} lately
            JOIN ledger_transfers t ON t.subject = 'redemption:' || lately.id
            WHERE t.code = 'redemption')""",
        "refund_postings": f"""(SELECT t.* FROM {refunds} lately
            JOIN ledger_transfers t ON t.subject = 'refund:' || lately.id
            WHERE t.code IN ('refund', 'late_refund'))""",
        "entries": entries,
        "days": f"(SELECT * FROM figures_daily WHERE day >= {month})",
        "areas": f"(SELECT * FROM figures_areas WHERE day >= {month})",
        "months": f"(SELECT * FROM figures_monthly WHERE month >= {month})",
        "links": f"(SELECT c.* FROM {entries} lately JOIN audit_chain c ON c.entry_id = lately.id)",
    }


SUMS = """
CREATE TEMPORARY TABLE IF NOT EXISTS reconcile_moves
  (debit_id text, credit_id text, code text, count bigint, fen numeric) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS reconcile_balances
  (id text PRIMARY KEY, kind text, fen numeric) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS reconcile_rounds
  (id uuid PRIMARY KEY, reserved_fen numeric, outstanding_fen numeric) ON COMMIT DELETE ROWS;
"""
"""Where a run keeps its sums of the ledger, and what its rounds should hold: many invariants ask
for them, one scan gives them. `reserved` is the worth of what nobody has claimed."""

_SUM_UP = (
    """
    INSERT INTO reconcile_moves
    SELECT debit_id, credit_id, code, count(*), sum(amount_fen) FROM ledger_transfers
    GROUP BY 1, 2, 3
    """,
    """
    INSERT INTO reconcile_balances
    SELECT a.id, a.kind, coalesce(sum(m.fen), 0) FROM ledger_accounts a
    LEFT JOIN (SELECT credit_id AS id, fen FROM reconcile_moves
      UNION ALL SELECT debit_id, -fen FROM reconcile_moves) m ON m.id = a.id
    GROUP BY 1, 2
    """,
    """
    INSERT INTO reconcile_rounds
    SELECT r.id,
      coalesce(sum((o.stock - o.issued)::numeric * o.face_value_fen)
        FILTER (WHERE r.state NOT IN ('draft', 'closed', 'settled')), 0),
      coalesce(sum(v.fen), 0)
    FROM rounds r LEFT JOIN offers o ON o.round_id = r.id
    LEFT JOIN (SELECT offer_id, sum(face_value_fen) AS fen FROM vouchers
      WHERE state = 'issued' GROUP BY 1) v ON v.offer_id = o.id
    GROUP BY 1
    """,
)


async def sum_up(book: "asyncpg.Connection[Any]") -> None:
    """Read the ledger once, within the transaction that is open, for the invariants about sums.

    The temporary tables are this connection's own, and empty again when the transaction ends. A
    transaction that may write nothing may still fill them; making them comes before it (`SUMS`).
    """
    for statement in _SUM_UP:
        await book.execute(statement, timeout=TIMEOUT_SECONDS)


async def examine(
    book: "asyncpg.Connection[Any]", invariant: Invariant, names: dict[str, str]
) -> Finding:
    """Check one invariant within the transaction that is open, its tables being `names`."""
    broken = invariant.broken.format_map(names)
    rows = await book.fetch(
        f"SELECT * FROM ({broken}) broken LIMIT {ROWS_SHOWN_MAX}",
        timeout=TIMEOUT_SECONDS,
    )
    return Finding(invariant.name, invariant.sentence, tuple(dict(row) for row in rows))
