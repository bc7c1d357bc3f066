"""Reading merchants: who scans, and whom the public may visit."""

from collections.abc import Sequence
from uuid import UUID

from tortoise.expressions import Subquery

from server.identity.models import WeChatAccount
from server.merchant.domain import MerchantState, NotACashier, Till
from server.merchant.models import Cashier, Merchant, Store


async def till_of(account_id: UUID) -> Till:
    """Who scans with this account, and where; NotACashier if nobody may.

    One statement, with the account's openid as a sub-query, because a scan asks it every time:
    nothing of it is kept, so suspension and removal hold from the next scan on (P-06.5, P-08.2).
    """
    openid = Subquery(WeChatAccount.filter(id=account_id).values("openid"))
    rows = await Cashier.filter(openid=openid, removed_at=None).values(
        cashier_id="id",
        store_id="store_id",
        store_name="store__name",
        merchant_id="store__merchant_id",
        merchant_name="store__merchant__name",
        state="store__merchant__state",
        categories="store__merchant__categories",
    )
    if not rows:
        raise NotACashier
    (row,) = rows
    row["categories"] = frozenset(row["categories"])
    return Till(**row)


async def store_name(store_id: UUID) -> str:
    """The name of a store that a redemption names."""
    names = await Store.filter(id=store_id).values_list("name", flat=True)
    assert names, "a redemption's store is in the book"
    return str(names[0])


async def listed(category: str | None, after: UUID | None, count: int) -> Sequence[Merchant]:
    """Up to `count` listed merchants with their stores, in the order in which they were entered.

    `after` is the last one of the page before.
    """
    query = Merchant.filter(state=MerchantState.LISTED)
    if category is not None:
        query = query.filter(categories__contains=[category])
    if after is not None:
        query = query.filter(id__gt=after)
    return await query.order_by("id").limit(count).prefetch_related("stores")
