"""Invariants of rights: stock, claims, vouchers, and what vouchers became."""

from server.reconcile.domain import Invariant

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
        minute=False,
    ),
    Invariant(
        "claims_have_vouchers",
        "每条领取记录恰有一张同一人、同一券种的消费券",
        """
        SELECT c.id AS claim_id, v.id AS voucher_id
        FROM {claims} c FULL JOIN {vouchers} v ON v.id = c.id
        WHERE c.id IS NULL OR v.id IS NULL OR c.person_id <> v.person_id
          OR c.offer_id <> v.offer_id OR c.round_id <> v.round_id
        """,
    ),
    Invariant(
        "one_voucher_per_person_and_offer",
        "每人每券种至多一张",
        "SELECT offer_id, person_id FROM vouchers GROUP BY 1, 2 HAVING count(*) > 1",
        minute=False,
    ),
    Invariant(
        "cap_per_person_and_round",
        "每人每轮不超过上限",
        """
        SELECT c.round_id, c.person_id, count(*) FROM claims c JOIN rounds r ON r.id = c.round_id
        GROUP BY 1, 2, r.per_person_cap HAVING count(*) > r.per_person_cap
        """,
        minute=False,
    ),
    Invariant(
        "vouchers_have_people",
        "每张消费券都属于一位已实名的人和一个存在的券种",
        """
        SELECT v.id AS voucher_id FROM {vouchers} v
        LEFT JOIN persons p ON p.id = v.person_id LEFT JOIN offers o ON o.id = v.offer_id
        WHERE p.id IS NULL OR o.id IS NULL
        """,
    ),
    Invariant(
        "used_vouchers_have_redemptions",
        "已核销或作废的消费券恰有一笔核销，其他的没有",
        """
        SELECT v.id AS voucher_id, v.state, r.id AS redemption_id
        FROM {touched_vouchers} v LEFT JOIN redemptions r ON r.voucher_id = v.id
        WHERE (r.id IS NOT NULL) <> (v.state IN ('redeemed', 'void'))
          OR (r.id IS NOT NULL AND (r.person_id <> v.person_id
            OR r.face_value_fen <> v.face_value_fen
            OR (r.returned_fen > 0) <> (v.state = 'void')))
        UNION ALL
        SELECT r.voucher_id, NULL, r.id FROM {redemptions} r
        WHERE NOT EXISTS (SELECT 1 FROM vouchers v WHERE v.id = r.voucher_id)
        """,
    ),
)
