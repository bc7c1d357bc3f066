"""The sentences of the first page, word for word."""

from dataclasses import replace
from datetime import date

import pytest

from server.performance.report import Residents
from server.performance.summary import sentences, tiles
from tests.unit.performance.made import NOTHING, SOME, empty, report, share


def test_the_numbers_become_sentences() -> None:
    assert list(sentences(report())) == [
        (
            "2026年1月20日至2026年6月30日，共开展 2 个轮次，投放消费券 1,000 张，"
            "面值合计 8,000.00 元；其中已被领取 900 张。"
        ),
        (
            "居民到店核销消费券 600 张，核销率为 60.00%。核销金额 5,000.00 元，"
            "对应订单金额 3.60 万元，即每 1 元消费券直接带动消费 7.20 元；"
            "扣除退货、退款后为 7.20 元。"
        ),
        (
            "分行业看，核销金额居前的是餐饮（占 70.00%）、零售类（占 30.00%）；"
            "分镇（街道）看，居前的是东街街道（占 60.00%）、北石店镇（占 40.00%）。"
        ),
        (
            "退货退款 3 笔，核销退款金额 12.34 元，相当于核销金额的 0.25%，"
            "已退回或应退回资金池滚动使用。"
        ),
        (
            "有核销的商户 8 家，为在册商户 10 家的 80.00%；使用过消费券的居民 480 人，"
            "占截至期末领取过消费券的居民 600 人的 80.00%。"
        ),
        "商户另行让利 50.00 元，支付平台另行让利 20.00 元，均不使用财政资金，不计入核销金额。",
    ]


def test_nothing_is_said_to_be_nothing() -> None:
    assert list(sentences(empty())) == [
        "2026年1月20日至2026年6月30日，没有新开始的轮次，未投放消费券。",
        "本期没有核销记录，核销率、直接带动比等比率无从计算的，一律以“—”表示。",
        "本期没有退货退款。",
        "有核销的商户 0 家；使用过消费券的居民 0 人。",
        "商户和支付平台没有登记另行让利。",
    ]
    assert [tile.shown for tile in tiles(empty())] == ["—", "—", "0.00 元", "—"]


def test_four_figures_lead_the_page() -> None:
    assert [(tile.name, tile.shown) for tile in tiles(report())] == [
        ("核销率", "60.00%"),
        ("直接带动比", "7.20"),
        ("核销退款", "12.34 元"),
        ("商户覆盖率", "80.00%"),
    ]


def test_refunds_of_what_was_redeemed_before_have_no_share() -> None:
    total = replace(NOTHING, refunds_count=1, refunded_fen=5_00)
    said = list(sentences(report(total=total, categories=[], subdistricts=[])))
    assert "退货退款 1 笔，核销退款金额 5.00 元，已退回或应退回资金池滚动使用。" in said


def test_redemptions_of_earlier_rounds_have_no_rate() -> None:
    total = replace(SOME, issued_count=0, issued_fen=0, claimed_count=0, claimed_fen=0)
    text = "".join(sentences(report(total=total)))
    assert "没有新开始的轮次" in text
    assert "核销率为" not in text


def test_three_at_most_are_named_and_none_without_a_redemption() -> None:
    many = [share(f"第{n}街道", n) for n in (1, 9, 5, 7, 0)]
    (said,) = (s for s in sentences(report(subdistricts=many)) if s.startswith("分行业"))
    place = said.partition("分镇（街道）看，居前的是")[2]
    assert [name.partition("（")[0] for name in place.rstrip("。").split("、")] == [
        "第9街道",
        "第7街道",
        "第5街道",
    ]
    only = [share("东街街道", 100), share("空街道", 0)]
    (said,) = (s for s in sentences(report(subdistricts=only)) if s.startswith("分行业"))
    assert "空街道" not in said


@pytest.mark.parametrize(("until", "open_still"), [(date(2026, 6, 30), 0), (date(2026, 7, 1), 1)])
def test_a_period_that_has_not_ended_says_so(until: date, open_still: int) -> None:
    said = list(sentences(report(until=until)))
    assert said.count("统计期间尚未结束，以上为截至制作时间的数据。") == open_still


def test_residents_reached_are_a_share_of_those_who_claimed() -> None:
    assert str(Residents(1, 3).share) == "0.3333"
    assert Residents(0, 0).share is None
