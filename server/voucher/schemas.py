"""What a resident sees of a voucher, and the code they show."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from server.kit.clock import iso
from server.kit.paging import encode_cursor
from server.voucher.domain import VoucherState, shown_state
from server.voucher.models import Voucher


class VoucherView(msgspec.Struct, frozen=True):
    """One voucher of a wallet. `state` is what it is at `server_time`; money is in fen."""

    id: str
    round_id: str
    offer_id: str
    category: str
    name: str
    min_spend_fen: int
    face_value_fen: int
    state: VoucherState
    issued_at: str
    valid_until: str
    used_at: str | None
    """When it was redeemed, expired or voided."""


class WalletPage(msgspec.Struct, frozen=True):
    """One page of a wallet, newest first; `next_cursor` is null on the last."""

    vouchers: list[VoucherView]
    next_cursor: str | None
    server_time: str


class CodeView(msgspec.Struct, frozen=True):
    """What to show at a till. `seed` is base32 (RFC 4648, unpadded), for RFC 6238 codes offline."""

    qr_text: str
    code: str
    seed: str
    algorithm: str
    digits: int
    step_seconds: int
    server_time: str
    valid_until: str


def voucher_view(voucher: Voucher, now: datetime) -> VoucherView:
    """What the owner sees of a row at `now`."""
    return VoucherView(
        id=str(voucher.id),
        round_id=str(voucher.round_id),
        offer_id=str(voucher.offer_id),
        category=voucher.category,
        name=voucher.name,
        min_spend_fen=voucher.min_spend_fen,
        face_value_fen=voucher.face_value_fen,
        state=shown_state(voucher.state, voucher.valid_until, now),
        issued_at=iso(voucher.issued_at),
        valid_until=iso(voucher.valid_until),
        used_at=iso(voucher.used_at) if voucher.used_at is not None else None,
    )


def wallet_page(rows: Sequence[Voucher], size: int, now: datetime) -> WalletPage:
    """A page out of up to `size + 1` rows: the one too many says that there is a next page."""
    more = len(rows) > size
    return WalletPage(
        vouchers=[voucher_view(row, now) for row in rows[:size]],
        next_cursor=encode_cursor(str(rows[size - 1].id)) if more else None,
        server_time=iso(now),
    )
