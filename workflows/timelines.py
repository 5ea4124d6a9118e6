"""What happened in a case, in order: one list out of the work done, the notices sent, the clocks and the ratings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine import history, instances
from engine.database import Transaction
from workflows import vocabulary
from workflows.cases import Case
from workflows.clocks import Clock
from workflows.notices import Notice
from workflows.ratings import Recorded


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` is ``work``, ``notice``, ``clock``, ``rating`` or ``case``; `who` is an account, a unit or empty."""

    at: datetime
    kind: str
    what: str
    who: str = ""


def of_case(
    tx: Transaction,
    case: Case,
    clocks: Sequence[Clock],
    notices: Sequence[Notice],
    ratings: Sequence[Recorded],
) -> tuple[Event, ...]:
    """Every event of the case, the first first."""
    events = [
        *_of_case(case),
        *_of_work(tx, case),
        *(Event(notice.sent_at, "notice", notice.title, notice.recipient) for notice in notices),
        *(event for clock in clocks for event in _of_clock(clock)),
        *(_of_rating(rating) for rating in ratings),
    ]
    return tuple(sorted(events, key=lambda event: event.at))


def _of_case(case: Case) -> Iterator[Event]:
    yield Event(case.received_at, "case", f"Received: {vocabulary.CHANNELS[case.channel].lower()}")
    if case.closed_at is not None:
        reason = vocabulary.CLOSE_REASONS.get(case.close_reason or "", case.close_reason or "")
        yield Event(case.closed_at, "case", f"Closed: {reason.lower()}")


def _of_work(tx: Transaction, case: Case) -> Iterator[Event]:
    instance = instances.find(tx, case.case_number)
    for activity in history.activities_of(tx, instance.id):
        if activity.kind != "userTask" or activity.ended_at is None:
            continue
        if activity.outcome == "completed":
            yield Event(activity.ended_at, "work", activity.name, activity.ended_by or "")
        else:
            yield Event(activity.ended_at, "work", f"{activity.name}: ended because {activity.reason}")


def _of_clock(clock: Clock) -> Iterator[Event]:
    words = vocabulary.CLOCKS.get(clock.kind, clock.kind)
    yield Event(clock.started_at, "clock", f"Time starts: {words}")
    if clock.breached_at is not None:
        yield Event(clock.breached_at, "clock", f"Time is over: {words}")


def _of_rating(rating: Recorded) -> Event:
    words = vocabulary.RATINGS.get(rating.rating, "Not rated")
    return Event(rating.rated_at, "rating", f"{words} (round {rating.round})", "petitioner")
