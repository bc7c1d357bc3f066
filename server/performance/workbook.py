"""The report as a workbook: the page's tables as numbers to reckon with, each with its charts."""

from collections.abc import Sequence

from openpyxl.chart import BarChart, Reference
from openpyxl.chart.label import DataLabelList

from server.infra.sheets import Book, Cell, Column, Sheet, Value
from server.performance.lines import Line, funds, whole
from server.performance.notes import notes
from server.performance.page import FUNDS_LEAD, about
from server.performance.report import Report
from server.performance.summary import sentences
from server.performance.tables import Chart, Table, tables

_NAMES_WIDTH, _FIGURES_WIDTH, _HOW_WIDTH = 28, 18, 64
_CHART_WIDTH_CM, _CHART_LEAST_CM, _BAR_CM = 17, 7.5, 0.9
_CHART_MOST_CM = 24.0
_ROW_CM = 0.53
"""Height of a row of a sheet, about: a chart is put below the one before it."""
_MEASURES = (
    ("数量", Cell.COUNT),
    ("金额（元）", Cell.YUAN),
    ("比率", Cell.RATE),
    ("倍数", Cell.RATIO),
)
_FORMATS = {Cell.COUNT: "#,##0", Cell.YUAN: "#,##0.00", Cell.RATE: "0.00%", Cell.RATIO: "0.00"}


def render_xlsx(report: Report) -> bytes:
    """The report as .xlsx."""
    with Book() as book:
        told = [(f"概要 {number}", text) for number, text in enumerate(sentences(report), 1)]
        book.notes("概要", [("绩效评价报告", report.programme), *about(report), *told])
        _lines(book, "总体指标", whole(report))
        for table in tables(report):
            _table(book, table)
        _lines(book, "资金情况", funds(report.position))
        book.notes("说明", [*notes(report), ("资金情况", FUNDS_LEAD), *_remarks(report)])
        return book.content()


def _remarks(report: Report) -> Sequence[tuple[str, str]]:
    return [(table.heading, note) for table in tables(report) for note in table.notes]


def _lines(book: Book, name: str, lines: Sequence[Line]) -> None:
    """One figure in a row, its value in the column of its sort: all stay numbers."""
    used = [(title, cell) for title, cell in _MEASURES if any(one.cell is cell for one in lines)]
    columns = [
        Column("指标", width=_NAMES_WIDTH),
        *(Column(title, cell, _FIGURES_WIDTH) for title, cell in used),
        Column("计算方法", width=_HOW_WIDTH),
    ]
    sheet = book.sheet(name, columns)
    for line in lines:
        values = [line.value if cell is line.cell else None for _, cell in used]
        sheet.append((line.name, *values, line.how))


def _table(book: Book, table: Table) -> None:
    columns = [
        Column(table.first, width=_NAMES_WIDTH),
        *(Column(column.title, column.cell, _FIGURES_WIDTH) for column in table.columns),
    ]
    sheet = book.sheet(table.sheet, columns)
    for group in table.groups:
        figures: list[Value] = [column.of(group.figures) for column in table.columns]
        sheet.append((group.label, *figures))
    sheet.append_total(("合计", *(column.of(table.total) for column in table.columns)))
    if table.groups:
        _charts(sheet, table)


def _charts(sheet: Sheet, table: Table) -> None:
    """The table's charts below it, one below the other."""
    row = len(table.groups) + 4
    for chart in table.charts:
        drawn = _drawn(sheet, table, chart)
        sheet.worksheet.add_chart(drawn, f"A{row}")
        row += int(drawn.height / _ROW_CM) + 2


def _drawn(sheet: Sheet, table: Table, chart: Chart) -> BarChart:
    """Columns for months; bars that lie for names, the first one at the top as in the table."""
    column = table.columns.index(chart.column) + 2
    last = len(table.groups) + 1
    drawn = BarChart()
    drawn.title = chart.title
    drawn.legend = None
    drawn.width = _CHART_WIDTH_CM
    drawn.height = _CHART_LEAST_CM
    drawn.type = "col" if table.over_time else "bar"
    if not table.over_time:
        tall_cm = _BAR_CM * len(table.groups) + 3
        drawn.height = min(max(_CHART_LEAST_CM, tall_cm), _CHART_MOST_CM)
        drawn.x_axis.scaling.orientation = "maxMin"
    drawn.add_data(Reference(sheet.worksheet, min_col=column, min_row=2, max_row=last))
    drawn.set_categories(Reference(sheet.worksheet, min_col=1, min_row=2, max_row=last))
    drawn.series[0].graphicalProperties.solidFill = "1D4F7C"
    drawn.gapWidth = 60
    drawn.dataLabels = DataLabelList(showVal=True, showSerName=False, showCatName=False)
    drawn.dataLabels.showLegendKey = False
    drawn.dataLabels.numFmt = _FORMATS[chart.column.cell]
    drawn.y_axis.number_format = _FORMATS[chart.column.cell]
    drawn.y_axis.scaling.min = 0
    drawn.y_axis.majorGridlines = None
    drawn.x_axis.delete = False  # openpyxl leaves it to the program, and Excel hides them
    drawn.y_axis.delete = False
    return drawn
