"""How a process is told to stop: by SIGTERM, as service managers do, or SIGINT, as Ctrl+C does."""

from __future__ import annotations

import os
import signal
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """The wish to stop. To be made in the main thread; a second signal ends the process at once."""

    def __init__(self) -> None:
        # A pipe, for a signal's handler runs between any two steps of the main thread and may take no lock.
        self._told, self._tell = os.pipe()
        for number in SIGNALS:
            signal.signal(number, self._handle)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        os.write(self._tell, b".")

    def wait(self) -> None:
        """Until the first signal."""
        os.read(self._told, 1)
