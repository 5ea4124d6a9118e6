"""A user task completed for good, with three automatic elements behind it, on SQLite and on PostgreSQL, both with every
commit on the disk.

Beside it, in turns and on the same disk: the very same rows written bare through the driver, SpiffWorkflow on the
same diagram with its JSON in one row, and, on PostgreSQL, a DBOS workflow of one step. Budget: at most 8 statements,
1 commit, and on SQLite 3 times bare.
"""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from benchmarks import diagrams, servers
from benchmarks.bare import PostgresqlRows, Recorder, SqliteRows
from benchmarks.durable import Dbos, NotThere
from benchmarks.figures import Figures
from benchmarks.spiff import Spiff
from engine import deployments, instances, user_tasks
from engine.engine import Engine
from engine.store.database import Transaction
from tests.databases import Server

STEPS = 600
BATCH = 20

Step = Callable[[int], object]


def measure(figures: Figures) -> None:
    with tempfile.TemporaryDirectory(prefix="pujiang-bench-") as folder:
        on_sqlite(figures, Path(folder), STEPS)
    with servers.durable() as server:
        on_postgresql(figures, server, STEPS)


def on_sqlite(figures: Figures, folder: Path, steps: int) -> None:
    database = folder / "engine.db"
    engine, ids = waiting(f"sqlite:///{database}", steps * 2)
    # One copy has its statements recorded, so that the same rows can be written bare into another copy.
    for name in ("recorded.db", "bare.db"):
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(folder / name)) as copy:
            source.backup(copy)
    recorder = record(f"sqlite:///{folder / 'recorded.db'}", ids[:steps])
    with ExitStack() as open_ones:
        bare = open_ones.enter_context(closing(SqliteRows(folder / "bare.db")))
        spiff = Spiff(open_ones.enter_context(closing(SqliteRows(folder / "spiff.db"))), steps)
        sides: dict[str, Step] = {
            "engine": lambda number: complete(engine, ids[steps + number]),
            "bare": lambda number: bare.write(recorder.steps[number]),
            "spiff": spiff.step,
        }
        times = in_turns(sides, steps)
    engine.stop()
    _report(figures, "step", recorder, times)


def on_postgresql(figures: Figures, server: Server, steps: int) -> None:
    url = server.empty()
    engine, ids = waiting(url, steps * 2)
    engine.stop()  # a database that is copied may have nobody connected
    recorded, bare_url = server.copy(url), server.copy(url)
    recorder = record(recorded, ids[:steps])
    with ExitStack() as open_ones:
        bare = open_ones.enter_context(closing(PostgresqlRows(bare_url)))
        spiff = Spiff(open_ones.enter_context(closing(PostgresqlRows(server.empty()))), steps)
        sides: dict[str, Step] = {
            "engine": lambda number: complete(engine, ids[steps + number]),
            "bare": lambda number: bare.write(recorder.steps[number]),
            "spiff": spiff.step,
        }
        try:
            sides["dbos"] = open_ones.enter_context(closing(Dbos(server.empty()))).step
        except NotThere as reason:
            print(f"# postgresql_step_vs_dbos was not measured: {reason}")
        times = in_turns(sides, steps)
    engine.stop()
    _report(figures, "postgresql_step", recorder, times)


def waiting(url: str, steps: int) -> tuple[Engine, list[str]]:
    """An engine with that many user tasks to complete, and their ids; it has completed one more, to be warm."""
    engine = Engine(url)
    engine.upgrade()
    engine.transact(lambda tx: deployments.deploy(tx, {"step.bpmn": diagrams.STEP}))
    for begin in range(0, steps + 1, BATCH):
        engine.transact(partial(_start, range(begin, min(begin + BATCH, steps + 1))))
    ids: list[str] = []
    while len(ids) <= steps:
        query = user_tasks.UserTaskQuery(limit=user_tasks.MAX_LIMIT, after=ids[-1] if ids else None)
        ids += [task.id for task in engine.read(lambda tx, query=query: user_tasks.find(tx, query))]
    complete(engine, ids[0])
    return engine, ids[1:]


def _start(numbers: range, tx: Transaction) -> None:
    for number in numbers:
        instances.start(tx, "P", business_key=str(number), variables={"n": 0})


def complete(engine: Engine, user_task_id: str) -> None:
    engine.transact(lambda tx: user_tasks.complete(tx, user_task_id, {"verdict": "yes"}))


def record(url: str, ids: list[str]) -> Recorder:
    """What completing these says to the database."""
    engine = Engine(url)
    engine.read(lambda tx: deployments.model(tx, "P:1"))
    recorder = Recorder()
    recorder.listen()
    for user_task_id in ids:
        recorder.steps.append([])
        complete(engine, user_task_id)
    recorder.ignore()
    engine.stop()
    return recorder


def in_turns(sides: Mapping[str, Step], steps: int) -> dict[str, list[float]]:
    """Seconds of each step of each side; a batch of one side's, then of the next one's."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for begin in range(0, steps, BATCH):
        for name, step in sides.items():
            for number in range(begin, min(begin + BATCH, steps)):
                begun = time.perf_counter()
                step(number)
                times[name].append(time.perf_counter() - begun)
    return times


def _report(figures: Figures, name: str, recorder: Recorder, times: Mapping[str, list[float]]) -> None:
    medians = {side: statistics.median(seconds) for side, seconds in times.items()}
    late = {side: statistics.quantiles(seconds, n=100)[-1] for side, seconds in times.items()}
    figures.add(f"{name}_statements", max(len(step) for step in recorder.steps), "statements")
    figures.add(f"{name}_commits", recorder.commits / len(recorder.steps), "commits")
    figures.add(f"{name}_ms", medians["engine"] * 1000, "ms")
    figures.add(f"{name}_p99_ms", late["engine"] * 1000, "ms")
    for side in [side for side in times if side != "engine"]:
        figures.add(f"{name}_{side}_ms", medians[side] * 1000, "ms")
        figures.add(f"{name}_{side}_p99_ms", late[side] * 1000, "ms")
        figures.add(f"{name}_vs_{side}", medians["engine"] / medians[side], "times")
