"""Timers: fired in the order in which they are due, each once, each in a transaction of its own.

The earliest is looked for under the lock that it is fired with. So the order holds however many processes fire
timers, and after an outage too.
"""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import sqlalchemy as sa

from engine import history, incidents, instances, retry, starts
from engine.core.commands import FireTimer
from engine.core.model import TimerDefinition
from engine.core.waiting import round_after
from engine.errors import InvalidState, OutcomeUnknown, Unavailable
from engine.failures import message_of, told, trace_of
from engine.starts import Start
from engine.store import locks
from engine.store.database import Runtime, Transaction
from engine.store.statements import Statement
from engine.store.tables import start_timers, timers

log = logging.getLogger(__name__)

LOCK = "timers"
"""Held by whoever fires one, so that two processes keep the order as well."""


class Key(NamedTuple):
    """Instance and number of a timer; instance 0 where it starts one."""

    instance_id: int
    number: int


_NOW = sa.bindparam("now", type_=timers.c.due.type)
_OF_INSTANCES = (
    sa.select(timers.c.due, timers.c.instance_id, timers.c.id)
    .where(timers.c.due <= _NOW)
    .order_by(timers.c.due, timers.c.instance_id, timers.c.id)
    .limit(1)
    .subquery()
)
_OF_STARTS = (
    sa.select(start_timers.c.due, sa.literal_column("0").label("instance_id"), start_timers.c.id)
    .where(start_timers.c.due <= _NOW)
    .order_by(start_timers.c.due, start_timers.c.id)
    .limit(1)
    .subquery()
)
_EARLIEST = Statement(
    sa.union_all(sa.select(_OF_INSTANCES), sa.select(_OF_STARTS)).order_by("due", "instance_id", "id").limit(1)
)


def fire_due(engine: Runtime, now: datetime | None = None) -> int:
    """Fire every timer that is due; how many. One that cannot be fired is tried again, and keeps no other waiting.

    Where another process is at that, it is left to that one.

    Raises:
        Unavailable, OutcomeUnknown: the database is away.
    """
    now = now or engine.clock.now()
    if engine.read(partial(_earliest, now)) is None:
        return 0
    fired = 0
    while True:
        tried: list[Key] = []
        try:
            if engine.transact(partial(_fire_earliest, now, tried)) is None:
                return fired
            fired += 1
        except (Unavailable, OutcomeUnknown):
            # Nothing is wrong with the timer, and nothing else can be done now: the next tick looks what is due then.
            raise
        except Exception as error:
            if not tried:
                raise
            log.exception("Timer %s-%s could not be fired.", tried[-1].instance_id, tried[-1].number)
            engine.transact(partial(_put_off, tried[-1], error))


def next_due(tx: Transaction) -> datetime | None:
    """When the next timer is due."""
    earliest = [tx.connection.execute(sa.select(sa.func.min(table.c.due))).scalar() for table in (timers, start_timers)]
    return min((due for due in earliest if due is not None), default=None)


def fire(tx: Transaction, instance_id: int, timer_id: int) -> None:
    """Fire one timer, due or not.

    Raises:
        InvalidState: it fired or was cancelled before; says when.
    """
    where = (timers.c.instance_id == instance_id, timers.c.id == timer_id)
    if tx.connection.execute(sa.select(timers.c.id).where(*where)).first() is None:
        fate = history.fate_of_wait(tx, instance_id, timer_id)
        raise InvalidState("timer", f"{instance_id}-{timer_id}", "fire", fate)
    instances.execute(tx, instance_id, FireTimer(timer_id))


def _earliest(now: datetime, tx: Transaction) -> Key | None:
    row = _EARLIEST.execute(tx.connection, {"now": now}).first()
    return None if row is None else Key(*tuple(row)[1:])


def _fire_earliest(now: datetime, tried: list[Key], tx: Transaction) -> Key | None:
    key = _earliest(now, tx) if locks.try_alone(tx, LOCK) else None
    if key is None:
        return None
    tried.append(key)
    if key.instance_id:
        instances.execute(tx, key.instance_id, FireTimer(key.number))
    else:
        _start(tx, key.number)
    return key


def _put_off(key: Key, error: Exception, tx: Transaction) -> None:
    """Try again later. After the last attempt a timer of an instance waits for a person; one that starts an instance
    has none to show that, so it is tried again and again, and `starts.failing` tells of it.
    """
    table = timers if key.instance_id else start_timers
    this = _this(key)
    # One that was suspended meanwhile waits for that to end.
    waiting = sa.select(table.c.attempts).where(*this, table.c.due.is_not(None))
    made = tx.connection.execute(waiting.with_for_update()).scalar()
    if made is None:
        return
    follows = retry.next_attempt(None, retry.ATTEMPTS - made, made + 1, tx.now, str(key))
    values: dict[str, Any] = {"attempts": made + 1}
    if isinstance(follows, retry.Retry):
        values["due"] = follows.due
    elif key.instance_id:
        values["due"] = None
        incidents.raise_for_timer(tx, key.instance_id, key.number, told(error), trace_of(error))
    else:
        values["due"] = tx.now + retry.PAUSE
    if not key.instance_id:
        values["last_error"] = message_of(error)
    tx.connection.execute(sa.update(table).where(*this).values(values))


def _this(key: Key) -> tuple[sa.ColumnElement[bool], ...]:
    if key.instance_id:
        return timers.c.instance_id == key.instance_id, timers.c.id == key.number
    return (start_timers.c.id == key.number,)


def _start(tx: Transaction, start_timer_id: int) -> None:
    """Start a process whose time has come, and set its timer to the next time, counted from this one."""
    row = tx.connection.execute(sa.select(start_timers).where(start_timers.c.id == start_timer_id)).one()
    start = Start(row.definition_id, row.element_id, row.place)
    _set_next(tx, row, start)
    if starts.hold(tx, start) and starts.awaiting(tx, start) is not None:
        # It has its own timer for this, which began with it.
        return
    starts.launch(tx, start, "", {})


def _set_next(tx: Transaction, row: Any, start: Start) -> None:
    this = start_timers.c.id == row.id
    definition = tx.library.process(start.definition_id).elements[start.element_id].triggers[start.place]
    assert isinstance(definition, TimerDefinition), "it is open for a time"
    following = None
    if row.interval is not None:
        following = round_after(definition, row.planned, row.interval, row.repetitions, tx.now)
    if following is None:
        tx.connection.execute(sa.delete(start_timers).where(this))
        return
    due, left = following
    again = {"due": due, "planned": due, "repetitions": left, "attempts": 0, "last_error": None}
    tx.connection.execute(sa.update(start_timers).where(this).values(again))
