"""Workbooks: exact numbers, text that stays text, headers, notes, nothing left behind."""

import io
import tracemalloc
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.worksheet import _writer

from server.infra import sheets
from server.infra.sheets import Book, Cell, Column
from server.kit.money import FEN_MAX

COLUMNS = (
    Column("商户", width=30),
    Column("张数", Cell.COUNT),
    Column("金额（元）", Cell.YUAN),
    Column("比率", Cell.RATE),
    Column("倍数", Cell.RATIO),
    Column("日期", Cell.DATE),
    Column("时间", Cell.TIME),
)
NOON = datetime(2026, 5, 1, 4, 0, 1, tzinfo=UTC)
ROW = ("泽州路饭店", 12, 995, Decimal("0.8125"), Decimal("6.2500"), date(2026, 5, 1), NOON)


def written(*rows: tuple[sheets.Value, ...]) -> bytes:
    with Book() as book:
        sheet = book.sheet("数据", COLUMNS)
        for row in rows:
            sheet.append(row)
        sheet.append_total(("合计", *rows[0][1:]))
        book.notes("说明", (("统计期间", "五月"), ("公式", "=1+1")))
        return book.content()


def test_a_row_reads_back_as_it_was_written() -> None:
    book = load_workbook(io.BytesIO(written(ROW)))
    sheet = book["数据"]
    header, row, total = sheet.iter_rows(values_only=True)
    assert header == tuple(column.title for column in COLUMNS)
    assert row == (
        "泽州路饭店",
        12,
        9.95,
        0.8125,
        6.25,
        datetime(2026, 5, 1),  # noqa: DTZ001 - a cell has no time zone
        datetime(2026, 5, 1, 12, 0, 1),  # noqa: DTZ001
    )
    assert total[0] == "合计"
    assert sheet.freeze_panes == "A2"
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.column_dimensions["A"].width == 30
    assert [cell.number_format for cell in sheet[2]] == [
        "@",
        "#,##0",
        "#,##0.00",
        "0.00%",
        "0.0000",
        "yyyy-mm-dd",
        "yyyy-mm-dd hh:mm:ss",
    ]
    assert sheet["A1"].font.b
    assert sheet["A3"].font.b
    assert list(book["说明"].iter_rows(values_only=True)) == [
        ("统计期间", "五月"),
        ("公式", "=1+1"),
    ]


@given(st.integers(-FEN_MAX, FEN_MAX))
def test_an_amount_is_written_digit_by_digit(fen: int) -> None:
    assert Decimal(sheets.number_of(fen, Cell.YUAN)) * 100 == fen


def test_an_amount_does_not_drift_as_a_float_would() -> None:
    """openpyxl prints 9.95 as 9.949999999999999."""
    with zipfile.ZipFile(io.BytesIO(written(ROW))) as file:
        assert b"<v>9.95</v>" in file.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x","y")', "=cmd|' /C'!A0"]
)
def test_text_is_never_a_formula(text: str) -> None:
    row = (text, *ROW[1:])
    cell = load_workbook(io.BytesIO(written(row)))["数据"]["A2"]
    assert cell.data_type == "s"
    assert cell.value == text
    assert cell.quotePrefix


@given(st.text())
def test_any_text_can_be_written(text: str) -> None:
    back = load_workbook(io.BytesIO(written((text, *ROW[1:]))))["数据"]["A2"].value or ""
    # A line's end is one sign in XML, however it was written.
    expected = sheets.text_of(text).replace("\r\n", "\n").replace("\r", "\n")
    assert str(back).strip() == expected.strip()


def test_empty_cells_and_long_texts() -> None:
    empty = (None,) * len(COLUMNS)
    book = load_workbook(io.BytesIO(written(ROW, empty, ("长" * 40_000, *ROW[1:]))))
    assert {cell.value for cell in book["数据"][3]} == {None}
    assert len(str(book["数据"]["A4"].value)) == sheets.CHARS_MAX


def test_a_full_sheet_goes_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "ROWS_MAX", 3)
    book = load_workbook(io.BytesIO(written(ROW, ROW, ROW)))
    assert book.sheetnames == ["数据", "数据 (2)", "说明"]
    assert [sheet.max_row for sheet in book][:2] == [3, 3]
    assert book["数据 (2)"]["A1"].value == "商户"


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    written(ROW)
    assert not list(tmp_path.iterdir())
    with Book() as book:
        book.sheet("数据", COLUMNS).append(ROW)
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())
    assert not _writer.ALL_TEMP_FILES


def test_memory_stays_flat() -> None:
    with Book() as book:
        sheet = book.sheet("数据", COLUMNS)
        for _ in range(500):
            sheet.append(ROW)
        tracemalloc.start()
        for _ in range(5_000):
            sheet.append(ROW)
        grown, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert grown < 1_000_000
