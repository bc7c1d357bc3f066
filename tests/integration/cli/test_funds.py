"""Public money and templates from the terminal, by two people."""

import re

import pytest

from tests.integration.cli.conftest import Command

FUND = "fund enter appropriation 300.00 --document 晋财〔2026〕7号 --by 财政".split()


@pytest.mark.policy("P-11.1", "P-10.1")
def test_money_is_entered_rejected_entered_again_and_approved(within: Command) -> None:
    (first,) = within(*FUND, "--note", "第一批").ids
    again = within(*FUND, "--note", "第一批", "--id", first)
    assert (again.status, again.ids) == (0, [first])
    known = within(*FUND)
    assert (known.status, "funding.document_known" in known.err) == (1, True)
    own = within("fund", "approve", first, "--by", "财政")
    assert (own.status, "funding.own_entry" in own.err) == (1, True)
    rejected = within("fund", "reject", first, "--note", "文号有误", "--by", "财政二")
    assert rejected.out == "已退回：拨付 ¥300.00（晋财〔2026〕7号）。\n"
    (second,) = within(*FUND).ids
    assert within("fund", "approve", second, "--by", "财政二").status == 0
    lines = within("fund", "list").out.splitlines()
    assert [line.split()[:4] for line in lines] == [
        [second, "已入账", "拨付", "¥300.00"],
        [first, "已退回", "拨付", "¥300.00"],
    ]
    assert lines[0].endswith("晋财〔2026〕7号（财政、财政二）")


@pytest.mark.policy("P-10.4")
def test_what_goes_back_and_by_when_is_shown(within: Command) -> None:
    shown = within("fund", "giving-back")
    assert shown.status == 0
    first, second, *rows = shown.out.splitlines()
    assert re.fullmatch(r"活动最后一天 \d{4}-\d\d-\d\d，尚未结束", first)
    assert re.match(r"退还期限 \d{4}-\d\d-\d\d，还有 \d+ 天", second)
    assert rows[0].startswith("如现在结束应退还")


@pytest.mark.policy("P-11.1")
def test_a_template_is_entered_and_approved_by_another(within: Command) -> None:
    words = "template enter home-100-10 --category home --name 家装满100减10 --by 录入员"
    terms = ("--min-spend", "100", "--face-value", "10.00")
    assert within(*words.split(), *terms).out == "已录入，待他人审批：home-100-10\n"
    assert "（录入员，待审批）" in within("template", "list").out
    own = within("template", "approve", "home-100-10", "--by", "录入员")
    assert (own.status, "campaign.own_entry" in own.err) == (1, True)
    assert within("template", "approve", "home-100-10", "--by", "财政").status == 0
    assert "满 ¥100.00 减 ¥10.00（录入员，审批 财政）" in within("template", "list").out
    long = within(*words.replace("家装满100减10", "长" * 41).split(), *terms)
    assert (long.status, "campaign.invalid" in long.err) == (1, True)
