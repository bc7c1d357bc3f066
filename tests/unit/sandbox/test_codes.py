"""One-time codes: five minutes, one use, bounded memory."""

from datetime import UTC, datetime, timedelta

import pytest

from server.sandbox import codes
from server.sandbox.cast import account
from server.sandbox.codes import CodeBook, SessionKeys, TooManyCodesError
from server.sandbox.codes import UnknownCodeError as Unknown
from server.sandbox.codes import UsedCodeError as Used

NOW = datetime(2026, 5, 1, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FIVE_MINUTES = timedelta(minutes=5)
SOMEBODY = account("resident:1")


def test_a_code_serves_once() -> None:
    book = CodeBook()
    code = book.mint(SOMEBODY, NOW)
    assert book.use(code, NOW) is SOMEBODY
    with pytest.raises(Used):
        book.use(code, NOW)


def test_looking_does_not_use() -> None:
    book = CodeBook()
    code = book.mint(SOMEBODY, NOW)
    assert book.look(code, NOW) is book.look(code, NOW)
    assert book.use(code, NOW) is SOMEBODY


def test_a_code_lives_five_minutes() -> None:
    book = CodeBook()
    code, late = book.mint(SOMEBODY, NOW), book.mint(SOMEBODY, NOW)
    assert book.use(code, NOW + FIVE_MINUTES - SECOND) is SOMEBODY
    with pytest.raises(Unknown):
        book.use(late, NOW + FIVE_MINUTES)
    # The used one is past its time as well: nothing of it is remembered.
    with pytest.raises(Unknown):
        book.use(code, NOW + FIVE_MINUTES)


def test_expired_codes_are_forgotten() -> None:
    book = CodeBook()
    for _ in range(100):
        book.mint(SOMEBODY, NOW)
    book.mint(SOMEBODY, NOW + FIVE_MINUTES)
    assert len(book.codes) == len(book.by_age) == 1


def test_too_many_alive_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "CODES_MAX", 3)
    book = CodeBook()
    for _ in range(3):
        book.mint(SOMEBODY, NOW)
    with pytest.raises(TooManyCodesError):
        book.mint(SOMEBODY, NOW)
    assert book.mint(SOMEBODY, NOW + FIVE_MINUTES)


def test_a_session_key_changes_with_every_login() -> None:
    keys = SessionKeys()
    first = keys.renew("o1")
    assert keys.of("o1") == first
    assert keys.renew("o1") != first
    assert keys.of("o2") is None


def test_session_keys_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "SESSIONS_MAX", 2)
    keys = SessionKeys()
    for openid in ("o1", "o2", "o1", "o3"):
        keys.renew(openid)
    assert list(keys.keys) == ["o1", "o3"]
