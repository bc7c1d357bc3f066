"""Invariants of the book, one query each.

Raw SQL: these are reports over whole tables, and they must not share code with what they check.
"""

from dataclasses import dataclass
from typing import Any

import asyncpg

from server.infra.db import connection

ROWS_SHOWN_MAX = 20


@dataclass(frozen=True, slots=True)
class Invariant:
    """What must be true, and the query of the rows for which it is not."""

    name: str
    sentence: str
    broken: str


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one invariant; `rows` are the first few that break it."""

    name: str
    sentence: str
    rows: tuple[dict[str, Any], ...]

    @property
    def holds(self) -> bool:
        """Whether nothing breaks it."""
        return not self.rows


_BALANCES = """
SELECT a.id, a.kind,
  coalesce((SELECT sum(amount_fen) FROM ledger_transfers WHERE credit_id = a.id), 0)
  - coalesce((SELECT sum(amount_fen) FROM ledger_transfers WHERE debit_id = a.id), 0) AS balance
FROM ledger_accounts a
"""

_ROUND_MONEY = """
SELECT r.id AS round_id, b.balance, e.expected FROM rounds r
JOIN (SELECT * FROM balances WHERE kind = 'round') b ON b.id = 'round:' || r.id
JOIN LATERAL (
  SELECT coalesce(sum(
      CASE WHEN r.state IN ('closed', 'settled') THEN 0
           ELSE (o.stock - o.issued) * o.face_value_fen END
      + (SELECT coalesce(sum(v.face_value_fen), 0) FROM vouchers v
         WHERE v.offer_id = o.id AND v.state = 'issued')), 0) AS expected
  FROM offers o WHERE o.round_id = r.id
) e ON true
WHERE b.balance <> e.expected
"""

MONEY = (
    Invariant(
        "balances_not_negative",
        "除拨款来源外，任何账户余额不为负",
        f"WITH b AS ({_BALANCES}) SELECT * FROM b WHERE kind <> 'treasury' AND balance < 0",
    ),
    Invariant(
        "balances_sum_to_zero",
        "全部账户余额之和为零",
        f"WITH b AS ({_BALANCES}) SELECT sum(balance) AS sum FROM b HAVING sum(balance) <> 0",
    ),
    Invariant(
        "rounds_reserved",
        "每轮已预留 = 各券种库存 × 面值",
        """
        SELECT r.id AS round_id, t.reserved, o.worth FROM rounds r
        JOIN (SELECT round_id, sum(stock * face_value_fen) AS worth FROM offers GROUP BY 1) o
          ON o.round_id = r.id
        LEFT JOIN (SELECT credit_id, sum(amount_fen) AS reserved FROM ledger_transfers
          WHERE code = 'reservation' GROUP BY 1) t ON t.credit_id = 'round:' || r.id
        WHERE coalesce(t.reserved, 0) <> CASE WHEN r.state = 'draft' THEN 0 ELSE o.worth END
        """,
    ),
    Invariant(
        "rounds_add_up",
        "每轮：预留 = 未领 + 未用 + 已核销 + 已退回",
        f"WITH balances AS ({_BALANCES}) {_ROUND_MONEY}",
    ),
    Invariant(
        "redemptions_posted",
        "每笔核销恰有一笔账，金额等于面值，从该轮到该商户",
        """
        SELECT r.id AS redemption_id, t.id AS transfer_id, r.face_value_fen, t.amount_fen
        FROM redemptions r
        FULL JOIN (SELECT * FROM ledger_transfers WHERE code = 'redemption') t
          ON t.subject = 'redemption:' || r.id
        WHERE r.id IS NULL OR t.id IS NULL OR t.amount_fen <> r.face_value_fen
          OR t.debit_id <> 'round:' || r.round_id OR t.credit_id <> 'payable:' || r.merchant_id
        """,
    ),
    Invariant(
        "redemptions_posted_once",
        "没有一笔核销入账两次",
        """
        SELECT subject, count(*) FROM ledger_transfers WHERE code = 'redemption'
        GROUP BY 1 HAVING count(*) > 1
        """,
    ),
    Invariant(
        "refunds_posted",
        "每笔退货的退款与账一致，回到资金池",
        """
        SELECT f.id AS refund_id, t.id AS transfer_id, f.refunded_fen, t.amount_fen
        FROM (SELECT f.*, r.merchant_id FROM refunds f JOIN redemptions r ON r.id = f.redemption_id
              WHERE f.refunded_fen > 0) f
        FULL JOIN (SELECT * FROM ledger_transfers WHERE code = 'refund') t
          ON t.subject = 'refund:' || f.id
        WHERE f.id IS NULL OR t.id IS NULL OR t.amount_fen <> f.refunded_fen
          OR t.credit_id <> 'pool' OR t.debit_id <> 'payable:' || f.merchant_id
        """,
    ),
    Invariant(
        "refunds_add_up",
        "每笔核销的累计退货与各次之和一致；整单退货退还全部面值",
        """
        SELECT r.id AS redemption_id, r.returned_fen, r.refunded_fen, f.returned, f.refunded
        FROM redemptions r
        LEFT JOIN (SELECT redemption_id, sum(returned_fen) AS returned,
          sum(refunded_fen) AS refunded FROM refunds GROUP BY 1) f ON f.redemption_id = r.id
        WHERE r.returned_fen <> coalesce(f.returned, 0) OR r.refunded_fen <> coalesce(f.refunded, 0)
          OR (r.returned_fen = r.order_amount_fen AND r.refunded_fen <> r.face_value_fen)
        """,
    ),
)

RIGHTS = (
    Invariant(
        "issued_within_stock",
        "已领不超过库存",
        "SELECT id, stock, issued FROM offers WHERE issued > stock",
    ),
    Invariant(
        "issued_counted",
        "每个券种：已领数 = 领取记录数 = 消费券数",
        """
        SELECT o.id AS offer_id, o.issued, c.claims, v.vouchers FROM offers o
        LEFT JOIN (SELECT offer_id, count(*) AS claims FROM claims GROUP BY 1) c
          ON c.offer_id = o.id
        LEFT JOIN (SELECT offer_id, count(*) AS vouchers FROM vouchers GROUP BY 1) v
          ON v.offer_id = o.id
        WHERE o.issued <> coalesce(c.claims, 0) OR o.issued <> coalesce(v.vouchers, 0)
        """,
    ),
    Invariant(
        "claims_have_vouchers",
        "每条领取记录恰有一张同一人、同一券种的消费券",
        """
        SELECT c.id AS claim_id, v.id AS voucher_id
        FROM claims c FULL JOIN vouchers v ON v.id = c.id
        WHERE c.id IS NULL OR v.id IS NULL OR c.person_id <> v.person_id
          OR c.offer_id <> v.offer_id OR c.round_id <> v.round_id
        """,
    ),
    Invariant(
        "one_voucher_per_person_and_offer",
        "每人每券种至多一张",
        "SELECT offer_id, person_id FROM vouchers GROUP BY 1, 2 HAVING count(*) > 1",
    ),
    Invariant(
        "cap_per_person_and_round",
        "每人每轮不超过上限",
        """
        SELECT c.round_id, c.person_id, count(*) FROM claims c JOIN rounds r ON r.id = c.round_id
        GROUP BY 1, 2, r.per_person_cap HAVING count(*) > r.per_person_cap
        """,
    ),
    Invariant(
        "vouchers_have_people",
        "每张消费券都属于一位已实名的人和一个存在的券种",
        """
        SELECT v.id AS voucher_id FROM vouchers v
        LEFT JOIN persons p ON p.id = v.person_id LEFT JOIN offers o ON o.id = v.offer_id
        WHERE p.id IS NULL OR o.id IS NULL
        """,
    ),
    Invariant(
        "used_vouchers_have_redemptions",
        "已核销或作废的消费券恰有一笔核销，其他的没有",
        """
        SELECT v.id AS voucher_id, v.state, r.id AS redemption_id
        FROM vouchers v FULL JOIN redemptions r ON r.voucher_id = v.id
        WHERE v.id IS NULL OR (r.id IS NOT NULL) <> (v.state IN ('redeemed', 'void'))
          OR (r.id IS NOT NULL AND r.person_id <> v.person_id)
        """,
    ),
)


async def check(invariants: tuple[Invariant, ...]) -> list[Finding]:
    """Check invariants against one snapshot of the book."""
    async with connection() as book, book.transaction(isolation="repeatable_read", readonly=True):
        await book.execute("SET LOCAL statement_timeout = '300s'")
        return [await examine(book, invariant) for invariant in invariants]


async def examine(book: "asyncpg.Connection[Any]", invariant: Invariant) -> Finding:
    """Check one invariant on this connection, within whatever transaction is open there."""
    rows = await book.fetch(
        f"SELECT * FROM ({invariant.broken}) broken LIMIT {ROWS_SHOWN_MAX}", timeout=300
    )
    return Finding(invariant.name, invariant.sentence, tuple(dict(row) for row in rows))
