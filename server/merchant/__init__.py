"""merchant: the shops that may redeem, their stores and their cashiers (P-06.5, P-08.1, P-08.2).

Owns `merchants`, `stores` and `cashiers`. A merchant (商户) is one business, named by its unified
social credit code (GB 32100), with one or more categories of the programme and at least one
physical store. A cashier is a WeChat account, by its openid, that redeems for one store; it can be
entered before it has ever logged in. Every merchant has an account on the ledger for what it is
owed, opened when it is entered.

States, moved through one table in `domain.py`: listed ⇄ suspended. A merchant is listed as soon as
it is entered. Apart from that, what a merchant is owed may be frozen (P-11.5): no batch takes it in
and no payment file shows it, until somebody else than who froze it lifts that.

Who scans is read from the book for every scan (`queries.till_of`) and kept nowhere: so suspension,
and a cashier's removal, take effect on the next scan on every process (P-08.2).

Invariants
- One merchant per credit code; one store per cashier at a time.
- A merchant's categories are categories of the programme.
- Entering, listing, suspending and freezing are in the audit log, written with the act (P-11.2).

The public list shows listed merchants only, and nothing about people (P-11.4).

Refusals, in order: `merchant.invalid`, `merchant.known`; `merchant.unknown`,
`merchant.wrong_state`, `merchant.own_entry`; `merchant.unknown_store`, `merchant.cashier_known`. Of
a scan: `merchant.not_a_cashier`.
"""
