"""Everything that the book knows of some records: what their evidence shows.

Raw SQL, a few statements for some hundred records at once: a page for each of half a million
records would otherwise be millions of statements. No personal data is asked for.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from server.infra.reading import Book

Row = Mapping[str, Any]

_MAIN = """
SELECT r.id, r.voucher_id, r.round_id, r.merchant_id, r.store_id, r.cashier_id, r.category,
  r.order_no, r.order_amount_fen, r.face_value_fen, r.merchant_discount_fen,
  r.platform_discount_fen, r.receipt_no, r.receipt_owed, r.redeemed_at, r.returned_fen,
  r.refunded_fen, r.settled_fen, m.name AS merchant, m.credit_code, s.name AS store, s.address,
  s.subdistrict, g.name AS round, g.opens_at, g.closes_at, g.created_by AS round_by,
  g.approved_by AS round_approved_by, c.claimed_at, encode(c.network_index, 'hex') AS network,
  v.name AS voucher, v.min_spend_fen, v.state AS voucher_state, v.issued_at, v.valid_until,
  o.template_id, b.id AS batch_id, b.number AS batch, b.state AS batch_state, b.period_from,
  b.period_until, b.entered_by AS batch_by, b.entered_at AS batch_at, b.confirmed_by,
  b.confirmed_at, b.sent_at, l.id AS line_id, l.number AS line, l.amount_fen AS line_amount_fen,
  l.state AS line_state, l.institution_ref, l.paid_at
FROM redemptions r
JOIN merchants m ON m.id = r.merchant_id
JOIN stores s ON s.id = r.store_id
JOIN rounds g ON g.id = r.round_id
JOIN vouchers v ON v.id = r.voucher_id
JOIN claims c ON c.id = r.voucher_id
JOIN offers o ON o.id = r.offer_id
LEFT JOIN batches b ON b.id = r.batch_id
LEFT JOIN batch_lines l ON l.batch_id = r.batch_id AND l.merchant_id = r.merchant_id
WHERE r.id = ANY($1::uuid[])"""

_SCANS = """
SELECT voucher_id, at, cashier_id, store_id, code FROM failed_scans
WHERE voucher_id = ANY($1::uuid[]) ORDER BY at, id"""

_REFUNDS = """
SELECT f.redemption_id, f.id, f.refunded_at, f.returned_fen, f.refunded_fen, f.reason, f.cashier_id,
  d.id IS NOT NULL AS deducted, d.repaid, b.number AS deducted_in
FROM refunds f LEFT JOIN deductions d ON d.id = f.id LEFT JOIN batches b ON b.id = d.batch_id
WHERE f.redemption_id = ANY($1::uuid[]) ORDER BY f.refunded_at, f.id"""

_TRANSFERS = """
SELECT subject, id, at, code, debit_id, credit_id, amount_fen FROM ledger_transfers
WHERE subject = ANY($1::text[]) ORDER BY at, id"""

_APPROVALS = """
SELECT e.subject, e.at, e.actor, e.role, e.action, a.seq, encode(a.hash, 'hex') AS hash
FROM audit_entries e LEFT JOIN audit_chain a ON a.entry_id = e.id
WHERE e.subject = ANY($1::text[]) ORDER BY e.at, e.id LIMIT 10000"""

APPROVALS_MAX = 50
"""Shown of one round or batch: nobody does more to one."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One record with all that belongs to it."""

    id: UUID
    stratum: str
    is_case: bool
    main: Row
    scans_before: Sequence[Row]
    """Scans of its voucher that failed, up to the redemption."""
    scans_after: Sequence[Row]
    refunds: Sequence[Row]
    transfers: Sequence[Row]
    """Of this record alone."""
    line_transfers: Sequence[Row]
    """Of its merchant's whole line in the batch."""
    approvals: Sequence[Row]
    """What the audit log has about its round and its batch."""


async def evidence(book: Book, drawn: Sequence[Row]) -> list[Evidence]:
    """The evidence of some sampled records (`record_id`, `stratum`, `is_case`), in their order."""
    ids = [row["record_id"] for row in drawn]
    main = {row["id"]: row for row in await book.fetch(_MAIN, ids)}
    vouchers = [row["voucher_id"] for row in main.values()]
    scans = _by("voucher_id", await book.fetch(_SCANS, vouchers))
    refunds = await book.fetch(_REFUNDS, ids)
    subjects = [f"redemption:{record_id}" for record_id in ids]
    subjects += [f"refund:{row['id']}" for row in refunds]
    subjects += [f"line:{row['line_id']}" for row in main.values() if row["line_id"] is not None]
    transfers = _by("subject", await book.fetch(_TRANSFERS, subjects))
    approvals = _by("subject", await book.fetch(_APPROVALS, _approved(list(main.values()))))
    refunds_of = _by("redemption_id", refunds)
    found = []
    for row in drawn:
        facts = main[row["record_id"]]
        mine = refunds_of[facts["id"]]
        moved = [f"redemption:{facts['id']}", *(f"refund:{refund['id']}" for refund in mine)]
        failed, at = scans[facts["voucher_id"]], facts["redeemed_at"]
        found.append(
            Evidence(
                id=facts["id"],
                stratum=row["stratum"],
                is_case=row["is_case"],
                main=facts,
                scans_before=[scan for scan in failed if scan["at"] <= at],
                scans_after=[scan for scan in failed if scan["at"] > at],
                refunds=mine,
                transfers=[move for subject in moved for move in transfers[subject]],
                line_transfers=transfers[f"line:{facts['line_id']}"],
                approvals=[
                    entry
                    for subject in _approved([facts])
                    for entry in approvals[subject][:APPROVALS_MAX]
                ],
            )
        )
    return found


def _approved(rows: Sequence[Row]) -> list[str]:
    """The subjects of the audit log about the rounds and batches of these records."""
    rounds = {f"round:{row['round_id']}" for row in rows}
    batches = {f"batch:{row['batch_id']}" for row in rows if row["batch_id"] is not None}
    return [*sorted(rounds), *sorted(batches)]


def _by(name: str, rows: Sequence[Row]) -> defaultdict[Any, list[Row]]:
    found: defaultdict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[name]].append(row)
    return found
