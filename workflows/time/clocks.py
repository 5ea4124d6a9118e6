"""The clocks of a case: several at once, each with its own term, warnings and breach.

How long a clock runs comes from the deadline profile and is handed in; nothing here knows a number of days. A clock
that the office runs against warns at 50, 80 and 100 per cent and is breached after its due day; one that the
petitioner, or another unit, runs against lapses in the diagram and is only shown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine import instances, messages
from engine.errors import BpmnError, InvalidState, NotFound
from engine.store.database import Runtime, Transaction
from engine.store.statements import Statement
from workflows import tables
from workflows.time import calendars, decrees, tallies
from workflows.time.calendars import Calendar, local_day
from workflows.time.schedules import Schedule, Term, schedule

log = logging.getLogger(__name__)

RUNNING, PAUSED, STOPPED = "running", "paused", "stopped"
TRANSITIONS = {RUNNING: {PAUSED, STOPPED}, PAUSED: {RUNNING, STOPPED}, STOPPED: set[str]()}

WATCHED = frozenset({"notify", "resolve"})
"""The kinds that the office runs against: they warn and are breached."""

RETRY = timedelta(hours=1)
"""When a case is told again that could not be told."""

EXTENSION_REFUSED = "EXTENSION_REFUSED"
"""The BPMN error of an extension that comes too late or a second time."""


_ENDING = sa.update(tables.clocks).where(
    tables.clocks.c.state.in_([sa.literal_column(f"'{state}'") for state in (RUNNING, PAUSED)])
)
_STOP = Statement(
    _ENDING.where(
        tables.clocks.c.case_number == sa.bindparam("of_case"), tables.clocks.c.kind == sa.bindparam("of_kind")
    ).values(state=sa.literal_column(f"'{STOPPED}'"), stopped_at=sa.bindparam("at"), next_event_at=None)
)
_INSERT = Statement(
    sa.insert(tables.clocks).returning(tables.clocks.c.id),
    tuple(column.name for column in tables.clocks.columns if column.name not in ("id", "breached_at", "stopped_at")),
)


@dataclass(frozen=True, slots=True)
class Clock:
    """`due_at` and `due_on` are None while it is paused. `warned` is the last warning given, in per cent.

    `length` and `extended_by` are days, counted in `unit` and `extended_unit` (``calendar`` or ``working``).
    `provisional` says that the due day was counted over a year whose working days are not yet decreed.
    """

    id: int
    case_number: str
    kind: str
    state: str
    started_at: datetime
    length: int
    unit: str
    extended_by: int
    extended_unit: str | None
    pauses: tuple[tuple[date, date | None], ...]
    due_at: datetime | None
    provisional: bool
    warned: int
    breached_at: datetime | None
    stopped_at: datetime | None

    @property
    def due_on(self) -> date | None:
        return None if self.due_at is None else local_day(self.due_at)

    @property
    def due(self) -> datetime:
        """The due moment of a clock that has one. Raises InvalidState while it is paused."""
        if self.due_at is None:
            raise InvalidState("clock", f"{self.kind} of {self.case_number}", "read the due day of", f"is {self.state}")
        return self.due_at

    @property
    def last_day(self) -> str:
        """The due day as an ISO date, for a notice. Raises InvalidState while it is paused."""
        return local_day(self.due).isoformat()

    @property
    def is_watched(self) -> bool:
        return self.kind in WATCHED

    def is_late(self, now: datetime) -> bool:
        """Whether it ran out before it was stopped."""
        return self.due_at is not None and (self.stopped_at or now) > self.due_at

    def term(self) -> Term:
        closed = tuple((first, last) for first, last in self.pauses if last is not None)
        extended_unit = self.extended_unit or "calendar"
        return Term(local_day(self.started_at), self.length, self.unit, self.extended_by, extended_unit, closed)


def start(
    tx: Transaction, case_number: str, kind: str, length: int, unit: str, started_at: datetime | None = None
) -> Clock:
    """Start a clock; one of that kind that runs already is stopped. Raises InvalidVariables for an unknown unit."""
    calendars.check_unit(unit)
    stop(tx, case_number, kind)
    begun = started_at or tx.now
    plan = schedule(Term(local_day(begun), length, unit), decrees.load(tx))
    values: dict[str, Any] = {
        "case_number": case_number,
        "kind": kind,
        "state": RUNNING,
        "started_at": begun,
        "length": length,
        "unit": unit,
        "extended_by": 0,
        "due_at": plan.due_at,
        "provisional": plan.provisional,
        "warned": 0,
    }
    next_event = plan.next_event(0) if kind in WATCHED else None
    clock_id = _INSERT.execute(tx.connection, {"pauses": [], "next_event_at": next_event, **values}).scalar_one()
    return Clock(id=clock_id, extended_unit=None, pauses=(), breached_at=None, stopped_at=None, **values)


def stop(tx: Transaction, case_number: str, kind: str) -> None:
    """What it ran for is done. Stopping a clock that does not run changes nothing."""
    _STOP.execute(tx.connection, {"of_case": case_number, "of_kind": kind, "at": tx.now})


def stop_all(tx: Transaction, case_number: str) -> None:
    """The case is over: none of its clocks runs on."""
    _stop(tx, tables.clocks.c.case_number == case_number)


def pause(tx: Transaction, case_number: str, kind: str) -> None:
    """Someone else has the case from today on. Raises NotFound, or InvalidState where it does not run."""
    clock = get(tx, case_number, kind)
    _check_move(clock, PAUSED, "pause")
    pauses = (*clock.pauses, (local_day(tx.now), None))
    _update(tx, clock, state=PAUSED, pauses=_encode_pauses(pauses), due_at=None, next_event_at=None)


def resume(tx: Transaction, case_number: str, kind: str) -> Clock:
    """The case is back: the days of the pause are added. Raises NotFound, or InvalidState where it is not paused."""
    clock = get(tx, case_number, kind)
    _check_move(clock, RUNNING, "resume")
    calendar = decrees.load(tx)
    first, _ = clock.pauses[-1]
    running = replace(
        clock,
        state=RUNNING,
        pauses=(*clock.pauses[:-1], (first, local_day(tx.now))),
        due_at=schedule(clock.term(), calendar).due_at,  # as it was before, for what was told so
    )
    return _plan_anew(tx, running, calendar)


def extend(tx: Transaction, case_number: str, kind: str, length: int, unit: str) -> Clock:
    """Add days to a clock, once, and on its due day at the latest (Art. 34).

    Raises:
        NotFound: no such clock.
        BpmnError: ``EXTENSION_REFUSED``: it is over, or was extended before.
    """
    calendars.check_unit(unit)
    clock = get(tx, case_number, kind)
    if clock.extended_by:
        before = f"expected a clock not yet extended, but it has {clock.extended_by} days more"
        raise BpmnError(EXTENSION_REFUSED, before)
    if clock.state != RUNNING or clock.due_at is None:
        raise BpmnError(EXTENSION_REFUSED, f"expected a running clock, but it is {clock.state}")
    if clock.is_late(tx.now):
        raise BpmnError(EXTENSION_REFUSED, f"expected a request by {clock.due_on}, but it is {local_day(tx.now)}")
    return _plan_anew(tx, replace(clock, extended_by=length, extended_unit=unit), decrees.load(tx))


def recompute(tx: Transaction, case_number: str) -> tuple[Clock, ...]:
    """Count the case's running clocks out by today's calendar; returns those whose due day or standing changed."""
    calendar = decrees.load(tx)
    before = [clock for clock in of_case(tx, case_number) if clock.state == RUNNING]
    after = [_plan_anew(tx, clock, calendar) for clock in before]
    return tuple(new for old, new in zip(before, after, strict=True) if new != old)


def get(tx: Transaction, case_number: str, kind: str) -> Clock:
    """The last clock of that kind that the case had. Raises NotFound."""
    table = tables.clocks
    query = sa.select(table).where(table.c.case_number == case_number, table.c.kind == kind)
    row = tx.connection.execute(query.order_by(table.c.id.desc()).limit(1)).one_or_none()
    if row is None:
        raise NotFound("clock", f"{kind} of {case_number}")
    return _clock(row)


def of_case(tx: Transaction, case_number: str) -> tuple[Clock, ...]:
    """Every clock the case has or had, in the order they were started."""
    query = sa.select(tables.clocks).where(tables.clocks.c.case_number == case_number).order_by(tables.clocks.c.id)
    return tuple(map(_clock, tx.connection.execute(query)))


def find_breached(tx: Transaction, limit: int = 50, after: int | None = None) -> tuple[Clock, ...]:
    """Clocks that ran out before they were stopped, the last one first; `after` is the id of the last one seen.

    Raises:
        NotPermitted
        NotFound: no clock has the id `after`.
    """
    tx.authorise("list", "breaches")
    table = tables.clocks
    query = sa.select(table).where(table.c.breached_at.is_not(None))
    if after is not None:
        seen = sa.select(table.c.breached_at, table.c.id).where(table.c.id == after)
        last = tx.connection.execute(seen).one_or_none()
        if last is None:
            raise NotFound("clock", after)
        place = (sa.literal(last.breached_at, table.c.breached_at.type), sa.literal(last.id))
        query = query.where(sa.tuple_(table.c.breached_at, table.c.id) < sa.tuple_(*place))
    query = query.order_by(table.c.breached_at.desc(), table.c.id.desc()).limit(limit)
    return tuple(map(_clock, tx.connection.execute(query)))


def count_breached(tx: Transaction) -> int:
    """How many `find_breached` would page through."""
    tx.authorise("list", "breaches")
    return tallies.total(tx, tallies.BREACHED)


def next_due(tx: Transaction) -> datetime | None:
    """When the next clock of any case warns or is breached; None where none will."""
    earliest: datetime | None = tx.connection.scalar(sa.select(sa.func.min(tables.clocks.c.next_event_at)))
    return earliest


def tick(engine: Runtime, now: datetime) -> int:
    """Tell every case whose clock is due to warn or is breached, each in a transaction of its own; how many.

    A clock that missed several warnings, because nothing ran, gives only the last of them. One whose case cannot be
    told is tried again later, and keeps no other waiting.
    """
    due = engine.read(_due(now))
    for clock_id in due:
        try:
            engine.transact(_announce(clock_id))
        except Exception:
            log.exception("The case of clock %s could not be told; it is tried again in %s.", clock_id, RETRY)
            engine.transact(_put_off(clock_id))
    return len(due)


def _put_off(clock_id: int) -> Callable[[Transaction], object]:
    later = sa.update(tables.clocks).where(tables.clocks.c.id == clock_id)
    return lambda tx: tx.connection.execute(later.values(next_event_at=tx.now + RETRY))


def _due(now: datetime) -> Callable[[Transaction], tuple[int, ...]]:
    table = tables.clocks
    query = sa.select(table.c.id).where(table.c.next_event_at <= now).order_by(table.c.next_event_at, table.c.id)
    return lambda tx: tuple(tx.connection.scalars(query))


def _announce(clock_id: int) -> Callable[[Transaction], None]:
    def work(tx: Transaction) -> None:
        this = sa.select(tables.clocks).where(tables.clocks.c.id == clock_id)
        # Whoever pauses, resumes or extends the clock holds its case.
        instances.lock(tx, instances.find(tx, tx.connection.execute(this).one().case_number).id)
        row = tx.connection.execute(this).one()
        if row.next_event_at is None or row.next_event_at > tx.now:
            return
        clock = _clock(row)
        plan = schedule(clock.term(), decrees.load(tx))
        name, variables = _breach(tx, clock, plan) if tx.now >= plan.breach_at else _warn(tx, clock, plan)
        try:
            messages.deliver(tx, name, clock.case_number, variables)
        except NotFound:
            _stop(tx, tables.clocks.c.id == clock.id)

    return work


def _warn(tx: Transaction, clock: Clock, plan: Schedule) -> tuple[str, dict[str, Any]]:
    percent = plan.passed(tx.now)
    _update(tx, clock, warned=percent, next_event_at=plan.next_event(percent))
    return "clock-warning", {"clock": clock.kind, "percent": percent, "due": plan.due_at.isoformat()}


def _breach(tx: Transaction, clock: Clock, plan: Schedule) -> tuple[str, dict[str, Any]]:
    _update(tx, clock, warned=100, breached_at=tx.now, next_event_at=None)
    tallies.add(tx, tallies.BREACHED)
    return "clock-breached", {"clock": clock.kind, "due": plan.due_at.isoformat()}


def _plan_anew(tx: Transaction, clock: Clock, calendar: Calendar) -> Clock:
    """Warnings that the new plan puts off are given again; those it brings forward come at once.

    Whatever in the case was told the old due moment, user tasks and timers, is told the new one.
    """
    plan = schedule(clock.term(), calendar)
    warned = min(clock.warned, plan.passed(tx.now))
    planned = replace(clock, due_at=plan.due_at, provisional=plan.provisional, warned=warned)
    is_open = clock.is_watched and clock.breached_at is None
    _update(
        tx,
        clock,
        state=planned.state,
        pauses=_encode_pauses(planned.pauses),
        extended_by=planned.extended_by,
        extended_unit=planned.extended_unit,
        due_at=planned.due_at,
        provisional=planned.provisional,
        warned=warned,
        next_event_at=plan.next_event(warned) if is_open else None,
    )
    if clock.due_at is not None and clock.due_at != plan.due_at:
        case = instances.find(tx, clock.case_number)
        if case.ended_at is None:
            instances.move_due_date(tx, case.id, clock.due_at, plan.due_at)
    return planned


def _check_move(clock: Clock, to: str, verb: str) -> None:
    if to not in TRANSITIONS[clock.state]:
        raise InvalidState("clock", f"{clock.kind} of {clock.case_number}", verb, f"is {clock.state}")


def _stop(tx: Transaction, which: sa.ColumnElement[bool]) -> None:
    tx.connection.execute(_ENDING.where(which).values(state=STOPPED, stopped_at=tx.now, next_event_at=None))


def _update(tx: Transaction, clock: Clock, **values: Any) -> None:
    tx.connection.execute(sa.update(tables.clocks).where(tables.clocks.c.id == clock.id).values(**values))


def _encode_pauses(pauses: tuple[tuple[date, date | None], ...]) -> list[list[str | None]]:
    return [[first.isoformat(), last.isoformat() if last else None] for first, last in pauses]


def _clock(row: sa.Row[Any]) -> Clock:
    return Clock(
        id=row.id,
        case_number=row.case_number,
        kind=row.kind,
        state=row.state,
        started_at=row.started_at,
        length=row.length,
        unit=row.unit,
        extended_by=row.extended_by,
        extended_unit=row.extended_unit,
        pauses=tuple((date.fromisoformat(a), date.fromisoformat(b) if b else None) for a, b in row.pauses),
        due_at=row.due_at,
        provisional=row.provisional,
        warned=row.warned,
        breached_at=row.breached_at,
        stopped_at=row.stopped_at,
    )
