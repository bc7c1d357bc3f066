"""The figures as a workbook: 数据 with a total in its last row, and 说明."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from server.figures.domain import DIMENSION_NAMES, Dimension, Figures, Row, Scope
from server.figures.explained import DEFINITIONS, asked
from server.infra.sheets import Book, Cell, Column, Value
from server.kit.clock import SHANGHAI

DATA, NOTES = "数据", "说明"

COLUMNS: tuple[tuple[Column, Callable[[Figures], Value]], ...] = (
    (Column("投放量（张）", Cell.COUNT), lambda figures: figures.issued_count),
    (Column("投放金额（元）", Cell.YUAN), lambda figures: figures.issued_fen),
    (Column("领取量（张）", Cell.COUNT), lambda figures: figures.claimed_count),
    (Column("领取金额（元）", Cell.YUAN), lambda figures: figures.claimed_fen),
    (Column("核销量（张）", Cell.COUNT), lambda figures: figures.redeemed_count),
    (Column("核销率", Cell.RATE), lambda figures: figures.redemption_rate),
    (Column("订单金额（元）", Cell.YUAN), lambda figures: figures.order_amount_fen),
    (Column("核销金额（元）", Cell.YUAN), lambda figures: figures.redeemed_fen),
    (Column("核销退款金额（元）", Cell.YUAN, 20), lambda figures: figures.refunded_fen),
    (Column("退货订单金额（元）", Cell.YUAN, 20), lambda figures: figures.returned_fen),
    (Column("核销商家数", Cell.COUNT), lambda figures: figures.merchants_count),
    (Column("在册商户数", Cell.COUNT), lambda figures: figures.merchants_listed_count),
    (Column("商户覆盖率", Cell.RATE), lambda figures: figures.coverage),
    (Column("直接带动比", Cell.RATIO), lambda figures: figures.direct_leverage),
    (Column("净带动比", Cell.RATIO), lambda figures: figures.net_leverage),
    (Column("商户让利（元）", Cell.YUAN), lambda figures: figures.merchant_discount_fen),
    (Column("平台让利（元）", Cell.YUAN), lambda figures: figures.platform_discount_fen),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked, and the answer of one snapshot."""

    scope: Scope
    by: tuple[Dimension, ...]
    labels: Mapping[Dimension, str]
    """Names of what narrows the scope."""
    made_at: datetime
    rows: list[Row]
    total: Figures


def workbook(answer: Answer) -> bytes:
    """The workbook of an answer. It takes a second for thousands of rows: ask a thread."""
    keys = [Column(DIMENSION_NAMES[dimension], Cell.TEXT, 24) for dimension in answer.by]
    with Book() as book:
        sheet = book.sheet(DATA, (*(keys or [Column("范围")]), *(column for column, _ in COLUMNS)))
        for row in answer.rows if answer.by else ():
            labels = [row.label[dimension] for dimension in answer.by]
            sheet.append((*labels, *_values(row.figures)))
        blank = (None,) * (max(1, len(keys)) - 1)
        sheet.append_total(("合计", *blank, *_values(answer.total)))
        book.notes(NOTES, _notes(answer))
        return book.content()


def _values(figures: Figures) -> list[Value]:
    return [value(figures) for _, value in COLUMNS]


def _notes(answer: Answer) -> list[tuple[str, str]]:
    by = "、".join(DIMENSION_NAMES[dimension] for dimension in answer.by) or "不分组"
    made_at = answer.made_at.astimezone(SHANGHAI)
    return [
        *asked(answer.scope, answer.labels),
        ("分组", by),
        ("制表时间", f"{made_at:%Y-%m-%d %H:%M:%S}（北京时间）"),
        ("数据来源", "核销与退货记录的实时汇总，所有数字取自同一时刻，与资金账本一致。"),
        ("合计", "合计按整个范围重新统计，商户不重复计数，因此不一定等于各行之和。"),
        *DEFINITIONS.items(),
    ]
