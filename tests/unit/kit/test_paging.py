from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from server.kit.errors import Kind
from server.kit.paging import (
    BadCursor,
    decode_cursor,
    decode_place,
    encode_cursor,
    encode_place,
    page_limit,
)

GOOD = encode_cursor(7, "2026-05-01T02:00:00.000Z")
SHAPE = (int, str)


def written(text: str) -> str:
    return urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).rstrip(b"=").decode()


def test_a_position_comes_back() -> None:
    assert decode_cursor(GOOD, SHAPE) == (7, "2026-05-01T02:00:00.000Z")
    assert decode_cursor(encode_cursor("城区", -(2**63)), (str, int)) == ("城区", -(2**63))


def test_a_cursor_needs_no_escaping_in_an_address() -> None:
    cursor = encode_cursor("??>>~~城区")
    assert cursor.replace("-", "a").replace("_", "a").isalnum()
    assert cursor.isascii()


def test_the_forgeries_below_differ_from_a_good_cursor_by_their_fault_alone() -> None:
    assert written('[7,"2026-05-01T02:00:00.000Z"]') == GOOD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!",
        "城区",
        GOOD[:-1],
        GOOD + "=",
        GOOD + "==",
        GOOD + "\n",
        GOOD[:4] + "+" + GOOD[5:],
        written("7"),
        written("{}"),
        written("[]"),
        written("null"),
        written("[7]"),
        written('["7","x"]'),
        written('[true,"x"]'),
        written('[7.0,"x"]'),
        written("[7,null]"),
        written('[7,"x",8]'),
        written('[NaN,"x"]'),
        written('[7, "x"]'),
        written('[07,"x"]'),
        written('[-0,"x"]'),
        written('[7,"\\u0078"]'),
        written('[7,"\\u0000"]'),
        written('[7,"\\ud800"]'),
        written('[7,"\ud800"]'),
        written(f'[{2**63},"x"]'),
        written(f'[{-(2**63) - 1},"x"]'),
        written("[" * 380),
        written(f'[7,"{"x" * 400}"]'),
        "A" * 1_000_000,
    ],
)
def test_a_forged_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadCursor):
        decode_cursor(text, SHAPE)


def test_a_bad_cursor_is_the_callers_mistake() -> None:
    assert BadCursor.code == "paging.bad_cursor"
    assert BadCursor.kind is Kind.MALFORMED


def test_a_sort_key_too_long_for_a_cursor_is_a_broken_invariant() -> None:
    with pytest.raises(AssertionError):
        encode_cursor("x" * 400)


@pytest.mark.parametrize(
    ("asked", "rows"), [(None, 20), (1, 1), (50, 50), (100, 100), (101, 100), (0, 1), (-5, 1)]
)
def test_a_page_has_a_limit(asked: int | None, rows: int) -> None:
    assert page_limit(asked) == rows


def test_a_place_comes_back_as_it_went_in_utc() -> None:
    row_id = UUID("0197a000-0000-7000-8000-00000000abcd")
    at = datetime(2026, 6, 1, 18, 0, 0, 123456, timezone(timedelta(hours=8)))
    place = decode_place(encode_place(at, row_id))
    assert place == (datetime(2026, 6, 1, 10, 0, 0, 123456, UTC), row_id)
    assert place is not None
    assert place.at.tzinfo is UTC
    assert (decode_place(None), decode_place("")) == (None, None)


@pytest.mark.parametrize(
    "parts",
    [
        ("2026-06-01T10:00:00", "0197a000-0000-7000-8000-00000000abcd"),
        ("0001-01-01T00:00:00+14:00", "0197a000-0000-7000-8000-00000000abcd"),
        ("yesterday", "0197a000-0000-7000-8000-00000000abcd"),
        ("2026-06-01T10:00:00+00:00", "0197a0000000700080000000000000abcd"),
        ("2026-06-01T10:00:00+00:00", "0197A000-0000-7000-8000-00000000ABCD"),
        ("2026-06-01T10:00:00+00:00",),
    ],
)
def test_a_forged_place_is_refused(parts: tuple[str, ...]) -> None:
    with pytest.raises(BadCursor):
        decode_place(encode_cursor(*parts))
