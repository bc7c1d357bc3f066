"""Figures that stand alone in a row, each with how it is computed."""

from collections.abc import Sequence
from dataclasses import dataclass

from server.funding.position import Position
from server.infra.sheets import Cell, Value
from server.performance.report import Report

DUE_BACK = "结算后退货，待从商户后续结算中扣回；已含在结算中、已付商户之内"


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of the whole, and how it is computed."""

    name: str
    cell: Cell
    value: Value
    how: str


def whole(report: Report) -> Sequence[Line]:
    """The seven figures, leverage, coverage and top-ups of the whole period."""
    total, residents = report.total, report.residents
    count, yuan, rate, ratio = Cell.COUNT, Cell.YUAN, Cell.RATE, Cell.RATIO
    return (
        Line("投放量（张）", count, total.issued_count, "本期内开始的、已批准轮次的投放张数"),
        Line("投放面值（元）", yuan, total.issued_fen, "投放张数 × 面值"),
        Line("领取量（张）", count, total.claimed_count, "上述投放中，截至数据时点已被领取的张数"),
        Line("核销量（张）", count, total.redeemed_count, "本期内在商户核销的张数"),
        Line("核销率", rate, total.redemption_rate, "核销量 ÷ 投放量"),
        Line("订单金额（元）", yuan, total.order_amount_fen, "被核销订单的金额合计"),
        Line("核销金额（元）", yuan, total.redeemed_fen, "被核销消费券的面值合计"),
        Line("核销退款金额（元）", yuan, total.refunded_fen, "本期内因退货退回的消费券资金"),
        Line("退货笔数（笔）", count, total.refunds_count, "本期内登记的退货次数"),
        Line("核销商家数（家）", count, total.merchants_count, "有核销的商户，每家计一次"),
        Line("直接带动比", ratio, total.direct_leverage, "订单金额 ÷ 核销金额"),
        Line(
            "直接带动比（扣除退货）", ratio, total.net_leverage,
            "（订单金额 - 退货金额）÷（核销金额 - 核销退款金额）",
        ),
        Line("在册商户（家）", count, total.merchants_listed_count, "数据时点可以核销的商户"),
        Line("商户覆盖率", rate, total.coverage, "核销商家数 ÷ 在册商户"),
        Line("惠及居民（人）", count, residents.redeemed_count, "本期核销过的居民，每人计一次"),
        Line("领取居民（人）", count, residents.claimed_count, "期末前领取过的居民，每人计一次"),
        Line("惠及居民占比", rate, residents.share, "惠及居民 ÷ 领取居民"),
        Line("商户让利（元）", yuan, total.merchant_discount_fen, "商户自行承担，不使用财政资金"),
        Line("平台让利（元）", yuan, total.platform_discount_fen, "平台自行承担，不使用财政资金"),
    )  # fmt: skip


def funds(position: Position) -> Sequence[Line]:
    """Where every yuan is, as the ledger says."""
    yuan = Cell.YUAN
    return (
        Line("已拨付（元）", yuan, position.received_fen, "财政拨入，扣除更正；等于以下七项之和"),
        Line("资金池（元）", yuan, position.pool_fen, "尚未安排，可用于后续轮次"),
        Line("已预留（元）", yuan, position.reserved_fen, "各轮次尚未领取的消费券"),
        Line("已领取未核销（元）", yuan, position.outstanding_fen, "居民手中的有效消费券"),
        Line("应付商户（元）", yuan, position.payable_fen, "已核销，尚未进入已确认的结算批次"),
        Line("结算中（元）", yuan, position.settling_fen, "已进入确认的结算批次，尚未付到商户"),
        Line("已付商户（元）", yuan, position.paid_fen, "支付机构已付到商户"),
        Line("已退还（元）", yuan, position.given_back_fen, "按原资金路径退还"),
        Line("其中待扣回（元）", yuan, position.due_back_fen, DUE_BACK),
    )  # fmt: skip
