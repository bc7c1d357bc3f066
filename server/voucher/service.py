"""The wallet, and the moves of a voucher, which a caller makes inside its own transaction."""

from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.infra.crypto import Codebook
from server.infra.crypto.codes import DIGITS
from server.kit.clock import Clock, iso
from server.kit.paging import LIMIT_DEFAULT
from server.voucher import queries
from server.voucher.domain import (
    TRANSITIONS,
    NotUsable,
    UnknownVoucher,
    VoucherState,
    shown_state,
)
from server.voucher.models import Voucher
from server.voucher.schemas import CodeView, VoucherView, WalletPage, voucher_view, wallet_page


@dataclass(frozen=True, slots=True)
class Wallet:
    """What a resident asks of their own vouchers."""

    codes: Codebook
    clock: Clock

    async def page(
        self, person_id: UUID, state: VoucherState | None, after: UUID | None
    ) -> WalletPage:
        """The vouchers that show as `state` now (all if None), newest first, after `after`."""
        now = self.clock.now()
        rows = await queries.wallet(person_id, state, after, LIMIT_DEFAULT + 1, now)
        return wallet_page(rows, LIMIT_DEFAULT, now)

    async def voucher(self, person_id: UUID, voucher_id: UUID) -> VoucherView:
        """One voucher of the person. UnknownVoucher if it is another's, too."""
        return voucher_view(await _owned(person_id, voucher_id), self.clock.now())

    async def code(self, person_id: UUID, voucher_id: UUID) -> CodeView:
        """What to show at the till, and the seed to go on showing it without a network.

        UnknownVoucher if it is not the person's; NotUsable if nothing can be redeemed with it.
        """
        voucher = await _owned(person_id, voucher_id)
        now = self.clock.now()
        state = shown_state(voucher.state, voucher.valid_until, now)
        if state is not VoucherState.ISSUED:
            raise NotUsable(state=state.value)
        return CodeView(
            qr_text=self.codes.qr_text(voucher.id, now),
            code=self.codes.code_at(voucher.id, now),
            seed=b32encode(self.codes.seed(voucher.id)).decode().rstrip("="),
            algorithm="SHA256",
            digits=DIGITS,
            step_seconds=self.codes.step_seconds,
            server_time=iso(now),
            valid_until=iso(voucher.valid_until),
        )


async def _owned(person_id: UUID, voucher_id: UUID) -> Voucher:
    voucher = await Voucher.get_or_none(id=voucher_id, person_id=person_id)
    if voucher is None:
        raise UnknownVoucher
    return voucher


async def lock(voucher_id: UUID) -> Voucher | None:
    """The voucher's row, held until the caller's transaction ends; None if there is none.

    No key of the row changes, so nothing that only points at it has to wait.
    """
    return await Voucher.select_for_update(no_key=True).get_or_none(id=voucher_id)


async def redeem(voucher: Voucher, at: datetime) -> None:
    """Mark a locked voucher as used. The caller has decided that it may be."""
    TRANSITIONS.move(voucher.state, VoucherState.REDEEMED)
    await _set(voucher.id, VoucherState.ISSUED, VoucherState.REDEEMED, at)


async def void(voucher_id: UUID, at: datetime) -> None:
    """Make a redeemed voucher void for ever (P-09.4). The caller holds its redemption's lock."""
    TRANSITIONS.move(VoucherState.REDEEMED, VoucherState.VOID)
    await _set(voucher_id, VoucherState.REDEEMED, VoucherState.VOID, at)


async def _set(voucher_id: UUID, current: VoucherState, target: VoucherState, at: datetime) -> None:
    moved = await Voucher.filter(id=voucher_id, state=current).update(state=target, used_at=at)
    assert moved == 1, "a voucher that is held moves from the state it was in"
