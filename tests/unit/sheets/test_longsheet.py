"""Long workbooks and CSV: opened by openpyxl and the csv module, cell by cell."""

import csv
import io
from datetime import UTC, datetime

import openpyxl
import pytest

from server.infra import commas, longsheet
from server.infra.longsheet import LongSheet
from server.infra.sheets import Cell, Column, Value

COLUMNS = (
    Column("编号", width=38),
    Column("时间", Cell.TIME),
    Column("金额（元）", Cell.YUAN),
    Column("次数", Cell.COUNT),
)
AT = datetime(2026, 5, 31, 16, 0, 1, tzinfo=UTC)
ROWS: list[tuple[Value, ...]] = [
    ("a & <b> \x0b 中文", AT, 12_345_678_05, 3),
    ("=SUM(A1)", None, -5, 0),
    (None, AT, 0, None),
]


def workbook(rows: list[tuple[Value, ...]], most: int = 1_000_000) -> bytes:
    out = io.BytesIO()
    notes = [("期间", "五月 <全部>")]
    with LongSheet(out, "明细", COLUMNS, notes, sheet_rows_max=most) as sheet:
        for row in rows:
            sheet.rows([row])
        sheet.finish()
    return out.getvalue()


def test_every_cell_is_what_it_was() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(ROWS)))
    assert book.sheetnames == ["明细", "说明"]
    sheet = book["明细"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:D4"
    header, *body = list(sheet.iter_rows())
    assert [cell.value for cell in header] == [column.title for column in COLUMNS]
    assert body[0][0].value == "a & <b> ? 中文"
    assert f"{body[0][1].value:%Y-%m-%d %H:%M:%S}" == "2026-06-01 00:00:01"
    assert (body[0][2].value, body[0][2].number_format) == (12_345_678.05, "#,##0.00")
    assert (body[1][0].value, body[1][0].data_type) == ("=SUM(A1)", "s")
    assert [cell.value for cell in body[1][1:]] == [None, -0.05, 0]
    assert [cell.value for cell in body[2]][::3] == [None, None]
    assert list(book["说明"].values) == [("期间", "五月 <全部>")]


@pytest.mark.parametrize(("rows", "sheets"), [(0, 1), (3, 1), (4, 2), (6, 2), (7, 3)])
def test_a_full_sheet_goes_on_in_another(rows: int, sheets: int) -> None:
    content = workbook([(f"{n}", AT, n, n) for n in range(rows)], most=3)
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert len(book.sheetnames) == sheets + 1
    found = [row[0] for name in book.sheetnames[:-1] for row in list(book[name].values)[1:]]
    assert found == [f"{n}" for n in range(rows)]


def test_a_sheet_that_is_large_goes_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(longsheet, "SHEET_BYTES_MAX", 100_000)
    content = workbook([("x" * 30_000, AT, n, n) for n in range(10)])
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert len(book.sheetnames) == 4
    found = [row[3] for name in book.sheetnames[:-1] for row in list(book[name].values)[1:]]
    assert found == list(range(10))


def test_blanks_at_the_ends_stay() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook([("  a  ", AT, 1, 1)])))
    assert book["明细"]["A2"].value == "  a  "


def test_the_same_rows_give_the_same_bytes() -> None:
    assert workbook(ROWS) == workbook(ROWS)


def test_comma_separated_values_open_right_in_excel() -> None:
    content = commas.header(COLUMNS) + commas.lines(COLUMNS, ROWS)
    assert content.startswith(b"\xef\xbb\xbf")
    _, *body = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert body[0][1:] == ["2026-06-01 00:00:01", "12345678.05", "3"]
    assert body[1] == ["'=SUM(A1)", "", "-0.05", "0"]
    assert body[2] == ["", "2026-06-01 00:00:01", "0.00", ""]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx"])
def test_no_cell_of_a_csv_is_a_formula(text: str) -> None:
    assert commas.lines(COLUMNS[:1], [(text,)]).decode().lstrip('"').startswith("'")
