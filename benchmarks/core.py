"""The core alone, in memory. Budget: at least 20,000 completed elements a second on one processor core."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from benchmarks import diagrams
from benchmarks.figures import Figures
from engine.core import commands, compile, facts, run
from engine.core.model import Decision, ProcessModel
from engine.errors import NotFound

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ROUNDS = 5_000
STEPS = 2_000


class OneProcess:
    """A library of one diagram."""

    functions: Mapping[str, Any] = {}

    def __init__(self, xml: bytes) -> None:
        (self.model,) = compile(xml)

    def process(self, definition_id: str) -> ProcessModel:
        return self.model

    def resolve(self, key: str, binding: str, version: str | None, caller: str, known: int | None) -> str:
        raise NotFound("process", key)

    def decision(self, key: str, caller: str) -> Decision:
        raise NotFound("decision table", key)


def measure(figures: Figures) -> None:
    figures.add("core_elements_per_second", _elements_per_second(), "elements/s")
    figures.add("core_step_ms", _step_ms(), "ms")


def _elements_per_second() -> float:
    library = OneProcess(diagrams.loop(ROUNDS))
    best = 0.0
    for _ in range(5):
        begun = time.perf_counter()
        _, emitted = run(library, None, commands.StartInstance("P", "case", {"n": 0}), NOW)
        elapsed = time.perf_counter() - begun
        best = max(best, sum(isinstance(fact, facts.ElementCompleted) for fact in emitted) / elapsed)
    return best


def _step_ms() -> float:
    """A user task completed, with the three automatic elements behind it."""
    library = OneProcess(diagrams.STEP)
    waiting = [run(library, None, commands.StartInstance("P", "case", {"n": 0}), NOW) for _ in range(STEPS)]
    opened = [(state, facts_[-1]) for state, facts_ in waiting]
    begun = time.perf_counter()
    for state, fact in opened:
        assert isinstance(fact, facts.UserTaskOpened)
        run(library, state, commands.CompleteUserTask(fact.id, {"verdict": "yes"}), NOW)
    return (time.perf_counter() - begun) / STEPS * 1000
