"""Receipts: matched line by line, once; what does not match is listed and changes nothing."""

from datetime import timedelta

import pytest

from server.audit.domain import NotAllowed
from server.kit.clock import SHANGHAI
from server.ledger.models import Transfer
from server.settlement.domain import BatchState, LineState
from server.settlement.matching import Unmatched
from server.settlement.models import Batch, Line, Receipt
from tests.factories.payments import (
    PaymentOffice,
    balances_fen,
    check_money,
    receipt_bytes,
    receipt_row,
)
from tests.factories.staff import AUDITOR, TREASURER
from tests.factories.till import Till


@pytest.fixture
async def batch(office: PaymentOffice, till: Till, other: Till) -> Batch:
    for each in (till, other):
        await each.redeem(await each.make.voucher(await each.make.offer()))
    return await office.sent()


async def rows(batch: Batch) -> list[list[str]]:
    return [
        receipt_row(batch, line) for line in await Line.filter(batch_id=batch.id).order_by("number")
    ]


async def test_what_does_not_match_is_listed_and_the_rest_applies(
    office: PaymentOffice, till: Till, batch: Batch
) -> None:
    good, wrong = await rows(batch)
    wrong[3] = "4.01"
    content = receipt_bytes([good, wrong, ["x"], ["JS-2026-0009", *good[1:]]], "gb18030")
    receipt, fresh = await office.settlement.receipts.take_in(
        batch.id, "回执.csv", content, TREASURER
    )
    assert (fresh, receipt.matched_count) == (True, 1)
    assert [(one["line"], one["reason"]) for one in receipt.unmatched] == [
        (3, Unmatched.WRONG_AMOUNT.value),
        (4, Unmatched.UNREADABLE.value),
        (5, Unmatched.OTHER_BATCH.value),
    ]
    states = [line.state for line in await Line.filter(batch_id=batch.id).order_by("number")]
    assert states == [LineState.PAID, LineState.OPEN]
    assert (await Batch.get(id=batch.id)).state is BatchState.SENT
    paid = await Line.get(batch_id=batch.id, number=1)
    assert paid.institution_ref == good[5]
    assert batch.sent_at is not None
    assert paid.paid_at == batch.sent_at.replace(microsecond=0)
    await check_money()


async def test_the_same_file_again_changes_nothing_and_answers_the_same(
    office: PaymentOffice, batch: Batch
) -> None:
    take_in = office.settlement.receipts.take_in
    content = receipt_bytes([(await rows(batch))[0], ["x"]])
    first, fresh = await take_in(batch.id, "a.csv", content, TREASURER)
    moves = await Transfer.all().count()
    again, fresh_again = await take_in(batch.id, "b.csv", content, TREASURER)
    assert (fresh, fresh_again) == (True, False)
    assert (again.id, again.matched_count, again.unmatched) == (
        first.id,
        first.matched_count,
        first.unmatched,
    )
    assert (await Receipt.all().count(), await Transfer.all().count()) == (1, moves)


async def test_another_file_that_says_the_same_or_the_opposite_applies_nothing(
    office: PaymentOffice, till: Till, batch: Batch
) -> None:
    await office.answer(batch)
    before = await balances_fen(till.merchant.id)
    lines = await Line.filter(batch_id=batch.id).order_by("number")
    same = receipt_row(batch, lines[0])
    opposite = receipt_row(batch, lines[1], paid=False)
    receipt, _ = await office.settlement.receipts.take_in(
        batch.id, "c.csv", receipt_bytes([same, opposite]), TREASURER
    )
    assert receipt.matched_count == 0
    assert [one["reason"] for one in receipt.unmatched] == ["same_again", "contradicts"]
    assert await balances_fen(till.merchant.id) == before
    assert (await Batch.get(id=batch.id)).state is BatchState.PAID
    await check_money()


async def test_a_line_that_was_not_in_the_file_is_unknown(
    office: PaymentOffice, till: Till, other: Till
) -> None:
    row = await till.redeem(await till.make.voucher(await till.make.offer()))
    await till.refund(row, row.order_amount_fen)
    await other.redeem(await other.make.voucher(await other.make.offer()))
    batch = await office.sent()
    nothing = await Line.get(batch_id=batch.id, merchant_id=till.merchant.id)
    content = receipt_bytes([receipt_row(batch, nothing)])
    receipt, _ = await office.settlement.receipts.take_in(batch.id, "a", content, TREASURER)
    assert [one["reason"] for one in receipt.unmatched] == [Unmatched.UNKNOWN_LINE.value]


@pytest.mark.parametrize("minutes", [-11, 11])
async def test_what_was_done_before_it_was_sent_or_in_the_future_is_not_believed(
    office: PaymentOffice, batch: Batch, minutes: int
) -> None:
    assert batch.sent_at is not None
    good, wrong = await rows(batch)
    times = (batch.sent_at + timedelta(minutes=each) for each in (minutes // 2, minutes))
    for row, at in zip((good, wrong), times, strict=True):
        row[6] = at.astimezone(SHANGHAI).strftime("%Y/%m/%d %H:%M:%S")
    receipt, _ = await office.settlement.receipts.take_in(
        batch.id, "a", receipt_bytes([good, wrong]), TREASURER
    )
    assert receipt.matched_count == 1
    assert [one["reason"] for one in receipt.unmatched] == [Unmatched.WRONG_TIME.value]
    assert await Line.filter(batch_id=batch.id, state=LineState.OPEN).count() == 1


async def test_a_number_of_the_institution_is_of_one_payment(
    office: PaymentOffice, till: Till, batch: Batch
) -> None:
    first, second = await rows(batch)
    second[5] = first[5]
    take_in = office.settlement.receipts.take_in
    receipt, _ = await take_in(batch.id, "a", receipt_bytes([first, second]), TREASURER)
    assert [one["reason"] for one in receipt.unmatched] == [Unmatched.REFERENCE_USED.value] * 2
    await take_in(batch.id, "b", receipt_bytes([first]), TREASURER)
    receipt, _ = await take_in(batch.id, "c", receipt_bytes([second]), TREASURER)
    assert [one["reason"] for one in receipt.unmatched] == [Unmatched.REFERENCE_USED.value]
    # Nor in a later batch.
    await till.redeem(await till.make.voucher(await till.make.offer()))
    later = await office.sent()
    (row,) = await rows(later)
    row[5] = first[5]
    receipt, _ = await take_in(later.id, "d", receipt_bytes([row]), TREASURER)
    assert [one["reason"] for one in receipt.unmatched] == [Unmatched.REFERENCE_USED.value]
    await check_money()


async def test_who_may_not(office: PaymentOffice, batch: Batch) -> None:
    with pytest.raises(NotAllowed):
        await office.settlement.receipts.take_in(batch.id, "a", b"", AUDITOR)
    assert await office.settlement.receipts.listed(batch.id, AUDITOR) == []
