"""How times, amounts and codes read on a page: filters for the templates. Times are shown as they are in China."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from flask import Flask

from engine import deployments
from engine.errors import count
from workflows.time.calendars import LOCAL, local_day

SOON_DAYS = 3


def init_app(app: Flask, now: Callable[[], datetime]) -> None:
    """Register the filters; `now` is the engine's clock, so that a demo that moved on counts its days right."""
    app.jinja_env.filters.update(
        when=when,
        day=day,
        days_left=lambda moment: days_left(moment, now()),
        urgency=lambda moment: urgency(moment, now()),
        days_ahead=days_ahead,
        words=words,
        count=count,
        counted=lambda number: counted(number, deployments.MOST_COUNTED),
        unit_name=lambda code, labels: labels.unit(code),
        group_name=lambda name, labels: labels.group(name),
    )


def as_moment(value: datetime | str) -> datetime:
    """Process variables carry moments as ISO 8601 text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def when(moment: datetime | str) -> str:
    """Date and time: 23 Nov 2026, 14:03."""
    return f"{day(moment)}, {as_moment(moment).astimezone(LOCAL):%H:%M}"


def day(moment: datetime | date | str) -> str:
    """Date alone: 23 Nov 2026."""
    local = moment if type(moment) is date else local_day(as_moment(moment))  # type: ignore[arg-type]
    return f"{local.day} {local:%b %Y}"


def days_left(moment: datetime | str, now: datetime) -> str:
    """Days left in words, counted in calendar days: '12 days left', 'due today', '3 days overdue'."""
    moment = as_moment(moment)
    days = (local_day(moment) - local_day(now)).days
    if moment <= now:
        return f"{count(-days, 'day')} overdue" if days else "overdue since today"
    return "due today" if days == 0 else f"{count(days, 'day')} left"


def days_ahead(offset: timedelta) -> int:
    """Whole days by which the clock was moved on; what it took to move it does not count."""
    return round(offset / timedelta(days=1))


def urgency(moment: datetime | str, now: datetime) -> str:
    """How a due date is coloured: late, soon or calm."""
    moment = as_moment(moment)
    if moment <= now:
        return "late"
    return "soon" if (local_day(moment) - local_day(now)).days <= SOON_DAYS else "calm"


def words(code: Any) -> str:
    """A code as a reader takes it: 'not_accepted' and 'not-accepted' become 'Not accepted'."""
    text = str(code).replace("_", " ").replace("-", " ").strip()
    return text[:1].upper() + text[1:]


def counted(number: int, most: int) -> str:
    """A number that was counted up to `most`: '12', '200 or more'."""
    return f"{most:,} or more" if number >= most else f"{number:,}"
