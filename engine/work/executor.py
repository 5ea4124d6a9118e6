"""The local executor: threads that run jobs as soon as there are any."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta

from engine.store.database import Runtime
from engine.work import runner

log = logging.getLogger(__name__)

BATCH = 4
"""Jobs that one thread claims at once: few, so that a slow one holds up few others."""


class Executor:
    """Threads that sleep until woken. A thread that finds a full batch wakes another before it runs its own."""

    def __init__(self, engine: Runtime, threads: int) -> None:
        self._engine = engine
        self._work = threading.Condition()
        self._pending = False
        self._stopped = False
        self._busy = 0
        self._threads = [threading.Thread(target=self._run, name=f"job-{n}", daemon=True) for n in range(threads)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()
        self.wake()

    def wake(self) -> None:
        """There may be something to run."""
        with self._work:
            self._pending = True
            # All, for one that settles waits here too; whoever comes second finds nothing pending.
            self._work.notify_all()

    def settle(self) -> bool:
        """Wait until no thread has anything to run; whether that took any waiting."""
        with self._work:
            mine = threading.current_thread() in self._threads
            if mine or self._stopped or not (self._busy or self._pending):
                return False
            self._work.wait_for(lambda: self._stopped or not (self._busy or self._pending))
            return True

    def drain(self) -> None:
        """Claim nothing more."""
        with self._work:
            self._stopped = True
            self._work.notify_all()

    def wait(self, within: timedelta) -> bool:
        """For what is being run; whether all of it ended within that time."""
        until = time.monotonic() + within.total_seconds()
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        while self._wait():
            try:
                while not self._stopped and runner.run_due(self._engine, batch=BATCH, on_claim=self._claimed):
                    pass
            except Exception:
                log.exception("The executor could not run jobs; it goes on at the next tick.")
            finally:
                self._rest()

    def _wait(self) -> bool:
        with self._work:
            self._work.wait_for(lambda: self._pending or self._stopped)
            self._pending = False
            self._busy += 1
            return not self._stopped

    def _rest(self) -> None:
        with self._work:
            self._busy -= 1
            self._work.notify_all()

    def _claimed(self, count: int) -> None:
        if count == BATCH:
            self.wake()
