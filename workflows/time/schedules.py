"""When a clock warns and when it is due: pure arithmetic over a calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from workflows.time.calendars import Calendar, begin_of, end_of

WARNINGS = (50, 80, 100)
"""Per cent of a term at which a clock warns."""


@dataclass(frozen=True, slots=True)
class Term:
    """So many days after the day it starts on; an extension adds days, in a unit of its own, to the end.

    Units are ``calendar`` and ``working``. `pauses` are days on which, and up to which, someone else had the case.
    """

    started_on: date
    length: int
    unit: str
    extended_by: int = 0
    extended_unit: str = "calendar"
    pauses: tuple[tuple[date, date], ...] = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a term comes to: due at the end of its last day, with a warning as each of the `warnings`' days begins.

    `provisional` while working days were counted in a year that is not yet decreed.
    """

    due_at: datetime
    provisional: bool
    warnings: tuple[tuple[int, datetime], ...]

    @property
    def breach_at(self) -> datetime:
        """The first moment that is too late."""
        return self.due_at + timedelta(seconds=1)

    def passed(self, now: datetime) -> int:
        """The highest warning, in per cent, whose moment has come; 0 for none."""
        return max((percent for percent, at in self.warnings if at <= now), default=0)

    def next_event(self, warned: int) -> datetime:
        """When the next warning above `warned` per cent is, or, after the last of them, the breach."""
        return min((at for percent, at in self.warnings if percent > warned), default=self.breach_at)


def schedule(term: Term, calendar: Calendar) -> Schedule:
    """Count the term out."""
    days = calendar.days(term.started_on, term.length, term.unit, term.pauses)
    counted_working = _years(term.started_on, days) if term.unit == "working" else set()
    if term.extended_by:
        base_end = days[-1] if days else term.started_on
        more = calendar.days(base_end, term.extended_by, term.extended_unit, term.pauses)
        counted_working |= _years(base_end, more) if term.extended_unit == "working" else set()
        days += more
    if not days:
        days = (term.started_on,)
    return Schedule(
        due_at=end_of(days[-1]),
        provisional=not all(map(calendar.is_decreed, counted_working)),
        warnings=tuple((percent, begin_of(days[_nth(len(days), percent) - 1])) for percent in WARNINGS),
    )


def _nth(length: int, percent: int) -> int:
    """The day, counted from 1, on which that share of the days is used up: rounded up."""
    return -(-length * percent // 100)


def _years(start: date, days: tuple[date, ...]) -> set[int]:
    last = days[-1] if days else start
    return set(range(start.year, last.year + 1))
