"""Damage to settlement, public money in and back, roll-ups and the audit log (see `damage.py`)."""

from tests.integration.reconcile.damage import GHOST, Damage, move

OWED = "payable:{settled_at}"
AGAIN = """
INSERT INTO ledger_transfers (id, debit_id, credit_id, amount_fen, code, at, subject)
SELECT gen_random_uuid(), debit_id, credit_id, amount_fen, code, at, subject FROM ledger_transfers
WHERE {which} LIMIT 1
"""
CONTRADICTED = """
INSERT INTO receipts (id, batch_id, file_sha256, file_name, imported_by, imported_at,
  matched_count, unmatched)
SELECT gen_random_uuid(), l.batch_id, sha256('x'), 'x', 'x', now(), 0, jsonb_build_array(
  jsonb_build_object('line', 2, 'reason', 'contradicts', 'said', 'x', 'ours',
    jsonb_build_object('line', l.number, 'state', 'returned')))
FROM batch_lines l WHERE l.id = '{returned_line}'
"""
PAYMENT = "subject = 'line:{paid_line}' AND code = 'payment'"


def again(which: str) -> str:
    """The same transfer once more."""
    return AGAIN.format(which=which)


MERCHANTS = (
    Damage(
        "deductions_not_positive",
        "a merchant owes less than nothing",
        [move("due_back", "deduction:{held}", 1)],
        "deductions_agree",
    ),
    Damage(
        "deductions_are_due_back",
        "a fen due from nobody",
        [move("pool", "due_back", 1)],
        "every_yuan",
    ),
    Damage(
        "every_yuan",
        "an account that no sum knows",
        ["UPDATE ledger_accounts SET kind = 'other' WHERE id = 'paid:{settled_at}'"],
    ),
    Damage(
        "payable_agrees",
        "a fen owed less",
        [move(OWED, "pool", 1)],
        "payable_agrees_with_figures",
    ),
    Damage(
        "payable_agrees_with_figures",
        "a roll-up that lost a fen",
        ["UPDATE figures_monthly SET redeemed_fen = redeemed_fen - 1 WHERE redeemed_count = 3"],
        "monthly_figures_agree months_are_their_days figures_agree_with_ledger",
    ),
    Damage(
        "settling_agrees",
        "back without an answer",
        [move("settling:{settled_at}", OWED, 1)],
        "payable_agrees payable_agrees_with_figures",
    ),
    Damage(
        "paid_agrees",
        "paid and gone",
        [move("paid:{settled_at}", OWED, 1)],
        "payable_agrees payable_agrees_with_figures",
    ),
    Damage(
        "deductions_agree",
        "taken off by a batch that knows nothing of it",
        ["UPDATE deductions SET batch_id = '{sent_batch}' WHERE batch_id IS NULL AND NOT repaid"],
        "lines_deduct",
    ),
)

BATCHES = (
    Damage(
        "lines_posted",
        "paid a fen less",
        [f"UPDATE ledger_transfers SET amount_fen = amount_fen - 1 WHERE {PAYMENT}"],
        "settling_agrees paid_agrees",
    ),
    Damage(
        "lines_posted",
        "paid twice",
        [again(PAYMENT)],
        "settling_agrees paid_agrees",
    ),
    Damage(
        "lines_posted",
        "on its way and not posted",
        ["DELETE FROM ledger_transfers WHERE subject = 'line:{sent_line}'"],
        "settling_agrees payable_agrees payable_agrees_with_figures",
    ),
    Damage(
        "lines_posted",
        "of no line",
        [f"UPDATE ledger_transfers SET subject = 'line:{GHOST}' WHERE {PAYMENT}"],
    ),
    Damage(
        "lines_posted",
        "a draft that is posted",
        [move(OWED, "settling:{settled_at}", 1, "settlement", "line:{draft_line}")],
        "settling_agrees payable_agrees payable_agrees_with_figures",
    ),
    Damage(
        "lines_answered",
        "ended with an open line",
        ["UPDATE batches SET state = 'paid' WHERE id = '{sent_batch}'"],
    ),
    Damage(
        "receipts_not_contradicted",
        "the institution paid what was returned",
        [CONTRADICTED],
    ),
    Damage(
        "batches_add_up",
        "a batch of more than its lines",
        [
            (
                "UPDATE batches SET redeemed_fen = redeemed_fen + 1, amount_fen = amount_fen + 1 "
                "WHERE id = '{draft_batch}'"
            )
        ],
    ),
    Damage(
        "lines_add_up",
        "a line of more than its redemptions",
        [
            (
                "UPDATE batch_lines SET redemptions_count = redemptions_count + 1 "
                "WHERE id = '{draft_line}'"
            ),
            (
                "UPDATE batches SET redemptions_count = redemptions_count + 1 "
                "WHERE id = '{draft_batch}'"
            ),
        ],
    ),
    Damage(
        "lines_deduct",
        "a deduction that left its draft",
        ["UPDATE deductions SET batch_id = NULL WHERE batch_id = '{draft_batch}'"],
    ),
    Damage(
        "lines_carry",
        "carried twice",
        ["UPDATE batch_lines SET carries_id = '{returned_line}' WHERE id = '{draft_line}'"],
    ),
    Damage(
        "lines_carry",
        "carried though it was paid",
        ["UPDATE batch_lines SET carries_id = '{paid_line}' WHERE id = '{sent_line}'"],
        "payable_agrees payable_agrees_with_figures",
    ),
    Damage(
        "lines_of_their_institution",
        "paid to another merchant",
        [
            (
                "UPDATE batch_lines SET payee_id = p.id FROM payees p "
                "WHERE p.merchant_id = '{held}' AND batch_lines.id = '{draft_line}'"
            )
        ],
    ),
    Damage(
        "lines_of_their_institution",
        "by another institution",
        [f"UPDATE payees SET institution_id = '{GHOST}' WHERE id = '{{payee}}'"],
    ),
    Damage(
        "settled_in_a_batch",
        "redeemed after the end of its batch",
        ["UPDATE batches SET period_until = '2026-01-01' WHERE id = '{draft_batch}'"],
    ),
    Damage(
        "settled_in_a_batch",
        "in a batch that was dropped",
        ["UPDATE batches SET state = 'dropped' WHERE id = '{draft_batch}'"],
        "lines_add_up lines_deduct deductions_are_refunds",
    ),
    Damage(
        "settled_in_a_batch",
        "settled for more than it was worth",
        ["UPDATE redemptions SET settled_fen = settled_fen + 1 WHERE id = '{late}'"],
        "lines_add_up",
    ),
    Damage(
        "deductions_are_refunds",
        "a fen more than was refunded",
        ["UPDATE deductions SET amount_fen = amount_fen + 1 WHERE batch_id IS NULL AND NOT repaid"],
        "payable_agrees_with_figures deductions_agree settled_in_a_batch",
    ),
    Damage(
        "repayments_posted",
        "paid back for nothing",
        [f"UPDATE funds_entries SET deduction_id = '{GHOST}' WHERE kind = 'repayment'"],
    ),
    Damage(
        "frozen_merchants_are_held",
        "confirmed while it was frozen",
        ["UPDATE merchants SET frozen_at = '2026-05-01' WHERE id = '{settled_at}'"],
    ),
    Damage(
        "institutions_are_licensed", "no licence", ["UPDATE institutions SET licence_no = NULL"]
    ),
    Damage(
        "institutions_are_licensed",
        "an expired licence",
        ["UPDATE institutions SET licence_expires_on = '2026-05-31'"],
    ),
)

FUNDS = (
    Damage(
        "funds_posted",
        "posted before anybody agreed",
        ["UPDATE funds_entries SET state = 'entered' WHERE kind = 'appropriation'"],
    ),
    Damage(
        "funds_posted",
        "a fen more than was entered",
        ["UPDATE funds_entries SET amount_fen = amount_fen - 1 WHERE kind = 'appropriation'"],
    ),
    Damage("funds_posted", "posted twice", [again("code = 'appropriation'")]),
    Damage(
        "funds_posted",
        "agreed to and not posted",
        ["UPDATE ledger_transfers SET subject = 'funds' WHERE code = 'appropriation'"],
    ),
    Damage(
        "funds_posted",
        "given back by nobody",
        [move("pool", "given_back", 1, "giving_back", f"funds:{GHOST}")],
    ),
    Damage(
        "only_faces_posted",
        "a discount in the ledger",
        [
            (
                "UPDATE ledger_transfers SET amount_fen = amount_fen + 50 "
                "WHERE subject = 'redemption:{kept}'"
            ),
            move("pool", "round:{open}", 50),
        ],
        "redemptions_posted payable_agrees payable_agrees_with_figures figures_agree_with_ledger",
    ),
    Damage(
        "refunds_posted_once",
        "a late refund posted twice",
        [again("code = 'late_refund'")],
        "deductions_agree figures_agree_with_ledger",
    ),
)

FIGURES = (
    Damage(
        "daily_figures_agree",
        "a day that gained a fen",
        ["UPDATE figures_daily SET order_amount_fen = order_amount_fen + 1"],
        "months_are_their_days areas_are_their_stores",
    ),
    Damage(
        "monthly_figures_agree",
        "a month that gained a fen",
        ["UPDATE figures_monthly SET order_amount_fen = order_amount_fen + 1"],
        "months_are_their_days",
    ),
    Damage(
        "months_are_their_days",
        "days that are gone",
        ["DELETE FROM figures_daily"],
        "daily_figures_agree areas_are_their_stores",
    ),
    Damage(
        "areas_are_their_stores",
        "a sub-district that gained a fen",
        ["UPDATE figures_areas SET redeemed_fen = redeemed_fen + 1"],
    ),
    Damage(
        "areas_are_their_stores",
        "a sub-district that is gone",
        ["DELETE FROM figures_areas"],
    ),
    Damage(
        "figures_agree_with_ledger",
        "refunds that are gone",
        ["UPDATE figures_monthly SET refunded_fen = 0 WHERE refunded_fen > 0"],
        "payable_agrees_with_figures monthly_figures_agree months_are_their_days",
    ),
)

PEOPLE = (
    Damage(
        "two_people",
        "a template agreed to by who wrote it",
        ["UPDATE templates SET approved_by = entered_by WHERE approved_by IS NOT NULL"],
    ),
    Damage(
        "two_people",
        "a batch confirmed by nobody",
        ["UPDATE batches SET confirmed_by = NULL WHERE id = '{paid_batch}'"],
    ),
    Damage(
        "two_people",
        "a round approved by nobody",
        ["UPDATE rounds SET approved_by = NULL WHERE id = '{closed}'"],
    ),
    Damage(
        "audit_entries_chained",
        "an act that is in no chain",
        ["DELETE FROM audit_chain WHERE seq = (SELECT max(seq) FROM audit_chain)"],
    ),
    Damage(
        "audit_entries_chained",
        "an entry removed, its link and all",
        [
            "DELETE FROM audit_entries WHERE id = (SELECT entry_id FROM audit_chain WHERE seq = 5)",
            "DELETE FROM audit_chain WHERE seq = 5",
        ],
        "audit_hashes_chained",
        any_run="audit_entries_chained",
    ),
    Damage(
        "audit_hashes_chained",
        "an entry that was rewritten",
        [
            (
                "UPDATE audit_entries SET body = body || ' ' "
                "WHERE id = (SELECT entry_id FROM audit_chain WHERE seq = 5)"
            )
        ],
    ),
)

SETTLED = (*MERCHANTS, *BATCHES, *FUNDS, *FIGURES, *PEOPLE)
