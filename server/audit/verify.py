"""Walking the chain: every entry is hashed again, every checkpoint's signature checked.

Raw SQL, a page at a time in one snapshot: the memory is the same for a million entries, entries
that arrive meanwhile are not seen, and a row that Tortoise cannot read (an unknown act, say) is
found altered instead of failing.
"""

from collections.abc import Collection
from typing import Any

from server.audit.chain import facts_of, hash_of, statement_of
from server.audit.signing import signed_by
from server.audit.verdict import START, Fault, Head, Verdict, Wrong
from server.infra.db import connection
from server.kit.clock import iso

PAGE_ENTRIES = 500
_BEFORE_ALL = -(2**63)

_PAGE = """
SELECT l.seq, l.hash, l.entry_id, e.id, e.at, e.actor, e.role, e.origin, e.action, e.subject,
  e.body, c.hash AS signed_hash, c.at AS signed_at, c.signature
FROM audit_chain l
LEFT JOIN audit_entries e ON e.id = l.entry_id
LEFT JOIN audit_checkpoints c ON c.seq = l.seq
WHERE l.seq > $1 ORDER BY l.seq LIMIT $2
"""
_NEXT = """
SELECT l.hash, e.body FROM audit_chain l JOIN audit_entries e ON e.id = l.entry_id WHERE l.seq = $1
"""
_UNCHAINED = """
SELECT e.id FROM audit_entries e LEFT JOIN audit_chain l ON l.entry_id = e.id
WHERE l.seq IS NULL ORDER BY e.id LIMIT 1
"""
_BEYOND = """
SELECT seq, hash AS signed_hash, at AS signed_at, signature FROM audit_checkpoints
WHERE seq NOT BETWEEN 1 AND $1 ORDER BY seq LIMIT 1
"""
_SIGNED = "SELECT coalesce(max(seq), 0) FROM audit_checkpoints WHERE seq <= $1"
_CHECKPOINT = "SELECT seq FROM audit_checkpoints WHERE seq = $1"
_LINK = "SELECT hash FROM audit_chain WHERE seq = $1"


async def verify(
    keys: Collection[bytes],
    *,
    after: Head = START,
    head: Head | None = None,
    witness: Head | None = None,
    entries_max: int | None = None,
) -> Verdict:
    """Check the chain from `after` on, to its end or for `entries_max` entries; the first fault.

    `keys` are the public keys whose signatures count. `head` is one that somebody wrote down
    earlier: what came before it is then protected also against whoever can sign. `witness` is the
    last one signed, as kept outside the database: its checkpoint must be there too. Faults are
    found in the order of the chain; an entry without a place comes last. Not in a transaction.
    """
    async with connection() as book, book.transaction(isolation="repeatable_read", readonly=True):
        walk = _Walk(book, keys, after, head, witness)
        fault = await walk.begin()
        while fault is None and not walk.finished and walk.checked_count != entries_max:
            left = PAGE_ENTRIES if entries_max is None else entries_max - walk.checked_count
            fault = await walk.page(min(PAGE_ENTRIES, left))
        if fault is None and walk.finished:
            fault = await walk.end()
    finished = fault is None and walk.finished
    return Verdict(
        fault,
        walk.checked_count,
        walk.reached,
        walk.signed_seq,
        finished,
        walk.witness_seq,
        head is not None,
    )


class _Walk:
    """One walk: where it is, and what proved the way up to there."""

    def __init__(
        self,
        book: Any,
        keys: Collection[bytes],
        after: Head,
        head: Head | None,
        witness: Head | None,
    ) -> None:
        self.book, self.keys, self.reached = book, keys, after
        self.heads, self.witness = [one for one in (head, witness) if one], witness
        self.witness_seq = 0
        """The witness's place, once it agreed."""
        self.checked_count = 0
        self.signed_seq = 0
        self.proven_seq = after.seq
        """The last place whose hash is known from elsewhere: a checkpoint, or a head."""
        self.finished = False

    async def begin(self) -> Fault | None:
        """Whether the chain still passes where the walk is to begin."""
        after = self.reached
        self.signed_seq = await self.book.fetchval(_SIGNED, after.seq)
        if after == START:
            return None
        witness = self.witness
        if witness is not None and witness.seq <= after.seq:
            if await self.book.fetchval(_LINK, witness.seq) != witness.hash:
                return Fault(Wrong.REWRITTEN, 1, witness.seq)
            if await self.book.fetchval(_CHECKPOINT, witness.seq) is None:
                return Fault(Wrong.CHECKPOINTS_REMOVED, witness.seq)
            self.witness_seq = witness.seq
        found = await self.book.fetchval(_LINK, after.seq)
        if found is None:
            return Fault(Wrong.TAIL_REMOVED, after.seq)
        return None if found == after.hash else Fault(Wrong.REWRITTEN, 1, after.seq)

    async def page(self, count: int) -> Fault | None:
        """Up to `count` further entries."""
        from_seq = self.reached.seq or _BEFORE_ALL
        rows = await self.book.fetch(_PAGE, from_seq, count)
        for row in rows:
            fault = await self._entry(row) or self._signed(row)
            if fault is not None:
                return fault
            self.reached = Head(row["seq"], row["hash"])
            self.checked_count += 1
        self.finished = len(rows) < count
        return None

    async def end(self) -> Fault | None:
        """What only the end of the chain shows."""
        last = self.reached.seq
        checkpoint = await self.book.fetchrow(_BEYOND, last)
        if checkpoint is not None:
            if not self._holds(checkpoint):
                return Fault(Wrong.CHECKPOINT_ALTERED, checkpoint["seq"])
            return Fault(Wrong.TAIL_REMOVED, last + 1, checkpoint["seq"])
        beyond = max((head.seq for head in self.heads), default=0)
        if beyond > last:
            return Fault(Wrong.TAIL_REMOVED, last + 1, beyond)
        entry_id = await self.book.fetchval(_UNCHAINED)
        return None if entry_id is None else Fault(Wrong.ENTRY_UNCHAINED, None, entry_id=entry_id)

    async def _entry(self, row: Any) -> Fault | None:
        """The entry at the next place of the chain."""
        seq, entry_id = self.reached.seq + 1, row["entry_id"]
        if row["seq"] < seq:
            return Fault(Wrong.LINK_ADDED, row["seq"], entry_id=entry_id)
        if row["seq"] > seq:
            return Fault(Wrong.ENTRY_REMOVED, seq, row["seq"] - 1)
        if row["id"] is None:
            return Fault(Wrong.ENTRY_REMOVED, seq, entry_id=entry_id)
        computed = hash_of(self.reached.hash, seq, row["body"])
        if computed != row["hash"]:
            # The next entry was hashed with what stood here then: it tells which of the two it is.
            after = await self.book.fetchrow(_NEXT, seq + 1)
            follows = after is not None and hash_of(computed, seq + 1, after["body"])
            wrong = Wrong.LINK_ALTERED if after and follows == after["hash"] else None
            return Fault(wrong or Wrong.ENTRY_ALTERED, seq, entry_id=entry_id)
        columns = _columns_altered(row)
        if columns:
            return Fault(Wrong.COLUMNS_ALTERED, seq, entry_id=entry_id, columns=columns)
        return None

    def _signed(self, row: Any) -> Fault | None:
        """What is known from elsewhere of this place: a checkpoint, a head, the witness."""
        seq, known = row["seq"], []
        if row["signature"] is not None:
            if not self._holds(row):
                return Fault(Wrong.CHECKPOINT_ALTERED, seq)
            known.append(row["signed_hash"])
        known += [head.hash for head in self.heads if head.seq == seq]
        if any(value != row["hash"] for value in known):
            return Fault(Wrong.REWRITTEN, self.proven_seq + 1, seq)
        if known:
            self.proven_seq = seq
        if self.witness is not None and self.witness.seq == seq:
            if row["signature"] is None:
                return Fault(Wrong.CHECKPOINTS_REMOVED, seq)
            self.witness_seq = seq
        if row["signature"] is not None:
            self.signed_seq = seq
        return None

    def _holds(self, row: Any) -> bool:
        """Whether a checkpoint was signed by one of the keys."""
        statement = statement_of(row["seq"], row["signed_hash"], row["signed_at"])
        return signed_by(self.keys, statement, row["signature"])


def _columns_altered(row: Any) -> tuple[str, ...]:
    """The columns that do not repeat what the entry's text says."""
    facts = facts_of(row["body"])
    columns = {name: row[name] for name in ("actor", "role", "origin", "action", "subject")}
    columns |= {"id": str(row["id"]), "at": iso(row["at"])}
    return tuple(name for name, value in columns.items() if facts.get(name) != value)
