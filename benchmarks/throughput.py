"""User tasks completed for good in a second, by 1, 2, 4 and 8 clients at once, and by 8 in two processes.

A client is a thread that completes one user task after the other, each of an instance of its own. SQLite has one write
at a time; PostgreSQL has as many as there are clients.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import servers, step
from benchmarks.figures import Figures
from engine.engine import Engine

CLIENTS = (1, 2, 4, 8)
STEPS = 400
"""Of each measurement, shared by its clients."""

PATIENCE = 300
"""Seconds that a process may take."""


def measure(figures: Figures) -> None:
    with tempfile.TemporaryDirectory(prefix="pujiang-bench-") as folder:
        report(figures, "sqlite", f"sqlite:///{Path(folder) / 'engine.db'}", STEPS)
    with servers.durable() as server:
        report(figures, "postgresql", server.empty(), STEPS)


def report(figures: Figures, database: str, url: str, steps: int) -> None:
    engine, ids = step.waiting(url, steps * (len(CLIENTS) + 1))
    engine.stop()
    shares = [ids[begin : begin + steps] for begin in range(0, len(ids), steps)]
    for clients, share in zip(CLIENTS, shares, strict=False):
        figures.add(f"steps_per_second_{database}_{clients}", per_second(url, share, 1, clients), "steps/s")
    figures.add(f"steps_per_second_{database}_8_in_2", per_second(url, shares[-1], 2, 4), "steps/s")


def per_second(url: str, ids: Sequence[str], processes: int, clients: int) -> float:
    """The rate of that many processes with that many clients each, from the first step begun to the last one done."""
    context = multiprocessing.get_context("spawn")
    ready, spans = context.Barrier(processes), context.Queue()
    started = [
        context.Process(target=_work, args=(url, ids[number::processes], clients, ready, spans))
        for number in range(processes)
    ]
    for process in started:
        process.start()
    measured = [spans.get(timeout=PATIENCE) for _ in started]
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0] * processes
    begun, done = min(span[0] for span in measured), max(span[1] for span in measured)
    return (len(ids) - processes) / float(done - begun)


def _work(url: str, ids: Sequence[str], clients: int, ready: Any, spans: Any) -> None:
    """One process. Its clocks are comparable with the other's: both count from when the machine started."""
    engine = Engine(url)
    step.complete(engine, ids[0])  # warms what is cached
    rest = ids[1:]
    failed: list[BaseException] = []
    threads = [
        threading.Thread(target=_complete, args=(engine, rest[number::clients], failed)) for number in range(clients)
    ]
    ready.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    spans.put((begun, time.perf_counter()))
    engine.stop()


def _complete(engine: Engine, ids: Sequence[str], failed: list[BaseException]) -> None:
    try:
        for user_task_id in ids:
            step.complete(engine, user_task_id)
    except BaseException as error:  # a thread's own end would not be seen
        failed.append(error)
