"""Spreadsheets (.xlsx) of any number of rows, written as they go.

`sheets` serves tables that people look at whole. For lists of millions openpyxl is not made: it
keeps its sheets unpacked on disk until it saves, gigabytes then. This writes the same format
(ECMA-376, SpreadsheetML) straight into a ZIP stream: one table with a frozen, filtered header, over
as many sheets as the row limit asks for, and one sheet of notes that says what the table is. Cells
hold what those of `sheets` hold, text as text and exact money; the same rows give the same bytes.
"""

from collections.abc import Iterable, Sequence
from typing import Self
from xml.sax.saxutils import escape

from server.infra.archive import Archive, Member, Sink
from server.infra.sheets import Cell, Column, Value, number_of, text_of

WIDTH = 18.0
SHEET_ROWS_MAX = 1_000_000
"""Rows of a sheet below its header; Excel itself ends at 1,048,576."""
SHEET_BYTES_MAX = 1024**3
"""Of a sheet, unpacked: half of what a member may have. Rows with long texts reach it first."""

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


_STYLE = {Cell.TEXT: 0, Cell.COUNT: 2, Cell.YUAN: 3, Cell.TIME: 4}
_KEPT = ' xml:space="preserve"'
"""Blanks at the ends of a text stay."""
_HEADER_STYLE, _NOTE_STYLE = 1, 5
"""Numbers of the styles below, in their order."""

_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="#,##0.00"/>'
    '<numFmt numFmtId="165" formatCode="yyyy-mm-dd hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Microsoft YaHei"/></font>'
    '<font><b/><sz val="11"/><color rgb="FFFFFFFF"/><name val="Microsoft YaHei"/></font></fonts>'
    '<fills count="3"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FF1F4E79"/></patternFill></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="6">'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="1" fillId="2" borderId="0" xfId="0" applyFont="1" applyFill="1"'
    ' applyAlignment="1"><alignment horizontal="center" vertical="center" wrapText="1"/></xf>'
    '<xf numFmtId="3" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" applyAlignment="1">'
    '<alignment vertical="top" wrapText="1"/></xf></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)


class LongSheet:
    """A workbook on its way into `sink`: `rows` as often as there are some, then `finish`.

    To be used with `with`, which forgets what waits when something fails.
    """

    def __init__(
        self,
        sink: Sink,
        title: str,
        columns: Sequence[Column],
        notes: Iterable[tuple[str, str]],
        *,
        sheet_rows_max: int = SHEET_ROWS_MAX,
    ) -> None:
        self._archive = Archive(sink)
        self._title = title
        self._columns = columns
        self._notes = list(notes)
        self._rows_max = sheet_rows_max
        self._sheets = 0
        self._in_sheet = 0
        self._part = self._begin()
        self._letters = [_letters(number) for number in range(len(columns))]

    def rows(self, rows: Iterable[Sequence[Value]]) -> None:
        """Add rows: a value for each column, None for nothing."""
        lines: list[str] = []
        for row in rows:
            if self._in_sheet == self._rows_max or self._part.size >= SHEET_BYTES_MAX:
                self._part.write("".join(lines).encode())
                lines.clear()
                self._end()
                self._part = self._begin()
            self._in_sheet += 1
            lines.append(self._line(self._in_sheet + 1, row))
        self._part.write("".join(lines).encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.__exit__()

    def finish(self) -> None:
        """End the sheet, add the notes and what holds the parts together."""
        self._end()
        names = [self._title, *(f"{self._title}（{n}）" for n in range(2, self._sheets + 1))]
        self._archive.add(f"xl/worksheets/sheet{self._sheets + 1}.xml", self._note_sheet())
        for name, content in _around([*names, "说明"]):
            self._archive.add(name, content.encode())
        self._archive.finish()

    def _begin(self) -> Member:
        self._sheets += 1
        self._in_sheet = 0
        part = self._archive.open(f"xl/worksheets/sheet{self._sheets}.xml")
        selected = ' tabSelected="1"' if self._sheets == 1 else ""
        widths = "".join(
            f'<col min="{n}" max="{n}" width="{column.width or WIDTH}" customWidth="1"/>'
            for n, column in enumerate(self._columns, 1)
        )
        header = "".join(_text(column.title, _HEADER_STYLE) for column in self._columns)
        part.write(
            (
                f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView{selected} '
                'workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" '
                'state="frozen"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="16"/>'
                f'<cols>{widths}</cols><sheetData><row r="1" ht="32" customHeight="1">{header}'
                "</row>"
            ).encode()
        )
        return part

    def _end(self) -> None:
        last = f"{_letters(len(self._columns) - 1)}{self._in_sheet + 1}"
        self._part.write(f'</sheetData><autoFilter ref="A1:{last}"/></worksheet>'.encode())
        self._part.close()

    def _line(self, number: int, row: Sequence[Value]) -> str:
        cells = [
            _cell(f"{letters}{number}", value, column.cell)
            for letters, column, value in zip(self._letters, self._columns, row, strict=True)
            if value is not None
        ]
        return f'<row r="{number}">{"".join(cells)}</row>'

    def _note_sheet(self) -> bytes:
        lines = "".join(
            f"<row>{_text(name, _NOTE_STYLE)}{_text(said, _NOTE_STYLE)}</row>"
            for name, said in self._notes
        )
        return (
            f'{_HEAD}<worksheet xmlns="{_MAIN}"><cols><col min="1" max="1" width="18" '
            'customWidth="1"/><col min="2" max="2" width="80" customWidth="1"/></cols>'
            f"<sheetData>{lines}</sheetData></worksheet>"
        ).encode()


def _cell(place: str, value: Value, cell: Cell) -> str:
    style = _STYLE[cell]
    if cell is Cell.TEXT:
        text = escape(text_of(str(value)))
        kept = _KEPT if text != text.strip() else ""
        return f'<c r="{place}" t="inlineStr" s="{style}"><is><t{kept}>{text}</t></is></c>'
    return f'<c r="{place}" s="{style}"><v>{number_of(value, cell)}</v></c>'


def _text(text: str, style: int) -> str:
    """A cell of text that stands where it is written."""
    kept = escape(text_of(text))
    return f'<c t="inlineStr" s="{style}"><is><t{_KEPT}>{kept}</t></is></c>'


def _letters(number: int) -> str:
    """The name of the `number`th column from 0: A to Z, then AA, AB and on."""
    name = ""
    number += 1
    while number:
        number, letter = divmod(number - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def _around(sheets: Sequence[str]) -> Iterable[tuple[str, str]]:
    """The parts that name and relate the sheets and their styles."""
    numbers = range(1, len(sheets) + 1)
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for n in numbers
    )
    yield (
        "[Content_Types].xml",
        (
            f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
            f"{overrides}</Types>"
        ),
    )
    yield (
        "_rels/.rels",
        (
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
    )
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>'
        for n, name in zip(numbers, sheets, strict=True)
    )
    yield (
        "xl/workbook.xml",
        (
            f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_REL}">'
            f"<bookViews><workbookView/></bookViews><sheets>{listed}</sheets></workbook>"
        ),
    )
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{_REL}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        (
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{related}<Relationship '
            f'Id="rId{len(sheets) + 1}" Type="{_REL}/styles" Target="styles.xml"/></Relationships>'
        ),
    )
    yield "xl/styles.xml", _STYLES
