"""Working days of mainland China, with public holidays and the weekends that make up for them.

The State Council announces each year's days off in November of the year before; `chinesecalendar`
carries what was announced. Of a year that is not announced yet only some days are sure by law
(《全国年节及纪念日放假办法》, as of 2025): 1 January, 1 and 2 May, 1 to 3 October. The lunar ones
and all that is moved around them cannot be known, so a date that depends on them is provisional.
"""

from datetime import date, timedelta
from typing import NamedTuple

from chinese_calendar import constants

ANNOUNCED: frozenset[int] = frozenset(day.year for day in constants.holidays)
"""The years whose days off the library knows."""

COUNT_MAX = 366
_SURE = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
"""Month and day of the days off that no announcement is needed for."""
_SATURDAY = 5
_DAY = timedelta(days=1)


class Due(NamedTuple):
    """A date, and how sure it is."""

    on: date
    unannounced: tuple[int, ...]
    """The years on the way to it whose days off are not announced; empty when it is sure."""

    @property
    def provisional(self) -> bool:
        """Whether an announcement may still move the date."""
        return bool(self.unannounced)

    @property
    def sentence(self) -> str | None:
        """What to tell people beside a provisional date; None beside a sure one."""
        if not self.unannounced:
            return None
        years = "、".join(f"{year}年" for year in self.unannounced)
        return f"{years}放假安排尚未公布，按周一至周五推算"


def is_workday(day: date) -> bool:
    """Whether people work on `day`; of a year not announced, as far as can be known."""
    if day.year not in ANNOUNCED:
        return day.weekday() < _SATURDAY and (day.month, day.day) not in _SURE
    if day in constants.workdays:  # a weekend that makes up for a holiday
        return True
    return day.weekday() < _SATURDAY and day not in constants.holidays


def add_workdays(day: date, count: int) -> Due:
    """The `count`th working day after `day`, 1 to 366; `day` itself is never counted."""
    assert 1 <= count <= COUNT_MAX, "a term has a length, and a limit"
    unannounced = []
    while count:
        day += _DAY
        if day.year not in ANNOUNCED and day.year not in unannounced:
            unannounced.append(day.year)
        count -= is_workday(day)
    return Due(day, tuple(unannounced))
