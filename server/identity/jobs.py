"""Background work of identity: log-ins that ended are not kept."""

from datetime import datetime, timedelta

from server.identity.domain import SESSION_LIFE
from server.identity.models import Session
from server.kit.ids import uuid7_floor

KEPT_AFTER_END = timedelta(days=1)
"""Long enough that no snapshot looks back so far."""
BATCH_MAX = 5_000
BATCHES_MAX = 200


async def forget_sessions(now: datetime) -> int:
    """Delete sessions that ended a day ago or earlier; how many there were.

    Their ids tell when they began, so the primary key finds them without another index. Small
    batches hold no lock for long; what is left is deleted by the next call.
    """
    oldest = uuid7_floor(now - SESSION_LIFE - KEPT_AFTER_END)
    forgotten = 0
    for _ in range(BATCHES_MAX):
        ids = await Session.filter(id__lt=oldest).limit(BATCH_MAX).values_list("id", flat=True)
        forgotten += await Session.filter(id__in=ids).delete() if ids else 0
        if len(ids) < BATCH_MAX:
            break
    return forgotten
