"""What the roll-ups should hold, worked out from the book: for making them anew, and for checks.

It shares no code with the triggers (migration 0005), so that one finds out the other.
"""

from server.figures.sql import SUMS

_SUMMED = ", ".join(f"sum({name})::bigint AS {name}" for name in SUMS)
_SHANGHAI_DAY = "({at} AT TIME ZONE 'Asia/Shanghai')::date"

DAILY = f"""
SELECT day, store_id, round_id, category, {_SUMMED}
FROM (
  SELECT {_SHANGHAI_DAY.format(at="redeemed_at")} AS day, store_id, round_id, category,
    1 AS redeemed_count, order_amount_fen, face_value_fen AS redeemed_fen, 0 AS refunds_count,
    0 AS returned_fen, 0 AS refunded_fen, merchant_discount_fen, platform_discount_fen
  FROM redemptions
  UNION ALL
  SELECT {_SHANGHAI_DAY.format(at="f.refunded_at")}, r.store_id, r.round_id, r.category,
    0, 0, 0, 1, f.returned_fen, f.refunded_fen, 0, 0
  FROM refunds f JOIN redemptions r ON r.id = f.redemption_id
) moves GROUP BY day, store_id, round_id, category
"""
"""The rows of `figures_daily`, from redemptions and refunds alone."""


def monthly(daily: str) -> str:
    """The rows of `figures_monthly`, from daily ones (a table, or a query in brackets)."""
    return f"""
SELECT date_trunc('month', day::timestamp)::date AS month, store_id, round_id, category, {_SUMMED}
FROM {daily} GROUP BY 1, 2, 3, 4
"""


def _differences(table: str, at: str, made: str) -> str:
    columns = ", ".join((at, "store_id", "round_id", "category", *SUMS))
    return f"""
SELECT * FROM (SELECT {columns} FROM {table} EXCEPT ({made})) kept
UNION ALL SELECT * FROM (({made}) EXCEPT SELECT {columns} FROM {table}) made
"""


DAILY_DIFFERS = _differences("figures_daily", "day", DAILY)
"""Rows of `figures_daily` that the book does not say, and rows that it says and are not there."""

MONTHLY_DIFFERS = _differences("figures_monthly", "month", monthly("figures_daily"))
"""The same of `figures_monthly`, against the daily ones."""

LEDGER_DIFFERS = f"""
WITH kept AS (
  SELECT day, sum(redeemed_fen) AS redeemed_fen, sum(refunded_fen) AS refunded_fen
  FROM figures_daily GROUP BY 1
), posted AS (
  SELECT {_SHANGHAI_DAY.format(at="at")} AS day,
    coalesce(sum(amount_fen) FILTER (WHERE code = 'redemption'), 0) AS redeemed_fen,
    coalesce(sum(amount_fen) FILTER (WHERE code IN ('refund', 'late_refund')), 0) AS refunded_fen
  FROM ledger_transfers WHERE code IN ('redemption', 'refund', 'late_refund') GROUP BY 1
)
SELECT day, k.redeemed_fen AS kept_redeemed_fen, p.redeemed_fen AS posted_redeemed_fen,
  k.refunded_fen AS kept_refunded_fen, p.refunded_fen AS posted_refunded_fen
FROM kept k FULL JOIN posted p USING (day)
WHERE coalesce(k.redeemed_fen, 0) <> coalesce(p.redeemed_fen, 0)
  OR coalesce(k.refunded_fen, 0) <> coalesce(p.refunded_fen, 0)
"""
"""Shanghai days on which the figures are not what the ledger moved."""

CHECKS = (
    ("figures_daily_exact", "每日汇总与核销、退货逐笔相符", DAILY_DIFFERS),
    ("figures_monthly_exact", "每月汇总等于每日汇总之和", MONTHLY_DIFFERS),
    ("figures_match_ledger", "每日核销与退款金额与账本相符", LEDGER_DIFFERS),
)
"""Name, sentence and the query of what breaks it, for `reconcile`."""
