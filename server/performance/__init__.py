"""performance: the evaluation of a period for the district's leaders and its auditors (P-10.6).

One document with coverage, refunds, redemption and direct leverage: of the whole, by category,
sub-district, round and month, with what merchants and platforms added of their own (P-06.8, never
mixed with public money), and where every yuan is. It owns no table and changes nothing: figures
come from `server.figures`, money from the ledger, people are counted here, because counting them
once each takes a second or two that no screen should wait for.

Made in steps, so that each can be read and tested by itself: `service` reads one snapshot into a
`report`; `summary` says it in sentences; `tables` lays it out once, cell by cell; `page` (HTML for
the screen and for A4, with `charts` as inline SVG) and `workbook` (.xlsx with charts) show the same
cells. Nothing of a report names a resident.

Invariants, each with a test
- Every number is of one instant: rows add up to the total, money to what was received.
- The page and the workbook show what the figures and the ledger say, to the fen.
- What cannot be divided is a dash, never a zero or an error; no data is a sentence.

Refusals, in order: `staff.not_logged_in`, `staff.disabled`; `http.unreadable` (no day); then
`audit.not_allowed`, `figures.bad_period`.
"""
