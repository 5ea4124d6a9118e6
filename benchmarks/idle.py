"""An hour in which nothing is due, with a million timers waiting: what the ticks ask of the database and the processor.

Budget: an idle tick is a look in an index; nothing is loaded.
"""

from __future__ import annotations

import os
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks import diagrams, loading
from benchmarks.figures import Figures
from engine import deployments, instances
from engine.clock import FixedClock
from engine.engine import Engine
from engine.work import runner, ticks
from handlers import HANDLERS
from workflows import office

SECONDS = 3_600
TIMERS = int(os.environ.get("BENCHMARK_LARGE", "1000000"))
PATTERNS = 20
"""Real instances with a timer, of which all others are made."""


def measure(figures: Figures) -> None:
    with tempfile.TemporaryDirectory(prefix="pujiang-bench-") as folder:
        database = waiting(Path(folder) / "idle.db", TIMERS)
        statements, seconds = idle(database, SECONDS)
    figures.add("idle_hour_timers", TIMERS, "timers")
    figures.add("idle_hour_statements", statements, "statements")
    figures.add("idle_hour_cpu_seconds", seconds, "s")


def waiting(database: Path, timers: int) -> Path:
    """A database with that many instances, each with a timer that is due in some days."""
    engine, clock = _open(database), FixedClock()
    engine.transact(lambda tx: deployments.deploy(tx, {"wait.bpmn": diagrams.WAITING}))
    for number in range(PATTERNS):
        key = f"PJ-{clock.world().year}-{number:06}"
        engine.transact(lambda tx, key=key: instances.start(tx, "P", business_key=key))
    engine.stop()
    loading.load(database, timers)
    return database


def idle(database: Path, seconds: int) -> tuple[int, float]:
    """Tick once for each of so many seconds, and look for jobs as often; statements, and seconds of the processor."""
    clock = FixedClock()
    engine = _open(database, clock)
    statements = 0

    def count(_connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
        nonlocal statements
        statements += not sql.startswith("BEGIN")

    sa.event.listen(sa.Engine, "before_cursor_execute", count)
    begun = time.process_time()
    for _ in range(seconds):
        clock.move(timedelta(seconds=1))
        ticks.tick(engine)
        assert runner.run_due(engine) == 0
    spent = time.process_time() - begun
    sa.event.remove(sa.Engine, "before_cursor_execute", count)
    engine.stop()
    return statements, spent


def _open(database: Path, clock: FixedClock | None = None) -> Engine:
    return office.open_engine(f"sqlite:///{database}", HANDLERS, clock=clock or FixedClock())
