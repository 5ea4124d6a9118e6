"""What time it is. The only module that asks the machine.

The engine's time is the world's plus an offset that stands in the database, so that every process that works on the
database agrees on it, and a demonstration can go through months in a minute.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from engine import jobs
from engine.actors import SYSTEM, Actor
from engine.errors import InvalidInput, InvalidState
from engine.store.database import Runtime, Transaction
from engine.store.tables import clock_offset

PATIENCE = timedelta(seconds=20)
"""How long a clock that is moved waits for a job that someone else is at."""

_NEVER = threading.Event()
"""Never set."""

MICROSECOND = timedelta(microseconds=1)
FARTHEST = timedelta(days=36_525)
"""A clock may be moved on by a century at once; what is further is a mistake."""


class Clock:
    """The world's time plus `offset`, always aware and in UTC."""

    def __init__(self) -> None:
        self.offset = timedelta(0)
        self.setting = threading.Lock()
        """Held while the offset is read from the database or written to it, so that no old one is taken over."""

    def world(self) -> datetime:
        return datetime.now(UTC)

    def now(self) -> datetime:
        return self.world() + self.offset

    def elapsed(self) -> timedelta:
        """How long it is since some moment that does not change. Goes on evenly, whatever is done to the clock."""
        return timedelta(seconds=time.monotonic())


class FixedClock(Clock):
    """Stands still until it is moved; for tests."""

    def __init__(self, moment: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        super().__init__()
        self.moment = moment

    def world(self) -> datetime:
        return self.moment

    def elapsed(self) -> timedelta:
        return self.moment - datetime.min.replace(tzinfo=UTC)

    def move(self, delta: timedelta) -> None:
        """The world goes on, and the engine was not there to see it: nothing that became due is done."""
        self.moment += delta


def refresh(engine: Runtime) -> None:
    """Take over the offset that another process may have set."""
    with engine.clock.setting:
        engine.clock.offset = engine.read(_offset)


def _offset(tx: Transaction) -> timedelta:
    microseconds = tx.connection.execute(sa.select(clock_offset.c.microseconds)).scalar()
    return (microseconds or 0) * MICROSECOND


def advance(engine: Runtime, delta: timedelta, actor: Actor = SYSTEM) -> datetime:
    """Move the clock on, from one due time to the next, and do at each what is due then. Returns the new time.

    Time does not pass over work: what another thread or process is at is waited for.

    Raises:
        InvalidInput: `delta` leads backwards, or further than a century.
        InvalidState: a job that someone is at does not end; the clock stays where it has come to.
        NotPermitted: `actor` may not move the clock.
    """
    if not timedelta(0) <= delta <= FARTHEST:
        raise InvalidInput(f"Expected to move the clock on by 0 to {FARTHEST.days} days, but was asked for {delta}.")
    engine.read(lambda tx: tx.authorise("move", "clock"), actor)
    target = engine.clock.now() + delta
    _rest(engine)
    while (due := engine.next_due()) is not None and due <= target:
        _set(engine, max(due, engine.clock.now()), actor)
        _rest(engine)
    _set(engine, max(target, engine.clock.now()), actor)
    _rest(engine)
    return engine.clock.now()


def _rest(engine: Runtime) -> None:
    engine.run_to_rest()
    given_up = time.monotonic() + PATIENCE.total_seconds()
    while (job := engine.read(jobs.held)) is not None:
        if time.monotonic() > given_up:
            there = f"{engine.clock.now():%Y-%m-%d %H:%M}"
            why = f"waits for job {job.id} ({job.topic}), held until {job.leased_until:%H:%M:%S} UTC"
            raise InvalidState("clock", there, "move on", why)
        pause(0.02)
        engine.run_to_rest()


def _set(engine: Runtime, moment: datetime, actor: Actor) -> None:
    offset = moment - engine.clock.world()

    def save(tx: Transaction) -> None:
        tx.connection.execute(sa.delete(clock_offset))
        tx.connection.execute(sa.insert(clock_offset).values(id=1, microseconds=offset // MICROSECOND))

    with engine.clock.setting:
        engine.transact(save, actor)
        engine.clock.offset = offset


def pause(seconds: float) -> None:
    """Wait so long, by the machine's own count and not by its clock.

    `time.sleep` does so too, but not where a library gives a process another clock: there it fails if that is set
    meanwhile.
    """
    _NEVER.wait(seconds)
