"""Every redemption and every refund of a period, to be exported; no personal data.

The same filters as the figures, so that a list adds up to them: the sum of 核销金额 over the rows
of a period is the figure 核销金额 of that period. Names of shops and rounds are looked up in memory
(there are thousands of them, and millions of rows), so the statement is one walk along an index.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from server.audit.domain import View
from server.exports.kinds import Asked, Kind, Out, asked_as
from server.exports.periods import bounds, period_label
from server.exports.tables import CSV_TYPE, XLSX_TYPE, Table, write_csv, write_xlsx
from server.figures.domain import Scope, check_question
from server.infra.reading import Book, consistent
from server.infra.sheets import Cell, Column, Value


class ListAsked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Both days are Shanghai's, and both are within."""

    since: date
    until: date
    round_id: UUID | None = None
    category: str | None = None
    subdistrict: str | None = None
    merchant_id: UUID | None = None

    @property
    def scope(self) -> Scope:
        """The same for the figures."""
        return Scope(
            self.since,
            self.until,
            self.round_id,
            self.category,
            self.subdistrict,
            self.merchant_id,
        )


@dataclass(frozen=True, slots=True)
class Names:
    """What ids are called."""

    rounds: Mapping[UUID, str]
    merchants: Mapping[UUID, tuple[str, str]]
    """Name and credit code."""
    stores: Mapping[UUID, tuple[str, str]]
    """Name and sub-district."""
    categories: Mapping[str, str]


REDEMPTION_COLUMNS = (
    Column("核销编号", width=38),
    Column("核销时间", Cell.TIME),
    Column("轮次", width=20),
    Column("行业", width=12),
    Column("商户", width=26),
    Column("统一社会信用代码", width=22),
    Column("门店", width=22),
    Column("镇（街道）", width=14),
    Column("收银员编号", width=38),
    Column("订单号", width=22),
    Column("订单金额（元）", Cell.YUAN),
    Column("核销金额（元）", Cell.YUAN),
    Column("商户让利（元）", Cell.YUAN),
    Column("平台让利（元）", Cell.YUAN),
    Column("票据号", width=22),
    Column("票据待补", width=10),
    Column("累计退货金额（元）", Cell.YUAN),
    Column("累计退回资金（元）", Cell.YUAN),
    Column("已进入结算", width=12),
    Column("结算金额（元）", Cell.YUAN),
)

REFUND_COLUMNS = (
    Column("退货编号", width=38),
    Column("退货时间", Cell.TIME),
    Column("核销编号", width=38),
    Column("核销时间", Cell.TIME),
    Column("轮次", width=20),
    Column("行业", width=12),
    Column("商户", width=26),
    Column("门店", width=22),
    Column("镇（街道）", width=14),
    Column("订单号", width=22),
    Column("退货金额（元）", Cell.YUAN),
    Column("退回资金（元）", Cell.YUAN),
    Column("原因", width=30),
)

_REDEMPTIONS = """
SELECT r.id, r.redeemed_at, r.round_id, r.category, r.merchant_id, r.store_id, r.cashier_id,
  r.order_no, r.order_amount_fen, r.face_value_fen, r.merchant_discount_fen,
  r.platform_discount_fen, r.receipt_no, r.receipt_owed, r.returned_fen, r.refunded_fen,
  r.batch_id IS NOT NULL AS settled, r.settled_fen
FROM redemptions r WHERE r.redeemed_at >= $1 AND r.redeemed_at < $2 {more}
ORDER BY r.redeemed_at, r.id"""

_REFUNDS = """
SELECT f.id, f.refunded_at, f.returned_fen, f.refunded_fen, f.reason, r.id AS redemption_id,
  r.redeemed_at, r.round_id, r.category, r.merchant_id, r.store_id, r.order_no
FROM refunds f JOIN redemptions r ON r.id = f.redemption_id
WHERE f.refunded_at >= $1 AND f.refunded_at < $2 {more}
ORDER BY f.refunded_at, f.id"""

_COUNTS = {
    _REDEMPTIONS: "SELECT count(*) FROM redemptions r"
    " WHERE r.redeemed_at >= $1 AND r.redeemed_at < $2 {more}",
    _REFUNDS: "SELECT count(*) FROM refunds f JOIN redemptions r ON r.id = f.redemption_id"
    " WHERE f.refunded_at >= $1 AND f.refunded_at < $2 {more}",
}


def kinds(categories: Mapping[str, str]) -> Sequence[Kind]:
    """The lists, with the programme's names of categories."""
    redemptions = _Lists(_REDEMPTIONS, "核销明细", REDEMPTION_COLUMNS, categories)
    refunds = _Lists(_REFUNDS, "退货明细", REFUND_COLUMNS, categories)
    return (
        redemptions.kind("redemptions.csv", CSV_TYPE, redemptions.csv),
        redemptions.kind("redemptions.xlsx", XLSX_TYPE, redemptions.xlsx),
        refunds.kind("refunds.csv", CSV_TYPE, refunds.csv),
    )


@dataclass(frozen=True, slots=True)
class _Lists:
    """One of the two, in either format."""

    query: str
    title: str
    columns: Sequence[Column]
    categories: Mapping[str, str]

    def kind(
        self, name: str, media_type: str, write: Callable[[Asked, Out], Awaitable[None]]
    ) -> Kind:
        """Its description for the exports."""
        return Kind(
            name, self.title, media_type, View.FIGURES, check, self.total, write, period_label
        )

    async def total(self, asked: Asked) -> int:
        """How many rows it will have."""
        read = asked_as(ListAsked, asked)
        async with consistent() as book:
            more, values = await _narrowed(book, read)
            return int(await book.fetchval(_COUNTS[self.query].format(more=more), *values))

    async def csv(self, asked: Asked, out: Out) -> None:
        """Write it as CSV."""
        async with consistent() as book:
            await write_csv(book, await self._table(book, asked), out)

    async def xlsx(self, asked: Asked, out: Out) -> None:
        """Write it as a workbook."""
        async with consistent() as book:
            await write_xlsx(book, await self._table(book, asked), out)

    async def _table(self, book: Book, asked: Asked) -> Table:
        read = asked_as(ListAsked, asked)
        names = await _names(book, self.categories)
        more, values = await _narrowed(book, read)
        of_refund = self.query is _REFUNDS
        return Table(
            title=self.title,
            columns=self.columns,
            notes=_notes(self.title, read, names),
            query=self.query.format(more=more),
            values=values,
            row=(lambda row: _refund(row, names))
            if of_refund
            else (lambda row: _redemption(row, names)),
        )


async def check(asked: Asked) -> Asked:
    """A period and filters in their normal form. BadAsked, BadPeriod."""
    read = asked_as(ListAsked, asked)
    check_question(read.scope, ())
    plain: dict[str, object] = msgspec.to_builtins(read)
    return {name: value for name, value in plain.items() if value is not None}


async def _narrowed(book: Book, read: ListAsked) -> tuple[str, list[object]]:
    """The filters as conditions on `r`, with all parameters of the statement."""
    values: list[object] = [*bounds(read.since, read.until)]
    said = []
    for name, value in (
        ("r.round_id", read.round_id),
        ("r.category", read.category),
        ("r.merchant_id", read.merchant_id),
    ):
        if value is not None:
            values.append(value)
            said.append(f"AND {name} = ${len(values)}")
    if read.subdistrict is not None:
        stores = await book.fetch("SELECT id FROM stores WHERE subdistrict = $1", read.subdistrict)
        values.append([row["id"] for row in stores])
        said.append(f"AND r.store_id = ANY(${len(values)}::uuid[])")
    return " ".join(said), values


async def _names(book: Book, categories: Mapping[str, str]) -> Names:
    rounds = await book.fetch("SELECT id, name FROM rounds")
    merchants = await book.fetch("SELECT id, name, credit_code FROM merchants")
    stores = await book.fetch("SELECT id, name, subdistrict FROM stores")
    return Names(
        {row[0]: row[1] for row in rounds},
        {row[0]: (row[1], row[2]) for row in merchants},
        {row[0]: (row[1], row[2]) for row in stores},
        categories,
    )


def _redemption(row: Any, names: Names) -> Sequence[Value]:
    merchant, credit_code = names.merchants[row["merchant_id"]]
    store, subdistrict = names.stores[row["store_id"]]
    return (
        str(row["id"]),
        row["redeemed_at"],
        names.rounds[row["round_id"]],
        names.categories.get(row["category"], row["category"]),
        merchant,
        credit_code,
        store,
        subdistrict,
        str(row["cashier_id"]),
        row["order_no"],
        row["order_amount_fen"],
        row["face_value_fen"],
        row["merchant_discount_fen"],
        row["platform_discount_fen"],
        row["receipt_no"],
        "是" if row["receipt_owed"] else "否",
        row["returned_fen"],
        row["refunded_fen"],
        "是" if row["settled"] else "否",
        row["settled_fen"],
    )


def _refund(row: Any, names: Names) -> Sequence[Value]:
    merchant, _ = names.merchants[row["merchant_id"]]
    store, subdistrict = names.stores[row["store_id"]]
    return (
        str(row["id"]),
        row["refunded_at"],
        str(row["redemption_id"]),
        row["redeemed_at"],
        names.rounds[row["round_id"]],
        names.categories.get(row["category"], row["category"]),
        merchant,
        store,
        subdistrict,
        row["order_no"],
        row["returned_fen"],
        row["refunded_fen"],
        row["reason"],
    )


def _notes(title: str, read: ListAsked, names: Names) -> Sequence[tuple[str, str]]:
    """Period and filters in words."""
    merchant = names.merchants.get(read.merchant_id, ("", "")) if read.merchant_id else None
    filters = (
        ("轮次", names.rounds.get(read.round_id, "") if read.round_id else None),
        ("行业", names.categories.get(read.category, read.category) if read.category else None),
        ("镇（街道）", read.subdistrict),
        ("商户", None if merchant is None else merchant[0]),
    )
    return (
        ("清单", title),
        ("期间", f"{read.since} 至 {read.until}（含首尾，北京时间）"),
        *((name, "全部" if said is None else said) for name, said in filters),
        ("金额", "单位为元；核销金额为消费券面值，让利不属于财政资金"),
        ("口径", "与“核销数据”各项指标一致，可逐行加总核对；不含个人信息"),
    )
