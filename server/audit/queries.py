"""Reading the log: entries newest first, checkpoints, the chain's head."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from server.audit.domain import Action
from server.audit.models import Checkpoint, Entry, Link
from server.audit.verdict import START, Head


@dataclass(frozen=True, slots=True)
class Search:
    """Which entries are asked for; None asks for all."""

    actor: str | None = None
    action: Action | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """`since` belongs to the time asked for, `until` does not."""


async def entries(
    search: Search, after: tuple[datetime, UUID] | None, count: int
) -> Sequence[dict[str, Any]]:
    """Up to `count` entries, newest first: id, at, body, and the place in the chain with its hash.

    Not the columns that repeat the text: the text is what the chain covers. `after` is the last
    entry of the page before: its instant and id.
    """
    asked = {
        "actor": search.actor,
        "action": search.action,
        "subject": search.subject,
        "at__gte": search.since,
        "at__lt": search.until,
    }
    query = Entry.filter(**{name: value for name, value in asked.items() if value is not None})
    if after is not None:
        instant, last = after
        query = query.filter(Q(at__lt=instant) | Q(at=instant, id__lt=last))
    rows = query.order_by("-at", "-id").limit(count)
    return await rows.values("id", "at", "body", seq="link__seq", hash="link__hash")


async def checkpoints(before_seq: int | None, count: int) -> Sequence[Checkpoint]:
    """Up to `count` checkpoints, newest first, before the place `before_seq`."""
    query = Checkpoint.all() if before_seq is None else Checkpoint.filter(seq__lt=before_seq)
    return await query.order_by("-seq").limit(count)


async def head() -> Head:
    """Where the chain ends now, as it says itself."""
    last = await Link.all().order_by("-seq").first()
    return START if last is None else Head(last.seq, bytes(last.hash))


async def last_checkpoint() -> Checkpoint | None:
    """The newest checkpoint."""
    return await Checkpoint.all().order_by("-seq").first()
