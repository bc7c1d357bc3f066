"""The page: well-formed, self-contained, escaped, and whole without data."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from server.infra.sheets import Cell, Value
from server.performance.page import CHART_MARKS_MAX, drawing, render_html, shown
from server.performance.report import Report
from server.performance.tables import tables
from tests.unit.performance.made import empty, report, share

VOID = {"meta", "br"}


class Tags(HTMLParser):
    """Collects ids, and checks that every tag is closed in its order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.named: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        said = dict(attrs)
        self.ids += [said["id"] or ""] if "id" in said else []
        self.named += (said.get("aria-labelledby") or "").split()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Nothing is left open."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def text_of(page: str) -> str:
    body = page.partition("<body>")[2]
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", body))


@pytest.mark.parametrize("made", [report(), empty()], ids=["some", "nothing"])
def test_every_tag_is_closed_and_every_id_is_the_only_one(made: Report) -> None:
    tags = Tags()
    tags.feed(render_html(made))
    assert tags.open == []
    assert len(set(tags.ids)) == len(tags.ids)
    assert set(tags.named) <= set(tags.ids)


def test_the_page_fetches_and_runs_nothing() -> None:
    page = render_html(report())
    assert not re.search(
        r"<script|<link|<img|<iframe|@import|url\(|https?://(?!www\.w3\.org)", page
    )


def test_names_are_escaped_wherever_they_stand() -> None:
    bad = '<b onclick="x">&第1轮'
    page = render_html(
        report(
            rounds=[share(bad, 50, "1")], made_by=bad, programme=bad, subdistricts=[share(bad, 9)]
        )
    )
    assert "<b " not in page
    assert page.count("&lt;b ") >= 8


def test_nothing_is_a_sentence_and_not_an_empty_table() -> None:
    page = render_html(empty())
    assert page.count("本期没有数据。") == 5
    assert "<svg" not in page
    assert "None" not in text_of(page)


def test_no_english_and_no_machine_words_are_shown() -> None:
    words = set(re.findall(r"[A-Za-z_]+", text_of(render_html(report()))))
    assert words <= {"shangwu"}


def test_all_parts_are_numbered_in_order() -> None:
    headings = re.findall("<h2>(.*?)</h2>", render_html(report()))
    assert headings == [
        "一、概要",
        "二、总体指标",
        "三、按行业",
        "四、按镇（街道）",
        "五、按轮次",
        "六、按月份",
        "七、商户和平台配套让利",
        "八、资金情况",
        "九、说明",
    ]


def test_a_stock_belongs_to_no_shop() -> None:
    (table,) = (one for one in tables(report()) if one.key == "subdistrict")
    assert not {"投放量（张）", "核销率"} & {column.title for column in table.columns}


@pytest.mark.parametrize(
    ("cell", "value", "text"),
    [
        (Cell.COUNT, 1200, "1,200"),
        (Cell.COUNT, None, "—"),
        (Cell.YUAN, 120050, "1,200.50"),
        (Cell.YUAN, None, "—"),
        (Cell.RATE, None, "—"),
        (Cell.RATIO, None, "—"),
        (Cell.TEXT, "名", "名"),
    ],
)
def test_cells_are_shown_by_what_they_hold(cell: Cell, value: Value, text: str) -> None:
    assert shown(cell, value) == text


def test_of_many_rounds_the_greatest_are_drawn_and_all_are_listed() -> None:
    many = [share(f"第{n}轮", n, str(n)) for n in range(1, 31)]
    made = report(rounds=many)
    (table,) = (one for one in tables(made) if one.key == "round")
    title, picture = drawing(table, table.charts[0], "part")
    assert title == f"各轮次核销金额（元），居前的 {CHART_MARKS_MAX} 项"
    assert picture.count("<rect") == CHART_MARKS_MAX
    assert "第30轮" in picture
    assert "第1轮<" not in picture
    assert all(f">{group.label}<" in render_html(made) for group in many)


def test_months_are_columns_and_more_than_a_year_of_them_bars() -> None:
    months = [share(f"m{n}", 5, f"{2026 + n // 12}-{n % 12 + 1:02}") for n in range(14)]
    for count, tops in ((12, 12), (14, 0)):
        made = report(months=months[:count])
        (table,) = (one for one in tables(made) if one.over_time)
        assert drawing(table, table.charts[0], "part")[1].count('class="top"') == tops


def test_each_year_is_written_once_under_its_first_month() -> None:
    made = report(
        months=[share("a", 5, "2026-12"), share("b", 5, "2027-01"), share("c", 5, "2027-02")]
    )
    (table,) = (one for one in tables(made) if one.over_time)
    picture = drawing(table, table.charts[0], "part")[1]
    ticks = re.findall(r'class="tick"[^>]*>([^<]*)<', picture)
    assert ticks == ["12月", "2026年", "1月", "2027年", "2月"]


def test_a_chart_says_the_unit_of_its_columns() -> None:
    big = share("2026年5月", 50, "2026-05", redeemed_fen=1_234_567_00)
    made = report(months=[replace(big, key="2026-05")])
    (table,) = (one for one in tables(made) if one.over_time)
    title, picture = drawing(table, table.charts[0], "part")
    assert title == "各月份核销金额（万元）"
    assert ">123<" in picture
