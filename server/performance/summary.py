"""The first page in plain sentences, made from the numbers alone."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from server.figures.domain import ratio
from server.kit.clock import SHANGHAI
from server.performance import wording
from server.performance.report import Group, Report

NAMED_MAX = 3
"""How many of the greatest are named in a sentence."""


class Tile(NamedTuple):
    """One of the figures that lead the page."""

    name: str
    shown: str
    note: str


def tiles(report: Report) -> Sequence[Tile]:
    """The four questions of P-10.6: redemption, leverage, refunds, coverage."""
    total, residents = report.total, report.residents
    refunds = ratio(total.refunded_fen, total.redeemed_fen)
    return (
        Tile(
            "核销率",
            wording.percent(total.redemption_rate),
            f"核销 {wording.count(total.redeemed_count)} 张，"
            f"投放 {wording.count(total.issued_count)} 张",
        ),
        Tile("直接带动比", wording.times(total.direct_leverage), "每 1 元消费券带动的消费（元）"),
        Tile(
            "核销退款",
            f"{wording.spoken_yuan(total.refunded_fen)}",
            f"占核销金额 {wording.percent(refunds)}",
        ),
        Tile(
            "商户覆盖率",
            wording.percent(total.coverage),
            f"惠及居民 {wording.count(residents.redeemed_count)} 人",
        ),
    )


def sentences(report: Report) -> Iterator[str]:
    """The summary; each sentence stands by itself."""
    yield _issued(report)
    if report.total.redeemed_count:
        yield _redeemed(report)
        yield _where(report)
    else:
        yield "本期没有核销记录，核销率、直接带动比等比率无从计算的，一律以“—”表示。"
    yield _refunded(report)
    yield _covered(report)
    yield _topped_up(report)
    if report.until >= report.made_at.astimezone(SHANGHAI).date():
        yield "统计期间尚未结束，以上为截至制作时间的数据。"


def _issued(report: Report) -> str:
    total = report.total
    opened = sum(1 for group in report.rounds if group.figures.issued_count)
    when = wording.period(report.since, report.until)
    if not total.issued_count:
        return f"{when}，没有新开始的轮次，未投放消费券。"
    return (
        f"{when}，共开展 {opened} 个轮次，投放消费券 {wording.count(total.issued_count)} 张，"
        f"面值合计 {wording.spoken_yuan(total.issued_fen or 0)}；"
        f"其中已被领取 {wording.count(total.claimed_count)} 张。"
    )


def _redeemed(report: Report) -> str:
    total = report.total
    rate = total.redemption_rate
    said = f"，核销率为 {wording.percent(rate)}" if rate is not None else ""
    net = total.net_leverage
    less = f"；扣除退货、退款后为 {wording.times(net)} 元" if net is not None else ""
    return (
        f"居民到店核销消费券 {wording.count(total.redeemed_count)} 张{said}。"
        f"核销金额 {wording.spoken_yuan(total.redeemed_fen)}，"
        f"对应订单金额 {wording.spoken_yuan(total.order_amount_fen)}，"
        f"即每 1 元消费券直接带动消费 {wording.times(total.direct_leverage)} 元{less}。"
    )


def _where(report: Report) -> str:
    return (
        f"分行业看，核销金额居前的是{_greatest(report.categories)}；"
        f"分镇（街道）看，居前的是{_greatest(report.subdistricts)}。"
    )


def _greatest(groups: Sequence[Group]) -> str:
    """The greatest by redeemed amount, with their share of all."""
    all_fen = sum(group.figures.redeemed_fen for group in groups)
    ranked = sorted(groups, key=lambda group: -group.figures.redeemed_fen)
    return "、".join(
        f"{group.label}（占 {wording.percent(ratio(group.figures.redeemed_fen, all_fen))}）"
        for group in ranked[:NAMED_MAX]
        if group.figures.redeemed_fen
    )


def _refunded(report: Report) -> str:
    total = report.total
    if not total.refunds_count:
        return "本期没有退货退款。"
    refunds = ratio(total.refunded_fen, total.redeemed_fen)
    of_all = f"，相当于核销金额的 {wording.percent(refunds)}" if refunds is not None else ""
    return (
        f"退货退款 {wording.count(total.refunds_count)} 笔，"
        f"核销退款金额 {wording.spoken_yuan(total.refunded_fen)}{of_all}，"
        "已退回或应退回资金池滚动使用。"
    )


def _covered(report: Report) -> str:
    total, residents = report.total, report.residents
    listed = wording.count(total.merchants_listed_count)
    merchants = f"有核销的商户 {wording.count(total.merchants_count)} 家"
    if total.coverage is not None:
        merchants += f"，为在册商户 {listed} 家的 {wording.percent(total.coverage)}"
    people = f"使用过消费券的居民 {wording.count(residents.redeemed_count)} 人"
    if residents.share is not None:
        people += (
            f"，占截至期末领取过消费券的居民 {wording.count(residents.claimed_count)} 人"
            f"的 {wording.percent(residents.share)}"
        )
    return f"{merchants}；{people}。"


def _topped_up(report: Report) -> str:
    total = report.total
    if not total.merchant_discount_fen and not total.platform_discount_fen:
        return "商户和支付平台没有登记另行让利。"
    return (
        f"商户另行让利 {wording.spoken_yuan(total.merchant_discount_fen)}，"
        f"支付平台另行让利 {wording.spoken_yuan(total.platform_discount_fen)}，"
        "均不使用财政资金，不计入核销金额。"
    )
