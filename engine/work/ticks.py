"""The ticks: once a second the clock is read anew and everything that has become due is done."""

from __future__ import annotations

import logging

from apscheduler.schedulers.background import BackgroundScheduler

from engine import clock
from engine.store.database import Runtime

log = logging.getLogger(__name__)

SECONDS = 1


class Ticks:
    """One tick at a time; those that were missed meanwhile are made up for by one."""

    def __init__(self, engine: Runtime) -> None:
        self._engine = engine
        self._scheduler = BackgroundScheduler(timezone="UTC")

    def start(self) -> None:
        self._scheduler.add_job(
            tick,
            "interval",
            args=[self._engine],
            seconds=SECONDS,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        self._scheduler.start()

    def stop(self) -> None:
        """Wait for the tick that is under way."""
        self._scheduler.shutdown(wait=True)


def tick(engine: Runtime) -> None:
    """Do what is due, but for jobs, which the executor is woken for. One kind of work that fails stops no other."""
    clock.refresh(engine)
    now = engine.clock.now()
    for work in engine.on_ticks:
        try:
            work.run(engine, now)
        except Exception:
            log.exception("%r failed at a tick; it is tried again at the next one.", work.run)
    engine.wake()
