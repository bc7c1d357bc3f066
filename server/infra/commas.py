"""CSV that opens right in Excel: UTF-8 with a byte order mark, RFC 4180, Chinese headers.

A cell that a spreadsheet would run as a formula (it begins with `=`, `+`, `-`, `@`) gets an
apostrophe in front: texts in our lists were typed by strangers.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from server.infra.longsheet import Column, Show
from server.kit.clock import SHANGHAI

BYTE_ORDER_MARK = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def header(columns: Sequence[Column]) -> bytes:
    """The first line, with the mark that tells Excel the encoding."""
    return (BYTE_ORDER_MARK + _lines([[column.title for column in columns]])).encode()


def lines(columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> bytes:
    """Some more lines; the values are those that a `LongSheet` of the same columns takes."""
    shown = [column.show for column in columns]
    return _lines(
        [_plain(value, show) for value, show in zip(row, shown, strict=True)] for row in rows
    ).encode()


def _lines(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _plain(value: object, show: Show) -> str:
    if value is None:
        return ""
    if show is Show.YUAN:
        assert isinstance(value, int), "amounts are whole fen"
        sign = "-" if value < 0 else ""
        yuan, rest = divmod(abs(value), 100)
        return f"{sign}{yuan}.{rest:02}"
    if show is Show.INSTANT:
        assert isinstance(value, datetime), "an instant is a datetime"
        return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    text = str(value)
    return f"'{text}" if show is Show.TEXT and text.startswith(_FORMULA) else text
