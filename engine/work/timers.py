"""Timers: fired in the order in which they are due, each once, each in a transaction of its own.

The earliest is looked for under the lock that it is fired with. So the order holds however many processes fire
timers, and after an outage too.
"""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from engine import history, instances, starts
from engine.core import timing
from engine.core.commands import FireTimer
from engine.errors import InvalidState
from engine.retry import PAUSE
from engine.starts import Start
from engine.store.database import Runtime, Transaction
from engine.store.statements import Statement
from engine.store.tables import start_timers, timers

log = logging.getLogger(__name__)

Key = tuple[int, int]
"""Instance and number of a timer; instance 0 where it starts one."""

_NOW = sa.bindparam("now", type_=timers.c.due.type)
_EARLIEST = Statement(
    sa.select(timers.c.due, timers.c.instance_id, timers.c.id)
    .where(timers.c.due <= _NOW)
    .order_by(timers.c.due, timers.c.instance_id, timers.c.id)
    .limit(1)
)
_EARLIEST_START = Statement(
    sa.select(start_timers.c.due, sa.literal(0), start_timers.c.id)
    .where(start_timers.c.due <= _NOW)
    .order_by(start_timers.c.due, start_timers.c.id)
    .limit(1)
)


def fire_due(engine: Runtime, now: datetime | None = None) -> int:
    """Fire every timer that is due; how many. One that cannot be fired is put off, and keeps no other waiting."""
    now = now or engine.clock.now()
    fired = 0
    while engine.read(partial(_earliest, now)) is not None:
        tried: list[Key] = []
        try:
            fired += engine.transact(partial(_fire_earliest, now, tried))
        except Exception:
            if not tried:
                raise
            log.exception("Timer %s-%s could not be fired; it is tried again in %s.", *tried[-1], PAUSE)
            engine.transact(partial(_put_off, tried[-1], now + PAUSE))
    return fired


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
    rows = [*_EARLIEST.execute(tx.connection, {"now": now}), *_EARLIEST_START.execute(tx.connection, {"now": now})]
    return min(((row[0], (row[1], row[2])) for row in rows), default=(None, None))[1]


def _fire_earliest(now: datetime, tried: list[Key], tx: Transaction) -> int:
    key = _earliest(now, tx)
    if key is None:
        return 0
    tried.append(key)
    if key[0]:
        instances.execute(tx, key[0], FireTimer(key[1]))
    else:
        _start(tx, key[1])
    return 1


def _put_off(key: Key, due: datetime, tx: Transaction) -> None:
    instance_id, timer_id = key
    this = sa.update(start_timers).where(start_timers.c.id == timer_id)
    if instance_id:
        this = sa.update(timers).where(timers.c.instance_id == instance_id, timers.c.id == timer_id)
    tx.connection.execute(this.values(due=due))


def _start(tx: Transaction, start_timer_id: int) -> None:
    """Start a process whose time has come, and set its timer to the next time, counted from this one."""
    row = tx.connection.execute(sa.select(start_timers).where(start_timers.c.id == start_timer_id)).one()
    _set_next(tx, row)
    starts.launch(tx, Start(row.definition_id, row.element_id, row.place), "", {})


def _set_next(tx: Transaction, row: Any) -> None:
    this = start_timers.c.id == row.id
    if row.interval is None or row.repetitions == 0:
        tx.connection.execute(sa.delete(start_timers).where(this))
        return
    left = None if row.repetitions is None else row.repetitions - 1
    due = timing.next_due(row.due, row.interval)
    tx.connection.execute(sa.update(start_timers).where(this).values(due=due, repetitions=left))
