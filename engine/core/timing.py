"""Dates, durations and cycles of ISO 8601, reckoned without a clock: `now` is always handed in.

Every moment is aware. One without an offset is UTC, a date alone is its midnight in UTC.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple, TypeVar

Moment = TypeVar("Moment", bound=date)

MAX_LENGTH = 100
"""Characters of a date, duration or cycle."""

_DURATION = re.compile(
    r"(?P<sign>-)?P(?=[0-9T])(?:(?P<years>[0-9]{1,6})Y)?(?:(?P<months>[0-9]{1,6})M)?(?:(?P<weeks>[0-9]{1,6})W)?"
    r"(?:(?P<days>[0-9]{1,9})D)?(?:T(?=[0-9])(?:(?P<hours>[0-9]{1,9})H)?(?:(?P<minutes>[0-9]{1,12})M)?"
    r"(?:(?P<seconds>[0-9]{1,15}(?:[.,][0-9]{1,6})?)S)?)?"
)
_EXACT = ("weeks", "days", "hours", "minutes", "seconds")
_CYCLE = re.compile(r"R(?P<repetitions>[0-9]{0,9})/(?:(?P<start>[^/P][^/]*)/)?(?P<interval>P[^/]*)")


class InvalidTime(ValueError):
    """A text is no date, duration or cycle, or what it leads to lies outside the calendar (years 1 to 9999)."""


@dataclass(frozen=True, slots=True)
class Duration:
    """Whole months, and a span that has an exact length. Added to a date, the months are counted first.

    Days past the end of a month become its last day: 31 January and a month is 28 February.
    """

    months: int = 0
    span: timedelta = timedelta()

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Duration):
            return Duration(self.months + other.months, self.span + other.span)
        if isinstance(other, timedelta):
            return Duration(self.months, self.span + other)
        return _in_calendar(other, self, 1) if isinstance(other, date) else NotImplemented

    __radd__ = __add__

    def __rsub__(self, moment: Any) -> Any:
        return _in_calendar(moment, -self, 1) if isinstance(moment, date) else NotImplemented

    def __neg__(self) -> Duration:
        return Duration(-self.months, -self.span)

    def __str__(self) -> str:
        """As ISO 8601 writes it: ``P1M``, ``P3DT12H``, ``-PT5M``."""
        if self.months < 0 or (not self.months and self.span < timedelta()):
            return f"-{-self}"
        years, months = divmod(self.months, 12)
        minutes, seconds = divmod(self.span.seconds, 60)
        hours, minutes = divmod(minutes, 60)
        exact = f"{seconds}.{self.span.microseconds:06}".rstrip("0").rstrip(".") if self.span.microseconds else seconds
        day = "".join(f"{n}{unit}" for n, unit in ((years, "Y"), (months, "M"), (self.span.days, "D")) if n)
        clock = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (exact, "S")) if n)
        if not day and not clock:
            return "PT0S"
        return f"P{day}T{clock}" if clock else f"P{day}"


class Cycle(NamedTuple):
    """`first_due` is aware; `repetitions` counts every firing, the first included, and is None without end."""

    first_due: datetime
    interval: Duration
    repetitions: int | None


def parse_date(value: object, now: datetime) -> datetime:
    """The moment that `value` means: an ISO 8601 text, a date, or a duration from `now` on.

    Raises:
        InvalidTime: it is none of these.
    """
    if isinstance(value, (timedelta, Duration)) or (isinstance(value, str) and value.strip().lstrip("-")[:1] == "P"):
        return _in_calendar(now, parse_duration(value), 1)
    return parse_moment(value)


def parse_moment(value: object) -> datetime:
    """The moment that an ISO 8601 text or a date means.

    Raises:
        InvalidTime: it is neither.
    """
    if isinstance(value, datetime):
        return _checked(value if value.tzinfo else value.replace(tzinfo=UTC))
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    text = _text(value, "a date such as 2026-05-01 or 2026-05-01T09:00:00+08:00")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as cause:
        raise InvalidTime(f"Expected a date such as 2026-05-01T09:00:00+08:00, but '{text}' is none.") from cause
    return _checked(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def parse_time(value: object) -> time:
    """The time of day that an ISO 8601 text (``08:30``, ``08:30:00+02:00``) or a moment means; without offset, UTC.

    Raises:
        InvalidTime: it is neither.
    """
    if isinstance(value, datetime):
        value = value.timetz()
    if isinstance(value, time):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    text = _text(value, "a time such as 08:30:00")
    try:
        return parse_time(time.fromisoformat(text))
    except ValueError as cause:
        raise InvalidTime(f"Expected a time such as 08:30:00 or 08:30:00+08:00, but '{text}' is none.") from cause


def parse_duration(value: object) -> Duration:
    """The duration that `value` means: an ISO 8601 text (``P1Y2M3DT4H5M6.7S``, ``P2W``, ``-PT1H``) or a timedelta.

    Raises:
        InvalidTime: it is none of these.
    """
    if isinstance(value, Duration):
        return value
    if isinstance(value, timedelta):
        return Duration(0, value)
    text = _text(value, "a duration such as P3D or PT10H")
    match = _DURATION.fullmatch(text)
    if match is None:
        raise InvalidTime(f"Expected a duration such as P3D or PT10H, but '{text}' is none.")
    sign, *digits = match.groups("0")
    years, months, *exact = (float(number.replace(",", ".")) for number in digits)
    try:
        duration = Duration(int(years * 12 + months), timedelta(**dict(zip(_EXACT, exact, strict=True))))
    except OverflowError as cause:
        raise InvalidTime(f"Expected a duration within the calendar, but '{text}' is too long.") from cause
    return -duration if sign == "-" else duration


def parse_lasting(value: object) -> Duration:
    """A duration that is longer than nothing.

    Raises:
        InvalidTime: it is none.
    """
    duration = parse_duration(value)
    if duration.months < 0 or duration.span < timedelta() or duration == Duration():
        raise InvalidTime(f"Expected a duration that lasts a while, but '{duration}' does not.")
    return duration


def parse_cycle(value: object, now: datetime) -> Cycle:
    """When ``R3/PT10H``, ``R/P1D`` or ``R3/2026-05-01T09:00Z/PT1H`` is due first, how far apart, and how often.

    Without a start, the first time is one interval after `now`. What lay before `now` is over and not made up for;
    where all of it did, the last one is due, as a date in the past is.

    Raises:
        InvalidTime: it is no cycle, or its interval is not longer than nothing.
    """
    text = _text(value, "a cycle such as R3/PT10H")
    match = _CYCLE.fullmatch(text)
    if match is None or match["repetitions"] == "0":
        raise InvalidTime(f"Expected a cycle such as R3/PT10H or R/2026-05-01T09:00:00Z/P1D, but '{text}' is none.")
    interval = parse_lasting(match["interval"])
    repetitions = int(match["repetitions"]) if match["repetitions"] else None
    if match["start"] is None:
        return Cycle(next_due(now, interval), interval, repetitions)
    return _from_now_on(Cycle(parse_date(match["start"], now), interval, repetitions), now)


def next_due(due: datetime, interval: Duration | timedelta | str) -> datetime:
    """The time after `due`: counted from when it was due, not from when it fired, so that a cycle does not drift.

    A cycle of months that once met a shorter month keeps that day: from 31 January on by way of 28 February.

    Raises:
        InvalidTime: it lies outside the calendar.
    """
    return _in_calendar(due, parse_duration(interval), 1)


def next_round(
    due: datetime, interval: str, repetitions: int | None, now: datetime
) -> tuple[datetime, int | None] | None:
    """When a cycle comes again after its round of `due`, and how often after that (None without end); None where that
    was its last round, or where the next one lies outside the calendar.

    Rounds that were due by `now` were missed: they count, and are not made up for. `repetitions` are left with them.
    """
    step, following, rounds = parse_duration(interval), due, 0
    try:
        while rounds == 0 or following <= now:
            # Months differ in length: they are gone through one by one.
            ahead = 1 if step.months else max(1, (now - following) // step.span + 1)
            following, rounds = _in_calendar(following, step, ahead), rounds + ahead
    except InvalidTime:
        return None
    if repetitions is None:
        return following, None
    return (following, repetitions - rounds) if rounds <= repetitions else None


def _from_now_on(cycle: Cycle, now: datetime) -> Cycle:
    """The cycle without what lay before `now`, found by halving: a cycle of minutes may have begun years ago."""
    first, interval, repetitions = cycle
    if first >= now:
        return cycle
    over, ahead = 0, 1
    while (repetitions is None or ahead < repetitions) and _in_calendar(first, interval, ahead) < now:
        over, ahead = ahead, ahead * 2
    if repetitions is not None:
        ahead = min(ahead, repetitions - 1)
    while over + 1 < ahead:
        middle = (over + ahead) // 2
        if _in_calendar(first, interval, middle) < now:
            over = middle
        else:
            ahead = middle
    left = None if repetitions is None else repetitions - ahead
    return Cycle(_in_calendar(first, interval, ahead), interval, left)


def _in_calendar(moment: Moment, duration: Duration, times: int) -> Moment:
    month = moment.year * 12 + moment.month - 1 + duration.months * times
    try:
        year, month = divmod(month, 12)
        day = min(moment.day, monthrange(year, month + 1)[1])
        reached = moment.replace(year=year, month=month + 1, day=day) + duration.span * times
        return _checked(reached)
    except (ValueError, OverflowError) as cause:
        raise InvalidTime(f"Expected a date within the calendar, but {moment} and {duration} is outside.") from cause


def _checked(moment: Moment) -> Moment:
    """The moment, which UTC can express as well."""
    try:
        if isinstance(moment, datetime) and moment.tzinfo:
            moment.astimezone(UTC)
    except OverflowError as cause:
        raise InvalidTime(f"Expected a date within the calendar, but {moment} is outside of it in UTC.") from cause
    return moment


def _text(value: object, expected: str) -> str:
    if not isinstance(value, str):
        raise InvalidTime(f"Expected {expected}, but found {value!r:.60}.")
    if len(value) > MAX_LENGTH:
        raise InvalidTime(f"Expected {expected}, but found {len(value)} characters.")
    return value.strip()
