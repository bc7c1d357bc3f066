"""funding: public money received, corrected, paid back by merchants, given back (P-10.1, P-10.4).

Owns `funds_entries`. Finance enters what the bank moved: its kind, amount, document's number and
day. Another person of finance approves or rejects it (P-11.1); only approval moves the ledger, in
the same transaction, and an entry posts once, since its posting's id is derived from its own.

States: entered → approved | rejected, both for ever (the database keeps a decided entry).

Kinds: `appropriation` treasury → pool; `correction` pool → treasury, of one appropriation that had
been recorded too high; `giving_back` pool → given_back; `repayment`, which is settlement's: a
merchant paid a deduction back. Of that one, funding keeps the entry and the two people; whoever
puts the process together hands in a `Handler`, which is awaited within the approving transaction,
does the posting (paid → deduction, due_back → pool), marks the deduction, and may refuse. Without
a handler no repayment can be entered.

`position.py` says where every yuan is, in one statement on one snapshot: appropriated less
corrected = pool + reserved + outstanding + payable + settling + paid + given back. The bank's
account should hold what was appropriated and neither paid nor given back. `giving_back.py` says,
from the same figures, what must go back after the programme, how it came about, and by when.

Invariants
- Whoever entered an entry does not decide it; a document of the bank is entered once.
- Corrections of an appropriation, waiting ones included, never pass its amount.
- The pool is never short: what leaves it is looked at under its lock.

Refusals, in order. To entering: `funding.invalid`; the same entry again (no refusal);
`funding.id_reused`, `funding.unknown` (what it corrects), `funding.invalid` (what it corrects is no
approved appropriation), `funding.document_known`, `funding.correction_too_large`. To deciding:
`funding.unknown`, `funding.own_entry`, `funding.wrong_state`, `funding.invalid` (no word on why it
is rejected), `ledger.short`, the handler's.
"""
