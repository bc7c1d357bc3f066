"""States of a voucher, and what it is at one instant."""

from datetime import datetime
from enum import StrEnum

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


def shown_state(state: VoucherState, valid_until: datetime, now: datetime) -> VoucherState:
    """What a voucher is at `now`: an issued one is expired from its end on, swept or not."""
    if state is VoucherState.ISSUED and now >= valid_until:
        return VoucherState.EXPIRED
    return state


class UnknownVoucher(Refusal):
    """There is no such voucher in this wallet."""

    code = "voucher.unknown"
    kind = Kind.NOT_FOUND
    detail = "没有找到这张消费券，请返回卡包刷新。"


class NotUsable(Refusal):
    """The voucher is redeemed, expired or void and has no code; `data.state` says which."""

    code = "voucher.not_usable"
    kind = Kind.CONFLICT
    detail = "这张消费券已不能使用，请在卡包中查看其状态。"
