"""Hands jobs and deliveries to a broker, whose workers run them. Their rows stay the truth.

Handing a row out lends it to the broker, and a message then carries the row's id. The worker that gets the message
takes the row over, from the broker and nobody else: of a message that comes twice the second finds nothing. A message,
broker or worker that is lost leaves a lease that runs out, and the row is handed out again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from engine import leases
from engine.jobs import Job
from engine.leases import Lent
from engine.store.database import Runtime, Transaction
from engine.work import runner
from engine.work.deliveries import Delivery

log = logging.getLogger(__name__)

PAGE = 200
"""Rows handed out in one transaction, and at most handed out anew at one tick."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds without a try after the broker could not be reached; each further failure doubles them."""

Publish = Callable[[Lent], None]
"""Sends one message, or raises within a few seconds."""


def hand_out(engine: Runtime, publish: Publish) -> int:
    """Hand out up to a page of what is due; how many that were.

    Raises:
        Exception: whatever `publish` raised. What it did not take can be handed out again at once.
    """
    now = engine.clock.now()
    return _publish(engine, publish, lambda tx: leases.lend(tx, now, PAGE))


def hand_out_anew(engine: Runtime, publish: Publish) -> int:
    """As `hand_out`, of what was handed out or claimed before and nobody has seen to in time."""
    return _publish(engine, publish, lambda tx: leases.lend_anew(tx, PAGE))


def _publish(engine: Runtime, publish: Publish, lend: Callable[[Transaction], list[Lent]]) -> int:
    now = engine.clock.now()
    if not engine.read(lambda tx: leases.is_due(tx, now)):
        return 0
    lent = engine.transact(lend)
    for place, each in enumerate(lent):
        try:
            publish(each)
        except BaseException:
            engine.transact(partial(leases.take_back, lent=lent[place:]))
            raise
    return len(lent)


def run_handed(engine: Runtime, row_id: int) -> bool:
    """Run what a message tells of, as anyone runs jobs; False where the broker has it no more."""
    work = engine.transact(partial(_take_over, row_id=row_id))
    if work is None:
        return False
    engine.claims.hold([work])
    runner.run_claimed(engine, work)
    return True


def _take_over(tx: Transaction, row_id: int) -> Job | Delivery | None:
    taken = leases.take_over(tx, row_id)
    if taken is None:
        return None
    owner, row = taken
    return runner.read(tx, row, owner)


class HandOut:
    """A thread that hands out as soon as there is something; where others have threads that run jobs.

    Whoever calls `wake` is not held up, whatever the broker does.
    """

    def __init__(self, engine: Runtime, publish: Publish) -> None:
        self._engine, self._publish = engine, publish
        self._work = threading.Condition()
        self._pending = self._busy = self._sweeps = self._stopped = False
        self._pause = FIRST_PAUSE
        self._thread = threading.Thread(target=self._run, name="handing-out", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self.wake()

    def wake(self) -> None:
        """There may be something to hand out."""
        with self._work:
            self._pending = True
            self._work.notify_all()

    def sweep(self) -> None:
        """Once more what was handed out and nobody has seen to in time."""
        self._sweeps = True
        self.wake()

    def settle(self) -> bool:
        """Wait until nothing is being handed out; whether that took any waiting."""
        with self._work:
            if self._stopped or not self._busy:
                return False
            self._work.wait_for(lambda: self._stopped or not self._busy)
            return True

    def drain(self) -> None:
        """Hand out nothing more."""
        with self._work:
            self._stopped = True
            self._work.notify_all()

    def wait(self, within: timedelta) -> bool:
        """Wait for what is being handed out; whether it was within that time."""
        self._thread.join(within.total_seconds())
        return not self._thread.is_alive()

    def _run(self) -> None:
        while self._wait():
            try:
                self._hand_out()
            except Exception as error:
                self._rest_after(error)
            else:
                self._pause = FIRST_PAUSE
                self._rest()

    def _hand_out(self) -> None:
        if self._sweeps:
            self._sweeps = False
            hand_out_anew(self._engine, self._publish)
        while not self._stopped and hand_out(self._engine, self._publish) == PAGE:
            pass

    def _wait(self) -> bool:
        with self._work:
            self._work.wait_for(lambda: self._pending or self._stopped)
            self._pending, self._busy = False, True
            return not self._stopped

    def _rest(self) -> None:
        with self._work:
            self._busy = False
            self._work.notify_all()

    def _rest_after(self, error: Exception) -> None:
        log.warning("Jobs could not be handed to the broker; they are in %s s: %s", self._pause, error)
        self._rest()
        with self._work:
            self._work.wait_for(lambda: self._stopped, self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self.wake()
