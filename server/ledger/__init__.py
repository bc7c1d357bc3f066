"""ledger: where every fen of public money is, in double entry (P-03, P-10.1, P-10.2).

Owns `ledger_accounts` and `ledger_transfers`. A transfer moves a positive amount from its debit
account to its credit account; the balance of an account is what was credited less what was
debited. Transfers are only ever added: the database refuses UPDATE, DELETE and TRUNCATE, and a
mistake is corrected by a transfer the other way. A transfer's id is derived from the business
event, so posting an event twice is a primary-key conflict, not a second payment.

Accounts
- `treasury`        where appropriations come from; the only balance that may be negative
- `pool`            appropriated and not committed (资金池)
- `round:<id>`      reserved for a round: not claimed, claimed and unused, less what left it
- `payable:<id>`    redeemed at a merchant and not yet settled, net of refunds

Moves: `appropriation` treasury → pool; `reservation` pool → round; `redemption` round → payable;
`refund` payable → pool; `release` (nobody claimed) and `expiry` (nobody used) round → pool.

Invariants
- The balances of all accounts sum to zero; none but the treasury's is negative.
- For every round: reserved = unclaimed + outstanding + redeemed + returned.
- What was committed never passes what was appropriated, nor the programme's ceiling (P-03).

Refusals, in order: `ledger.ceiling`, `ledger.short`.
"""
