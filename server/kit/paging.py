"""Paging: opaque cursors, and how many rows a page may have.

A cursor holds the sort key of the last row of a page, so that the next page starts after it however
many rows came or went meanwhile. It is opaque to callers but not signed: whatever it holds may be
forged, so a query reads it as a position and never as a permission.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from server.kit.errors import Kind, Refusal

CURSOR_CHARS_MAX = 512
LIMIT_DEFAULT = 20
LIMIT_MAX = 100

_BIGINT = range(-(2**63), 2**63)

Shape = tuple[type[str] | type[int], ...]
"""The types of a cursor's parts, in order, such as `(int, str)`."""


class Place(NamedTuple):
    """Where a page ended in a list by time: the instant and the id of its last row."""

    at: datetime
    id: UUID


class BadCursor(Refusal):
    """The cursor is not one that this list gave out."""

    code = "paging.bad_cursor"
    kind = Kind.MALFORMED
    detail = "翻页位置无效，请从第一页重新查看。"


def encode_cursor(*parts: str | int) -> str:
    """Write a position as base64url of a compact JSON list, without padding.

    Times go in as RFC 3339 text, identifiers as their text. At most 512 characters come out.
    """
    text = _encode(parts)
    assert len(text) <= CURSOR_CHARS_MAX, "sort keys are short"
    return text


def decode_cursor(text: str, shape: Shape) -> tuple[str | int, ...]:
    """Read a position whose parts have exactly the types of `shape`. BadCursor otherwise.

    Integers fit a BIGINT and strings hold no NUL, so that a forged cursor cannot make the database
    fail; there is one spelling per position.
    """
    if len(text) > CURSOR_CHARS_MAX:
        raise BadCursor
    try:
        parts = json.loads(urlsafe_b64decode(text.encode("ascii") + b"=="[: -len(text) % 4]))
        if not isinstance(parts, list) or tuple(type(part) for part in parts) != shape:
            raise BadCursor
        # Half a surrogate pair, which JSON can write and PostgreSQL cannot keep, fails to encode.
        if _encode(parts) != text or not all(_is_storable(part) for part in parts):
            raise BadCursor
    except ValueError:
        raise BadCursor from None
    return tuple(parts)


def encode_place(at: datetime, row_id: object) -> str:
    """Write where a page of a list by time ended: its last row's instant and id."""
    return encode_cursor(at.isoformat(), str(row_id))


def decode_place(text: str | None) -> Place | None:
    """Read what `encode_place` wrote, the instant in UTC; none for no cursor. BadCursor."""
    if not text:
        return None
    instant, row_id = map(str, decode_cursor(text, (str, str)))
    try:
        at, identifier = datetime.fromisoformat(instant), UUID(row_id)
        if at.tzinfo is None or str(identifier) != row_id:
            raise BadCursor
        return Place(at.astimezone(UTC), identifier)
    except (ValueError, OverflowError):
        raise BadCursor from None


def page_limit(asked: int | None) -> int:
    """How many rows a page has: 20 unless asked, and 1 to 100 whatever was asked."""
    if asked is None:
        return LIMIT_DEFAULT
    return max(1, min(asked, LIMIT_MAX))


def _is_storable(part: str | int) -> bool:
    if isinstance(part, int):
        return part in _BIGINT
    return "\0" not in part


def _encode(parts: tuple[str | int, ...] | list[str | int]) -> str:
    written = json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
    return urlsafe_b64encode(written).rstrip(b"=").decode()
