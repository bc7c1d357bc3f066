"""The wallet: one person's vouchers, what they are now, and the code to show."""

from base64 import b32decode
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from server.infra.crypto.codes import parse_qr, totp_at
from server.kit.paging import decode_cursor
from server.voucher.domain import NotUsable, UnknownVoucher, VoucherState
from server.voucher.models import Voucher
from server.voucher.service import Wallet
from tests.factories.book import Factory

WEEK = timedelta(days=7)


async def test_a_wallet_shows_ones_own_vouchers_newest_first(wallet: Wallet, make: Factory) -> None:
    me, other = uuid4(), uuid4()
    mine = [await make.voucher(await make.offer(), me) for _ in range(2)]
    theirs = await make.voucher(await make.offer(), other)
    page = await wallet.page(me, None, None)
    assert [one.id for one in page.vouchers] == [str(mine[1].id), str(mine[0].id)]
    assert page.next_cursor is None
    assert page.vouchers[0].name == "餐饮满20减4"
    assert page.vouchers[0].face_value_fen == 4_00
    with pytest.raises(UnknownVoucher):
        await wallet.voucher(me, theirs.id)
    with pytest.raises(UnknownVoucher):
        await wallet.code(me, theirs.id)
    assert (await wallet.voucher(other, theirs.id)).id == str(theirs.id)


async def test_an_issued_voucher_is_expired_at_its_end_before_any_job_ran(
    wallet: Wallet, make: Factory
) -> None:
    me = uuid4()
    voucher = await make.voucher(await make.offer(), me)

    async def shown(state: VoucherState) -> list[str]:
        return [one.state for one in (await wallet.page(me, state, None)).vouchers]

    assert await shown(VoucherState.ISSUED) == ["issued"]
    assert await shown(VoucherState.EXPIRED) == []
    make.clock.move(WEEK)
    assert await shown(VoucherState.ISSUED) == []
    assert await shown(VoucherState.EXPIRED) == ["expired"]
    assert (await wallet.voucher(me, voucher.id)).state is VoucherState.EXPIRED
    assert (await Voucher.get(id=voucher.id)).state is VoucherState.ISSUED


async def test_a_long_wallet_is_read_page_by_page(wallet: Wallet, make: Factory) -> None:
    me = uuid4()
    first = await make.voucher(await make.offer(), me)
    for more in range(20):
        await first.clone(pk=UUID(int=first.id.int + more + 1)).save()
    page = await wallet.page(me, None, None)
    assert len(page.vouchers) == 20
    assert page.next_cursor is not None
    (last,) = decode_cursor(page.next_cursor, (str,))
    rest = await wallet.page(me, None, UUID(str(last)))
    assert [one.id for one in rest.vouchers] == [str(first.id)]
    assert rest.next_cursor is None


async def test_the_code_can_be_shown_again_without_a_network(wallet: Wallet, make: Factory) -> None:
    me = uuid4()
    voucher = await make.voucher(await make.offer(), me)
    shown = await wallet.code(me, voucher.id)
    assert parse_qr(shown.qr_text) == (voucher.id, shown.code)
    seed = b32decode(shown.seed + "=" * (-len(shown.seed) % 8))
    assert totp_at(seed, int(make.clock.now().timestamp())) == shown.code
    assert (shown.algorithm, shown.digits, shown.step_seconds) == ("SHA256", 8, 30)
    make.clock.move(timedelta(seconds=30))
    assert (await wallet.code(me, voucher.id)).code != shown.code


async def test_a_voucher_that_cannot_be_redeemed_has_no_code(wallet: Wallet, make: Factory) -> None:
    me = uuid4()
    voucher = await make.voucher(await make.offer(), me)
    for state in (VoucherState.REDEEMED, VoucherState.VOID, VoucherState.EXPIRED):
        await Voucher.filter(id=voucher.id).update(state=state)
        with pytest.raises(NotUsable) as refused:
            await wallet.code(me, voucher.id)
        assert refused.value.data == {"state": state.value}
    await Voucher.filter(id=voucher.id).update(state=VoucherState.ISSUED)
    make.clock.move(WEEK)
    with pytest.raises(NotUsable):
        await wallet.code(me, voucher.id)
