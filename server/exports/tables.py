"""Tables of any length out of one query, as CSV or as a workbook: what most lists are."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from server.exports.kinds import Out
from server.infra import commas
from server.infra.longsheet import LongSheet
from server.infra.reading import Book, batches
from server.infra.sheets import Column, Value

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Table:
    """A query's rows under Chinese headers."""

    title: str
    columns: Sequence[Column]
    notes: Sequence[tuple[str, str]]
    """What the table is, for the workbook's second sheet: name and sentence."""
    query: str
    values: Sequence[object]
    row: Callable[[Any], Sequence[Value]]
    """A value for each column, from the query's row."""


async def write_csv(book: Book, table: Table, out: Out) -> None:
    """Write the table as CSV. Turning values into text is done beside the loop."""
    out.write(commas.header(table.columns))
    done = 0
    async for rows in batches(book, table.query, *table.values):
        shown = map(table.row, rows)
        out.write(await asyncio.to_thread(commas.lines, table.columns, shown))
        done += len(rows)
        await out.drain(done)


async def write_xlsx(book: Book, table: Table, out: Out) -> None:
    """Write the table as a workbook, packed beside the loop."""
    done = 0
    with LongSheet(out, table.title, table.columns, table.notes) as sheet:
        async for rows in batches(book, table.query, *table.values):
            await asyncio.to_thread(sheet.rows, map(table.row, rows))
            done += len(rows)
            await out.drain(done)
        await asyncio.to_thread(sheet.finish)
    await out.drain(done)
