"""A user task completed for good, with three automatic elements behind it, on SQLite with synchronous=FULL.

Beside it, in turns and on the same disk: the very same rows written bare through sqlite3, and SpiffWorkflow on the
same diagram with its JSON in one row. Budget: at most 8 statements, 1 commit, 3 times bare.
"""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from benchmarks import diagrams
from benchmarks.figures import Figures
from engine import deployments, instances, user_tasks
from engine.engine import Engine

STEPS = 240
BATCH = 20


@dataclass
class Recorder:
    """The statements that the database was given, a list for each step."""

    steps: list[list[tuple[str, Any, bool]]] = field(default_factory=list)
    commits: int = 0

    def listen(self) -> None:
        sa.event.listen(sa.Engine, "before_cursor_execute", self._statement)
        sa.event.listen(sa.Engine, "commit", self._commit)

    def ignore(self) -> None:
        sa.event.remove(sa.Engine, "before_cursor_execute", self._statement)
        sa.event.remove(sa.Engine, "commit", self._commit)

    def _statement(self, _c: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, many: bool) -> None:
        if not sql.startswith("BEGIN"):
            self.steps[-1].append((sql, parameters, many))

    def _commit(self, _connection: Any) -> None:
        self.commits += 1


def measure(figures: Figures) -> None:
    with tempfile.TemporaryDirectory(prefix="pujiang-bench-") as folder:
        _measure(figures, Path(folder))


def _measure(figures: Figures, folder: Path) -> None:
    engine = Engine(f"sqlite:///{folder / 'engine.db'}")
    engine.upgrade()
    engine.transact(lambda tx: deployments.deploy(tx, {"step.bpmn": diagrams.STEP}))
    for number in range(STEPS * 2 + 1):
        engine.transact(lambda tx, n=number: instances.start(tx, "P", business_key=str(n), variables={"n": 0}))
    query = user_tasks.UserTaskQuery(limit=STEPS * 2 + 1)
    first, *ids = [task.id for task in engine.read(lambda tx: user_tasks.find(tx, query))]
    recorded, timed = ids[:STEPS], ids[STEPS:]
    _complete(engine, first)  # warms what is cached, as in a server that has been running
    # One copy has its statements recorded, so that the same rows can be written bare into another copy.
    with sqlite3.connect(folder / "engine.db") as source:
        for name in ("recorded.db", "bare.db"):
            with sqlite3.connect(folder / name) as copy:
                source.backup(copy)
    recorder = _record(folder / "recorded.db", recorded)
    spiff = Spiff(folder / "spiff.db")
    bare = _connect(folder / "bare.db")
    times: dict[str, list[float]] = {"engine": [], "bare": [], "spiff": []}
    for begin in range(0, STEPS, BATCH):
        for number in range(begin, begin + BATCH):
            times["engine"].append(_timed(lambda n=number: _complete(engine, timed[n])))
        for number in range(begin, begin + BATCH):
            times["bare"].append(_timed(lambda n=number: _write(bare, recorder.steps[n])))
        for number in range(begin, begin + BATCH):
            times["spiff"].append(_timed(lambda n=number: spiff.step(n)))
    engine.stop()
    _report(figures, recorder, {name: statistics.median(values) for name, values in times.items()})


def _report(figures: Figures, recorder: Recorder, medians: dict[str, float]) -> None:
    figures.add("step_ms", medians["engine"] * 1000, "ms")
    figures.add("step_bare_ms", medians["bare"] * 1000, "ms")
    figures.add("step_spiff_ms", medians["spiff"] * 1000, "ms")
    figures.add("step_statements", max(len(step) for step in recorder.steps), "statements")
    figures.add("step_commits", recorder.commits / len(recorder.steps), "commits")
    figures.add("step_vs_bare", medians["engine"] / medians["bare"], "times")
    figures.add("step_vs_spiff", medians["engine"] / medians["spiff"], "times")


def _complete(engine: Engine, user_task_id: str) -> None:
    engine.transact(lambda tx: user_tasks.complete(tx, user_task_id, {"verdict": "yes"}))


def _record(path: Path, ids: list[str]) -> Recorder:
    engine = Engine(f"sqlite:///{path}")
    engine.read(lambda tx: deployments.model(tx, "P:1"))
    recorder = Recorder()
    recorder.listen()
    for user_task_id in ids:
        recorder.steps.append([])
        _complete(engine, user_task_id)
    recorder.ignore()
    engine.stop()
    return recorder


def _write(connection: sqlite3.Connection, step: list[tuple[str, Any, bool]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for sql, parameters, many in step:
        if not sql.startswith("SELECT"):
            (connection.executemany if many else connection.execute)(sql, parameters)
    connection.execute("COMMIT")


def _timed(work: Any) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


class Spiff:
    """SpiffWorkflow on the same diagram, its JSON in one row; a step restores, completes, saves and commits."""

    def __init__(self, path: Path) -> None:
        self.serializer = BpmnWorkflowSerializer()
        self.connection = _connect(path)
        self.connection.execute("CREATE TABLE instance (id INTEGER PRIMARY KEY, state TEXT)")
        parser = BpmnParser()
        parser.add_bpmn_str(diagrams.STEP)
        specification, called = parser.get_spec("P"), parser.get_subprocess_specs("P")
        for number in range(STEPS):
            workflow = BpmnWorkflow(specification, called)
            workflow.task_tree.data["n"] = 0
            workflow.do_engine_steps()
            self._save("INSERT INTO instance (state, id) VALUES (?, ?)", workflow, number)

    def step(self, number: int) -> None:
        (state,) = self.connection.execute("SELECT state FROM instance WHERE id = ?", (number,)).fetchone()
        workflow = self.serializer.deserialize_json(state)
        (task,) = workflow.get_tasks(state=TaskState.READY, manual=True)
        task.data["verdict"] = "yes"
        task.run()
        workflow.do_engine_steps()
        # It leaves an undefined task to its caller.
        (note,) = workflow.get_tasks(state=TaskState.READY, spec_name="note")
        note.run()
        workflow.do_engine_steps()
        self._save("UPDATE instance SET state = ? WHERE id = ?", workflow, number)

    def _save(self, sql: str, workflow: BpmnWorkflow, number: int) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.execute(sql, (self.serializer.serialize_json(workflow), number))
        self.connection.execute("COMMIT")
