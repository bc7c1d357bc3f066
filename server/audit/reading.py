"""Use cases of whoever reads the log (P-11.1). Reading is not recorded."""

from asyncio import Lock
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from server.audit import queries
from server.audit.domain import Actor, Busy, View
from server.audit.models import Checkpoint
from server.audit.queries import Search
from server.audit.signing import Signer
from server.audit.verdict import START, Head, Verdict
from server.audit.witness import Witness

ENTRIES_PER_ANSWER = 20_000
"""How many entries one answer checks, about a second's work; a longer log takes several."""


@dataclass(frozen=True, slots=True)
class AuditLog:
    """The log as an auditor reads it."""

    signer: Signer
    witness: Witness
    checking: Lock = field(default_factory=Lock)

    async def entries(
        self, actor: Actor, search: Search, after: tuple[datetime, UUID] | None, count: int
    ) -> Sequence[dict[str, Any]]:
        """Up to `count` entries, newest first (see `queries.entries`). NotAllowed."""
        actor.check(View.AUDIT_LOG)
        return await queries.entries(search, after, count)

    async def checkpoints(
        self, actor: Actor, before_seq: int | None, count: int
    ) -> Sequence[Checkpoint]:
        """Up to `count` checkpoints, newest first. NotAllowed."""
        actor.check(View.AUDIT_LOG)
        return await queries.checkpoints(before_seq, count)

    async def verification(self, actor: Actor, after: Head | None, head: Head | None) -> Verdict:
        """Check the next ENTRIES_PER_ANSWER entries, one caller at a time. NotAllowed, Busy.

        Compared with the witness too; without Redis the verdict says that it was not asked.
        """
        actor.check(View.AUDIT_LOG)
        if self.checking.locked():
            raise Busy(retry_after_ms=1_000)
        async with self.checking:
            return await self.witness.verify(
                after=after or START, head=head, entries_max=ENTRIES_PER_ANSWER
            )
