"""Reading a wallet: one person's vouchers, newest first."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q

from server.voucher.domain import VoucherState
from server.voucher.models import Voucher


async def wallet(
    person_id: UUID, state: VoucherState | None, after: UUID | None, count: int, now: datetime
) -> Sequence[Voucher]:
    """Up to `count` vouchers of a person that show as `state` at `now`, newest first.

    `after` is the last one of the page before. Identifiers are time-ordered, so they are the order.
    """
    query = Voucher.filter(person_id=person_id)
    if state is VoucherState.ISSUED:
        query = query.filter(state=VoucherState.ISSUED, valid_until__gt=now)
    elif state is VoucherState.EXPIRED:
        late = Q(state=VoucherState.ISSUED, valid_until__lte=now)
        query = query.filter(Q(state=VoucherState.EXPIRED) | late)
    elif state is not None:
        query = query.filter(state=state)
    if after is not None:
        query = query.filter(id__lt=after)
    return await query.order_by("-id").limit(count)


async def names(voucher_ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of some vouchers, for lists of what was done with them."""
    rows = await Voucher.filter(id__in=list(voucher_ids)).values_list("id", "name")
    return dict(rows)
