"""Figures as people read them: amounts, counts, shares and ratios, and a dash where there is none.

Nothing here is a float: money is whole fen, a ratio a Decimal with four digits.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from server.kit.clock import SHANGHAI
from server.kit.money import FEN_PER_YUAN

NONE = "—"
"""What stands where a figure is not defined."""

_UNITS = ((10**10, "亿元"), (10**6, "万元"), (FEN_PER_YUAN, "元"))
"""Fen in a unit, and its name."""


def count(value: int | None) -> str:
    """A number of things: `1,234`."""
    return NONE if value is None else f"{value:,}"


def yuan(amount_fen: int | None) -> str:
    """An amount in yuan without a mark, for columns whose heading names the unit: `1,234.50`."""
    if amount_fen is None:
        return NONE
    whole, rest_fen = divmod(abs(amount_fen), FEN_PER_YUAN)
    return f"{'-' if amount_fen < 0 else ''}{whole:,}.{rest_fen:02}"


def spoken_yuan(amount_fen: int) -> str:
    """An amount within a sentence: `123.46 万元`, exact below ten thousand yuan: `1,234.50 元`."""
    for unit_fen, name in _UNITS[:-1]:
        if abs(amount_fen) >= unit_fen:
            return f"{_rounded(Decimal(amount_fen) / unit_fen, 2):,} {name}"
    return f"{yuan(amount_fen)} 元"


def percent(ratio: Decimal | None) -> str:
    """A share: 0.7125 is `71.25%`."""
    return NONE if ratio is None else f"{_rounded(ratio * 100, 2):,}%"


def times(ratio: Decimal | None) -> str:
    """How many yuan for one: 6.3250 is `6.33`."""
    return NONE if ratio is None else f"{_rounded(ratio, 2):,}"


def unit_of(amounts_fen: Iterable[int]) -> tuple[int, str]:
    """The unit, in fen, in which the largest of the amounts reads shortest, and its name."""
    most_fen = max(amounts_fen, default=0)
    return next((unit for unit in _UNITS if most_fen >= unit[0]), _UNITS[-1])


def short(amount_fen: int, unit_fen: int) -> str:
    """An amount in a unit, in few signs, for the top of a column: `0`, `3.27`, `45.8`, `1234`."""
    value = Decimal(amount_fen) / unit_fen
    digits = 2 if value < 10 else 1 if value < 100 else 0  # noqa: PLR2004 - three signs at most
    return f"{_rounded(value, digits) if amount_fen else 0}"


def day(value: date) -> str:
    """A day: `2026年1月20日`."""
    return f"{value.year}年{value.month}月{value.day}日"


def instant(value: datetime) -> str:
    """An instant as Shanghai's clocks show it: `2026年1月20日 09:05`."""
    there = value.astimezone(SHANGHAI)
    return f"{day(there.date())} {there:%H:%M}"


def period(since: date, until: date) -> str:
    """A period by its first and its last day."""
    return f"{day(since)}至{day(until)}"


def month_within(month: date, since: date, until: date) -> str:
    """A month (its first day) as a row's name; with its days where the period holds only some."""
    name = f"{month.year}年{month.month}月"
    last = (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    first_day, last_day = max(month, since), min(last, until)
    if (first_day, last_day) == (month, last):
        return name
    return f"{name}（{first_day.day}日至{last_day.day}日）"


def _rounded(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
