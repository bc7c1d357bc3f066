"""Periods of Shanghai days, as lists are asked for."""

from datetime import date, datetime, time, timedelta

import msgspec

from server.exports.domain import BadAsked
from server.exports.kinds import Asked
from server.kit.clock import SHANGHAI

DAYS_MAX = 400
"""A programme lasts a year (P-04), and a little more."""


class Period(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Both days are within."""

    since: date
    until: date


def check_days(since: date, until: date) -> None:
    """BadAsked when a period ends before it begins, or is too long."""
    if not 1 <= (until - since).days + 1 <= DAYS_MAX:
        raise BadAsked(reason="until is before since, or too long after", days_max=DAYS_MAX)


def bounds(since: date, until: date) -> tuple[datetime, datetime]:
    """The first instant of a period, and the first one after it."""
    return (
        datetime.combine(since, time.min, SHANGHAI),
        datetime.combine(until, time.min, SHANGHAI) + timedelta(days=1),
    )


def period_label(asked: Asked) -> str:
    """The period, for the file's name."""
    return f"{asked['since']}至{asked['until']}"
