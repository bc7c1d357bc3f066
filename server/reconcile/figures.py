"""Invariants of the roll-ups: equal to the book they sum up, and to the ledger beside it."""

from server.reconcile.domain import Invariant

_SUMS = (
    "redeemed_count order_amount_fen redeemed_fen merchant_discount_fen platform_discount_fen "
    "refunds_count returned_fen refunded_fen"
).split()
_KEY = "store_id, round_id, category"


def _agrees(table: str, day: str, unit: str) -> str:
    """The rows of a roll-up that are not what redemptions and refunds give, both ways."""
    sums = ", ".join(_SUMS)
    when = f"date_trunc('{unit}', {{at}} AT TIME ZONE 'Asia/Shanghai')::date"
    ours = ", ".join(f"sum({name})::bigint AS {name}" for name in _SUMS)
    return f"""
        SELECT {day}, {_KEY}, min(side) AS missing_from, {sums} FROM (
          SELECT 'book' AS side, {day}, {_KEY}, {sums} FROM {table}
          UNION ALL
          SELECT 'roll-up', moved_on, {_KEY}, {ours} FROM (
            SELECT {when.format(at="redeemed_at")} AS moved_on, {_KEY}, 1 AS redeemed_count,
              order_amount_fen, face_value_fen AS redeemed_fen, merchant_discount_fen,
              platform_discount_fen, 0 AS refunds_count, 0 AS returned_fen, 0 AS refunded_fen
            FROM redemptions
            UNION ALL
            SELECT {when.format(at="f.refunded_at")}, r.store_id, r.round_id, r.category, 0, 0, 0,
              0, 0, 1, f.returned_fen, f.refunded_fen
            FROM refunds f JOIN redemptions r ON r.id = f.redemption_id
          ) moves GROUP BY moved_on, {_KEY}
        ) both_sides GROUP BY {day}, {_KEY}, {sums} HAVING count(*) <> 2
    """


FIGURES = (
    Invariant(
        "daily_figures_agree",
        "每日汇总 = 核销与退货逐笔之和",
        _agrees("figures_daily", "day", "day"),
        minute=False,
    ),
    Invariant(
        "monthly_figures_agree",
        "每月汇总 = 核销与退货逐笔之和",
        _agrees("figures_monthly", "month", "month"),
        minute=False,
    ),
    Invariant(
        "months_are_their_days",
        "每月汇总 = 当月每日汇总之和",
        f"""
        SELECT * FROM (SELECT date_trunc('month', day)::date AS month, {_KEY},
          {", ".join(f"sum({name}) AS {name}" for name in _SUMS)}
          FROM {{days}} days GROUP BY 1, 2, 3, 4) d
        FULL JOIN (SELECT month, {_KEY}, {", ".join(f"{name} AS m_{name}" for name in _SUMS)}
          FROM {{months}} months) m USING (month, {_KEY})
        WHERE {" OR ".join(f"d.{name} IS DISTINCT FROM m.m_{name}" for name in _SUMS)}
        """,
    ),
    Invariant(
        "areas_are_their_stores",
        "各镇（街道）每日汇总 = 辖内门店每日汇总之和",
        f"""
        SELECT * FROM (SELECT day, round_id, category, s.subdistrict,
          {", ".join(f"sum({name}) AS {name}" for name in _SUMS)}
          FROM {{days}} days JOIN stores s ON s.id = days.store_id GROUP BY 1, 2, 3, 4) d
        FULL JOIN (SELECT day, round_id, category, subdistrict,
          {", ".join(f"{name} AS a_{name}" for name in _SUMS)} FROM {{areas}} areas) a
          USING (day, round_id, category, subdistrict)
        WHERE {" OR ".join(f"d.{name} IS DISTINCT FROM a.a_{name}" for name in _SUMS)}
        """,
    ),
    Invariant(
        "figures_agree_with_ledger",
        "各商户、各轮的汇总 = 账上的核销与退款",
        """
        SELECT coalesce(f.account, t.account) AS account, f.redeemed, t.posted, f.refunded,
          t.posted_back
        FROM (
          SELECT 'payable:' || s.merchant_id AS account, sum(g.redeemed_fen) AS redeemed,
            sum(g.refunded_fen) AS refunded
          FROM figures_monthly g JOIN stores s ON s.id = g.store_id GROUP BY 1
          UNION ALL
          SELECT 'round:' || round_id, sum(redeemed_fen), 0 FROM figures_monthly GROUP BY 1
        ) f FULL JOIN (
          SELECT account, sum(redeemed) AS posted, sum(refunded) AS posted_back FROM (
            SELECT credit_id AS account, fen AS redeemed, 0 AS refunded FROM reconcile_moves
              WHERE code = 'redemption'
            UNION ALL
            SELECT debit_id, fen, 0 FROM reconcile_moves WHERE code = 'redemption'
            UNION ALL
            SELECT replace(debit_id, 'deduction:', 'payable:'), 0, fen FROM reconcile_moves
              WHERE code IN ('refund', 'late_refund')
          ) moves GROUP BY 1
        ) t ON t.account = f.account
        WHERE coalesce(f.redeemed, 0) <> coalesce(t.posted, 0)
          OR coalesce(f.refunded, 0) <> coalesce(t.posted_back, 0)
        """,
    ),
)
