"""The payment file: rows in, bytes out. Its columns are described in FORMATS.md. Pure."""

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from server.kit.money import FEN_PER_YUAN

HEADER = (
    "批次号",
    "行号",
    "统一社会信用代码",
    "商户名称",
    "开户行",
    "户名",
    "账号",
    "金额（元）",
)
TOTAL = "合计"
BOM = b"\xef\xbb\xbf"
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the beginning of a formula, in both widths; the apostrophe is
among them so that taking off the one that we put before them is exact."""


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """One merchant's row. Its repr shows no account number."""

    line_number: int
    credit_code: str
    merchant_name: str
    bank: str
    holder: str
    account_number: str = field(repr=False)
    amount_fen: int


def payment_file(batch_number: str, rows: Sequence[PaymentRow]) -> bytes:
    """The file of a batch: the same rows always make the same bytes.

    UTF-8 with a byte order mark and CRLF, so that Excel opens it as it is. The last row has how
    many rows there are, their sum, and the SHA-256 (hex) of all bytes before that row.
    """
    head = _lines([HEADER, *(_cells(batch_number, row) for row in rows)])
    body = BOM + head
    digest = hashlib.sha256(body).hexdigest()
    total_fen = sum(row.amount_fen for row in rows)
    return body + _lines([(TOTAL, str(len(rows)), yuan(total_fen), digest)])


def yuan(amount_fen: int) -> str:
    """An amount as the file writes it: `1234.50`, without thousands separators."""
    assert amount_fen >= 0, "nobody is paid less than nothing"
    whole, rest_fen = divmod(amount_fen, FEN_PER_YUAN)
    return f"{whole}.{rest_fen:02}"


def harmless(text: str) -> str:
    """Free text that no spreadsheet runs as a formula: an apostrophe before what might be one."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def digits(text: str) -> str:
    """A long number that a spreadsheet keeps as text: after a tab, digits are no number."""
    return f"\t{text}"


def _cells(batch_number: str, row: PaymentRow) -> Sequence[str]:
    return (
        batch_number,
        str(row.line_number),
        digits(row.credit_code),
        harmless(row.merchant_name),
        harmless(row.bank),
        harmless(row.holder),
        digits(row.account_number),
        yuan(row.amount_fen),
    )


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
