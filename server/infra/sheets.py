"""Workbooks (.xlsx) for people: Chinese headers, exact money, nothing that a cell could run.

    with Book() as book:
        rows = book.sheet("数据", (Column("商户", width=30), Column("核销金额", Cell.YUAN)))
        rows.append(("泽州路饭店", 1234_05))
        rows.append_total(("合计", 1234_05))
        book.notes("说明", (("统计期间", "2026-05-01 至 2026-05-31"),))
        book.save(path)  # or: content = book.content()

Rows go to a file as they come, so memory stays flat however many there are; a sheet that is full
goes on in `数据 (2)`. Amounts are handed in as fen and written as the digits of the exact decimal:
openpyxl by itself would print a float with 16 digits, of which the last can be wrong. Text is
always text: what begins like a formula is shown, marked as quoted, and never evaluated.
"""

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from openpyxl import Workbook
from openpyxl.cell import Cell as FileCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from server.kit.clock import SHANGHAI
from server.kit.money import FEN_PER_YUAN

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS_MAX = 1_048_576
"""Of one sheet, its header included: the format's own limit."""
CHARS_MAX = 32_767
"""Of one cell: the format's own limit."""
NAME_CHARS_MAX = 31
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LIKE_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Value = str | int | Decimal | date | datetime | None


class Cell(StrEnum):
    """What the cells of a column hold, and how they are shown."""

    TEXT = "text"
    COUNT = "count"
    """A whole number: `12,345`."""
    YUAN = "yuan"
    """Fen, shown as yuan: `1,234.05`."""
    RATE = "rate"
    """A share as a Decimal, shown in percent: `81.25%`."""
    RATIO = "ratio"
    """A Decimal, shown with four digits: `6.2500`."""
    DATE = "date"
    TIME = "time"
    """An aware instant, shown in Shanghai time."""


_FORMATS = {
    Cell.TEXT: "@",
    Cell.COUNT: "#,##0",
    Cell.YUAN: "#,##0.00",
    Cell.RATE: "0.00%",
    Cell.RATIO: "0.0000",
    Cell.DATE: "yyyy-mm-dd",
    Cell.TIME: "yyyy-mm-dd hh:mm:ss",
}
_WIDTHS = {
    Cell.TEXT: 20.0,
    Cell.COUNT: 12.0,
    Cell.YUAN: 18.0,
    Cell.RATE: 12.0,
    Cell.RATIO: 12.0,
    Cell.DATE: 12.0,
    Cell.TIME: 21.0,
}
_THIN = Side(style="thin", color="BFBFBF")
_BORDER = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_HEADER_FILL = PatternFill("solid", fgColor="1F4E79")
_TOTAL_FILL = PatternFill("solid", fgColor="DDEBF7")
_A4 = 9
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - the format counts days, without a time zone
_CENTRED = Alignment(horizontal="center", vertical="center", wrap_text=True)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its Chinese title (with the unit), what it holds, its width in characters."""

    title: str
    cell: Cell = Cell.TEXT
    width: float | None = None


class Sheet:
    """Rows under a header that stays in sight. Made by `Book.sheet`."""

    def __init__(self, workbook: Workbook, name: str, columns: Sequence[Column]) -> None:
        assert columns, "a sheet has columns"
        assert len(name) <= NAME_CHARS_MAX, "a sheet's name has at most 31 characters"
        self._workbook = workbook
        self._name = name
        self._columns = tuple(columns)
        self._parts = 0
        self.worksheet: Worksheet
        """The sheet that is being written, for what is not in rows: charts, print titles."""
        self._begin()

    def append(self, values: Sequence[Value]) -> None:
        """Write one row, a value for each column: fen for YUAN, None for an empty cell."""
        self._write(values, self._plain, self._quoted)

    def append_total(self, values: Sequence[Value]) -> None:
        """Write one row that sums up, set off from the others."""
        self._write(values, self._total, self._total)

    def _begin(self) -> None:
        self._parts += 1
        name = self._name if self._parts == 1 else f"{self._name[:26]} ({self._parts})"
        sheet = cast("Worksheet", self._workbook.create_sheet(name))
        self.worksheet = sheet
        sheet.freeze_panes = "A2"
        sheet.print_title_rows = "1:1"
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.paperSize = _A4
        sheet.page_setup.fitToWidth = 1
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        for place, column in enumerate(self._columns, 1):
            width = column.width or _WIDTHS[column.cell]
            sheet.column_dimensions[get_column_letter(place)].width = width
        sheet.row_dimensions[1].height = 32
        # One cell for each column, filled anew for each row: it is written before the next one.
        self._plain = [_styled(sheet, column.cell) for column in self._columns]
        self._quoted = [_styled(sheet, column.cell, quoted=True) for column in self._columns]
        self._total = [_styled(sheet, column.cell, total=True) for column in self._columns]
        sheet.append([_header(sheet, column.title) for column in self._columns])
        self._rows = 1

    def _write(
        self,
        values: Sequence[Value],
        cells: Sequence[FileCell],
        quoted: Sequence[FileCell],
    ) -> None:
        assert len(values) == len(self._columns), "a row has a value for each column"
        if self._rows == ROWS_MAX:
            self._begin()
        row = []
        for value, column, plain, marked in zip(values, self._columns, cells, quoted, strict=True):
            if value is None:
                row.append(_fill(plain, "", "n"))
            elif column.cell is Cell.TEXT:
                text = text_of(str(value))
                row.append(_fill(marked if text.startswith(_LIKE_FORMULA) else plain, text, "s"))
            else:
                row.append(_fill(plain, number_of(value, column.cell), "n"))
        self.worksheet.append(row)
        self._rows += 1


class Book:
    """A workbook that is being written. Leaving it without saving removes what was written."""

    def __init__(self) -> None:
        self._workbook = Workbook(write_only=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for sheet in self._workbook.worksheets:
            writer = getattr(sheet, "_writer", None)  # openpyxl itself removes it only at exit
            if writer is not None and Path(writer.out).exists():
                sheet.close()
                writer.cleanup()

    def sheet(self, name: str, columns: Sequence[Column]) -> Sheet:
        """Begin a sheet; several may be written at the same time."""
        return Sheet(self._workbook, name, columns)

    def notes(self, name: str, pairs: Sequence[tuple[str, str]]) -> None:
        """A sheet that says what this is: period, filters, when, how each figure is computed."""
        sheet = cast("Worksheet", self._workbook.create_sheet(name))
        sheet.column_dimensions["A"].width = 24
        sheet.column_dimensions["B"].width = 96
        for title, text in pairs:
            heading = _styled(sheet, Cell.TEXT, total=True)
            cell = _styled(sheet, Cell.TEXT, quoted=text.startswith(_LIKE_FORMULA))
            cell.alignment = Alignment(vertical="top", wrap_text=True)
            sheet.append([_fill(heading, text_of(title), "s"), _fill(cell, text_of(text), "s")])

    def save(self, path: Path) -> None:
        """Write the workbook to a file; nothing can be added afterwards."""
        self._workbook.save(path)

    def content(self) -> bytes:
        """The workbook as bytes: for small ones."""
        handle, name = tempfile.mkstemp(suffix=".xlsx")
        os.close(handle)
        try:
            self.save(Path(name))
            return Path(name).read_bytes()
        finally:
            Path(name).unlink()


def text_of(text: str) -> str:
    """Text as a cell can hold it: what XML has no sign for becomes `?`, what is too long is cut."""
    return _NOT_XML.sub("?", text[:CHARS_MAX])


def number_of(value: Value, cell: Cell) -> str:
    """The digits that stand in the file for a number, an amount or an instant, exactly."""
    if cell is Cell.TIME:
        assert isinstance(value, datetime), "a time is an instant"
        assert value.tzinfo is not None, "a time is an aware instant"
        local = value.astimezone(SHANGHAI).replace(tzinfo=None)
        return repr((local - _EPOCH) / timedelta(days=1))
    if cell is Cell.DATE:
        assert isinstance(value, date), "a date is a date"
        return str(value.toordinal() - _EPOCH.toordinal())
    if cell in {Cell.YUAN, Cell.COUNT}:
        assert isinstance(value, int), "counts and fen are whole numbers"
        if cell is Cell.COUNT:
            return str(value)
        yuan, rest_fen = divmod(abs(value), FEN_PER_YUAN)
        return f"{'-' if value < 0 else ''}{yuan}.{rest_fen:02}"
    assert isinstance(value, Decimal), "rates and ratios are exact"
    return f"{value:f}"


def _fill(cell: FileCell, value: str, kind: str) -> FileCell:
    """Put text into a cell as what it is; the public way would look at it and guess."""
    cell._value = value  # type: ignore[attr-defined]  # noqa: SLF001
    cell.data_type = kind
    return cell


def _styled(sheet: Worksheet, kind: Cell, *, quoted: bool = False, total: bool = False) -> FileCell:
    cell = WriteOnlyCell(sheet)
    cell.number_format = _FORMATS[kind]
    cell.border = _BORDER
    cell.quotePrefix = quoted
    if total:
        cell.font = Font(bold=True)
        cell.fill = _TOTAL_FILL
    return cell


def _header(sheet: Worksheet, title: str) -> FileCell:
    cell = WriteOnlyCell(sheet)
    cell.font = Font(bold=True, color="FFFFFF")
    cell.fill = _HEADER_FILL
    cell.alignment = _CENTRED
    cell.border = _BORDER
    return _fill(cell, text_of(title), "s")
