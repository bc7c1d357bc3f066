"""The page and the workbook show the figures to the fen; the page prints on A4."""

import io
import re
import shutil
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from server.figures import queries as figures
from server.figures.domain import Dimension, Figures, Scope
from server.ledger.domain import Code
from server.performance.page import render_html
from server.performance.workbook import render_xlsx
from tests.integration.performance.conftest import SINCE, UNTIL, Spring, yuan
from tests.integration.performance.test_report import moved_fen

CHROMIUM = "chromium"
PAGES_MAX = 8


class Tables(HTMLParser):
    """The texts of each table's rows, by the table's class."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: dict[str, list[list[str]]] = {}
        self._table, self._in_cell = "", False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._table = dict(attrs)["class"] or ""
            self.rows[self._table] = []
        elif tag == "tr":
            self.rows[self._table].append([])
        elif tag in {"td", "th"}:
            self._in_cell = True
            self.rows[self._table][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[self._table][-1][-1] += data

    def columns(self, table: str) -> list[dict[str, str]]:
        """Each row of a table by its headings."""
        head, *rows = self.rows[table]
        return [dict(zip(head, row, strict=True)) for row in rows]


def sheets(content: bytes) -> dict[str, Worksheet]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {name: book[name] for name in book.sheetnames}


def rows_of(sheet: Worksheet) -> Iterator[dict[str, Any]]:
    head, *rows = sheet.iter_rows(values_only=True)
    for row in rows:
        yield dict(zip(map(str, head), row, strict=True))


def close(value: Any, exact: Decimal | None) -> bool:
    """Whether a cell holds the number: openpyxl reads it back as a float."""
    if exact is None:
        return value is None
    return value is not None and abs(Decimal(str(value)) - exact) < Decimal("0.00001")


def expected(one: Figures) -> dict[str, Decimal | None]:
    return {
        "核销量（张）": Decimal(one.redeemed_count),
        "订单金额（元）": yuan(one.order_amount_fen),
        "核销金额（元）": yuan(one.redeemed_fen),
        "退款金额（元）": yuan(one.refunded_fen),
        "直接带动比": one.direct_leverage,
    }


@pytest.mark.policy("P-10.6")
async def test_the_page_shows_what_the_ledger_says(spring: Spring) -> None:
    tables = Tables(render_html(await spring.report()))
    whole = {row["指标"]: row["数值"] for row in tables.columns("whole")}
    assert whole["核销金额（元）"] == f"{yuan(await moved_fen(Code.REDEMPTION)):,.2f}" == "22.00"
    assert whole["核销退款金额（元）"] == f"{yuan(await moved_fen(Code.REFUND)):,.2f}" == "5.31"
    assert (whole["核销率"], whole["直接带动比"]) == ("41.67%", "9.14")
    assert (whole["商户覆盖率"], whole["惠及居民占比"]) == ("66.67%", "80.00%")
    assert (whole["商户让利（元）"], whole["平台让利（元）"]) == ("1.00", "0.50")
    funds = {row["指标"]: row["数值"] for row in tables.columns("funds")}
    assert funds["应付商户（元）"] == "16.69"


@pytest.mark.policy("P-10.6")
async def test_the_pages_tables_are_the_figures(spring: Spring) -> None:
    tables = Tables(render_html(await spring.report()))
    for key, by in (("subdistrict", Dimension.SUBDISTRICT), ("round", Dimension.ROUND)):
        rows = await figures.figures(Scope(SINCE, UNTIL), (by,))
        shown = {next(iter(row.values())): row for row in tables.columns(key)}
        assert shown.keys() == {*(row.label[by] for row in rows), "合计"}
        for row in rows:
            line = shown[row.label[by]]
            assert line["核销金额（元）"] == f"{yuan(row.figures.redeemed_fen):,.2f}"
            assert line["退款金额（元）"] == f"{yuan(row.figures.refunded_fen):,.2f}"
            assert line["核销量（张）"] == str(row.figures.redeemed_count)


@pytest.mark.policy("P-10.6")
async def test_the_workbooks_tables_are_the_figures(spring: Spring) -> None:
    found = sheets(render_xlsx(await spring.report()))
    total = await figures.total(Scope(SINCE, UNTIL))
    for name, by in (
        ("按行业", Dimension.CATEGORY),
        ("按镇（街道）", Dimension.SUBDISTRICT),
        ("按轮次", Dimension.ROUND),
        ("按月份", Dimension.MONTH),
    ):
        rows = await figures.figures(
            Scope(SINCE, UNTIL), (by,), categories=spring.make.programme.categories
        )
        wanted = {row.label[by]: expected(row.figures) for row in rows}
        if by is Dimension.MONTH:
            wanted = {"2026年6月": wanted["2026-06"], "2026年7月": wanted["2026-07"]}
        wanted["合计"] = expected(total)
        shown = {str(next(iter(row.values()))): row for row in rows_of(found[name])}
        assert shown.keys() == wanted.keys()
        for label, numbers in wanted.items():
            wrong = {
                title: (shown[label][title], number)
                for title, number in numbers.items()
                if not close(shown[label][title], number)
            }
            assert not wrong, (name, label)


async def test_the_workbook_is_made_for_its_readers(spring: Spring) -> None:
    found = sheets(render_xlsx(await spring.report()))
    assert list(found) == [
        "概要",
        "总体指标",
        "按行业",
        "按镇（街道）",
        "按轮次",
        "按月份",
        "配套让利",
        "资金情况",
        "说明",
    ]
    for name, sheet in found.items():
        if name not in {"概要", "说明"}:
            assert sheet.freeze_panes == "A2", name
    whole = {str(row["指标"]): row for row in rows_of(found["总体指标"])}
    assert close(whole["核销金额（元）"]["金额（元）"], Decimal(22))
    assert close(whole["核销率"]["比率"], Decimal("0.4167"))
    assert whole["核销率"]["计算方法"] == "核销量 ÷ 投放量"
    formats = {
        str(found["按行业"].cell(1, column).value): found["按行业"].cell(2, column).number_format
        for column in range(2, 11)
    }
    assert (formats["核销金额（元）"], formats["核销率"]) == ("#,##0.00", "0.00%")
    notes = {str(name): text for name, text in found["说明"].iter_rows(values_only=True, max_col=2)}
    assert "2026年8月2日 10:00" in str(notes["数据时点"])


async def test_charts_point_at_their_columns(spring: Spring) -> None:
    found = sheets(render_xlsx(await spring.report()))
    for name, titles in (
        ("按行业", ["核销金额（元）", "核销率", "直接带动比", "覆盖率"]),
        ("按镇（街道）", ["核销金额（元）", "覆盖率", "直接带动比", "退款金额（元）"]),
        ("按轮次", ["核销金额（元）", "核销率"]),
        ("按月份", ["核销金额（元）", "退款金额（元）"]),
    ):
        sheet: Any = found[name]
        groups = sheet.max_row - 2
        pointed = [chart.series[0].val.numRef.f for chart in sheet._charts]
        for reference, title in zip(pointed, titles, strict=True):
            column, first, last = re.findall(r"\$([A-Z]+)\$(\d+):\$[A-Z]+\$(\d+)", reference)[0]
            assert sheet[f"{column}1"].value == title
            assert (int(first), int(last)) == (2, groups + 1), "the total is no bar"


async def test_a_programme_without_data_makes_both_files(spring: Spring) -> None:
    later = SINCE.replace(year=2027)
    made = await spring.report(later, later)
    tables = Tables(render_html(made))
    whole = {row["指标"]: row["数值"] for row in tables.columns("whole")}
    assert (whole["核销率"], whole["直接带动比"], whole["核销金额（元）"]) == ("—", "—", "0.00")
    assert whole["投放量（张）"] == "0"
    found = sheets(render_xlsx(made))
    assert "没有核销记录" in "".join(str(row) for row in found["概要"].iter_rows(values_only=True))


@pytest.mark.slow
async def test_the_page_prints_on_a_few_sheets_of_a4(spring: Spring, tmp_path: Path) -> None:
    program = shutil.which(CHROMIUM)
    if program is None:
        pytest.skip(f"{CHROMIUM} is not installed on this machine")
    (tmp_path / "report.html").write_text(render_html(await spring.report()), encoding="utf-8")
    subprocess.run(
        [
            program,
            *("--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"),
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--print-to-pdf={tmp_path / 'report.pdf'}",
            (tmp_path / "report.html").as_uri(),
        ],
        capture_output=True,
        timeout=60,
        check=True,
    )
    pdf = (tmp_path / "report.pdf").read_bytes()
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert 4 <= len(boxes) <= PAGES_MAX
    for width, height in boxes:
        assert (round(float(width)), round(float(height))) in {(595, 842), (596, 842)}, "A4"
