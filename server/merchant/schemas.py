"""What the public sees of merchants: nothing about people (P-11.4)."""

from collections.abc import Sequence

import msgspec

from server.kit.paging import encode_cursor
from server.merchant.models import Merchant


class StoreView(msgspec.Struct, frozen=True):
    """A shop to visit."""

    id: str
    name: str
    address: str
    subdistrict: str


class MerchantView(msgspec.Struct, frozen=True):
    """A merchant that redeems vouchers of its categories."""

    id: str
    name: str
    categories: list[str]
    stores: list[StoreView]


class MerchantPage(msgspec.Struct, frozen=True):
    """One page of the public list; `next_cursor` is null on the last."""

    merchants: list[MerchantView]
    next_cursor: str | None


def merchant_view(merchant: Merchant) -> MerchantView:
    """What the public sees of a row whose stores were fetched with it."""
    stores = sorted(merchant.stores, key=lambda store: store.id)
    return MerchantView(
        id=str(merchant.id),
        name=merchant.name,
        categories=merchant.categories,
        stores=[
            StoreView(
                id=str(store.id),
                name=store.name,
                address=store.address,
                subdistrict=store.subdistrict,
            )
            for store in stores
        ],
    )


def merchant_page(rows: Sequence[Merchant], size: int) -> MerchantPage:
    """A page out of up to `size + 1` rows: the one too many says that there is a next page."""
    more = len(rows) > size
    return MerchantPage(
        merchants=[merchant_view(row) for row in rows[:size]],
        next_cursor=encode_cursor(str(rows[size - 1].id)) if more else None,
    )
