"""CSV that opens right in Excel: UTF-8 with a byte order mark, RFC 4180, Chinese headers.

A cell that a spreadsheet would run as a formula (it begins with `=`, `+`, `-`, `@`) gets an
apostrophe in front: texts in our lists were typed by strangers.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from server.infra.sheets import Cell, Column, Value, number_of
from server.kit.clock import SHANGHAI

BYTE_ORDER_MARK = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def header(columns: Sequence[Column]) -> bytes:
    """The first line, with the mark that tells Excel the encoding."""
    return (BYTE_ORDER_MARK + _lines([[column.title for column in columns]])).encode()


def lines(columns: Sequence[Column], rows: Iterable[Sequence[Value]]) -> bytes:
    """Some more lines; the values are those that a `LongSheet` of the same columns takes."""
    cells = [column.cell for column in columns]
    return _lines(
        [_plain(value, cell) for value, cell in zip(row, cells, strict=True)] for row in rows
    ).encode()


def _lines(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _plain(value: Value, cell: Cell) -> str:
    if value is None:
        return ""
    if cell is Cell.TIME:
        assert isinstance(value, datetime), "a time is an instant"
        return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    if cell is Cell.TEXT:
        text = str(value)
        return f"'{text}" if text.startswith(_FORMULA) else text
    return number_of(value, cell)
