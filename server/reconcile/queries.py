"""Reading alarms and the last runs."""

from collections.abc import Sequence

from tortoise.expressions import Q

from server.kit.paging import Place
from server.reconcile.models import Alarm, Check

OPEN_MAX = 1000


async def alarms(place: Place | None, count: int, *, open_only: bool) -> Sequence[Alarm]:
    """Up to `count` alarms after `place`, those seen first last."""
    query = Alarm.filter(cleared_at__isnull=True) if open_only else Alarm.all()
    if place is not None:
        query = query.filter(
            Q(first_seen_at__lt=place.at) | Q(first_seen_at=place.at, id__lt=place.id)
        )
    return await query.order_by("-first_seen_at", "-id").limit(count)


async def checks() -> Sequence[Check]:
    """The last run of each scope, the minute's first."""
    return await Check.all().order_by("id")
