"""exports: long lists written to files in the background, with progress, and fetched when done.

Owns `exports` and `export_chunks`. Which lists there are is not known here: the slices above
describe theirs as a `Kind`, and `server.parts` puts them together. Whoever may read a list
(`Kind.view`) may ask for its file; the asking is in the audit log. The worker takes the oldest one
that waits, writes it piece by piece into the book, so that any server can hand it out, and says
every second how far it is. What is asked of a kind is checked when it is asked, not minutes later.

States: `queued` → `running` → `done` or `failed`, which says why in a sentence for people. A writer
that was killed leaves its export `running` with an old sign of life: another one takes it over and
begins again; a writer that is stopped puts it back itself. `huixiang export` does the same work in
its own process and writes to a file of the machine, without a row here.

Invariants, each with a test
- A file is handed out only when it is whole: every piece was written before the state said `done`.
- Of two writers of one export only the one whose sign of life stands in the row can add a piece.
- Memory does not grow with the rows: a few thousand of them and a piece of 1 MB are held at once.
- Rows of one file are of one instant of the book.
- Limits: 3 unfinished exports for a person, 20 for all; 2 GB for a file, 8 GB for all; a file is
  kept for 24 hours after it was done, an export that cannot be written is given up after 6 hours.

Refusals, in order. To asking: `audit.not_allowed`, `exports.unknown_kind`, `audit.not_allowed` (of
the list itself), `exports.bad_asked`, those of the kind, `exports.too_many`, `exports.full`. To
reading: `exports.unknown` (also for what somebody else asked for, unless an auditor reads), then
`exports.not_ready`.
"""
