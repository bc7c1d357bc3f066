"""settlement: paying merchants what was really redeemed, net of refunds (P-05.1, P-10.2, P-11.5).

Owns `institutions`, `payees`, `batches`, `batch_lines`, `receipts`. A batch (结算批次) is what one
payment institution pays to the merchants whose approved payee it holds: a line each. It takes all
that was redeemed before an instant and is in no batch, less refunds, less deductions (refunds of
what was in an earlier batch), plus a line that came back unpaid. Discounts of merchants or
platforms are in no sum (P-06.8). Who is frozen, has no payee or owes more than it is owed is held.

States: draft → dropped | confirmed → sent | returned, sent → paid | returned. From confirmed on the
database refuses changes; a mistake is put right by a later batch. Lines: open → paid | returned, or
nothing (refunds took all of it). Account numbers are sealed; only the payment file shows them.
Ledger: confirming posts payable → settling, and what is deducted payable → deduction and due_back →
pool; then settling → paid, or → payable when a line comes back, which a later line carries. A
merchant may pay a deduction back itself: paid → deduction, due_back → pool (`repayment.py`).

Invariants, each with a test that breaks without its guard
- A redemption is in one batch at most; a returned line is carried once; numbers have no gaps.
- Paid = Σ (face value - refunded), for every merchant, once all is settled.
- Two people: entering and approving, drafting and confirming, drafting and answering
  what was sent (P-11.1).
- The payment file is the same bytes for ever; a receipt is applied once, whole or not at all.

Refusals, in order. Role first (`audit.not_allowed`); `settlement.unknown` (an institution's account
knows only what was sent to it). Entries: `settlement.invalid`, `settlement.known`; approving:
`settlement.wrong_state`, `settlement.own_entry`, `settlement.number_differs`. The licence:
`settlement.licence_missing`, `settlement.licence_expired` (the day is Shanghai's),
`settlement.not_approved`. Draft: the licence,
`settlement.bad_period`, `settlement.nothing_due`. Confirm: `settlement.wrong_state`,
`settlement.own_entry`, the licence, `settlement.amount_differs`, `settlement.frozen`. Send:
`settlement.wrong_state`, the licence; again: `settlement.file_changed`. Return:
`settlement.wrong_state`, `settlement.own_entry`, `settlement.partly_paid`. Receipt:
`settlement.wrong_state`, `settlement.own_entry`, `settlement.bad_receipt`. Statement:
`settlement.bad_period`, `settlement.too_many_rows`. Repayment: `settlement.deduction_closed`,
`settlement.repayment_differs`, `settlement.not_paid_yet`.
"""
