"""Invariants of the ledger: balances, rounds, redemptions, refunds, public money in and back.

The queries share no code with what they check. `reconcile_balances`, `reconcile_moves` and
`reconcile_rounds` are the run's own sums (see `invariants.py`).
"""

from server.reconcile.domain import Invariant

BALANCES = (
    Invariant(
        "balances_not_negative",
        "除拨款来源与待扣款外，任何账户余额不为负",
        """
        SELECT id, fen FROM reconcile_balances
        WHERE kind NOT IN ('treasury', 'deduction') AND fen < 0
        """,
    ),
    Invariant(
        "deductions_not_positive",
        "商户待扣款账户余额不为正",
        "SELECT id, fen FROM reconcile_balances WHERE kind = 'deduction' AND fen > 0",
    ),
    Invariant(
        "balances_sum_to_zero",
        "全部账户余额之和为零",
        "SELECT sum(fen) AS sum FROM reconcile_balances HAVING sum(fen) <> 0",
    ),
    Invariant(
        "deductions_are_due_back",
        "各商户待扣款之和 = 应收回款",
        """
        SELECT sum(fen) FILTER (WHERE kind = 'deduction') AS deductions,
          sum(fen) FILTER (WHERE kind = 'due_back') AS due_back
        FROM reconcile_balances WHERE kind IN ('deduction', 'due_back') HAVING sum(fen) <> 0
        """,
    ),
    Invariant(
        "every_yuan",
        "已拨付 = 资金池 + 已预留 + 已领未用 + 应付（含在途）+ 已付 + 已退还",
        """
        SELECT * FROM (
          SELECT -sum(fen) FILTER (WHERE kind = 'treasury') AS appropriated,
            sum(fen) FILTER (WHERE kind = 'pool') AS pool,
            sum(fen) FILTER (WHERE kind IN ('payable', 'settling')) AS payable,
            sum(fen) FILTER (WHERE kind = 'paid') AS paid,
            sum(fen) FILTER (WHERE kind = 'given_back') AS given_back
          FROM reconcile_balances
        ) b CROSS JOIN (
          SELECT sum(reserved_fen) AS reserved, sum(outstanding_fen) AS outstanding
          FROM reconcile_rounds
        ) r
        WHERE coalesce(appropriated, 0) <> coalesce(pool, 0) + coalesce(reserved, 0)
          + coalesce(outstanding, 0) + coalesce(payable, 0) + coalesce(paid, 0)
          + coalesce(given_back, 0)
        """,
    ),
)

ROUNDS = (
    Invariant(
        "rounds_reserved",
        "每轮已预留 = 各券种库存 × 面值",
        """
        SELECT r.id AS round_id, t.reserved, o.worth FROM rounds r
        JOIN (SELECT round_id, sum(stock * face_value_fen) AS worth FROM offers GROUP BY 1) o
          ON o.round_id = r.id
        LEFT JOIN (SELECT credit_id, sum(fen) AS reserved FROM reconcile_moves
          WHERE code = 'reservation' GROUP BY 1) t ON t.credit_id = 'round:' || r.id
        WHERE coalesce(t.reserved, 0) <> CASE WHEN r.state = 'draft' THEN 0 ELSE o.worth END
        """,
    ),
    Invariant(
        "rounds_add_up",
        "每轮：预留 = 未领 + 未用 + 已核销 + 已退回",
        """
        SELECT r.id AS round_id, b.fen AS balance, r.reserved_fen, r.outstanding_fen
        FROM reconcile_rounds r JOIN reconcile_balances b ON b.id = 'round:' || r.id
        WHERE b.fen <> r.reserved_fen + r.outstanding_fen
        """,
    ),
)

REDEMPTIONS = (
    Invariant(
        "redemptions_posted",
        "每笔核销恰有一笔账，金额等于面值，从该轮到该商户",
        """
        SELECT r.id AS redemption_id, t.id AS transfer_id, r.face_value_fen, t.amount_fen
        FROM {redemptions} r
        FULL JOIN {redemption_postings} t ON t.subject = 'redemption:' || r.id
        WHERE r.id IS NULL OR t.id IS NULL OR t.amount_fen <> r.face_value_fen
          OR t.debit_id <> 'round:' || r.round_id OR t.credit_id <> 'payable:' || r.merchant_id
        """,
    ),
    Invariant(
        "redemptions_posted_once",
        "没有一笔核销入账两次",
        """
        SELECT subject, count(*) FROM {redemption_postings} t GROUP BY 1 HAVING count(*) > 1
        """,
    ),
    Invariant(
        "refunds_posted",
        "每笔退货的退款恰有一笔账：未入结算批次的回到资金池，已入批次的记为商户待扣款",
        """
        SELECT f.id AS refund_id, t.id AS transfer_id, f.refunded_fen, t.amount_fen, t.code
        FROM (SELECT f.*, r.merchant_id, d.id IS NOT NULL AS late FROM {refunds} f
              JOIN redemptions r ON r.id = f.redemption_id LEFT JOIN deductions d ON d.id = f.id
              WHERE f.refunded_fen > 0) f
        FULL JOIN {refund_postings} t ON t.subject = 'refund:' || f.id
        WHERE f.id IS NULL OR t.id IS NULL OR t.amount_fen <> f.refunded_fen
          OR t.code <> CASE WHEN late THEN 'late_refund' ELSE 'refund' END
          OR t.debit_id <> CASE WHEN late THEN 'deduction:' ELSE 'payable:' END || f.merchant_id
          OR t.credit_id <> CASE WHEN late THEN 'due_back' ELSE 'pool' END
        """,
    ),
    Invariant(
        "refunds_posted_once",
        "没有一笔退款入账两次",
        "SELECT subject, count(*) FROM {refund_postings} t GROUP BY 1 HAVING count(*) > 1",
    ),
    Invariant(
        "refunds_add_up",
        "每笔核销的累计退货与各次之和一致；整单退货退还全部面值",
        """
        SELECT r.id AS redemption_id, r.returned_fen, r.refunded_fen, f.returned, f.refunded
        FROM {redemptions} r
        LEFT JOIN (SELECT redemption_id, sum(returned_fen) AS returned,
          sum(refunded_fen) AS refunded FROM refunds
          WHERE redemption_id IN (SELECT id FROM {redemptions} these) GROUP BY 1) f
          ON f.redemption_id = r.id
        WHERE r.returned_fen <> coalesce(f.returned, 0) OR r.refunded_fen <> coalesce(f.refunded, 0)
          OR (r.returned_fen = r.order_amount_fen AND r.refunded_fen <> r.face_value_fen)
        """,
    ),
    Invariant(
        "only_faces_posted",
        "各商户核销入账之和 = 各笔面值之和：商户与平台的自行优惠不入公共资金账（P-06.8）",
        """
        SELECT coalesce(r.account, t.credit_id) AS account, r.faces, t.posted, r.discounts
        FROM (SELECT 'payable:' || merchant_id AS account, sum(face_value_fen) AS faces,
                sum(merchant_discount_fen + platform_discount_fen) AS discounts
              FROM redemptions GROUP BY 1) r
        FULL JOIN (SELECT credit_id, sum(fen) AS posted FROM reconcile_moves
              WHERE code = 'redemption' GROUP BY 1) t ON t.credit_id = r.account
        WHERE coalesce(r.faces, 0) <> coalesce(t.posted, 0)
        """,
        minute=False,
    ),
)

FUNDS = (
    Invariant(
        "funds_posted",
        "每笔已审核的资金录入恰有一笔账，金额、去向与录入一致；未审核或退回的没有",
        """
        SELECT e.id AS entry_id, e.kind, e.state, e.amount_fen, t.count, t.fen
        FROM funds_entries e
        FULL JOIN (SELECT subject, code, debit_id, credit_id, count(*), sum(amount_fen) AS fen
          FROM (
            SELECT * FROM ledger_transfers WHERE debit_id = 'treasury'
            UNION ALL
            SELECT * FROM ledger_transfers
              WHERE credit_id IN ('treasury', 'given_back') AND debit_id <> 'treasury'
            UNION ALL
            SELECT t.* FROM (SELECT DISTINCT debit_id FROM reconcile_moves
                WHERE code = 'repayment' AND debit_id <> 'due_back') payers
              JOIN ledger_transfers t USING (debit_id) WHERE t.code = 'repayment'
          ) funds
          GROUP BY 1, 2, 3, 4) t ON t.subject = 'funds:' || e.id
        WHERE e.id IS NULL OR (e.state = 'approved') <> (t.subject IS NOT NULL)
          OR (t.subject IS NOT NULL AND (t.count <> 1 OR t.fen <> e.amount_fen OR t.code <> e.kind
            OR (t.debit_id || '>' || t.credit_id) <> CASE e.kind
              WHEN 'appropriation' THEN 'treasury>pool'
              WHEN 'correction' THEN 'pool>treasury'
              WHEN 'giving_back' THEN 'pool>given_back'
              ELSE t.debit_id || '>' || t.credit_id END))
        """,
    ),
)

MONEY = (*BALANCES, *ROUNDS, *REDEMPTIONS)
