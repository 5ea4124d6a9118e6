"""What this process has claimed: its leases are renewed while it is being worked on, and its time limits kept.

A handler that hangs cannot be stopped. Once its time is over, the attempt counts as failed, its thread is given up,
and whatever it may bring in the end is refused.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from engine import leases
from engine.errors import EngineError, InvalidState, OutcomeUnknown, Unavailable
from engine.failures import Overdue
from engine.jobs import Job, fail
from engine.leases import LEASE
from engine.store.database import Runtime
from engine.work.deliveries import Delivery

log = logging.getLogger(__name__)

BEAT = LEASE / 4
"""How often leases are renewed: twice may fail before one runs out."""

TIME_LIMIT = timedelta(minutes=15)
"""How long an attempt may take where neither the diagram nor the engine says otherwise."""


@dataclass(slots=True)
class _Held:
    """A claim. `until` is when its attempt has to be over, None while nobody has begun it; `thread` who is at it."""

    work: Job | Delivery
    renewed: timedelta
    until: timedelta | None = None
    thread: threading.Thread | None = None


class Claims:
    """Safe to share among threads. A thread of its own beats while anything is held, and ends soon after."""

    def __init__(self, engine: Runtime, time_limit: timedelta = TIME_LIMIT) -> None:
        self.on_given_up: Callable[[threading.Thread], None] = _nobody
        self._engine = engine
        self._time_limit = time_limit
        self._held: dict[tuple[int, str], _Held] = {}
        self._changed = threading.Condition()
        self._beating: threading.Thread | None = None

    def hold(self, claimed: Sequence[Job | Delivery]) -> None:
        """These have just been claimed."""
        now = self._engine.clock.elapsed()
        with self._changed:
            self._held.update({(work.row_id, work.owner): _Held(work, now) for work in claimed})
            if self._beating is None and self._held:
                self._beating = threading.Thread(target=self._beat_on, name="leases", daemon=True)
                self._beating.start()

    def begin(self, work: Job | Delivery) -> bool:
        """This thread begins with it; False where it was lost meanwhile."""
        with self._changed:
            held = self._held.get((work.row_id, work.owner))
            if held is None:
                return False
            limit = self._limit_of(work)
            held.until = self._engine.clock.elapsed() + limit
            held.thread = threading.current_thread()
            if limit < BEAT:
                self._changed.notify_all()
            return True

    def _limit_of(self, work: Job | Delivery) -> timedelta:
        return (work.time_limit if isinstance(work, Job) else None) or self._time_limit

    def end(self, work: Job | Delivery) -> bool:
        """This thread has a result, which may be written; False where it has been given up."""
        with self._changed:
            return self._held.pop((work.row_id, work.owner), None) is not None

    def hand_back(self) -> None:
        """Let others have at once what is not ended. What its threads may still bring is refused."""
        with self._changed:
            kept = [held.work for held in self._held.values()]
            self._held.clear()
            self._changed.notify_all()
        if not kept:
            return
        try:
            self._engine.transact(lambda tx: leases.release(tx, kept))
        except EngineError as error:
            log.warning("What is not ended could not be handed back; others have it when its lease is over: %s", error)

    def beat(self) -> None:
        """Give up what takes too long, and renew what is due for it."""
        now = self._engine.clock.elapsed()
        with self._changed:
            late = [held for held in self._held.values() if held.until is not None and held.until <= now]
            for held in late:
                del self._held[held.work.row_id, held.work.owner]
            old = [held for held in self._held.values() if held.renewed + BEAT <= now]
        for held in late:
            self._give_up(held)
        if old:
            self._renew(old, now)

    def _renew(self, old: Sequence[_Held], now: timedelta) -> None:
        lost = self._engine.transact(lambda tx: leases.renew(tx, [held.work for held in old]))
        with self._changed:
            for held in old:
                held.renewed = now
                # What is under way goes on: its result is taken in where it is the first.
                if held.work in lost and held.thread is None:
                    self._held.pop((held.work.row_id, held.work.owner), None)

    def _give_up(self, held: _Held) -> None:
        work = held.work
        if isinstance(work, Job):
            error = Overdue(f"Expected the handler of '{work.topic}' to end within {self._limit_of(work)}.")
            log.warning("Job %s (%s) was given up in attempt %s: it takes too long.", work.id, work.topic, work.attempt)
            try:
                self._engine.transact(lambda tx: fail(tx, work, error))
            except InvalidState as late:
                log.info("Nothing waits for job %s (%s) any more: %s", work.id, work.topic, late)
            except (Unavailable, OutcomeUnknown) as away:
                log.warning("That job %s was given up may not be kept; its lease runs out then: %s", work.id, away)
        if held.thread is not None:
            self.on_given_up(held.thread)

    def _beat_on(self) -> None:
        while self._wait():
            try:
                self.beat()
            except Exception:
                log.exception("Leases could not be renewed; that is tried again in a moment.")

    def _wait(self) -> bool:
        """Until something is due; False where nothing is held any more."""
        with self._changed:
            self._changed.wait(self._pause())
            if not self._held:
                self._beating = None
            return bool(self._held)

    def _pause(self) -> float:
        now = self._engine.clock.elapsed()
        ends = [held.until - now for held in self._held.values() if held.until is not None]
        return max(0.05, min([BEAT, *ends]).total_seconds())


def _nobody(_thread: threading.Thread) -> None:
    return None
