"""The log's lines, made so that nothing personal gets into them whatever is handed in."""

import json
import logging
from typing import Any

import pytest

from server.identity.domain import BadIdNumber
from server.infra.log import Lines, _audible

SECRET = "140502199003070015"


def line(name: str, message: str, *args: object, error: BaseException | None = None) -> Any:
    info = None if error is None else (type(error), error, error.__traceback__)
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, message, args, info)
    text = Lines().format(record)
    assert "\n" not in text
    return json.loads(text)


def stumble(error: Exception) -> None:
    raise error


def raised(error: Exception, cause: BaseException | None = None) -> BaseException:
    error.__cause__ = cause
    with pytest.raises(type(error)) as caught:
        stumble(error)
    return caught.value


def test_our_own_words_appear_with_their_values() -> None:
    written = line("huixiang.http", "incident %s at %s", "ab12", "/api/v1/x")
    assert written["message"] == "incident ab12 at /api/v1/x"
    assert written["logger"] == "huixiang.http"
    assert written["level"] == "ERROR"


def test_of_a_library_only_the_template_appears() -> None:
    assert line("asyncpg", "query %s failed", SECRET)["message"] == "query %s failed"
    asyncio_says = f"Future exception was never retrieved\nfuture: <Future {SECRET}>"
    assert line("asyncio", asyncio_says)["message"] == "Future exception was never retrieved"
    assert line("huixiangx", "%s", SECRET)["message"] == "%s"


def test_of_an_exception_only_its_kind_code_and_places_appear() -> None:
    error = raised(BadIdNumber(reason="check_digit"), raised(ValueError(SECRET)))
    written = line("huixiang.http", "incident", error=error)
    assert SECRET not in json.dumps(written)
    first, second = written["trouble"]
    assert first["type"] == "server.identity.domain.BadIdNumber"
    assert first["code"] == "identity.id_number_invalid"
    assert first["frames"][-1].endswith(" stumble")
    assert second["type"] == "builtins.ValueError"


def test_a_long_message_is_cut() -> None:
    assert len(line("huixiang", "x" * 10_000)["message"]) == 2_000


@pytest.mark.parametrize(
    ("name", "level", "heard"),
    [
        ("huixiang.claim", logging.DEBUG, True),
        ("sanic.root", logging.DEBUG, True),
        ("sanic.access", logging.INFO, False),
        ("tortoise.db_client", logging.DEBUG, False),
        ("httpx", logging.INFO, False),
        ("httpx", logging.WARNING, True),
        ("huixiangx", logging.INFO, False),
    ],
)
def test_libraries_speak_from_warning_on(name: str, level: int, heard: bool) -> None:
    record = logging.LogRecord(name, level, __file__, 1, "x", (), None)
    assert _audible(record) is heard
