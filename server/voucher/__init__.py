"""voucher: one resident's right to one discount, in the wallet and at the till (P-06.4, P-09.4).

Owns `vouchers`. A voucher (消费券) carries its terms as they were when it was issued: category,
threshold, face value, end. Rows are written by the claim's batch writer; from then on a voucher
moves only through the table in `domain.py`, and only by `service.redeem`, `service.void` and the
expiry job, each holding the row's lock.

States: issued → redeemed | expired; redeemed → void (the order was returned). What a wallet shows
is a function of the row and the instant: an issued voucher whose end has passed is expired at once,
whether or not the job has been there.

The code. A resident shows `HX1.<voucher>.<8 digits>`, the digits being a one-time code (RFC 6238)
of 30 s keyed per voucher. The seed goes to the owner alone, while the voucher is usable, so that
the phone can show codes without a network. Nothing that holds a code or a seed may be cached.

The job. `jobs.expire_due` moves the money of vouchers that nobody used in time back to the pool, a
batch of one round at a time, the states and their posting in one transaction (P-10.1). It skips
rows that a scan holds, and may be stopped anywhere and started again.

Invariants
- A person sees their own vouchers and no others.
- Outstanding (issued) vouchers of a round are worth what its ledger account holds for them.
- Expired and void are final.

Refusals, in order: `identity.not_logged_in`, `identity.not_real_name`, `voucher.unknown`,
`voucher.not_usable`.
"""
