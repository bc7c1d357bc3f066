"""What the roll-ups should hold, worked out from the book: for making them anew.

It shares no code with the triggers (migration 0007), so that one finds out the other.
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


def areas(daily: str) -> str:
    """The rows of `figures_areas`, from the same."""
    return f"""
SELECT day, round_id, category, s.subdistrict, {_SUMMED}
FROM {daily} JOIN stores s ON s.id = store_id GROUP BY 1, 2, 3, 4
"""
