"""Reading an institution's receipt: bytes in, one answer or one fault per line out. Pure.

Nothing is guessed and no line is lost: a line that cannot be read comes back by its number with the
reason. FORMATS.md describes the columns.
"""

import csv
import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from server.kit.clock import SHANGHAI
from server.kit.money import parse_yuan
from server.settlement.refusals import BadReceipt

BYTES_MAX = 20 * 1024 * 1024
LINES_MAX = 50_000
REF_CHARS_MAX = 64
REASON_CHARS_MAX = 200
SAID_CHARS_MAX = 200
FIELD_CHARS_MAX = 2_000
NUMBER_CHARS_MAX = 9
HEADER = (
    "批次号",
    "行号",
    "统一社会信用代码",
    "金额（元）",
    "结果",
    "机构流水号",
    "处理时间",
    "原因",
)
PAID, FAILED = "成功", "失败"
TOTAL = "合计"
_LINE_END = re.compile(r"\r\n|\n|\r")
_SHORT_TIME = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2}) +([0-9]{1,2})(:[0-9]{2}(?::[0-9]{2})?)"
)
_NO_CONTROL = str.maketrans("", "", "".join(map(chr, range(32))))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the institution says of one line."""

    file_line: int
    """Its line in the file, from 1 with the header."""
    said: str
    """The line as it stood, shortened, for lists."""
    batch_number: str
    line_number: int
    credit_code: str
    amount_fen: int
    paid: bool
    ref: str | None
    at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that could not be read."""

    file_line: int
    said: str
    reason: str


def read_receipt(content: bytes) -> list[Answer | Fault]:
    """All lines but the header, blank ones and the total, in order. BadReceipt for a whole file."""
    if len(content) > BYTES_MAX:
        raise BadReceipt(reason="too_large", most_bytes=BYTES_MAX)
    # Each line by itself: an open quotation mark must not swallow those after it.
    lines = _LINE_END.split(_decoded(content))
    first = next((place for place, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise BadReceipt(reason="empty")
    if not _is_header(lines[first]):
        raise BadReceipt(reason="header", expected=list(HEADER))
    found = [
        (number, line) for number, line in enumerate(lines[first + 1 :], first + 2) if line.strip()
    ]
    if len(found) > LINES_MAX:
        raise BadReceipt(reason="too_many_lines", most=LINES_MAX)
    if found and found[-1][1].startswith(TOTAL):
        found.pop()
    if not found:
        raise BadReceipt(reason="empty")
    return [_read(number, line) for number, line in found]


def _is_header(line: str) -> bool:
    try:
        cells = _cells(line)
    except csv.Error:
        return False
    return [cell.replace("(", "（").replace(")", "）") for cell in cells] == [*HEADER]


def _decoded(content: bytes) -> str:
    """The text, whether an institution's system or a Chinese Excel wrote it."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadReceipt(reason="encoding")


def _cells(line: str) -> list[str]:
    """The cells of one line, without blanks, tabs and the apostrophe that keeps text text."""
    rows = list(csv.reader(io.StringIO(line), strict=True))
    return [cell.strip().removeprefix("'").strip() for row in rows for cell in row]


def _read(number: int, line: str) -> Answer | Fault:
    said = line.translate(_NO_CONTROL)[:SAID_CHARS_MAX]
    if len(line) > FIELD_CHARS_MAX:
        return Fault(number, said, "line_too_long")
    try:
        cells = _cells(line)
        if len(cells) != len(HEADER):
            return Fault(number, said, "columns")
        batch, row, code, amount, result, ref, at, reason = cells
        answer = Answer(
            file_line=number,
            said=said,
            batch_number=batch,
            line_number=_whole(row),
            credit_code=code.upper(),
            amount_fen=_amount(amount),
            paid=_result(result),
            ref=_short(ref, REF_CHARS_MAX, "reference"),
            at=_instant(at),
            reason=_short(reason, REASON_CHARS_MAX, "reason"),
        )
        _whole_answer(answer)
    except csv.Error:
        return Fault(number, said, "quotes")
    except _Unfit as unfit:
        return Fault(number, said, str(unfit))
    return answer


class _Unfit(ValueError):
    """A cell that does not fit; its text names the cell."""


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= NUMBER_CHARS_MAX):
        raise _Unfit("line_number")
    return int(text)


def _amount(text: str) -> int:
    try:
        return parse_yuan(text)
    except ValueError:
        raise _Unfit("amount") from None


def _result(text: str) -> bool:
    if text not in {PAID, FAILED}:
        raise _Unfit("result")
    return text == PAID


def _short(text: str, chars_max: int, name: str) -> str | None:
    if len(text) > chars_max or not text.isprintable():
        raise _Unfit(name)
    return text or None


def _instant(text: str) -> datetime | None:
    """An instant, or none; without an offset it is Shanghai's.

    Excel, when it saves a file again, writes `2026/1/2 3:05` for `2026-01-02 03:05:00`.
    """
    if not text:
        return None
    text = text.replace("/", "-")
    short = _SHORT_TIME.fullmatch(text)
    if short:
        year, month, day, hour, rest = short.groups()
        text = f"{year}-{month:0>2}-{day:0>2} {hour:0>2}{rest}"
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=SHANGHAI)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Unfit("time") from None


def _whole_answer(answer: Answer) -> None:
    """A payment has a reference and a time; a failure has a reason."""
    if answer.paid and answer.ref is None:
        raise _Unfit("reference")
    if answer.paid and answer.at is None:
        raise _Unfit("time")
    if not answer.paid and answer.reason is None:
        raise _Unfit("reason")
