"""Invariants of settlement: batches, lines, deductions, and what each merchant's accounts say.

A redemption's worth is its face value less what was refunded before it entered a batch; a refund
after that has a row in `deductions` and is no part of the worth. "Confirmed" means confirmed or
anything later: a batch is never unconfirmed.
"""

from server.reconcile.domain import Invariant

_CONFIRMED = "('confirmed', 'sent', 'paid', 'returned')"

# Of every merchant: what the lines of confirmed batches took from what it is owed, and what came
# back with lines that no confirmed batch pays again.
_LINES = f"""
  SELECT l.merchant_id, sum(l.redeemed_fen) AS settled_fen,
    sum(l.amount_fen) FILTER (WHERE l.state = 'open') AS open_fen,
    sum(l.amount_fen) FILTER (WHERE l.state = 'paid') AS paid_fen,
    sum(l.amount_fen) FILTER (WHERE l.state = 'returned' AND NOT EXISTS (
      SELECT 1 FROM batch_lines n JOIN batches nb ON nb.id = n.batch_id
      WHERE n.carries_id = l.id AND nb.state IN {_CONFIRMED})) AS returned_fen
  FROM batch_lines l JOIN batches b ON b.id = l.batch_id WHERE b.state IN {_CONFIRMED} GROUP BY 1
"""
# Of every merchant: its deductions, all of them, those no confirmed batch took, those paid back.
_DEDUCTIONS = f"""
  SELECT d.merchant_id, sum(d.amount_fen) AS all_fen,
    sum(d.amount_fen) FILTER (WHERE d.repaid) AS repaid_fen,
    sum(d.amount_fen) FILTER (WHERE NOT d.repaid
      AND (b.state IS NULL OR b.state NOT IN {_CONFIRMED})) AS open_fen
  FROM deductions d LEFT JOIN batches b ON b.id = d.batch_id GROUP BY 1
"""


def _balance(kind: str, expected: str, sources: str) -> str:
    """The merchants whose account of this kind does not hold what is expected."""
    return f"""
        SELECT m.id AS merchant_id, a.fen AS balance, {expected} AS expected
        FROM merchants m LEFT JOIN reconcile_balances a ON a.id = '{kind}:' || m.id
        {sources}
        WHERE coalesce(a.fen, 0) <> {expected}
    """


_WITH_LINES = f"LEFT JOIN ({_LINES}) l ON l.merchant_id = m.id"
_WITH_DEDUCTIONS = f"LEFT JOIN ({_DEDUCTIONS}) d ON d.merchant_id = m.id"

MERCHANTS = (
    Invariant(
        "payable_agrees",
        "每家商户应付 = 未进入已确认批次的核销净额 + 已退回且未再次支付的款项",
        _balance(
            "payable",
            "coalesce(w.fen, 0) + coalesce(l.returned_fen, 0)",
            f"""LEFT JOIN (
              SELECT r.merchant_id, sum(r.face_value_fen - r.refunded_fen + coalesce(late.fen, 0))
                AS fen
              FROM redemptions r LEFT JOIN batches b ON b.id = r.batch_id
              LEFT JOIN (SELECT f.redemption_id, sum(d.amount_fen) AS fen FROM deductions d
                JOIN refunds f ON f.id = d.id GROUP BY 1) late ON late.redemption_id = r.id
              WHERE b.state IS NULL OR b.state NOT IN {_CONFIRMED}
              GROUP BY 1) w ON w.merchant_id = m.id
            {_WITH_LINES}""",
        ),
        minute=False,
    ),
    Invariant(
        "payable_agrees_with_figures",
        "每家商户应付 = 汇总的核销净额 + 待扣款合计 − 已确认批次已结 + 已退回且未再次支付的款项",
        _balance(
            "payable",
            """coalesce(f.fen, 0) + coalesce(d.all_fen, 0) - coalesce(l.settled_fen, 0)
              + coalesce(l.returned_fen, 0)""",
            f"""LEFT JOIN (
              SELECT s.merchant_id, sum(g.redeemed_fen - g.refunded_fen) AS fen
              FROM figures_monthly g JOIN stores s ON s.id = g.store_id GROUP BY 1
            ) f ON f.merchant_id = m.id
            {_WITH_LINES} {_WITH_DEDUCTIONS}""",
        ),
    ),
    Invariant(
        "settling_agrees",
        "每家商户在途 = 已确认批次中未回执的款项",
        _balance("settling", "coalesce(l.open_fen, 0)", _WITH_LINES),
    ),
    Invariant(
        "paid_agrees",
        "每家商户已付 = 已支付的款项 − 商户自行退回的扣款",
        _balance(
            "paid",
            "coalesce(l.paid_fen, 0) - coalesce(d.repaid_fen, 0)",
            f"{_WITH_LINES} {_WITH_DEDUCTIONS}",
        ),
    ),
    Invariant(
        "deductions_agree",
        "每家商户待扣款 = 未被已确认批次扣除、也未自行退回的扣款",
        _balance("deduction", "-coalesce(d.open_fen, 0)", _WITH_DEDUCTIONS),
    ),
)

BATCHES = (
    Invariant(
        "lines_posted",
        "已确认批次的每条明细各恰入账一次：结算、扣款、支付或退回，金额一致；未确认的没有",
        f"""
        SELECT l.id AS line_id, e.code, e.debit_id, e.credit_id, e.fen, t.count, t.posted
        FROM (
          SELECT l.id, e.* FROM batch_lines l JOIN batches b ON b.id = l.batch_id
          CROSS JOIN LATERAL (VALUES
            ('settlement', 'payable:' || l.merchant_id, 'settling:' || l.merchant_id,
              l.amount_fen),
            ('deducted', 'payable:' || l.merchant_id, 'deduction:' || l.merchant_id,
              l.deducted_fen),
            ('deducted', 'due_back', 'pool', l.deducted_fen),
            ('payment', 'settling:' || l.merchant_id, 'paid:' || l.merchant_id,
              CASE WHEN l.state = 'paid' THEN l.amount_fen ELSE 0 END),
            ('payment_returned', 'settling:' || l.merchant_id, 'payable:' || l.merchant_id,
              CASE WHEN l.state = 'returned' THEN l.amount_fen ELSE 0 END)
          ) e (code, debit_id, credit_id, fen)
          WHERE b.state IN {_CONFIRMED} AND e.fen > 0
        ) e FULL JOIN (
          SELECT subject, code, debit_id, credit_id, count(*), sum(amount_fen) AS posted
          FROM ledger_transfers
          WHERE code IN ('settlement', 'deducted', 'payment', 'payment_returned')
          GROUP BY 1, 2, 3, 4
        ) t ON t.subject = 'line:' || e.id AND t.code = e.code AND t.debit_id = e.debit_id
          AND t.credit_id = e.credit_id
        LEFT JOIN batch_lines l ON l.id = e.id
        WHERE e.id IS NULL OR t.count IS NULL OR t.count <> 1 OR t.posted <> e.fen
        """,
    ),
    Invariant(
        "lines_answered",
        "批次状态与明细一致：已支付、已退回的批次没有未回执的明细，未确认的没有已回执的",
        """
        SELECT b.id AS batch_id, b.state, count(l.id) AS lines,
          count(*) FILTER (WHERE l.state = 'open') AS open,
          count(*) FILTER (WHERE l.state = 'paid') AS paid,
          count(*) FILTER (WHERE l.state = 'returned') AS returned
        FROM batches b LEFT JOIN batch_lines l ON l.batch_id = b.id GROUP BY 1, 2
        HAVING (b.state IN ('draft', 'dropped') AND bool_or(l.state IN ('paid', 'returned')))
          OR (b.state IN ('paid', 'returned') AND bool_or(l.state = 'open'))
          OR (b.state = 'paid' AND NOT bool_or(l.state IN ('paid', 'nothing')))
          OR (b.state = 'returned' AND bool_or(l.state = 'paid'))
        """,
    ),
    Invariant(
        "receipts_not_contradicted",
        "没有回执称已退回的款项又已付款：否则商户可能收到两次",
        """
        SELECT r.id AS receipt_id, l.id AS line_id, r.batch_id, u.one->>'line' AS file_line
        FROM receipts r CROSS JOIN LATERAL jsonb_array_elements(r.unmatched) u (one)
        LEFT JOIN batch_lines l ON l.batch_id = r.batch_id
          AND l.number::text = u.one->'ours'->>'line'
        WHERE u.one->>'reason' = 'contradicts' AND u.one->'ours'->>'state' = 'returned'
        """,
    ),
    Invariant(
        "batches_add_up",
        "每个批次的合计 = 各条明细之和",
        """
        SELECT b.id AS batch_id, b.redemptions_count, b.redeemed_fen, b.deducted_fen,
          b.carried_fen, b.amount_fen, l.*
        FROM batches b LEFT JOIN (
          SELECT batch_id AS of_batch, sum(redemptions_count) AS count,
            sum(redeemed_fen) AS redeemed, sum(deducted_fen) AS deducted,
            sum(carried_fen) AS carried, sum(amount_fen) AS amount
          FROM batch_lines GROUP BY 1) l ON l.of_batch = b.id
        WHERE b.state <> 'dropped' AND (b.redemptions_count, b.redeemed_fen, b.deducted_fen,
            b.carried_fen, b.amount_fen)
          <> (coalesce(l.count, 0), coalesce(l.redeemed, 0), coalesce(l.deducted, 0),
            coalesce(l.carried, 0), coalesce(l.amount, 0))
        """,
    ),
    Invariant(
        "lines_add_up",
        "每条明细的笔数与金额 = 该商户在该批次的核销之和",
        """
        SELECT l.id AS line_id, l.redemptions_count, l.redeemed_fen, r.*
        FROM (SELECT l.* FROM batch_lines l JOIN batches b ON b.id = l.batch_id
              WHERE b.state <> 'dropped') l
        FULL JOIN (SELECT batch_id, merchant_id, count(*), sum(settled_fen) AS settled
              FROM redemptions WHERE batch_id IS NOT NULL GROUP BY 1, 2) r
          ON r.batch_id = l.batch_id AND r.merchant_id = l.merchant_id
        WHERE l.id IS NULL OR l.redemptions_count <> coalesce(r.count, 0)
          OR l.redeemed_fen <> coalesce(r.settled, 0)
        """,
        minute=False,
    ),
    Invariant(
        "lines_deduct",
        "每条明细的扣款 = 归入该批次的该商户扣款之和：每笔扣款恰被扣一次",
        """
        SELECT l.id AS line_id, l.deducted_fen, d.*
        FROM (SELECT l.* FROM batch_lines l JOIN batches b ON b.id = l.batch_id
              WHERE b.state <> 'dropped') l
        FULL JOIN (SELECT batch_id, merchant_id, sum(amount_fen) AS deducted
              FROM deductions WHERE batch_id IS NOT NULL GROUP BY 1, 2) d
          ON d.batch_id = l.batch_id AND d.merchant_id = l.merchant_id
        WHERE l.id IS NULL OR l.deducted_fen <> coalesce(d.deducted, 0)
        """,
    ),
    Invariant(
        "lines_carry",
        "再次支付的款项：恰对应一条已退回的明细，同一商户，金额一致，只再付一次",
        """
        SELECT l.id AS line_id, l.carries_id, l.carried_fen, o.state, o.amount_fen
        FROM batch_lines l JOIN batches b ON b.id = l.batch_id
        LEFT JOIN batch_lines o ON o.id = l.carries_id
        WHERE b.state <> 'dropped' AND ((l.carries_id IS NULL AND l.carried_fen <> 0)
          OR (l.carries_id IS NOT NULL AND (o.id IS NULL OR o.state <> 'returned'
            OR o.merchant_id <> l.merchant_id OR o.amount_fen <> l.carried_fen)))
        UNION ALL
        SELECT NULL, l.carries_id, sum(l.carried_fen), 'twice', count(*)
        FROM batch_lines l JOIN batches b ON b.id = l.batch_id
        WHERE b.state <> 'dropped' AND l.carries_id IS NOT NULL
        GROUP BY 2 HAVING count(*) > 1
        """,
    ),
    Invariant(
        "lines_of_their_institution",
        "每条明细的收款账户是该商户经审核、属于该批次支付机构的账户",
        """
        SELECT l.id AS line_id, l.merchant_id, b.institution_id, p.institution_id AS payee_at
        FROM batch_lines l JOIN batches b ON b.id = l.batch_id
        LEFT JOIN payees p ON p.id = l.payee_id
        WHERE p.id IS NULL OR p.merchant_id <> l.merchant_id
          OR p.institution_id <> b.institution_id OR p.approved_by IS NULL
        """,
    ),
    Invariant(
        "settled_in_a_batch",
        "已结算的核销：所在批次存在且未作废，早于批次截止时间，结算额 = 面值 − 入批前的退款",
        """
        SELECT r.id AS redemption_id, r.batch_id, b.state, r.settled_fen, r.face_value_fen,
          r.refunded_fen, late.fen AS late_fen
        FROM {redemptions} r LEFT JOIN batches b ON b.id = r.batch_id
        LEFT JOIN (SELECT f.redemption_id, sum(d.amount_fen) AS fen FROM deductions d
          JOIN refunds f ON f.id = d.id GROUP BY 1) late ON late.redemption_id = r.id
        WHERE r.batch_id IS NOT NULL AND (b.id IS NULL OR b.state = 'dropped'
          OR r.redeemed_at >= b.period_until
          OR r.settled_fen <> r.face_value_fen - r.refunded_fen + coalesce(late.fen, 0))
        """,
    ),
    Invariant(
        "deductions_are_refunds",
        "每笔扣款恰对应一笔退货，同一商户，金额一致；所在批次存在且未作废",
        """
        SELECT d.id AS deduction_id, d.merchant_id, d.amount_fen, f.refunded_fen, b.state
        FROM deductions d LEFT JOIN refunds f ON f.id = d.id
        LEFT JOIN redemptions r ON r.id = f.redemption_id LEFT JOIN batches b ON b.id = d.batch_id
        WHERE f.id IS NULL OR d.amount_fen <> f.refunded_fen OR d.merchant_id <> r.merchant_id
          OR (d.repaid AND d.batch_id IS NOT NULL)
          OR (d.batch_id IS NOT NULL AND (b.id IS NULL OR b.state = 'dropped'))
        """,
    ),
    Invariant(
        "repayments_posted",
        "商户自行退回的每笔扣款恰有一笔已审核的录入与两笔账，金额一致",
        """
        SELECT d.id AS deduction_id, d.amount_fen, e.id AS entry_id, e.amount_fen AS entered,
          t.count, t.moves
        FROM (SELECT * FROM deductions WHERE repaid) d
        FULL JOIN (SELECT * FROM funds_entries WHERE kind = 'repayment' AND state = 'approved') e
          ON e.deduction_id = d.id
        LEFT JOIN (SELECT subject, count(*), array_agg(debit_id || '>' || credit_id || '=' ||
            amount_fen ORDER BY debit_id) AS moves FROM ledger_transfers
          WHERE code = 'repayment' GROUP BY 1) t ON t.subject = 'funds:' || e.id
        WHERE d.id IS NULL OR e.id IS NULL OR e.amount_fen <> d.amount_fen OR t.moves IS NULL
          OR t.moves <> ARRAY['due_back>pool=' || d.amount_fen,
            'paid:' || d.merchant_id || '>deduction:' || d.merchant_id || '=' || d.amount_fen]
        """,
    ),
    Invariant(
        "frozen_merchants_are_held",
        "冻结期间确认的批次不含被冻结的商户（P-11.5）",
        """
        SELECT l.id AS line_id, l.merchant_id, m.frozen_at, b.confirmed_at
        FROM batch_lines l JOIN batches b ON b.id = l.batch_id
        JOIN merchants m ON m.id = l.merchant_id
        WHERE m.frozen_at IS NOT NULL AND b.confirmed_at > m.frozen_at
        """,
    ),
)

INSTITUTIONS = (
    Invariant(
        "institutions_are_licensed",
        "每个有批次的支付机构都登记了许可证，且在批次确认之日有效（P-05.1）",
        """
        SELECT b.id AS batch_id, i.id AS institution_id, i.licence_expires_on, b.confirmed_at
        FROM batches b JOIN institutions i ON i.id = b.institution_id
        WHERE b.state <> 'dropped' AND (i.licence_kind IS NULL OR i.licence_no IS NULL
          OR i.licence_expires_on IS NULL
          OR i.licence_expires_on < (b.confirmed_at AT TIME ZONE 'Asia/Shanghai')::date)
        """,
    ),
)

SETTLEMENT = (*MERCHANTS, *BATCHES, *INSTITUTIONS)
