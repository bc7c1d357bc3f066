"""The log: one JSON object per line, made so that nothing personal can get into it.

What may appear is decided here, not by whoever calls:
- our own loggers (`huixiang.*`) and the server's speak from the level asked for, libraries from
  WARNING on: at DEBUG, Tortoise writes the values of every query, and httpx at INFO the address of
  every call;
- of what a library says, the first line of the template appears, without the values in it;
- an exception appears as its type, its code if it has one, and the places it passed. Never its
  text: a database quotes the row that broke a constraint, a parser quotes its input.
"""

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

import orjson

OURS = ("huixiang", "sanic.root", "sanic.server", "sanic.error")
"""Loggers that may speak below WARNING; `sanic.access` is not one of them: addresses are personal
data, and the proxy in front keeps them as long as the law wants."""

TALKATIVE = ("tortoise", "httpx", "httpcore", "wechatpy", "asyncio", "asyncpg", "redis")
"""Libraries that say values below WARNING. Pinned by name as well, so that no handler of another
library, and no test, hears them either."""

MESSAGE_CHARS_MAX = 2_000
FRAMES_MAX = 30


class Lines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Write time, level, logger, message and, where there is one, the trouble."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _words(record)[:MESSAGE_CHARS_MAX],
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["trouble"] = _trouble(record.exc_info[1])
        return orjson.dumps(line).decode()


def _trouble(error: BaseException) -> list[dict[str, Any]]:
    """The chain of an exception: what kind, which code, where; the outermost first."""
    chain: list[dict[str, Any]] = []
    link: BaseException | None = error
    while link is not None and len(chain) < FRAMES_MAX:
        frames = traceback.extract_tb(link.__traceback__)[-FRAMES_MAX:]
        chain.append(
            {
                "type": f"{type(link).__module__}.{type(link).__qualname__}",
                "code": str(getattr(link, "code", None) or getattr(link, "sqlstate", None) or ""),
                "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
            }
        )
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return chain


def _words(record: logging.LogRecord) -> str:
    return record.getMessage() if _ours(record) else str(record.msg).partition("\n")[0]


def _ours(record: logging.LogRecord) -> bool:
    return f"{record.name}.".startswith(tuple(f"{name}." for name in OURS))


def _audible(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or _ours(record)


def configure(level: str = "INFO") -> None:
    """Send everything that may be said to standard error, as lines of JSON; replaces what was."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    handler.addFilter(_audible)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
