"""Reading redemptions: what a scan meets, and a cashier's day."""

from collections.abc import Sequence
from datetime import datetime, time
from uuid import UUID

from tortoise.expressions import Q

from server.kit.clock import SHANGHAI
from server.redemption.models import Redemption


async def met(
    redemption_id: UUID, voucher_id: UUID | None, merchant_id: UUID, order_no: str
) -> Sequence[Redemption]:
    """The redemptions that a scan meets: of its id, of its voucher, of its order. At most three.

    One statement over three unique indexes. It is to be asked while the voucher's row is held, so
    that whoever held it before has committed.
    """
    same = Q(id=redemption_id) | Q(merchant_id=merchant_id, order_no=order_no)
    if voucher_id is not None:
        same |= Q(voucher_id=voucher_id)
    return await Redemption.filter(same)


async def day_of(
    cashier_id: UUID, now: datetime, after: tuple[datetime, UUID] | None, count: int
) -> Sequence[Redemption]:
    """Up to `count` redemptions that a cashier made on the Shanghai day of `now`, newest first.

    `after` is the last one of the page before: its instant and id.
    """
    midnight = datetime.combine(now.astimezone(SHANGHAI), time.min, SHANGHAI)
    query = Redemption.filter(cashier_id=cashier_id, redeemed_at__gte=midnight)
    if after is not None:
        instant, last = after
        query = query.filter(
            Q(redeemed_at__lt=instant) | Q(redeemed_at=instant, id__lt=last),
        )
    return await query.order_by("-redeemed_at", "-id").limit(count)
