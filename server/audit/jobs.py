"""Signing checkpoints: by the clock in the worker, or when an operator asks."""

import logging
from datetime import timedelta

from server.audit import queries
from server.audit.chain import statement_of
from server.audit.models import Checkpoint
from server.audit.signing import Signer
from server.infra.db import transaction
from server.kit.clock import Clock

LOG = logging.getLogger("huixiang.audit")

CHECKPOINT_EVERY_ENTRIES = 100
CHECKPOINT_EVERY = timedelta(hours=1)
"""A quiet log is signed this often, when it has any new entry."""

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('audit_checkpoints', 0))"


async def checkpoint(signer: Signer, clock: Clock, *, force: bool = False) -> Checkpoint | None:
    """Sign the chain's head; None when nothing is due. Safe to run in several processes.

    Due are CHECKPOINT_EVERY_ENTRIES new entries, or any when CHECKPOINT_EVERY has passed since the
    last checkpoint, or any with `force`. A checkpoint states what the head was and says nothing of
    the entries: after tampering it goes on being signed, and `verify` finds what it found before.
    Every checkpoint is also a line of the log, which is a copy outside the database.
    """
    now = clock.now()
    async with transaction() as client:
        # Whoever waits here reads afterwards what the one before it signed.
        await client.execute_query(_LOCK)
        last, head = await queries.last_checkpoint(), await queries.head()
        new = head.seq - (0 if last is None else last.seq)
        waited = last is None or now - last.at >= CHECKPOINT_EVERY
        if new < (1 if force or waited else CHECKPOINT_EVERY_ENTRIES):
            return None
        signature = signer.sign(statement_of(head.seq, head.hash, now))
        signed = await Checkpoint.create(seq=head.seq, hash=head.hash, at=now, signature=signature)
    LOG.info("audit checkpoint seq=%d hash=%s", head.seq, head.hash.hex())
    return signed
