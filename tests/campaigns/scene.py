"""Where a campaign plays: a database, a folder for what its processes write down, and a clock that they share.

The clock goes faster than the world's and can be made to jump, for every process at once.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from engine.clock import Clock

_NEVER = Event()


def pause(seconds: float) -> None:
    """Let others work for so long."""
    _NEVER.wait(seconds)


def until(deadline: float) -> Iterator[None]:
    """Turns of a loop that waits for something, up to so many seconds."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        yield
        pause(0.02)


class SharedClock(Clock):
    """The time that a file gives: seconds of the real world since its first figure, times its second, plus its third.

    It stands for the machine's own clock, which an administrator or a bad time server may set.
    """

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def world(self) -> datetime:
        began, speed, shift = map(float, self._file.read_text("ascii").split())
        return datetime.fromtimestamp(began + (time.time() - began) * speed + shift, UTC)


@dataclass(frozen=True)
class Scene:
    """`url` is the database's; `speed` how many seconds pass in one of the real world's; `running` how many cases are
    kept running, few enough for clients to get in each other's way; `longest` how many seconds anything is away.
    """

    url: str
    folder: Path
    seed: int = 0
    speed: float = 20.0
    running: int = 40
    longest: float = 30.0

    @property
    def effects(self) -> Path:
        """Where handlers write down that they ran."""
        return self.folder / "effects"

    @property
    def stop(self) -> Path:
        """Whoever starts new work stops when this is there."""
        return self.folder / "stop"

    @property
    def deaf(self) -> Path:
        """Who still listened when everything that had been called out was delivered."""
        return self.folder / "deaf"

    @property
    def clock(self) -> SharedClock:
        file = self.folder / "clock"
        if not file.exists():
            self._write_clock(time.time(), 0)
        return SharedClock(file)

    def jump(self, delta: timedelta) -> None:
        """Set the clock of every process on or back."""
        began, _, shift = map(float, (self.folder / "clock").read_text("ascii").split())
        self._write_clock(began, shift + delta.total_seconds())

    def _write_clock(self, began: float, shift: float) -> None:
        file = self.folder / "clock"
        fresh = file.with_suffix(".new")
        fresh.write_text(f"{began} {self.speed} {shift}", "ascii")
        fresh.replace(file)

    def ledger(self, name: str) -> Path:
        """Where a client of that name keeps what it was told."""
        return self.folder / f"ledger-{name}"

    def ledgers(self) -> list[Path]:
        return sorted(self.folder.glob("ledger-*"))

    def log_here(self, name: str) -> None:
        """Have this process write what it logs to a file of the folder."""
        logging.basicConfig(filename=self.folder / f"log-{name}", level=logging.WARNING, force=True)

    def logged(self) -> int:
        """Errors that were logged with where they came from."""
        return sum(file.read_text("utf-8").count("\nTraceback (most") for file in self.folder.glob("log-*"))

    def chance(self, who: object) -> random.Random:
        """Random numbers of one process's own, the same for the same seed."""
        return random.Random(f"{self.seed} {who}")
