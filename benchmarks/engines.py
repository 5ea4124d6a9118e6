"""The core beside other engines: the same diagram in one run, in memory, in turns.

The loop is short because a step of SpiffWorkflow takes longer with each round, and after some 250 rounds it stops.
Reading the diagram is not counted; starting an instance is.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Protocol

from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from benchmarks import diagrams
from benchmarks.figures import Figures
from benchmarks.library import NOW, OneProcess
from engine.core import commands, run

ROUNDS = 10
INSTANCES = 40
TURNS = 9
FOLDER = Path(__file__).parent / "bpmn_engine"
"""A package of npm with its lock file, and the script that runs bpmn-engine."""

PATIENCE = 60
"""Seconds that npm may take to install it."""


class NotThere(Exception):
    """An engine that cannot be measured here, and why."""


class Other(Protocol):
    def run(self, instances: int) -> float:
        """Seconds to run that many instances from beginning to end."""
        ...


def measure(figures: Figures) -> None:
    ours, spiff = elements_per_second(Core(ROUNDS), Spiff(ROUNDS))
    figures.add("spiff_elements_per_second", spiff, "elements/s")
    figures.add("core_vs_spiff", ours / spiff, "times")
    try:
        with BpmnEngine(ROUNDS) as other:
            ours, theirs = elements_per_second(Core(ROUNDS), other)
    except NotThere as reason:
        print(f"# core_vs_bpmn_engine was not measured: {reason}")
        return
    figures.add("bpmn_engine_elements_per_second", theirs, "elements/s")
    figures.add("core_vs_bpmn_engine", ours / theirs, "times")


def elements_per_second(
    *engines: Other, rounds: int = ROUNDS, instances: int = INSTANCES, turns: int = TURNS
) -> tuple[float, ...]:
    """Of each engine the median of its turns; the first turn warms up and does not count."""
    seconds = [[engine.run(instances) for engine in engines] for _ in range(turns + 1)][1:]
    elements = diagrams.elements_of_loop(rounds) * instances
    return tuple(elements / statistics.median(column) for column in zip(*seconds, strict=True))


class Core:
    def __init__(self, rounds: int) -> None:
        self.library = OneProcess(diagrams.loop(rounds))

    def run(self, instances: int) -> float:
        begun = time.perf_counter()
        ended = {self._run_one() for _ in range(instances)}
        seconds = time.perf_counter() - begun
        assert ended == {"completed"}
        return seconds

    def _run_one(self) -> str:
        state, _ = run(self.library, None, commands.StartInstance("P", "case", {"n": 0}), NOW)
        return state.ended


class Spiff:
    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        parser = BpmnParser()
        parser.add_bpmn_str(diagrams.loop(rounds))
        self.specification, self.called = parser.get_spec("P"), parser.get_subprocess_specs("P")

    def run(self, instances: int) -> float:
        begun = time.perf_counter()
        counted = {self._run_one() for _ in range(instances)}
        seconds = time.perf_counter() - begun
        assert counted == {self.rounds}
        return seconds

    def _run_one(self) -> int:
        workflow = BpmnWorkflow(self.specification, self.called)
        workflow.task_tree.data["n"] = 0
        # It leaves an undefined task to its caller, so every task that is ready is run, not those of the engine alone.
        while (task := workflow.get_next_task(state=TaskState.READY)) is not None:
            task.run()
        return workflow.last_task.data["n"]


class BpmnEngine:
    """bpmn-engine in a process of Node's that waits for the next turn."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds

    def __enter__(self) -> BpmnEngine:
        node = installed()
        self.folder = tempfile.TemporaryDirectory(prefix="pujiang-bench-")
        diagram = Path(self.folder.name) / "loop.bpmn"
        diagram.write_bytes(diagrams.loop(self.rounds))
        command = [node, str(FOLDER / "loop.mjs"), str(diagram)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()
        self.folder.cleanup()

    def run(self, instances: int) -> float:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended; why, its standard error tells
            print(instances, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise NotThere(f"Expected it to run to the end, but it said: {self.process.communicate()[1].strip()}")
        answer = json.loads(line)
        assert answer["counted"] == [self.rounds]
        return answer["seconds"]


def installed() -> str:
    """The path of Node, with bpmn-engine installed as the lock file says.

    Raises:
        NotThere: there is no npm, or it could not install.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NotThere("Expected node and npm on the path, but they are not there.")
    lock, done = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".package-lock.json"
    if done.is_file() and done.stat().st_mtime >= lock.stat().st_mtime:
        return node
    # Scripts of packages are not run: what they download cannot be checked against the lock file.
    command = [npm, "ci", "--ignore-scripts", "--fetch-retries=0", "--loglevel=error"]
    try:
        subprocess.run(command, cwd=FOLDER, check=True, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise NotThere(f"Expected npm to install it within {PATIENCE} s, but it took longer.") from None
    except subprocess.CalledProcessError as error:
        said = " ".join(error.stderr.split())
        raise NotThere(f"Expected npm to install it, but it said: {said:.300}") from error
    return node
