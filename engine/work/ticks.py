"""The ticks: once a second the clock is read anew and everything that has become due is done.

A process that leaves what is due to another one polls: it keeps to the clock and looks whether there are jobs.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TypeVar

from engine import clock
from engine.store.database import Runtime

log = logging.getLogger(__name__)

SECONDS = 1

R = TypeVar("R", bound=Runtime)


class Ticks:
    """One tick at a time; those that were missed meanwhile are made up for by one.

    What lies between them is counted by a clock that nobody sets: a machine whose time is set back goes on ticking.
    """

    def __init__(self, engine: R, beat: Callable[[R], None]) -> None:
        self._beat = partial(beat, engine)
        self._stopped = threading.Event()
        self._done_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="ticks", daemon=True)

    @property
    def age(self) -> timedelta:
        """How long ago a tick ended well, or the first was to come."""
        return timedelta(seconds=time.monotonic() - self._done_at)

    def start(self) -> None:
        self._thread.start()

    def drain(self) -> None:
        """Begin no other tick."""
        self._stopped.set()

    def wait(self, within: timedelta) -> bool:
        """For the tick that is under way; whether it ended within that time."""
        self._thread.join(within.total_seconds())
        return not self._thread.is_alive()

    def _run(self) -> None:
        began = time.monotonic()
        while not self._stopped.wait(max(0, began + SECONDS - time.monotonic())):
            began = time.monotonic()
            self._tick()

    def _tick(self) -> None:
        try:
            self._beat()
            self._done_at = time.monotonic()
        except Exception:
            log.exception("A tick failed; the next one is tried in %s s.", SECONDS)


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
