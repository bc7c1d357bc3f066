"""Signing checkpoints: by the clock in the worker, or when an operator asks."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.audit import queries
from server.audit.chain import statement_of
from server.audit.models import Checkpoint
from server.audit.signing import Signer, signed_by
from server.audit.verdict import START, Fault, Head
from server.audit.verify import verify
from server.audit.witness import Witness, contradiction
from server.infra.db import transaction
from server.kit.clock import Clock

LOG = logging.getLogger("huixiang.audit")

CHECKPOINT_EVERY_ENTRIES = 100
CHECKPOINT_EVERY = timedelta(hours=1)
"""A quiet log is signed this often, when it has any new entry."""
ENTRIES_PER_TURN = 20_000
"""A turn checks at most so many entries and signs where it got to; the next one goes on there."""
REPEAT_AFTER = timedelta(minutes=1)
"""A notary that goes on refusing says so again after this."""

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('audit_checkpoints', 0))"


@dataclass(slots=True)
class Notary:
    """Signs the chain's head, but no chain that contradicts what was signed before.

    A forged chain that gets a signature looks like a true one: so every entry since the last
    checkpoint is hashed again first, and what the witness and the checkpoints say must hold.
    """

    signer: Signer
    witness: Witness
    clock: Clock
    refused_at: datetime | None = None
    """When it last said that it does not sign."""

    async def checkpoint(self, *, force: bool = False) -> Checkpoint | None:
        """Sign; None when nothing is due or it refuses. Safe in several processes. RedisError.

        Due are CHECKPOINT_EVERY_ENTRIES new entries, or any when CHECKPOINT_EVERY has passed since
        the last checkpoint, or any with `force`. A refusal is an error in the log. Every checkpoint
        is a line of the log and the witness's: two copies outside the database.
        """
        known = await self.witness.read()
        fault = await contradiction(known)
        if fault is not None:
            await self._refuse(fault, known)
            return None
        last = await queries.last_checkpoint()
        if last is not None and (known is None or known.seq < last.seq) and self._is_ours(last):
            await self.witness.keep(last)  # Redis was emptied, or away when it was signed
        if not await self._due(last, force=force):
            return None
        after = START if last is None else Head(last.seq, bytes(last.hash))
        verdict = await verify(
            [self.signer.public_key], after=after, witness=known, entries_max=ENTRIES_PER_TURN
        )
        if verdict.fault is not None:
            await self._refuse(verdict.fault, known)
            return None
        return await self._sign(after, verdict.reached)

    async def _due(self, last: Checkpoint | None, *, force: bool) -> bool:
        new = (await queries.head()).seq - (0 if last is None else last.seq)
        waited = last is None or self.clock.now() - last.at >= CHECKPOINT_EVERY
        return new >= (1 if force or waited else CHECKPOINT_EVERY_ENTRIES)

    async def _sign(self, after: Head, head: Head) -> Checkpoint | None:
        """Sign `head`, to which the chain was checked from the last checkpoint, `after`."""
        now = self.clock.now()
        async with transaction() as client:
            # Whoever waits here reads afterwards what the one before it signed.
            await client.execute_query(_LOCK)
            last = await queries.last_checkpoint()
            if (0 if last is None else last.seq) != after.seq:
                return None
            signature = self.signer.sign(statement_of(head.seq, head.hash, now))
            signed = await Checkpoint.create(
                seq=head.seq, hash=head.hash, at=now, signature=signature
            )
        LOG.info("audit checkpoint seq=%d hash=%s", head.seq, head.hash.hex())
        await self.witness.keep(signed)
        return signed

    async def _refuse(self, fault: Fault, known: Head | None) -> None:
        """Say why nothing is signed: what the book says, and what is known from elsewhere."""
        now = self.clock.now()
        if self.refused_at is not None and timedelta() <= now - self.refused_at < REPEAT_AFTER:
            return
        self.refused_at = now
        LOG.error(
            "audit chain is not signed: %s seq=%s until=%s; it ends at %s, the witness says %s: %s",
            fault.wrong.value,
            fault.seq,
            fault.until_seq,
            await queries.head(),
            known,
            fault.sentence,
        )

    def _is_ours(self, row: Checkpoint) -> bool:
        statement = statement_of(row.seq, bytes(row.hash), row.at)
        return signed_by([self.signer.public_key], statement, bytes(row.signature))
