"""The report's tables, made once: the page and the workbook show the same cells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from server.figures.domain import Figures
from server.infra.sheets import Cell, Value
from server.performance.report import Group, Report


@dataclass(frozen=True, slots=True)
class Column:
    """A figure that stands in a column."""

    title: str
    cell: Cell
    of: Callable[[Figures], Value]


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of one column of the table above it."""

    title: str
    column: Column


@dataclass(frozen=True, slots=True)
class Table:
    """Figures told apart by one thing."""

    key: str
    """Names the table on the page; ASCII letters."""
    heading: str
    sheet: str
    """Name of the sheet in the workbook."""
    first: str
    """Title of the column of names."""
    columns: Sequence[Column]
    groups: Sequence[Group]
    total: Figures
    charts: Sequence[Chart]
    over_time: bool = False
    """Months: the charts are columns in order of time."""
    notes: Sequence[str] = ()


ISSUED = Column("投放量（张）", Cell.COUNT, lambda f: f.issued_count)
CLAIMED = Column("领取量（张）", Cell.COUNT, lambda f: f.claimed_count)
REDEEMED = Column("核销量（张）", Cell.COUNT, lambda f: f.redeemed_count)
RATE = Column("核销率", Cell.RATE, lambda f: f.redemption_rate)
ORDERS = Column("订单金额（元）", Cell.YUAN, lambda f: f.order_amount_fen)
WORTH = Column("核销金额（元）", Cell.YUAN, lambda f: f.redeemed_fen)
REFUNDED = Column("退款金额（元）", Cell.YUAN, lambda f: f.refunded_fen)
LEVERAGE = Column("直接带动比", Cell.RATIO, lambda f: f.direct_leverage)
MERCHANTS = Column("核销商家（家）", Cell.COUNT, lambda f: f.merchants_count)
LISTED = Column("在册商户（家）", Cell.COUNT, lambda f: f.merchants_listed_count)
COVERAGE = Column("覆盖率", Cell.RATE, lambda f: f.coverage)
BY_MERCHANT = Column("商户让利（元）", Cell.YUAN, lambda f: f.merchant_discount_fen)
BY_PLATFORM = Column("平台让利（元）", Cell.YUAN, lambda f: f.platform_discount_fen)

_AMOUNT = Chart("核销金额（元）", WORTH)
_LEVERAGE = Chart("直接带动比", LEVERAGE)


def tables(report: Report) -> Sequence[Table]:
    """All tables that are told apart by something, in the order of the page."""
    return (
        _by_category(report),
        _by_subdistrict(report),
        _by_round(report),
        _by_month(report),
        _top_ups(report),
    )


def _by_category(report: Report) -> Table:
    return Table(
        key="category",
        heading="按行业",
        sheet="按行业",
        first="行业",
        columns=(ISSUED, REDEEMED, RATE, ORDERS, WORTH, REFUNDED, LEVERAGE, MERCHANTS, COVERAGE),
        groups=report.categories,
        total=report.total,
        charts=(_AMOUNT, Chart("核销率", RATE), _LEVERAGE, Chart("商户覆盖率", COVERAGE)),
        notes=("同时经营几个行业的商户在每个行业各计一次，合计只计一次。",),
    )


def _by_subdistrict(report: Report) -> Table:
    return Table(
        key="subdistrict",
        heading="按镇（街道）",
        sheet="按镇（街道）",
        first="镇（街道）",
        columns=(REDEEMED, ORDERS, WORTH, REFUNDED, LEVERAGE, MERCHANTS, LISTED, COVERAGE),
        groups=report.subdistricts,
        total=report.total,
        charts=(
            _AMOUNT,
            Chart("商户覆盖率", COVERAGE),
            _LEVERAGE,
            Chart("退款金额（元）", REFUNDED),
        ),
        notes=(
            "以核销门店所在地为准。消费券投放时不区分镇（街道），因此没有投放量和核销率。",
            "在几个镇（街道）都有门店的商户各计一次，合计只计一次。",
        ),
    )


def _by_round(report: Report) -> Table:
    return Table(
        key="round",
        heading="按轮次",
        sheet="按轮次",
        first="轮次",
        columns=(ISSUED, CLAIMED, REDEEMED, RATE, ORDERS, WORTH, REFUNDED, LEVERAGE),
        groups=report.rounds,
        total=report.total,
        charts=(_AMOUNT, Chart("核销率", RATE)),
        notes=("在本期之前开始、本期仍有核销或退款的轮次，只计本期的核销和退款，不计投放。",),
    )


def _by_month(report: Report) -> Table:
    return Table(
        key="month",
        heading="按月份",
        sheet="按月份",
        first="月份",
        columns=(ISSUED, REDEEMED, ORDERS, WORTH, REFUNDED, LEVERAGE, MERCHANTS),
        groups=report.months,
        total=report.total,
        charts=(_AMOUNT, Chart("退款金额（元）", REFUNDED)),
        over_time=True,
        notes=(
            "投放量记入轮次开始的月份，核销和退款记入发生的月份，因此不按月计算核销率。",
            "核销商家各月分别去重，不可相加。",
        ),
    )


def _top_ups(report: Report) -> Table:
    return Table(
        key="topups",
        heading="商户和平台配套让利",
        sheet="配套让利",
        first="行业",
        columns=(BY_MERCHANT, BY_PLATFORM),
        groups=report.categories,
        total=report.total,
        charts=(),
        notes=("由商户、支付平台自行承担，不使用财政资金，不计入核销金额，也不参与结算。",),
    )
