"""The report as a page: read on a telephone, on a screen, and printed on A4.

One file without scripts, pictures or anything to fetch: it can be kept, mailed and printed as it
is. The template escapes whatever it is given; drawings escape for themselves.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from server.infra.sheets import Cell, Value
from server.performance import charts, wording
from server.performance.lines import Line, funds, whole
from server.performance.notes import notes
from server.performance.report import Group, Report
from server.performance.summary import sentences, tiles
from server.performance.tables import Chart, Column, Table, tables

CHART_MARKS_MAX = 15
"""The greatest of a table are drawn; the table itself has all."""
SHORT_ROWS_MAX = 20
"""A table of so many rows is kept on one sheet of paper."""
FUNDS_LEAD = "以资金台账为准，是数据时点的余额，不限于统计期间。"
NUMERALS = "一二三四五六七八九十"

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
)


def render_html(report: Report) -> str:
    """The report as one HTML document."""
    return _ENVIRONMENT.get_template("report.html").render(
        programme=report.programme,
        period=wording.period(report.since, report.until),
        about=about(report),
        tiles=tiles(report),
        sentences=list(sentences(report)),
        charts=list(_first(report)),
        parts=list(_numbered(_parts(report))),
        short_rows_max=SHORT_ROWS_MAX,
    )


def about(report: Report) -> Sequence[tuple[str, str]]:
    """Period, instant and author."""
    return (
        ("统计期间", wording.period(report.since, report.until)),
        ("制作时间", wording.instant(report.made_at)),
        ("制作人", report.made_by),
    )


def shown(cell: Cell, value: Value) -> str:
    """A value of a table as the page shows it."""
    if isinstance(value, Decimal) or (value is None and cell in {Cell.RATE, Cell.RATIO}):
        return wording.percent(value) if cell is Cell.RATE else wording.times(value)
    if isinstance(value, int) or value is None:
        return wording.yuan(value) if cell is Cell.YUAN else wording.count(value)
    return str(value)


def drawing(table: Table, chart: Chart, place: str) -> tuple[str, Markup]:
    """A chart's title and its picture; `place` tells apart two pictures of one column."""
    key = f"{place}-{table.key}-{table.columns.index(chart.column)}"
    if table.over_time and len(table.groups) <= charts.COLUMNS_MAX:
        return _over_time(key, table, chart)
    ranked = sorted(table.groups, key=lambda group: -_length(chart.column, group))
    marks = [
        charts.Mark(group.label, _length(chart.column, group), _printed(chart.column, group))
        for group in (ranked if len(ranked) > CHART_MARKS_MAX else table.groups)[:CHART_MARKS_MAX]
    ]
    cut = f"，居前的 {CHART_MARKS_MAX} 项" if len(ranked) > CHART_MARKS_MAX else ""
    title = f"各{table.first}{chart.title}{cut}"
    full = 1 if chart.column.cell is Cell.RATE else 0
    return title, charts.bars(key, title, marks, full=full)


def _over_time(key: str, table: Table, chart: Chart) -> tuple[str, Markup]:
    """Months side by side, in the unit in which their amounts are short."""
    amounts_fen = [int(_length(chart.column, group)) for group in table.groups]
    unit_fen, unit = wording.unit_of(amounts_fen)
    marks = []
    years_seen = set()
    for group, amount_fen in zip(table.groups, amounts_fen, strict=True):
        year, month = group.key.split("-")
        below = "" if year in years_seen else f"\n{year}年"
        years_seen.add(year)
        label = f"{int(month)}月{below}"
        marks.append(charts.Mark(label, amount_fen, wording.short(amount_fen, unit_fen)))
    title = f"各{table.first}{chart.title}".replace("（元）", f"（{unit}）")
    return title, charts.columns(key, title, marks)


def _length(column: Column, group: Group) -> float:
    value = column.of(group.figures)
    return float(value) if isinstance(value, int | Decimal) else 0.0


def _printed(column: Column, group: Group) -> str:
    return shown(column.cell, column.of(group.figures))


def _first(report: Report) -> Iterator[tuple[str, Markup]]:
    """The first page's pictures: the amounts by category and over time."""
    for table in tables(report):
        if table.groups and table.key in {"category", "month"}:
            yield drawing(table, table.charts[0], "first")


def _parts(report: Report) -> Iterator[dict[str, Any]]:
    yield _lines("whole", "总体指标", whole(report), new_page=True)
    for table in tables(report):
        yield _grouped(table)
    yield _lines("funds", "资金情况", funds(report.position), lead=FUNDS_LEAD)
    yield {
        **_part("notes", "说明"),
        "columns": [("事项", Cell.TEXT), ("内容", Cell.TEXT)],
        "rows": [[name, text] for name, text in notes(report)],
    }


def _part(key: str, heading: str) -> dict[str, Any]:
    return {
        "key": key,
        "heading": heading,
        "lead": "",
        "new_page": False,
        "columns": [],
        "rows": [],
        "total": [],
        "charts": [],
        "notes": [],
    }


def _lines(
    key: str, heading: str, lines: Sequence[Line], *, lead: str = "", new_page: bool = False
) -> dict[str, Any]:
    return {
        **_part(key, heading),
        "lead": lead,
        "new_page": new_page,
        "columns": [("指标", Cell.TEXT), ("数值", Cell.COUNT), ("计算方法", Cell.TEXT)],
        "rows": [[line.name, shown(line.cell, line.value), line.how] for line in lines],
    }


def _grouped(table: Table) -> dict[str, Any]:
    columns = [(table.first, Cell.TEXT), *((one.title, one.cell) for one in table.columns)]
    totals = [shown(one.cell, one.of(table.total)) for one in table.columns]
    return {
        **_part(table.key, table.heading),
        "lead": "" if table.groups else "本期没有数据。",
        "columns": columns if table.groups else [],
        "rows": [
            [group.label, *(_printed(column, group) for column in table.columns)]
            for group in table.groups
        ],
        "total": ["合计", *totals],
        "charts": [drawing(table, chart, "part") for chart in table.charts if table.groups],
        "notes": table.notes if table.groups else [],
    }


def _numbered(parts: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Parts with their Chinese numerals; the summary is the first."""
    for numeral, part in zip(NUMERALS[1:], parts, strict=False):
        yield {**part, "heading": f"{numeral}、{part['heading']}"}
