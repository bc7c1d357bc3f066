"""ledger: where every fen of public money is, in double entry (P-03, P-10.1, P-10.2).

Owns `ledger_accounts` and `ledger_transfers`. A transfer moves a positive amount from its debit
account to its credit account; the balance of an account is what was credited less what was
debited. Transfers are only ever added: the database refuses UPDATE, DELETE and TRUNCATE, and a
mistake is corrected by a transfer the other way. A transfer's id is derived from the business
event, so posting an event twice is a primary-key conflict, not a second payment.

Accounts
- `treasury`        where appropriations come from; its balance is never positive
- `pool`            appropriated and not committed (资金池)
- `round:<id>`      reserved for a round: not claimed, claimed and unused, less what left it
- `payable:<id>`    redeemed at a merchant, in no confirmed batch, net of refunds
- `settling:<id>`   owed to a merchant, in a confirmed batch;  `paid:<id>` what it received
- `deduction:<id>`  what a merchant owes after refunds of settled money; never positive
- `due_back`        what all merchants owe together, until it is deducted or paid back
- `given_back`      what went back the way it came (P-10.4)

Moves: `appropriation` treasury → pool; `correction` the other way; `reservation` pool → round;
`redemption` round → payable; `refund` payable → pool; `release` (nobody claimed) and `expiry`
(nobody used) round → pool; `giving_back` pool → given_back. Settlement moves payable → settling →
paid, and what is owed after a late refund by way of `deduction` and `due_back`.

Invariants
- The balances of all accounts sum to zero; only the treasury's and deductions are negative.
- For every round: reserved = unclaimed + outstanding + redeemed + returned.
- What was committed never passes what was appropriated, nor the programme's ceiling (P-03).

Refusals, in order: `ledger.ceiling`, `ledger.short`.
"""
