"""The local executor: threads that run jobs as soon as there are any."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from datetime import timedelta

from engine.jobs import Job
from engine.store.database import Runtime
from engine.work import runner
from engine.work.deliveries import Delivery

log = logging.getLogger(__name__)


class Executor:
    """Threads that sleep until woken. What one of them claims, each may run: a slow job holds up no other.

    A thread whose handler takes longer than it may is given up, and another one takes its place.
    """

    def __init__(self, engine: Runtime, threads: int) -> None:
        self._engine = engine
        self._work = threading.Condition()
        self._claiming = threading.Lock()
        self._claimed: deque[Job | Delivery] = deque()
        self._batch = 2 * threads
        self._pending = False
        self._stopped = False
        self._busy = 0
        self._threads = [self._thread(number) for number in range(threads)]

    def _thread(self, number: int) -> threading.Thread:
        return threading.Thread(target=self._run, name=f"job-{number}", daemon=True)

    def start(self) -> None:
        self._engine.claims.on_given_up = self._replace
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
            if mine or self._stopped or not self._has_work():
                return False
            self._work.wait_for(lambda: self._stopped or not self._has_work())
            return True

    def _has_work(self) -> bool:
        return bool(self._busy or self._pending or self._claimed)

    def drain(self) -> None:
        """Claim nothing more, and begin nothing more."""
        with self._work:
            self._stopped = True
            self._work.notify_all()

    def wait(self, within: timedelta) -> bool:
        """For what is being run; whether all of it ended within that time. What did not is handed back, and so is what
        was claimed and not begun.
        """
        until = time.monotonic() + within.total_seconds()
        for thread in list(self._threads):
            thread.join(max(0.0, until - time.monotonic()))
        self._engine.claims.hand_back()
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        while self._wait():
            try:
                while self._is_needed() and (work := self._next()) is not None:
                    runner.run_claimed(self._engine, work)
            except Exception:
                log.exception("The executor could not run jobs; it goes on at the next tick.")
            finally:
                self._rest()

    def _wait(self) -> bool:
        with self._work:
            self._work.wait_for(lambda: self._pending or self._claimed or not self._is_needed())
            if not self._is_needed():
                return False
            self._busy += 1
            return True

    def _is_needed(self) -> bool:
        return not self._stopped and threading.current_thread() in self._threads

    def _next(self) -> Job | Delivery | None:
        """Of what is claimed; where nothing is left of it, whoever comes first claims more for all."""
        if self._claimed:
            with self._work:
                if self._claimed:
                    return self._claimed.popleft()
        with self._claiming:
            with self._work:
                if self._claimed:
                    return self._claimed.popleft()
                if not self._pending:
                    return None
                self._pending = False
            found = runner.claim_due(self._engine, self._engine.clock.now(), self._batch)
            with self._work:
                self._claimed.extend(found[1:])
                # There may be more than were asked for.
                self._pending = self._pending or len(found) == self._batch
                if len(found) > 1:
                    self._work.notify_all()
            return found[0] if found else None

    def _rest(self) -> None:
        with self._work:
            if threading.current_thread() in self._threads:
                self._busy -= 1
            self._work.notify_all()

    def _replace(self, lost: threading.Thread) -> None:
        """A thread hangs in a handler: another one takes its place."""
        with self._work:
            if lost in self._threads and not self._stopped:
                place = self._threads.index(lost)
                self._threads[place] = self._thread(place)
                self._busy -= 1
                self._threads[place].start()
                self._work.notify_all()
