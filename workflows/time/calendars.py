"""Working days of mainland China, and the day on which a term of days ends.

The State Council decrees each year's days off late in the year before, with Saturdays and Sundays worked in exchange.
`chinesecalendar` knows the decrees up to its release; a decree that came later can be entered by hand. For a year that
nobody has decreed yet only the statutory holidays are known: a day counted by them is provisional.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache

import chinese_calendar
import holidays

from engine.errors import InvalidVariables

LOCAL = timezone(timedelta(hours=8), "UTC+08:00")
"""China has one time zone, and no daylight saving time since 1991."""

UNITS = ("calendar", "working")
"""What a term may be counted in."""


@dataclass(frozen=True, slots=True)
class Decree:
    """One year's days off, and the days worked in exchange for them, as decreed."""

    year: int
    title: str
    days_off: frozenset[date]
    days_worked: frozenset[date]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The working days, by every decree known: entered by hand first, else `chinesecalendar`'s."""

    decrees: Mapping[int, Decree] = field(default_factory=dict)

    def is_decreed(self, year: int) -> bool:
        return year in self.decrees or _is_packaged(year)

    def is_working_day(self, day: date) -> bool:
        """By decree; in a year not yet decreed Monday to Friday without the statutory holidays."""
        decree = self.decrees.get(day.year)
        if decree is not None:
            return day in decree.days_worked or (day.weekday() < 5 and day not in decree.days_off)
        if _is_packaged(day.year):
            return bool(chinese_calendar.is_workday(day))
        return day.weekday() < 5 and day not in _statutory_holidays(day.year)

    def days(self, start: date, length: int, unit: str, pauses: Sequence[tuple[date, date]] = ()) -> tuple[date, ...]:
        """The `length` days that count after `start`, which itself does not (Civil Code, Art. 201).

        A pause from one day to another keeps the days after the first, up to and including the second, from counting.
        """
        counted: list[date] = []
        day = start
        while len(counted) < length:
            day += timedelta(days=1)
            if any(first < day <= last for first, last in pauses):
                continue
            if unit == "calendar" or self.is_working_day(day):
                counted.append(day)
        return tuple(counted)


def local_day(moment: datetime) -> date:
    """The day that it is here at that moment."""
    return moment.astimezone(LOCAL).date()


def begin_of(day: date) -> datetime:
    return datetime.combine(day, time(0), LOCAL)


def end_of(day: date) -> datetime:
    """The last second of the day: what is due on a day may still be done on it."""
    return datetime.combine(day, time(23, 59, 59), LOCAL)


def check_unit(unit: str) -> None:
    """Raises InvalidVariables where a term is counted in something else than `UNITS`."""
    if unit not in UNITS:
        raise InvalidVariables({"unit": f"expected one of {', '.join(UNITS)}, but it is '{unit}'"})


@lru_cache(maxsize=64)
def _is_packaged(year: int) -> bool:
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


@lru_cache(maxsize=64)
def _statutory_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("CN", years=year, observed=False))
