"""States of a merchant and the facts that a redemption asks for."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from server.kit.errors import Kind, Refusal
from server.kit.transitions import Transitions


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
