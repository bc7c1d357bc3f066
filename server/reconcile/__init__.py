"""reconcile: every invariant of the book by name, checked every minute, every hour and on demand.

Owns `alarms` and `reconcile_checks`, and changes nothing else. Each invariant is one query that
returns the rows which break it; none is the only good answer. Money is never repaired by itself.

Two runs, each on one snapshot, in a transaction that cannot write (`domain.Scope`)
- `minute`  every minute: totals over everything, and single rows touched in the last two hours
- `full`    every hour and by `huixiang reconcile`: every row

So damage to an old row is seen within a minute where it moves a total, else within the hour. A
posting whose subject does not exist has no row to be touched: the totals see it within a minute
(`figures_agree_with_ledger`), and the full run names it.

An alarm is an error in the log that names the rows, one open row of `alarms` per name (first and
last seen, how often), a gauge of `GET /metrics`, and exit status 1 of the command. It is cleared by
the first run that sees everything the invariant is about and finds that it holds: for totals and
gates any run, for single rows the full one. `GET /api/v1/alarms` lists them (View.ALARMS).

- `invariants.py`  large tables, whole or as touched lately; the sums; examining one invariant
- `money.py`, `settlement.py`, `rights.py`, `figures.py`, `people.py`  the invariants by idea
- `gate.py`        what Redis must agree with the book about
- `chain.py`       the audit chain against the head kept outside the database
- `book.py`        all of them, against one snapshot;  `service.py`, `alarms.py`  runs and alarms
- `gauges.py`      what monitoring is told; no personal data

Refusals: `audit.not_allowed`; `paging.bad_cursor`.
"""
