"""sampling: an auditor draws at least 10 % of the records, and anybody can draw the same (P-10.5).

Owns `samples` and `sampled_records`, both written for ever. A record is a redemption of the period
(vehicle grants will be records too, with the reviewer who decided; a redemption has none, `-`). The
list of records is frozen by its facts: redemptions are never removed, the columns that it shows
never change, and the period is over; its SHA-256 is kept with the sample. `ALGORITHM.md` says,
independent of any language, how the list is written and what is drawn from it; `domain.py` does it
in Python, `drawing.py` in one statement of the database, `huixiang audit resample` from a file.

In each stratum (category, merchant, reviewer) the share of the records, rounded up, with the lowest
scores is drawn; a score is the SHA-256 of the seed and the record's id, so neither order nor time
nor machine matters. Risk cases are in besides, all of them: a redemption is one while it is
evidence of a case that was not dismissed, or while its merchant is frozen (P-11.5). `cases.py` is
the port that `parts` hands in. Which ones were cases when a sample was drawn is kept with it, so
its list stays as it was when a merchant is unfrozen later.

The seed must not be known before the period is over: ids of redemptions are made by cashiers' apps,
and whoever knew the seed could make ids that are never drawn.

A sample's evidence is a ZIP file: all records in a workbook, a page for each, and every file's
SHA-256. It is written by the exports and says what the book says at that moment.

Invariants, each with a test
- Never under the share: in total, and in each stratum. Every case is in.
- The same list, seed and share give the same sample: here, from the file, in SQL.
- More share never drops a record.

Refusals, in order. To drawing: `audit.not_allowed`, `sampling.bad_seed`, `sampling.share`,
`sampling.period`, `sampling.period_open`, `sampling.nothing`, `sampling.too_many`. To reading:
`sampling.unknown`; to a frozen list: `sampling.list_changed`, `sampling.bad_list`.
"""
