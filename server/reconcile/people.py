"""Invariants of who acted: two people where two are needed, and every act in the chain."""

from server.reconcile.domain import Invariant

# What waits for a second person, and whether it needs to have had one by now.
_ENTERED = """
  SELECT 'template' AS what, id::text, entered_by, approved_by AS decided_by, false AS due
    FROM templates
  UNION ALL SELECT 'round', id::text, created_by, approved_by,
    state IN ('approved', 'scheduled', 'open', 'settled')
    OR (state = 'closed' AND EXISTS (SELECT 1 FROM vouchers v WHERE v.round_id = rounds.id))
    FROM rounds
  UNION ALL SELECT 'stock', id::text, entered_by, decided_by, state <> 'entered'
    FROM stock_additions
  UNION ALL SELECT 'funds', id::text, entered_by, decided_by, state <> 'entered'
    FROM funds_entries
  UNION ALL SELECT 'institution', id::text, entered_by, approved_by, false FROM institutions
  UNION ALL SELECT 'payee', id::text, entered_by, approved_by, false FROM payees
  UNION ALL SELECT 'batch', id::text, entered_by, confirmed_by,
    state NOT IN ('draft', 'dropped') FROM batches
"""

PEOPLE = (
    Invariant(
        "two_people",
        "录入人与审核人不是同一人；生效的都经过审核（P-11.1）",
        f"""
        SELECT * FROM ({_ENTERED}) e
        WHERE decided_by = entered_by OR (due AND decided_by IS NULL)
        """,
    ),
    Invariant(
        "audit_entries_chained",
        "每条审计记录恰在链上一次，链上没有缺号",
        """
        SELECT e.id::text AS entry_id, c.seq, NULL::bigint AS count FROM {entries} e
        FULL JOIN {links} c ON c.entry_id = e.id WHERE e.id IS NULL OR c.seq IS NULL
        UNION ALL
        SELECT NULL, max(seq), count(*) FROM audit_chain HAVING max(seq) <> count(*)
        """,
    ),
    Invariant(
        "audit_hashes_chained",
        "审计链上每一环的哈希 = 前一环、序号与记录全文的哈希",
        """
        SELECT c.seq, c.entry_id FROM {links} c JOIN audit_entries e ON e.id = c.entry_id
        LEFT JOIN audit_chain p ON p.seq = c.seq - 1
        WHERE c.hash <> sha256(coalesce(p.hash, decode(repeat('00', 32), 'hex'))
          || int8send(c.seq) || convert_to(e.body, 'UTF8'))
        """,
    ),
)
