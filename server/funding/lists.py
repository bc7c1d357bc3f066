"""Every transfer of the ledger in a period, to be exported."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from server.audit.domain import View
from server.exports.kinds import Asked, Kind, Out, asked_as
from server.exports.periods import Period, bounds, check_days, period_label
from server.exports.tables import CSV_TYPE, Table, write_csv
from server.infra.reading import consistent
from server.infra.sheets import Cell, Column, Value
from server.ledger.domain import Code

CODE_NAMES: Mapping[Code, str] = {
    Code.APPROPRIATION: "财政拨付",
    Code.RESERVATION: "轮次预留",
    Code.REDEMPTION: "核销",
    Code.REFUND: "退货退回资金池",
    Code.LATE_REFUND: "结算后退货（待扣回）",
    Code.SETTLEMENT: "结算确认",
    Code.DEDUCTED: "结算扣回",
    Code.PAYMENT: "支付到账",
    Code.PAYMENT_RETURNED: "支付退回",
    Code.REPAYMENT: "商户缴回",
    Code.CORRECTION: "拨付更正",
    Code.GIVING_BACK: "按原路径退还",
    Code.RELEASE: "未领释放",
    Code.EXPIRY: "过期释放",
}

COLUMNS = (
    Column("分录编号", width=38),
    Column("时间", Cell.TIME),
    Column("类别", width=20),
    Column("借方（转出）", width=48),
    Column("贷方（转入）", width=48),
    Column("金额（元）", Cell.YUAN),
    Column("业务对象", width=50),
)

_WITHIN = "FROM ledger_transfers WHERE at >= $1 AND at < $2"
_QUERY = f"SELECT id, at, code, debit_id, credit_id, amount_fen, subject {_WITHIN} ORDER BY at, id"


async def check(asked: Asked) -> Asked:
    """A period in its normal form. BadAsked."""
    read = asked_as(Period, asked)
    check_days(read.since, read.until)
    plain: dict[str, object] = msgspec.to_builtins(read)
    return plain


async def total(asked: Asked) -> int:
    """How many transfers there are."""
    read = asked_as(Period, asked)
    async with consistent() as book:
        count = await book.fetchval(f"SELECT count(*) {_WITHIN}", *bounds(read.since, read.until))
    return int(count)


async def write(asked: Asked, out: Out) -> None:
    """Write them as CSV, oldest first."""
    read = asked_as(Period, asked)
    table = Table(
        title=LEDGER.title,
        columns=COLUMNS,
        notes=(),
        query=_QUERY,
        values=bounds(read.since, read.until),
        row=_transfer,
    )
    async with consistent() as book:
        await write_csv(book, table, out)


def _transfer(row: Any) -> Sequence[Value]:
    return (
        str(row["id"]),
        row["at"],
        CODE_NAMES[Code(row["code"])],
        row["debit_id"],
        row["credit_id"],
        row["amount_fen"],
        row["subject"],
    )


LEDGER = Kind("ledger.csv", "资金分录", CSV_TYPE, View.FUNDS, check, total, write, period_label)
