"""What a worker whose jobs run in processes of their own tells the process that is asked how it does.

The two part before either has a thread or a connection. For a fork copies whatever is held at that moment: locks
between threads, and what SQLite knows of the locks that its process has on a file.
"""

from __future__ import annotations

import json
import os
import select
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from engine.observing import Committed, JobRun, Observation
from web.health import LATE


@dataclass(frozen=True, slots=True)
class Taking:
    """Whether messages of the broker are taken now. Said once a second while they are."""

    now: bool


News = Observation | Taking
Tell = Callable[[News], None]


class Line:
    """A pipe from any number of processes to one; each news is there as a whole or not at all, whoever is killed."""

    def __init__(self) -> None:
        self._ear, self._mouth = os.pipe()
        os.set_blocking(self._mouth, False)

    def tell(self, news: News) -> None:
        """Waits for nobody: what finds no room, or nobody who hears it, is lost."""
        line = _encoded(news)
        if len(line) <= select.PIPE_BUF:
            with suppress(OSError):
                os.write(self._mouth, line)

    def only_tell(self) -> None:
        os.close(self._ear)

    def only_hear(self) -> None:
        os.close(self._mouth)

    def hear(self) -> Iterator[News]:
        """Until everybody who could tell anything has gone."""
        with os.fdopen(self._ear, "rb") as lines:
            yield from map(_decoded, lines)


def _encoded(news: News) -> bytes:
    match news:
        case Committed(commands, seconds):
            told: tuple[object, ...] = ("committed", Counter(commands), seconds)
        case JobRun(topic, outcome, seconds):
            told = ("job run", topic, outcome, seconds)
        case Taking(now):
            told = ("taking", now)
    return json.dumps(told).encode() + b"\n"


def _decoded(line: bytes) -> News:
    match json.loads(line):
        case ["committed", commands, seconds]:
            return Committed(tuple(Counter(commands).elements()), seconds)
        case ["job run", topic, outcome, seconds]:
            return JobRun(topic, outcome, seconds)
        case ["taking", now]:
            return Taking(now)
    raise ValueError(f"Expected news of a worker, but heard {line!r}.")


def stopping_without(watcher: int, tell: Tell) -> Tell:
    """Tells, and has this process stop once the one that watches it has gone: whoever starts it again starts both."""

    def told(news: News) -> None:
        tell(news)
        if isinstance(news, Taking) and os.getppid() != watcher:
            os.kill(os.getpid(), signal.SIGTERM)

    return told


class Watch:
    """Hears a line to its end, in a thread of its own."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._taking_at: float | None = None

    def start(self, observed: Callable[[Observation], None]) -> None:
        """Have `observed` told what the engines of the other processes tell theirs."""
        threading.Thread(target=self._hear, args=[observed], name="watch", daemon=True).start()

    def problems(self) -> Iterator[str]:
        """Why no job is run, where none is."""
        if self._taking_at is None:
            yield "no messages are taken from the broker"
        elif (silent := time.monotonic() - self._taking_at) > LATE.total_seconds():
            yield f"the worker was last heard of {silent:.0f} s ago"

    def _hear(self, observed: Callable[[Observation], None]) -> None:
        for news in self._line.hear():
            if isinstance(news, Taking):
                self._taking_at = time.monotonic() if news.now else None
            else:
                observed(news)


class Child:
    """A process that was forked. Only `end` takes it off the system's list, so that its number stays its own."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._code: int | None = None

    def on_end(self, do: Callable[[], None]) -> None:
        """Have something done when it ends by itself, in a thread."""

        def wait() -> None:
            try:
                os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOWAIT)
            except ChildProcessError:
                return  # it was told to end, and `end` was faster
            do()

        threading.Thread(target=wait, name="child", daemon=True).start()

    def end(self) -> int:
        """Tell it to stop, and wait for it; its exit code, as a shell says it."""
        if self._code is None:
            os.kill(self._pid, signal.SIGTERM)
            code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
            self._code = code if code >= 0 else 128 - code
        return self._code
