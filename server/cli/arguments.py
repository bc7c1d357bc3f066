"""Types of arguments: what argparse refuses as wrong usage before anything is opened."""

import argparse
from collections.abc import Callable
from datetime import date, datetime

from server.kit.clock import SHANGHAI

TEXT_CHARS_MAX = 100
DAYS_MAX = 3660


def text(value: str) -> str:
    """A name, a reason or a document's number: not empty, and short enough for the book."""
    value = value.strip()
    if not 1 <= len(value) <= TEXT_CHARS_MAX or not value.isprintable():
        message = f"应为 1 到 {TEXT_CHARS_MAX} 个可显示的字符"
        raise argparse.ArgumentTypeError(message)
    return value


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number from `least` to `most`, in ASCII digits."""

    def parse(value: str) -> int:
        if value.isascii() and value.isdigit() and len(value) <= len(str(most)):
            number = int(value)
            if least <= number <= most:
                return number
        message = f"{value[:40]!r} 应为 {least} 到 {most} 的整数"
        raise argparse.ArgumentTypeError(message)

    return parse


def day(value: str) -> date:
    """A day, as `2026-03-05`."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        message = f"{value[:40]!r} 不是日期，应如 2026-03-05"
        raise argparse.ArgumentTypeError(message) from None


def instant(value: str) -> datetime:
    """An instant; without an offset it is Shanghai's."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        message = f"{value[:40]!r} 不是时间，应如 2026-12-01T10:00"
        raise argparse.ArgumentTypeError(message) from None
    return at if at.tzinfo else at.replace(tzinfo=SHANGHAI)
