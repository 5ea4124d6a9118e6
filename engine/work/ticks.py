"""The ticks: once a second the clock is read anew and everything that has become due is done.

A process that leaves what is due to another one polls: it keeps to the clock and looks whether there are jobs.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from apscheduler.job import Job
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from engine import clock
from engine.errors import Unavailable
from engine.store.database import Runtime

log = logging.getLogger(__name__)

SECONDS = 1

R = TypeVar("R", bound=Runtime)


class Ticks:
    """One tick at a time; those that were missed meanwhile are made up for by one."""

    def __init__(self, engine: R, beat: Callable[[R], None]) -> None:
        self._beat = partial(beat, engine)
        self._under_way = threading.Lock()
        self._done_at = time.monotonic()
        self._scheduler = _Scheduler(timezone="UTC", jobstores={"default": _Rounds()})

    @property
    def age(self) -> timedelta:
        """How long ago a tick ended well, or the first was to come."""
        return timedelta(seconds=time.monotonic() - self._done_at)

    def start(self) -> None:
        self._scheduler.add_job(
            self._tick,
            "interval",
            seconds=SECONDS,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        self._scheduler.start()

    def drain(self) -> None:
        """Begin no other tick."""
        self._scheduler.shutdown(wait=False)

    def wait(self, within: timedelta) -> bool:
        """For the tick that is under way; whether it ended within that time."""
        return self._under_way.acquire(timeout=within.total_seconds())

    def _tick(self) -> None:
        with self._under_way:
            try:
                self._beat()
                self._done_at = time.monotonic()
            except Unavailable as away:
                log.warning("A tick could not reach the database; the next one is tried in %s s: %s", SECONDS, away)
            except Exception:
                log.exception("A tick failed; the next one is tried in %s s.", SECONDS)


class _Scheduler(BackgroundScheduler):  # type: ignore[misc]
    """Looks at the clock once a second. It would reckon once how long to wait, and a clock that is set back by an hour
    in that very moment has it wait for an hour.
    """

    def _process_jobs(self) -> float | None:
        wait: float | None = super()._process_jobs()
        return wait if wait is None else min(wait, SECONDS)


class _Rounds(MemoryJobStore):  # type: ignore[misc]
    """Follows a clock that is set back: what is further ahead than a round comes now."""

    def get_due_jobs(self, now: datetime) -> list[Job]:
        for job in self.get_all_jobs():
            if job.next_run_time > now + timedelta(seconds=SECONDS):
                job.modify(next_run_time=now)
        due: list[Job] = super().get_due_jobs(now)
        return due


def poll(engine: Runtime) -> None:
    """Keep to the clock, and wake the executor for jobs that others made, that are retried, or that nobody is at."""
    clock.refresh(engine)
    engine.look()


def tick(engine: Runtime) -> None:
    """Do what is due, but for jobs, which the executor is woken for. One kind of work that fails stops no other."""
    clock.refresh(engine)
    now = engine.clock.now()
    for work in engine.on_ticks:
        try:
            work.run(engine, now)
        except Exception:
            log.exception("%r failed at a tick; it is tried again at the next one.", work.run)
    engine.look()
