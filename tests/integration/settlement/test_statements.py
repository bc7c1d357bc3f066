"""Statements for a merchant: every redemption, deduction and line, with sums that agree."""

import io
from datetime import timedelta

import pytest
from openpyxl import load_workbook

from server.audit.domain import NotAllowed
from server.kit.ids import uuid7
from server.settlement import statements as module
from server.settlement.models import Batch, Line
from server.settlement.refusals import BadPeriod, TooManyRows, Unknown
from server.settlement.statement_sheet import statement_workbook
from tests.factories.payments import PaymentOffice
from tests.factories.staff import AUDITOR, FINANCE, INSTITUTION, SUPERVISION
from tests.factories.till import Till

HOUR = timedelta(hours=1)


@pytest.fixture
async def second(office: PaymentOffice, till: Till) -> Batch:
    """The first batch came back, a redemption of it was refunded, and the second pays all."""
    offer = await till.make.offer()
    rows = [await till.redeem(await till.make.voucher(offer)) for _ in range(2)]
    first = await office.sent()
    await office.answer(first, failed=[1])
    await till.refund(rows[0], 10_00)
    await till.redeem(await till.make.voucher(offer), order_no="CMD")
    return await office.sent()


async def test_a_statement_of_a_batch(office: PaymentOffice, till: Till, second: Batch) -> None:
    said = await office.settlement.statements.of_batch(second.id, till.merchant.id, AUDITOR)
    assert (said.batch, said.merchant_name) == ("JS-2026-0002", till.merchant.name)
    (row,) = said.redemptions
    assert (row.order_no, row.settled_fen, row.batch) == ("CMD", 4_00, "JS-2026-0002")
    (deduction,) = said.deductions
    assert (deduction.amount_fen, deduction.batch) == (2_00, "JS-2026-0002")
    (line,) = said.lines
    assert (line.carried_fen, line.carries_batch, line.amount_fen) == (8_00, "JS-2026-0001", 10_00)
    totals = said.totals
    assert totals.settled_fen - totals.deducted_fen + totals.carried_fen == totals.amount_fen
    assert totals.amount_fen == (await Line.get(batch_id=second.id)).amount_fen


async def test_a_statement_of_a_period(office: PaymentOffice, till: Till, second: Batch) -> None:
    statements, now = office.settlement.statements, office.make.clock.now()
    await office.answer(second)
    said = await statements.of_period(till.merchant.id, now - HOUR, now + HOUR, FINANCE)
    assert [row.batch for row in said.redemptions] == ["JS-2026-0001"] * 2 + ["JS-2026-0002"]
    assert [line.state for line in said.lines] == ["returned", "paid"]
    assert (said.totals.face_value_fen, said.totals.refunded_fen) == (12_00, 2_00)
    assert said.totals.paid_fen == 10_00
    empty = await statements.of_period(till.merchant.id, now + HOUR, now + 2 * HOUR, FINANCE)
    assert (empty.redemptions, empty.deductions, empty.lines) == ([], [], [])


async def test_what_is_no_statement(
    office: PaymentOffice, till: Till, other: Till, second: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements, now = office.settlement.statements, office.make.clock.now()
    merchant = till.merchant.id
    with pytest.raises(Unknown):
        await statements.of_batch(uuid7(), merchant, FINANCE)
    with pytest.raises(Unknown):
        await statements.of_batch(second.id, other.merchant.id, FINANCE)
    with pytest.raises(Unknown):
        await statements.of_period(uuid7(), now - HOUR, now, FINANCE)
    with pytest.raises(Unknown):
        await statements.of_period(merchant, now - HOUR, now, INSTITUTION)
    with pytest.raises(BadPeriod):
        await statements.of_period(merchant, now, now, FINANCE)
    with pytest.raises(NotAllowed):
        await statements.of_period(merchant, now - HOUR, now, SUPERVISION)
    monkeypatch.setattr(module, "ROWS_MAX", 2)
    with pytest.raises(TooManyRows) as refused:
        await statements.of_period(merchant, now - HOUR, now + HOUR, FINANCE)
    assert refused.value.data == {"most": 2}


async def test_the_workbook_says_the_same(office: PaymentOffice, till: Till, second: Batch) -> None:
    said = await office.settlement.statements.of_batch(second.id, till.merchant.id, FINANCE)
    book = load_workbook(io.BytesIO(statement_workbook(said)))
    assert book.sheetnames == ["说明", "核销明细", "退货扣减", "付款"]
    redemptions = list(book["核销明细"].iter_rows(values_only=True))
    assert redemptions[1][0] == "CMD"
    assert redemptions[1][5] == redemptions[-1][5] == 4
    (_, line, total) = book["付款"].iter_rows(values_only=True)
    assert (line[0], line[5], line[6], line[7]) == ("JS-2026-0002", 8, "JS-2026-0001", 10)
    assert total[7] == 10
    assert (book["说明"]["A2"].value, book["说明"]["B2"].value) == ("范围", "结算批次 JS-2026-0002")
    now = office.make.clock.now()
    period = await office.settlement.statements.of_period(
        till.merchant.id, now - HOUR, now, FINANCE
    )
    book = load_workbook(io.BytesIO(statement_workbook(period)))
    assert "（不含）" in str(book["说明"]["B2"].value)
