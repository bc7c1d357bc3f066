"""Reading receipts: every encoding that comes, every line by its number, none lost or guessed."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.settlement import receipt_file
from server.settlement.receipt_file import HEADER, Answer, Fault, read_receipt
from server.settlement.refusals import BadReceipt

HEAD = ",".join(HEADER)
GOOD = "JS-2026-0001,1,\t92140502MA0000001X,12.50,成功,P1,2026-06-05 14:30:00,"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_every_encoding_and_line_end_is_read(encoding: str, end: str) -> None:
    (answer,) = read_receipt(end.join([HEAD, GOOD, "合计,1,12.50", ""]).encode(encoding))
    assert isinstance(answer, Answer)
    assert (answer.file_line, answer.batch_number, answer.line_number) == (2, "JS-2026-0001", 1)
    assert (answer.credit_code, answer.amount_fen) == ("92140502MA0000001X", 12_50)
    assert (answer.paid, answer.ref, answer.reason) == (True, "P1", None)
    assert answer.at == datetime(2026, 6, 5, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("JS-2026-0001,1,X,12.50,成功,P1,2026-06-05", "columns"),
        (GOOD + ",", "columns"),
        ("a,x,X,12.50,成功,P1,2026-06-05,", "line_number"),
        ("a,-1,X,12.50,成功,P1,2026-06-05,", "line_number"),
        ("a,１,X,12.50,成功,P1,2026-06-05,", "line_number"),
        ("a,1,X,12.5x,成功,P1,2026-06-05,", "amount"),
        ('a,1,X,"1,250.00",成功,P1,2026-06-05,', "amount"),
        ("a,1,X,-1,成功,P1,2026-06-05,", "amount"),
        ("a,1,X,1,OK,P1,2026-06-05,", "result"),
        ("a,1,X,1,,P1,2026-06-05,", "result"),
        ("a,1,X,1,成功,,2026-06-05,", "reference"),
        (f"a,1,X,1,成功,{'P' * 65},2026-06-05,", "reference"),
        ("a,1,X,1,成功,P1,,", "time"),
        ("a,1,X,1,成功,P1,昨天,", "time"),
        ("a,1,X,1,成功,P1,2026/13/1 3:05,", "time"),
        ("a,1,X,1,成功,P1,2026/1/1 24:05,", "time"),
        ("a,1,X,1,成功,P1,1/2/2026 3:05,", "time"),
        ("a,1,X,1,成功,P1,0001-01-01 00:00,", "time"),
        ("a,1,X,1,失败,,,", "reason"),
        (f"a,1,X,1,失败,,,{'因' * 201}", "reason"),
        ('a,1,X,1,"成功,P1,2026-06-05,', "quotes"),
        ("x" * 2001, "line_too_long"),
        ("\0", "columns"),
    ],
)
def test_a_bad_line_is_told_by_its_number_and_those_after_it_are_read(
    line: str, reason: str
) -> None:
    fault, answer = read_receipt(f"{HEAD}\n\n{line}\n{GOOD}".encode())
    assert isinstance(fault, Fault)
    assert (fault.file_line, fault.reason) == (3, reason)
    assert "\0" not in fault.said
    assert isinstance(answer, Answer)
    assert answer.file_line == 4


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026/11/23 3:05", datetime(2026, 11, 22, 19, 5, tzinfo=UTC)),
        ("2026-11-23 3:05:09", datetime(2026, 11, 22, 19, 5, 9, tzinfo=UTC)),
        ("2026/1/2 03:05", datetime(2026, 1, 1, 19, 5, tzinfo=UTC)),
        ("2026-11-23T03:05:09+08:00", datetime(2026, 11, 22, 19, 5, 9, tzinfo=UTC)),
        ("2026-11-23", datetime(2026, 11, 22, 16, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_excel_writes_them(text: str, at: datetime) -> None:
    (answer,) = read_receipt(f"{HEAD}\n{GOOD.replace('2026-06-05 14:30:00', text)}".encode())
    assert isinstance(answer, Answer)
    assert answer.at == at


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n \r\n", "empty"),
        (HEAD.encode(), "empty"),
        (f"{HEAD}\n合计,0,0.00".encode(), "empty"),
        (GOOD.encode(), "header"),
        (b'"', "header"),
        (b"\xff\xff\xff\xff", "encoding"),
        (b"PK\x03\x04 a workbook", "header"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(content: bytes, reason: str) -> None:
    with pytest.raises(BadReceipt) as refused:
        read_receipt(content)
    assert refused.value.data["reason"] == reason


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipt_file, "LINES_MAX", 2)
    assert len(read_receipt(f"{HEAD}\n{GOOD}\n{GOOD}".encode())) == 2
    with pytest.raises(BadReceipt) as refused:
        read_receipt(f"{HEAD}\n{GOOD}\n{GOOD}\n{GOOD}".encode())
    assert refused.value.data["reason"] == "too_many_lines"
    monkeypatch.setattr(receipt_file, "BYTES_MAX", 10)
    with pytest.raises(BadReceipt) as refused:
        read_receipt(GOOD.encode())
    assert refused.value.data["reason"] == "too_large"


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n")), max_size=9))
def test_whatever_stands_in_a_file_no_line_is_lost(lines: list[str]) -> None:
    full = [number for number, line in enumerate(lines, 2) if line.strip()]
    if full and lines[full[-1] - 2].startswith("合计"):
        full.pop()
    try:
        read = read_receipt("\n".join([HEAD, *lines]).encode())
    except BadReceipt:
        assert not full
        return
    assert [one.file_line for one in read] == full


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(BadReceipt):
        read_receipt(content)
