"""audit: who may do what (P-11.1), and who did what, when, from where (P-11.2).

Owns `audit_entries`, `audit_chain`, `audit_checkpoints`; the roles, the acts and the table between
them (`domain.ALLOWED`). A use case first asks `actor.check(Action.…)` and lastly, in the
transaction that does the act, calls `record`: actor, role, origin, action, subject, before, after.
A read by staff asks `actor.check(View.…)` and is not recorded.

The chain. An entry's `body` is its text in one form (`chain.body_of`). When the act commits, the
database gives the entry the next place and hash = SHA-256(hash before it, place in 8 bytes, body),
one commit after the other (an advisory lock). The worker signs the head (Ed25519) every 100 entries
or every hour; its log and Redis, the witness, keep a copy. `verify` walks all of it again and names
the first thing that is wrong. What protects what:
- UPDATE, DELETE, TRUNCATE by the programme itself: refused by triggers;
- a change by whoever may switch triggers off: breaks the chain at that place;
- the same with every later hash computed anew: contradicts the next checkpoint;
- checkpoints removed too, with the tail or with everything: contradicts the witness in Redis,
  within a minute (alarm `audit_witnessed`), and the worker signs nothing any more;
- all of it by whoever has the database, Redis and the secret: contradicts only a head that an
  auditor wrote down, or that the log of the worker has (`huixiang audit verify --head`).

Invariants
- An act that was rolled back left no entry; an entry means that its act was committed.
- Places are 1, 2, 3, … without a gap, in the order of the commits.
- No personal data in an entry: subjects are identifiers. Columns repeat the body, for looking up.
- A checkpoint is signed only where the chain since the last one is right and the witness agrees.
- An emptied Redis is no fault: the witness is written again from the newest checkpoint.

Refusals, in order: `audit.not_allowed` before anything else is looked at, in every use case of
every slice; then, to whoever has the chain checked over HTTP, `audit.busy`.
"""
