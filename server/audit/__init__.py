"""audit: who did what, when, from where, written in the same transaction as the act (P-11.2).

Owns `audit_entries`. Every act on money, rounds or merchants writes one entry: actor, action (a
dotted word from `domain.Action`), subject, and what it said. The database refuses UPDATE, DELETE
and TRUNCATE on the table, so an entry that was written stays as it was.

Invariants
- An act that was rolled back left no entry; an entry means that its act was committed.
- No personal data in an entry: subjects are identifiers.
"""
