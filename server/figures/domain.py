"""The seven figures (P-10.3): what is asked, what is answered, and the refusals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from uuid import UUID

from server.kit.errors import Kind, Refusal

PERIOD_DAYS_MAX = 400
"""A programme lasts a year (P-04); a little more, so that its end is not cut off."""
BY_DAY_DAYS_MAX = 31
"""A month, day by day; of one merchant any period. Longer ones are read by month."""
DIMENSIONS_MAX = 2
ROWS_MAX = 5_000
_FOUR_DIGITS = Decimal("0.0001")


class Dimension(StrEnum):
    """By what the figures can be told apart."""

    ROUND = "round"
    CATEGORY = "category"
    SUBDISTRICT = "subdistrict"
    """Of the store that redeemed."""
    MERCHANT = "merchant"
    DAY = "day"
    """Shanghai day, `2026-05-01`."""
    MONTH = "month"
    """Shanghai month, `2026-05`."""


DIMENSION_NAMES: Mapping[Dimension, str] = {
    Dimension.ROUND: "轮次",
    Dimension.CATEGORY: "行业",
    Dimension.SUBDISTRICT: "镇（街道）",
    Dimension.MERCHANT: "商户",
    Dimension.DAY: "日期",
    Dimension.MONTH: "月份",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Of what the figures are asked: a period, and whatever else narrows them."""

    since: date
    until: date
    """Both are Shanghai days, and both are within."""
    round_id: UUID | None = None
    category: str | None = None
    subdistrict: str | None = None
    merchant_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one scope or row. Money in fen; what was not asked for is not in them.

    `issued_*` and `claimed_*` are null where a sub-district or a merchant is asked for or told
    apart: a stock belongs to no shop. They count the rounds that opened within the period.
    """

    issued_count: int | None = None
    """投放量: vouchers of approved rounds that opened within the period."""
    issued_fen: int | None = None
    claimed_count: int | None = None
    """领取量: of these, how many have been claimed by now."""
    claimed_fen: int | None = None
    redeemed_count: int = 0
    """核销量."""
    order_amount_fen: int = 0
    """订单金额."""
    redeemed_fen: int = 0
    """核销金额: face values."""
    refunds_count: int = 0
    returned_fen: int = 0
    """Order amount returned within the period, whenever it was redeemed."""
    refunded_fen: int = 0
    """核销退款金额: by the day of the refund."""
    merchant_discount_fen: int = 0
    """Merchants' own top-ups; not public money, in no other figure (P-06.8)."""
    platform_discount_fen: int = 0
    """Payment platforms' own top-ups; not public money, in no other figure (P-06.8)."""
    merchants_count: int = 0
    """核销商家数: merchants with a redemption within the period, each counted once."""
    merchants_listed_count: int = 0
    """Merchants that are listed now, within what was asked."""

    @property
    def redemption_rate(self) -> Decimal | None:
        """核销率: 核销量 / 投放量. May pass 1 where rounds opened before the period."""
        return ratio(self.redeemed_count, self.issued_count)

    @property
    def direct_leverage(self) -> Decimal | None:
        """直接带动比: 订单金额 / 核销金额."""
        return ratio(self.order_amount_fen, self.redeemed_fen)

    @property
    def net_leverage(self) -> Decimal | None:
        """The same without what was returned: (订单 - 退货订单) / (核销 - 退款)."""
        return ratio(
            self.order_amount_fen - self.returned_fen, self.redeemed_fen - self.refunded_fen
        )

    @property
    def coverage(self) -> Decimal | None:
        """覆盖率: 核销商家数 / listed merchants. May pass 1 where merchants were suspended."""
        return ratio(self.merchants_count, self.merchants_listed_count)

    @property
    def redemption_rate_text(self) -> str | None:
        """As `0.8123`."""
        return text_of(self.redemption_rate)

    @property
    def direct_leverage_text(self) -> str | None:
        """As `6.2500`."""
        return text_of(self.direct_leverage)

    @property
    def net_leverage_text(self) -> str | None:
        """As `6.2500`."""
        return text_of(self.net_leverage)

    @property
    def coverage_text(self) -> str | None:
        """As `0.5000`."""
        return text_of(self.coverage)


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one value of each dimension: `key` identifies it, `label` is for people."""

    key: Mapping[Dimension, str]
    label: Mapping[Dimension, str]
    figures: Figures


def ratio(part: int, whole: int | None) -> Decimal | None:
    """`part / whole` with four digits, half up; None where there is no whole to divide by."""
    if whole is None or whole <= 0:
        return None
    return (Decimal(part) / whole).quantize(_FOUR_DIGITS, ROUND_HALF_UP)


def text_of(value: Decimal | None) -> str | None:
    """A ratio as text with four digits, never in scientific notation."""
    return None if value is None else f"{value:.4f}"


def check_question(scope: Scope, by: tuple[Dimension, ...]) -> None:
    """Refuse what would not be answered: BadPeriod, BadGrouping, DaysTooMany, in this order."""
    days = (scope.until - scope.since).days + 1
    if not 1 <= days <= PERIOD_DAYS_MAX:
        raise BadPeriod(days_max=PERIOD_DAYS_MAX)
    if len(by) > DIMENSIONS_MAX or len(set(by)) < len(by):
        raise BadGrouping(dimensions_max=DIMENSIONS_MAX)
    if Dimension.DAY in by and days > BY_DAY_DAYS_MAX and scope.merchant_id is None:
        raise DaysTooMany(days_max=BY_DAY_DAYS_MAX)


class BadPeriod(Refusal):
    """The period ends before it begins, or is too long (`data.days_max`)."""

    code = "figures.bad_period"
    kind = Kind.RULE
    detail = "统计期间有误：结束日期不能早于开始日期，且不超过400天，请修改后重试。"


class BadGrouping(Refusal):
    """More dimensions than are told apart at once (`data.dimensions_max`), or one twice."""

    code = "figures.bad_grouping"
    kind = Kind.RULE
    detail = "一次最多按两个不同的维度分组，请减少后重试。"


class DaysTooMany(Refusal):
    """Day by day, the period is too long (`data.days_max`)."""

    code = "figures.days_too_many"
    kind = Kind.RULE
    detail = "按日统计一次最多31天；更长的期间请按月统计，或选定一家商户。"


class TooManyRows(Refusal):
    """The answer has more rows than are answered (`data.rows_max`)."""

    code = "figures.too_many_rows"
    kind = Kind.RULE
    detail = "统计结果超过5000行，请缩小范围，或使用明细导出。"
