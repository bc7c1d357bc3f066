"""figures: the seven figures of redemption (P-10.3), exact at every instant, and never guessed.

Owns `figures_daily` and `figures_monthly`: sums by Shanghai day or month, store, round and
category. Triggers of the database add to them in the transaction of the redemption or the refund
(migration 0007, decision 0013), so that whoever reads sees book and figures agree. A refund counts
on the day of the refund, whenever it was redeemed. A question is answered from whole months and
edge days, joined with the stores for sub-district and merchant; stock comes from the rounds,
coverage from the listed merchants. `service.rebuild` makes both tables anew from the book;
`reconcile` compares them with book and ledger by queries of its own. Merchants' and platforms' own
top-ups are told apart and are in no other figure (P-06.8).

Modules: `domain` questions and answers · `periods` months and edge days · `sql` the statements ·
`queries` asking them in one snapshot · `book` what should be in the roll-ups · `service` making
them anew · `desk` who may ask, what everybody sees · `explained` `workbook` `schemas` `routes` ·
`lists` every single redemption and refund, to be exported.

Invariants, each with a test that breaks without its guard
- figures_daily = Σ redemptions and refunds; figures_monthly = Σ figures_daily.
- On every Shanghai day 核销金额 and 核销退款金额 are what the ledger moved.
- A merchant counts once in 核销商家数, however many stores, days, rounds or parts of the period.

Refusals, in order: `staff.not_logged_in`, `audit.not_allowed`, `http.unreadable`,
`figures.bad_period`, `figures.bad_grouping`, `figures.days_too_many`, `figures.too_many_rows`. What
everybody may see (P-11.4) names no person and no merchant, and is a minute old at most.
"""
