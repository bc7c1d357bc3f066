"""Background work of staff: log-ins that ended are not kept."""

from datetime import datetime, timedelta

from server.staff.models import StaffSession

KEPT_AFTER_END = timedelta(days=1)
BATCH_MAX = 1_000
BATCHES_MAX = 100


async def forget_sessions(now: datetime) -> int:
    """Delete sessions whose time was over a day ago or earlier; how many there were.

    One that was ended early is kept as long as the others of its day: the index is on their time.
    """
    forgotten = 0
    for _ in range(BATCHES_MAX):
        over = StaffSession.filter(expires_at__lte=now - KEPT_AFTER_END)
        ids = await over.limit(BATCH_MAX).values_list("id", flat=True)
        forgotten += await StaffSession.filter(id__in=ids).delete() if ids else 0
        if len(ids) < BATCH_MAX:
            break
    return forgotten
