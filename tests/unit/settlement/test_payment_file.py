"""The payment file: a reader of it gets back what went in, and no cell runs."""

import csv
import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kit.money import FEN_MAX, parse_yuan
from server.settlement.payment_file import (
    BOM,
    HEADER,
    TOTAL,
    PaymentRow,
    harmless,
    payment_file,
    yuan,
)

ROWS = st.lists(
    st.builds(
        PaymentRow,
        line_number=st.integers(1, 10_000),
        credit_code=st.text("0123456789ABCDEFGH", min_size=18, max_size=18),
        merchant_name=st.text(st.characters(codec="utf-8"), max_size=20),
        bank=st.text("=+-@＝,\"\t\r\n'银行", max_size=10),
        holder=st.text(st.characters(codec="utf-8"), max_size=20),
        account_number=st.text("0123456789", min_size=8, max_size=30),
        amount_fen=st.integers(0, FEN_MAX),
    ),
    max_size=8,
)


def read(content: bytes) -> tuple[list[PaymentRow], list[str]]:
    """What an institution's reader makes of it, by FORMATS.md alone: rows, and the total."""
    assert content.startswith(BOM)
    text = content.decode("utf-8-sig")
    header, *rows, total = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert tuple(header) == HEADER
    found = []
    for _, number, code, name, bank, holder, account, amount in rows:
        assert code[0] == account[0] == "\t"
        row = PaymentRow(
            line_number=int(number),
            credit_code=code[1:],
            merchant_name=name.removeprefix("'"),
            bank=bank.removeprefix("'"),
            holder=holder.removeprefix("'"),
            account_number=account[1:],
            amount_fen=parse_yuan(amount),
        )
        found.append(row)
    return found, total


@given(ROWS)
def test_what_goes_in_comes_out(rows: list[PaymentRow]) -> None:
    content = payment_file("JS-2026-0001", rows)
    found, total = read(content)
    assert found == rows
    assert total[:3] == [TOTAL, str(len(rows)), yuan(sum(row.amount_fen for row in rows))]
    before, mark, _ = content.rpartition(TOTAL.encode())
    assert mark
    assert total[3] == hashlib.sha256(before).hexdigest()
    assert payment_file("JS-2026-0001", rows) == content


@given(ROWS)
def test_no_cell_begins_like_a_formula(rows: list[PaymentRow]) -> None:
    text = payment_file("JS-2026-0001", rows).decode("utf-8-sig")
    for row in csv.reader(io.StringIO(text, newline="")):
        for place, cell in enumerate(row):
            code_or_account = place in {2, 6} and cell[:1] == "\t" and cell[1:].isalnum()
            assert code_or_account or not cell.startswith(tuple("=+-@\t\r\n＝＋－＠"))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\ta", "\ra", "＝1", "'a"])
def test_what_might_run_gets_an_apostrophe(text: str) -> None:
    assert harmless(text) == f"'{text}"


def test_lines_end_as_windows_does_and_amounts_have_two_decimals() -> None:
    row = PaymentRow(1, "9" * 18, "泽州路饭店", "工行", "泽州路饭店", "6" * 19, 1234_05)
    content = payment_file("JS-2026-0001", [row])
    lines = content.decode("utf-8-sig").split("\r\n")
    assert (
        lines[1] == f"JS-2026-0001,1,\t{'9' * 18},泽州路饭店,工行,泽州路饭店,\t{'6' * 19},1234.05"
    )
    assert (len(lines), lines[3]) == (4, "")
    assert "6" * 19 not in repr(row)
    assert (yuan(0), yuan(5), yuan(100)) == ("0.00", "0.05", "1.00")
