"""States of a merchant, what may be entered, and the facts that a redemption asks for."""

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from server.kit.errors import Kind, Refusal
from server.kit.identifiers import BadIdentifier, check_credit_code
from server.kit.transitions import Transitions

NAME_CHARS_MAX = 100
ADDRESS_CHARS_MAX = 200
SUBDISTRICT_CHARS_MAX = 20
OPENID_CHARS_MAX = 64
CASHIER_NAME_CHARS_MAX = 40
FROZEN_REASON_CHARS_MAX = 200
STORES_MAX = 50


class MerchantState(StrEnum):
    """States of a merchant."""

    LISTED = "listed"
    """May redeem (P-06.5)."""
    SUSPENDED = "suspended"
    """May not redeem for now; takes effect on the next scan (P-08.2)."""


TRANSITIONS = Transitions(
    "merchant",
    MerchantState.LISTED,
    {
        MerchantState.LISTED: frozenset({MerchantState.SUSPENDED}),
        MerchantState.SUSPENDED: frozenset({MerchantState.LISTED}),
    },
)


@dataclass(frozen=True, slots=True)
class Till:
    """Who scans, and where: a cashier with their store and merchant."""

    cashier_id: UUID
    store_id: UUID
    store_name: str
    merchant_id: UUID
    merchant_name: str
    state: MerchantState
    categories: frozenset[str]


@dataclass(frozen=True, slots=True)
class StorePlan:
    """A physical shop as it is entered (P-09.1)."""

    name: str
    address: str
    subdistrict: str


@dataclass(frozen=True, slots=True)
class MerchantPlan:
    """A merchant as it is entered (P-08.1)."""

    credit_code: str
    name: str
    categories: Sequence[str]
    stores: Sequence[StorePlan]


class NotACashier(Refusal):
    """This account does not redeem for any store, or no longer."""

    code = "merchant.not_a_cashier"
    kind = Kind.FORBIDDEN
    detail = "您不是收银员，请联系店主添加后再扫码。"


class UnknownMerchant(Refusal):
    """There is no such merchant."""

    code = "merchant.unknown"
    kind = Kind.NOT_FOUND
    detail = "没有找到这家商户，请核对后重试。"


class BadMerchant(Refusal):
    """The merchant cannot be entered; `data.field` and `data.reason` say why (P-08.1)."""

    code = "merchant.invalid"
    kind = Kind.RULE
    detail = "商户信息有误，请按提示修改后重新提交。"


class MerchantKnown(Refusal):
    """A merchant with this credit code is in the book already."""

    code = "merchant.known"
    kind = Kind.CONFLICT
    detail = "该统一社会信用代码已登记，请勿重复添加。"


class WrongState(Refusal):
    """The merchant is in that state already; `data.state` says which."""

    code = "merchant.wrong_state"
    kind = Kind.CONFLICT
    detail = "商户当前状态不允许此操作，请刷新后重试。"


class OwnEntry(Refusal):
    """Who froze a merchant's money cannot lift that (P-11.1)."""

    code = "merchant.own_entry"
    kind = Kind.FORBIDDEN
    detail = "冻结由您本人办理，请由另一位工作人员解冻。"


class UnknownStore(Refusal):
    """There is no such store."""

    code = "merchant.unknown_store"
    kind = Kind.NOT_FOUND
    detail = "没有找到这家门店，请核对后重试。"


class CashierKnown(Refusal):
    """The account is a cashier of a store already."""

    code = "merchant.cashier_known"
    kind = Kind.CONFLICT
    detail = "该微信账号已是收银员，请勿重复添加。"


def check_merchant(plan: MerchantPlan, categories: Collection[str]) -> MerchantPlan:
    """The plan as it is to be kept, texts cleaned; BadMerchant field by field (P-08.1).

    `categories` are the programme's. Order: credit code, name, categories, stores.
    """
    try:
        credit_code = check_credit_code(plan.credit_code)
    except BadIdentifier as error:
        raise BadMerchant(field="credit_code", reason=error.fault.value) from None
    name = check_text(plan.name, "name", NAME_CHARS_MAX)
    chosen = sorted(set(plan.categories))
    if not chosen:
        raise BadMerchant(field="categories", reason="none")
    for category in chosen:
        if category not in categories:
            raise BadMerchant(field="categories", reason="unknown", known=sorted(categories))
    if not 1 <= len(plan.stores) <= STORES_MAX:
        raise BadMerchant(field="stores", reason="count", most=STORES_MAX)
    stores = [
        replace(
            store,
            name=check_text(store.name, "stores.name", NAME_CHARS_MAX),
            address=check_text(store.address, "stores.address", ADDRESS_CHARS_MAX),
            subdistrict=check_text(store.subdistrict, "stores.subdistrict", SUBDISTRICT_CHARS_MAX),
        )
        for store in plan.stores
    ]
    return MerchantPlan(credit_code, name, chosen, stores)


def check_text(text: str, field: str, chars_max: int) -> str:
    """`text` without the blanks around it; BadMerchant if it is empty, long or not printable."""
    kept = text.strip()
    if not 1 <= len(kept) <= chars_max:
        raise BadMerchant(field=field, reason="length", most=chars_max)
    if any(unicodedata.category(letter)[0] == "C" for letter in kept):
        raise BadMerchant(field=field, reason="characters")
    return kept
