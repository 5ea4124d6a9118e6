"""How a process is told to stop: by SIGTERM, as service managers do, or SIGINT, as Ctrl+C does."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """The wish to stop, and the time that is left then. To be made in the main thread; a second signal ends the process
    at once.
    """

    def __init__(self, within: timedelta) -> None:
        """
        Args:
            within: what everything that is under way has to end in, all of it together.
        """
        self._within = within.total_seconds()
        self._until: float | None = None
        # A pipe, for a signal's handler runs between any two steps of the main thread and may take no lock.
        self._told, self._tell = os.pipe()
        for number in SIGNALS:
            signal.signal(number, self._handle)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        os.write(self._tell, b".")

    def now(self) -> None:
        """As a signal would. From any thread."""
        os.write(self._tell, b".")

    def wait(self) -> None:
        """Until the first signal."""
        os.read(self._told, 1)
        self._until = time.monotonic() + self._within

    @property
    def left(self) -> timedelta:
        """How long what is under way may still take: all of the time before the first signal."""
        left = self._within if self._until is None else self._until - time.monotonic()
        return timedelta(seconds=max(0.0, left))
