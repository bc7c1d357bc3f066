"""A scan against the book: what is written, what is answered, and what is refused."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from server.kit.errors import Refusal
from server.kit.ids import uuid7, voucher_code
from server.ledger.domain import Code, payable_account, round_account
from server.ledger.models import Transfer
from server.ledger.service import balance_fen
from server.merchant.domain import NotACashier
from server.merchant.service import Merchants
from server.redemption.domain import (
    AlreadyRedeemed,
    AmountTooLarge,
    BelowMinSpend,
    CodeExpired,
    CodeMalformed,
    DiscountTooLarge,
    IdReused,
    MerchantSuspended,
    NotYetValid,
    OrderTaken,
    OtherCategory,
    VoucherExpired,
    VoucherVoid,
)
from server.redemption.models import FailedScan, Redemption
from server.redemption.schemas import RedemptionRequest
from server.voucher.domain import VoucherState
from server.voucher.models import Voucher
from tests.factories.book import Factory, round_of
from tests.factories.staff import BUREAU
from tests.factories.till import CODES, Till, check_books


async def refused(till: Till, asked: RedemptionRequest, *, dry_run: bool = False) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await till.redemptions.redeem(till.account_id, asked, dry_run=dry_run)
    return caught.value


@pytest.mark.policy("P-09.1", "P-10.2", "P-11.2")
async def test_a_redemption_is_written_whole(till: Till, make: Factory) -> None:
    offer = await make.offer(stock=3)
    voucher = await make.voucher(offer)
    asked = till.scan(voucher, order_amount_fen=30_00, receipt_no="0042")
    answer = await till.redemptions.redeem(till.account_id, asked)
    assert answer.fresh
    assert msgspec.to_builtins(answer.view) == {
        "id": str(asked.id),
        "voucher_id": str(voucher.id),
        "voucher_name": "餐饮满20减4",
        "category": "dining",
        "order_no": asked.order_no,
        "order_amount_fen": 30_00,
        "face_value_fen": 4_00,
        "merchant_discount_fen": 0,
        "platform_discount_fen": 0,
        "collect_fen": 26_00,
        "receipt_no": "0042",
        "receipt_owed": False,
        "redeemed_at": "2026-06-01T02:00:00.000Z",
    }
    row = await Redemption.get(id=asked.id)
    assert (row.person_id, row.round_id) == (voucher.person_id, voucher.round_id)
    assert (row.merchant_id, row.store_id) == (till.merchant.id, till.merchant.stores[0].id)
    after = await Voucher.get(id=voucher.id)
    assert (after.state, after.used_at) == (VoucherState.REDEEMED, make.clock.now())
    (transfer,) = await Transfer.filter(code=Code.REDEMPTION)
    assert transfer.debit_id == round_account(round_of(offer))
    assert transfer.credit_id == payable_account(till.merchant.id)
    assert (transfer.amount_fen, transfer.subject) == (4_00, f"redemption:{asked.id}")
    assert await balance_fen(round_account(round_of(offer))) == 2 * 4_00
    await check_books([till])


@pytest.mark.policy("P-09.1")
async def test_only_a_cashier_redeems(till: Till, make: Factory) -> None:
    voucher = await make.voucher(await make.offer())
    with pytest.raises(NotACashier):
        await till.redemptions.redeem(uuid4(), till.scan(voucher))
    assert await FailedScan.all().count() == 0


async def test_the_same_request_gets_the_same_answer_whatever_came_after(
    till: Till, make: Factory
) -> None:
    voucher = await make.voucher(await make.offer())
    asked = till.scan(voucher)
    first = await till.redemptions.redeem(till.account_id, asked)
    make.clock.move(timedelta(days=300))
    merchants = Merchants(make.programme, make.clock)
    await merchants.suspend(till.merchant.id, actor=BUREAU, reason="抽查")
    await till.refund(await Redemption.get(id=asked.id), 5_00)
    again = await till.redemptions.redeem(till.account_id, asked)
    assert (again.view, again.fresh) == (first.view, False)
    assert await Transfer.filter(code=Code.REDEMPTION).count() == 1
    assert await FailedScan.all().count() == 0


@pytest.mark.parametrize("said", [{"order_no": "B-1"}, {"order_amount_fen": 99_00}, {"code": "?"}])
async def test_an_id_is_one_redemption(till: Till, make: Factory, said: dict[str, Any]) -> None:
    voucher = await make.voucher(await make.offer())
    row = await till.redeem(voucher)
    other = till.scan(voucher, id=row.id, **said)
    assert type(await refused(till, other)) is IdReused
    beside = await till.beside()
    same = till.scan(voucher, id=row.id, order_no=row.order_no)
    assert type(await refused(beside, same)) is IdReused
    assert await Redemption.all().count() == 1


async def test_codes_that_are_not_ours(till: Till, make: Factory) -> None:
    voucher = await make.voucher(await make.offer())
    right = CODES.qr_text(voucher.id, make.clock.now())
    unknown = CODES.qr_text(uuid7(), make.clock.now())
    for code in ("", "hello", right[:-1], right + "1", right.replace("HX1", "HX2"), unknown):
        assert type(await refused(till, till.scan(voucher, code=code))) is CodeMalformed
    assert (await Voucher.get(id=voucher.id)).state is VoucherState.ISSUED


async def test_a_code_lives_for_its_step_and_the_next(till: Till, make: Factory) -> None:
    voucher = await make.voucher(await make.offer())
    asked = till.scan(voucher)
    make.clock.move(timedelta(seconds=60))
    assert type(await refused(till, asked)) is CodeExpired
    guess = f"HX1.{voucher_code(voucher.id)}.00000000"
    assert type(await refused(till, till.scan(voucher, code=guess))) is CodeExpired
    ahead = CODES.qr_text(voucher.id, make.clock.now() + timedelta(seconds=30))
    assert type(await refused(till, till.scan(voucher, code=ahead))) is CodeExpired
    asked = till.scan(voucher)
    make.clock.move(timedelta(seconds=59))
    await till.redemptions.redeem(till.account_id, asked)


@pytest.mark.policy("P-09.4", "P-06.R")
async def test_a_returned_voucher_is_void_for_ever(till: Till, make: Factory) -> None:
    voucher = await make.voucher(await make.offer())
    await till.refund(await till.redeem(voucher), 1)
    assert type(await refused(till, till.scan(voucher))) is VoucherVoid


async def test_a_used_voucher_says_when_and_where(
    till: Till, elsewhere: Till, make: Factory
) -> None:
    voucher = await make.voucher(await make.offer())
    await till.redeem(voucher)
    make.clock.move(timedelta(minutes=5))
    answer = await refused(elsewhere, elsewhere.scan(voucher))
    assert type(answer) is AlreadyRedeemed
    assert answer.data == {"redeemed_at": "2026-06-01T02:00:00.000Z", "store_name": "泽州路店"}


@pytest.mark.policy("P-04")
async def test_a_voucher_and_the_programme_have_their_time(till: Till, make: Factory) -> None:
    voucher = await make.voucher(await make.offer(), valid=timedelta(days=400))
    begun = make.clock.now()
    make.clock.at = begun - timedelta(seconds=1)
    assert type(await refused(till, till.scan(voucher))) is NotYetValid
    make.clock.at = make.programme.ends_at
    assert type(await refused(till, till.scan(voucher))) is VoucherExpired
    make.clock.at = make.programme.ends_at - timedelta(milliseconds=1)
    await till.redeem(voucher)
    make.clock.at = begun
    await make.redis.flushall()
    short = await make.voucher(await make.offer(), valid=timedelta(minutes=1))
    make.clock.move(timedelta(minutes=1))
    assert type(await refused(till, till.scan(short))) is VoucherExpired


@pytest.mark.policy("P-06.5", "P-08.2")
async def test_suspension_takes_effect_on_the_next_scan(till: Till, make: Factory) -> None:
    merchants = Merchants(make.programme, make.clock)
    voucher = await make.voucher(await make.offer())
    asked = till.scan(voucher)
    await merchants.suspend(till.merchant.id, actor=BUREAU, reason="抽查")
    assert type(await refused(till, asked)) is MerchantSuspended
    await merchants.relist(till.merchant.id, actor=BUREAU, reason="整改完成")
    assert (await till.redemptions.redeem(till.account_id, asked)).fresh


@pytest.mark.policy("P-06.5")
async def test_a_voucher_is_for_merchants_of_its_category(
    till: Till, elsewhere: Till, make: Factory
) -> None:
    voucher = await make.voucher(await make.offer("retail-50-5"))
    assert type(await refused(till, till.scan(voucher, order_amount_fen=50_00))) is OtherCategory
    await elsewhere.redeem(voucher, order_amount_fen=50_00)


async def test_amounts_have_their_limits(till: Till, make: Factory) -> None:
    voucher = await make.voucher(await make.offer())
    for said, refusal in [
        ({"order_amount_fen": 19_99}, BelowMinSpend),
        ({"order_amount_fen": make.programme.order_amount_fen_max + 1}, AmountTooLarge),
        ({"merchant_discount_fen": 16_01}, DiscountTooLarge),
        ({"platform_discount_fen": 16_01}, DiscountTooLarge),
        ({"merchant_discount_fen": 8_00, "platform_discount_fen": 8_01}, DiscountTooLarge),
    ]:
        assert type(await refused(till, till.scan(voucher, **said))) is refusal
    assert (await till.redeem(voucher)).order_amount_fen == 20_00


@pytest.mark.policy("P-06.8")
async def test_own_discounts_are_recorded_and_never_public_money(till: Till, make: Factory) -> None:
    voucher = await make.voucher(await make.offer())
    asked = till.scan(voucher, merchant_discount_fen=10_00, platform_discount_fen=6_00)
    answer = await till.redemptions.redeem(till.account_id, asked)
    assert answer.view.collect_fen == 0
    row = await Redemption.get(id=asked.id)
    assert (row.merchant_discount_fen, row.platform_discount_fen) == (10_00, 6_00)
    assert await till.payable_fen() == 4_00
    await check_books([till])


@pytest.mark.policy("P-09.2")
async def test_one_order_takes_one_voucher(till: Till, elsewhere: Till, make: Factory) -> None:
    offer = await make.offer()
    first, second = [await make.voucher(offer) for _ in range(2)]
    row = await till.redeem(first)
    for spelled in (f"  {row.order_no} ", row.order_no.lower(), " ".join(row.order_no)):
        again = till.scan(second, order_no=spelled)
        assert type(await refused(till, again)) is OrderTaken
    with pytest.raises(ValueError, match="Latin"):
        till.scan(second, order_no="\u0410-1")  # a Cyrillic letter that looks like ours
    beside = await till.beside()
    assert type(await refused(beside, beside.scan(second, order_no=row.order_no))) is OrderTaken
    await till.refund(row, row.order_amount_fen)
    assert type(await refused(till, till.scan(second, order_no=row.order_no))) is OrderTaken
    await elsewhere.redeem(second, order_no=row.order_no)


async def test_a_dry_run_answers_the_same_and_leaves_nothing(till: Till, make: Factory) -> None:
    voucher = await make.voucher(await make.offer())
    asked = till.scan(voucher)
    dry = await till.redemptions.redeem(till.account_id, asked, dry_run=True)
    assert await Redemption.all().count() == 0
    assert await till.payable_fen() == 0
    assert (await Voucher.get(id=voucher.id)).state is VoucherState.ISSUED
    cheap = till.scan(voucher, order_amount_fen=1)
    assert type(await refused(till, cheap, dry_run=True)) is BelowMinSpend
    assert await FailedScan.all().count() == 0
    assert (await till.redemptions.redeem(till.account_id, asked)).view == dry.view
    replay = await till.redemptions.redeem(till.account_id, asked, dry_run=True)
    assert (replay.view, replay.fresh) == (dry.view, False)


async def test_refused_scans_are_kept_with_their_reason(till: Till, make: Factory) -> None:
    voucher = await make.voucher(await make.offer())
    asked = till.scan(voucher, order_amount_fen=1)
    await refused(till, asked)
    await refused(till, till.scan(voucher, code="?"))
    short, bad = await FailedScan.all().order_by("id")
    assert (short.code, short.data) == ("redemption.below_min_spend", {"min_spend_fen": 20_00})
    assert (short.redemption_id, short.voucher_id) == (asked.id, voucher.id)
    assert short.store_id == till.merchant.stores[0].id
    assert (bad.code, bad.voucher_id) == ("redemption.code_malformed", None)
