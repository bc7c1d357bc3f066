"""Questions and answers on a small book whose every number is known."""

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from server.audit.domain import NotAllowed
from server.figures.desk import FigureDesk
from server.figures.domain import (
    ROWS_MAX,
    BadGrouping,
    BadPeriod,
    DaysTooMany,
    Dimension,
    Scope,
    TooManyRows,
)
from server.figures.queries import figures, total
from server.figures.workbook import COLUMNS, workbook
from server.infra.db import connection
from server.kit.clock import SHANGHAI
from server.merchant.service import Merchants
from server.redemption.models import Redemption
from tests.factories import naive
from tests.factories.book import Factory, round_of
from tests.factories.staff import AUDITOR, BUREAU, INSTITUTION
from tests.factories.till import Till

TODAY = date(2026, 6, 1)
SCOPE = Scope(TODAY, TODAY)
MONTH = (Dimension.MONTH,)


async def redeem(make: Factory, till: Till, at: datetime, order_fen: int = 20_00) -> Redemption:
    """One voucher of ¥4 used at an instant."""
    make.clock.at = at.astimezone(UTC)
    voucher = await make.voucher(await make.offer(stock=2))
    said = {"merchant_discount_fen": 1_00, "platform_discount_fen": 50}
    return await till.redeem(voucher, order_amount_fen=order_fen, **said)


@pytest.mark.policy("P-10.3", "P-06.8")
async def test_all_seven_figures_of_a_day(make: Factory, till: Till, elsewhere: Till) -> None:
    noon = datetime(2026, 6, 1, 12, tzinfo=SHANGHAI)
    await redeem(make, till, noon)
    row = await redeem(make, elsewhere, noon, 40_00)
    assert await elsewhere.refund(row, 10_00) == 1_00
    figures = await total(SCOPE)
    assert (figures.issued_count, figures.issued_fen) == (4, 16_00)
    assert (figures.claimed_count, figures.claimed_fen) == (2, 8_00)
    assert figures.redeemed_count == 2
    assert figures.redemption_rate_text == "0.5000"
    assert figures.order_amount_fen == 60_00
    assert figures.redeemed_fen == 8_00
    assert (figures.refunds_count, figures.returned_fen, figures.refunded_fen) == (1, 10_00, 1_00)
    assert (figures.merchants_count, figures.merchants_listed_count) == (2, 2)
    assert figures.coverage_text == "1.0000"
    assert figures.direct_leverage_text == "7.5000"
    assert figures.net_leverage_text == "7.1429"
    # Top-ups are told apart, and no other figure has them in it (P-06.8).
    assert (figures.merchant_discount_fen, figures.platform_discount_fen) == (2_00, 1_00)
    assert figures.redeemed_fen == await naive.ledger_fen(SCOPE, "redemption")
    assert figures.refunded_fen == await naive.ledger_fen(SCOPE, "refund", "late_refund")


async def test_a_day_ends_at_midnight_in_shanghai(make: Factory, till: Till) -> None:
    midnight = datetime(2026, 6, 1, tzinfo=SHANGHAI)
    row = await redeem(make, till, midnight - timedelta(microseconds=1))
    await redeem(make, till, midnight)
    make.clock.at = midnight.astimezone(UTC)
    await till.refund(row, 20_00)
    may, june = await figures(Scope(date(2026, 5, 1), date(2026, 6, 30)), MONTH)
    assert (may.key[Dimension.MONTH], may.label[Dimension.MONTH]) == ("2026-05", "2026-05")
    assert [row.figures.redeemed_count for row in (may, june)] == [1, 1]
    assert [row.figures.refunded_fen for row in (may, june)] == [0, 4_00]
    last_of_may, first_of_june = date(2026, 5, 31), TODAY
    assert (await total(Scope(last_of_may, last_of_may))).redeemed_count == 1
    assert (await total(Scope(first_of_june, first_of_june))).redeemed_count == 1


async def test_a_merchant_counts_once_over_months_days_and_rounds(
    make: Factory, till: Till
) -> None:
    for month, day in ((4, 30), (5, 1), (5, 31), (6, 1), (6, 2)):
        await redeem(make, till, datetime(2026, month, day, 9, tzinfo=SHANGHAI))
    scope = Scope(date(2026, 4, 30), date(2026, 6, 2))
    whole = await total(scope)
    assert (whole.redeemed_count, whole.merchants_count) == (5, 1)
    assert [row.figures.merchants_count for row in await figures(scope, MONTH)] == [1, 1, 1]


async def test_a_stock_belongs_to_no_shop(make: Factory, till: Till) -> None:
    await redeem(make, till, make.clock.now())
    for narrowed in (
        Scope(TODAY, TODAY, subdistrict="东街街道"),
        Scope(TODAY, TODAY, merchant_id=till.merchant.id),
    ):
        figures_of = await total(narrowed)
        assert (figures_of.redeemed_count, figures_of.issued_count) == (1, None)
        assert figures_of.redemption_rate is None


async def test_what_nobody_used_is_told_as_zero(make: Factory, till: Till) -> None:
    offer = await make.offer("retail-50-5")
    await Till.of(make, "fuel")
    (row,) = await figures(SCOPE, (Dimension.ROUND,))
    assert row.key[Dimension.ROUND] == str(round_of(offer))
    assert (row.figures.issued_count, row.figures.redeemed_count) == (10, 0)
    found = naive.by_key(await figures(SCOPE, (Dimension.CATEGORY,)))
    assert {key[0]: one.merchants_listed_count for key, one in found.items()} == {
        "dining": 1,
        "fuel": 1,
        "retail": 0,
    }
    (area,) = await figures(SCOPE, (Dimension.SUBDISTRICT,))
    assert (area.figures.merchants_listed_count, area.figures.coverage_text) == (2, "0.0000")


async def test_a_suspended_merchant_is_not_listed_and_what_it_redeemed_stays(
    make: Factory, till: Till
) -> None:
    await redeem(make, till, make.clock.now())
    merchants = Merchants(make.programme, make.clock)
    await merchants.suspend(till.merchant.id, actor=BUREAU, reason="抽查")
    figures_of = await total(SCOPE)
    assert (figures_of.merchants_count, figures_of.merchants_listed_count) == (1, 0)
    assert figures_of.coverage is None


@pytest.mark.parametrize(
    ("scope", "by", "refusal"),
    [
        (Scope(TODAY, TODAY - timedelta(days=1)), (), BadPeriod),
        (Scope(TODAY, TODAY + timedelta(days=400)), (), BadPeriod),
        (SCOPE, (Dimension.ROUND, Dimension.ROUND), BadGrouping),
        (SCOPE, (Dimension.ROUND, Dimension.DAY, Dimension.CATEGORY), BadGrouping),
        (Scope(TODAY, TODAY + timedelta(days=31)), (Dimension.DAY,), DaysTooMany),
    ],
)
async def test_what_is_not_answered(
    make: Factory, scope: Scope, by: tuple[Dimension, ...], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await figures(scope, by)


async def test_too_many_rows_are_refused_with_the_way_out(make: Factory, till: Till) -> None:
    async with connection() as book:
        await book.execute(
            "INSERT INTO figures_areas (day, subdistrict, round_id, category, redeemed_count,"
            " order_amount_fen, redeemed_fen, merchant_discount_fen, platform_discount_fen,"
            " refunds_count, returned_fen, refunded_fen)"
            " SELECT '2026-06-01', '东街街道', gen_random_uuid(), 'dining', 1, 1, 1, 0, 0, 0, 0, 0"
            f" FROM generate_series(0, {ROWS_MAX})"
        )
    with pytest.raises(TooManyRows) as refused:
        await figures(SCOPE, (Dimension.ROUND,))
    assert "导出" in refused.value.detail


@pytest.mark.policy("P-10.3")
async def test_the_workbook_says_what_the_ledger_says(
    make: Factory, till: Till, elsewhere: Till
) -> None:
    desk = FigureDesk(make.programme, make.clock)
    noon = datetime(2026, 6, 1, 12, tzinfo=SHANGHAI)
    await redeem(make, till, noon, 20_05)
    row = await redeem(make, elsewhere, noon, 99_95)
    await elsewhere.refund(row, 33_33)
    await elsewhere.make.merchant("fuel")
    answer = await desk.ask(SCOPE, (Dimension.MERCHANT, Dimension.CATEGORY), actor=AUDITOR)
    book = load_workbook(io.BytesIO(workbook(answer)))
    header, *rows = book["数据"].iter_rows(values_only=True)
    assert header[:2] == ("商户", "行业")
    assert header[2:] == tuple(column.title for column, _ in COLUMNS)
    cells = [dict(zip(header, row, strict=True)) for row in rows]
    assert [cell["商户"] for cell in cells] == ["泽州路饭店", "泽州路饭店", "合计"]
    assert cells[0]["行业"] == "餐饮"

    def fen(value: object) -> int:
        """Exactly what stands in the cell."""
        amount = Decimal(str(value)) * 100
        assert amount == int(amount)
        return int(amount)

    shops, whole = cells[:-1], cells[-1]
    redeemed_fen = await naive.ledger_fen(SCOPE, "redemption")
    refunded_fen = await naive.ledger_fen(SCOPE, "refund", "late_refund")
    for title, expected in (
        ("核销金额（元）", redeemed_fen),
        ("核销退款金额（元）", refunded_fen),
        ("订单金额（元）", 120_00),
        ("退货订单金额（元）", 33_33),
        ("商户让利（元）", 2_00),
        ("平台让利（元）", 1_00),
    ):
        assert sum(fen(cell[title]) for cell in shops) == expected
        assert fen(whole[title]) == expected
    assert (whole["核销量（张）"], whole["核销商家数"], whole["在册商户数"]) == (2, 2, 3)
    assert (whole["投放量（张）"], fen(whole["投放金额（元）"]), whole["核销率"]) == (4, 16_00, 0.5)
    assert shops[0]["投放量（张）"] is None
    assert Decimal(str(whole["直接带动比"])) == answer.total.direct_leverage
    notes: dict[object, object] = {key.value: text.value for key, text in book["说明"].rows}
    assert notes["统计期间"] == "2026-06-01 至 2026-06-01（北京时间，含首尾两日）"
    assert notes["分组"] == "商户、行业"
    assert notes["商户"] == "全部"
    assert "2026-06-01 12:00:00" in str(notes["制表时间"])
    for figure in ("投放量", "核销量", "核销率", "订单金额", "核销金额", "核销退款金额"):
        assert notes[figure]
    assert book["数据"].freeze_panes == "A2"


async def test_the_notes_name_what_narrowed_the_scope(make: Factory, till: Till) -> None:
    desk = FigureDesk(make.programme, make.clock)
    row = await redeem(make, till, make.clock.now())
    scope = Scope(TODAY, TODAY, row.round_id, "dining", "东街街道", till.merchant.id)
    answer = await desk.ask(scope, (), actor=AUDITOR)
    book = load_workbook(io.BytesIO(workbook(answer)))
    notes: dict[object, object] = {key.value: text.value for key, text in book["说明"].rows}
    assert str(notes["轮次"]).startswith("第")
    assert [notes[name] for name in ("行业", "镇（街道）", "商户", "分组")] == [
        "餐饮",
        "东街街道",
        "泽州路饭店",
        "不分组",
    ]
    assert book["数据"].max_row == 2


async def test_only_those_who_may_ask(make: Factory) -> None:
    desk = FigureDesk(make.programme, make.clock)
    with pytest.raises(NotAllowed):
        await desk.ask(SCOPE, (), actor=INSTITUTION)


@pytest.mark.policy("P-11.4")
async def test_everybody_sees_totals_and_nobody(make: Factory, till: Till) -> None:
    desk = FigureDesk(make.programme, make.clock)
    await redeem(make, till, make.clock.now())
    view = await desk.public()
    assert (view.total.redeemed_count, view.until) == (1, "2026-06-01")
    assert [row.key for row in view.by_category] == [{"category": "dining"}]
    assert [row.figures.redeemed_fen for row in view.by_round] == [4_00]
    shown = str(view)
    assert "泽州路" not in shown
    assert str(till.merchant.id) not in shown
    await redeem(make, till, make.clock.now())
    assert (await desk.public()).total.redeemed_count == 1, "a minute old at most"
    make.clock.move(timedelta(minutes=1))
    assert (await desk.public()).total.redeemed_count == 2
