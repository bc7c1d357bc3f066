"""reconcile: every invariant of the book by name, checked on demand and every minute.

Owns no table and changes nothing. Each invariant is one query that returns the rows which break
it; none is the only good answer. A break is an alarm (an error in the log, exit status 1 of the
command) that names the rows. Money is never repaired by itself.

- `book.py`  what PostgreSQL must say about itself: money, counts, references
- `gate.py`  what Redis must agree with the book about
"""
