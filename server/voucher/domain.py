"""States of a voucher, its facts and the code that a resident shows."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from server.kit.errors import Kind, Refusal
from server.kit.transitions import Transitions


class VoucherState(StrEnum):
    """States of a voucher."""

    ISSUED = "issued"
    """In the wallet: may be redeemed until `valid_until`."""
    REDEEMED = "redeemed"
    """Used at a merchant."""
    EXPIRED = "expired"
    """Not used in time; its money went back to the pool."""
    VOID = "void"
    """The order was returned; never usable again (P-09.4)."""


TRANSITIONS = Transitions(
    "voucher",
    VoucherState.ISSUED,
    {
        VoucherState.ISSUED: frozenset({VoucherState.REDEEMED, VoucherState.EXPIRED}),
        VoucherState.REDEEMED: frozenset({VoucherState.VOID}),
        VoucherState.EXPIRED: frozenset(),
        VoucherState.VOID: frozenset(),
    },
)


@dataclass(frozen=True, slots=True)
class VoucherFacts:
    """A voucher's terms and state, as a rule needs them."""

    id: UUID
    person_id: UUID
    category: str
    min_spend_fen: int
    face_value_fen: int
    state: VoucherState
    issued_at: datetime
    valid_until: datetime


class UnknownVoucher(Refusal):
    """There is no such voucher in this wallet."""

    code = "voucher.unknown"
    kind = Kind.NOT_FOUND
    detail = "没有找到这张消费券，请返回卡包刷新。"


class NotUsable(Refusal):
    """The voucher is redeemed, expired or void: it has no code any more. `data.state` says which."""

    code = "voucher.not_usable"
    kind = Kind.CONFLICT
    detail = "这张消费券已不能使用，请在卡包中查看其状态。"
