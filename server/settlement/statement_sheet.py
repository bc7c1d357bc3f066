"""A statement as a workbook: what it is, the redemptions, the deductions, the lines."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from server.infra.sheets import Book, Cell, Column
from server.kit.clock import SHANGHAI
from server.kit.money import fen_text
from server.settlement.domain import LineState
from server.settlement.statements import Statement

STATES: Mapping[str, str] = {
    LineState.OPEN: "待付款",
    LineState.PAID: "已付款",
    LineState.RETURNED: "已退回，将在以后批次重付",
    LineState.NOTHING: "无须付款",
}

_REDEMPTIONS = (
    Column("订单号", width=28),
    Column("核销时间", Cell.TIME),
    Column("订单金额（元）", Cell.YUAN),
    Column("券面值（元）", Cell.YUAN),
    Column("累计退款（元）", Cell.YUAN),
    Column("结算额（元）", Cell.YUAN),
    Column("结算批次", width=16),
)
_DEDUCTIONS = (
    Column("订单号", width=28),
    Column("退货时间", Cell.TIME),
    Column("应扣金额（元）", Cell.YUAN),
    Column("扣回批次", width=16),
    Column("商户已自行退款", width=16),
)
_LINES = (
    Column("批次", width=16),
    Column("行号", Cell.COUNT),
    Column("核销笔数", Cell.COUNT),
    Column("核销净额（元）", Cell.YUAN),
    Column("扣减（元）", Cell.YUAN),
    Column("重付以前退回（元）", Cell.YUAN),
    Column("以前批次", width=16),
    Column("应付（元）", Cell.YUAN),
    Column("状态", width=26),
    Column("付款时间", Cell.TIME),
    Column("机构流水号", width=26),
    Column("原因", width=30),
)


def statement_workbook(statement: Statement) -> bytes:
    """The statement as an .xlsx file."""
    totals = statement.totals
    with Book() as book:
        book.notes("说明", _notes(statement))
        redemptions = book.sheet("核销明细", _REDEMPTIONS)
        for row in statement.redemptions:
            redemptions.append(
                (
                    row.order_no,
                    datetime.fromisoformat(row.redeemed_at),
                    row.order_amount_fen,
                    row.face_value_fen,
                    row.refunded_fen,
                    row.settled_fen,
                    row.batch or "未结算",
                )
            )
        redemptions.append_total(
            (
                f"合计 {totals.redemptions_count} 笔",
                None,
                totals.order_amount_fen,
                totals.face_value_fen,
                totals.refunded_fen,
                totals.settled_fen,
                None,
            )
        )
        deductions = book.sheet("退货扣减", _DEDUCTIONS)
        for one in statement.deductions:
            deductions.append(
                (
                    one.order_no,
                    datetime.fromisoformat(one.refunded_at),
                    one.amount_fen,
                    one.batch or "未扣",
                    "是" if one.repaid else "否",
                )
            )
        deductions.append_total(("合计", None, totals.deducted_fen, None, None))
        _add_lines(book, statement)
        return book.content()


def _add_lines(book: Book, statement: Statement) -> None:
    sheet = book.sheet("付款", _LINES)
    for row in statement.lines:
        sheet.append(
            (
                row.batch,
                row.number,
                row.redemptions_count,
                row.redeemed_fen,
                row.deducted_fen,
                row.carried_fen,
                row.carries_batch,
                row.amount_fen,
                STATES[row.state],
                datetime.fromisoformat(row.paid_at) if row.paid_at else None,
                row.institution_ref,
                row.reason,
            )
        )
    totals = statement.totals
    blanks = (None, None, None, None)
    sheet.append_total(
        (
            "合计",
            None,
            sum(row.redemptions_count for row in statement.lines),
            sum(row.redeemed_fen for row in statement.lines),
            sum(row.deducted_fen for row in statement.lines),
            totals.carried_fen,
            None,
            totals.amount_fen,
            *blanks,
        )
    )


def _notes(statement: Statement) -> Sequence[tuple[str, str]]:
    scope = (
        f"结算批次 {statement.batch}"
        if statement.batch
        else f"{_local(statement.since)} 至 {_local(statement.until)}（不含）"
    )
    return (
        ("对账单", f"{statement.merchant_name}（{statement.credit_code}）"),
        ("范围", scope),
        ("结算额合计", fen_text(statement.totals.settled_fen)),
        ("退货扣减合计", fen_text(statement.totals.deducted_fen)),
        ("应付合计", fen_text(statement.totals.amount_fen)),
        ("已付合计", fen_text(statement.totals.paid_fen)),
        ("结算额", "券面值减去进入批次前已退回资金池的部分；商户和平台的优惠不在其中。"),
        ("退货扣减", "进入批次后发生的退货，从以后批次应付中扣回，或由商户自行退款。"),
        ("应付", "核销净额减扣减，加上以前批次退回、本批次重付的款项。"),
    )


def _local(instant: str | None) -> str:
    assert instant is not None, "a statement is of a batch or of a period"
    return datetime.fromisoformat(instant).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
