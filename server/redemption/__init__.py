"""redemption: a merchant consumes a voucher against one order, and what is returned of it (P-09).

Owns `redemptions`, `refunds`, `deductions` and `failed_scans`. A cashier's app makes the
redemption's id and keeps it before sending, so that it can send the same again after a crash or a
time-out. One transaction holds the voucher's row, decides by the ladder in `domain.py`, writes the
redemption, moves the voucher and posts its face value from the round to what the merchant is owed.
Two that meet (same id, voucher or order) are told apart by the voucher's lock and three unique
indexes; whoever loses goes through the ladder again and gets the answer that now is right. A dry
run does all of it and rolls back. Scans that were refused are kept with their reason.

A merchant's or platform's own discount is recorded and never posted: no public money (P-06.8). A
refund gives back the face value in proportion to what was returned, cumulatively and exact to the
fen (P-09.4); the voucher is void from the first one on. A suspended merchant may still refund. Of a
redemption that is in a settlement batch, a refund becomes a deduction, which the merchant owes and
a later batch takes off; the pool has it only then (P-10.2). Its row's lock decides which it is.

Invariants, each with a test that breaks without its guard
- A voucher redeems once; an order takes one voucher (P-09.2); an id is one redemption.
- payable = Σ (face value - refunded) until batches settle it; no return passes the order's amount.
- A refund is either in what its batch pays, or a deduction; Σ deductions owed = due_back.
- A redemption, its voucher's state and its posting are written together or not at all.

Answers to a scan, in order: `identity.not_logged_in`, `merchant.not_a_cashier`; the same redemption
again (200); then refusals: `redemption.too_many` (before the till is read), `redemption.id_reused`,
`redemption.amount_too_large`, `redemption.code_malformed` (also for a code of no voucher of ours),
`redemption.code_locked` (too many wrong codes for this voucher lately: none is looked at for a
while, since eight digits could be guessed), `redemption.code_expired` (also for a wrong one),
`redemption.voucher_void`, `redemption.already_redeemed`, `redemption.voucher_expired` or
`redemption.not_yet_valid` (also outside the programme, P-04), `redemption.merchant_suspended`,
`redemption.other_category`, `redemption.below_min_spend`, `redemption.discount_too_large`,
`redemption.order_taken`, and last what risk is certain of: `risk.no_location`, `risk.too_far`,
`risk.split` (P-06.7). To a refund: `redemption.unknown`; the same refund again (200);
`redemption.id_reused`, `redemption.refund_too_much`. `redemption.unsure` is not a decision: the
same request may be sent again, and does nothing twice.
"""
