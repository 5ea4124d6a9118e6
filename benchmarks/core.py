"""The core alone, in memory. Budget: at least 20,000 completed elements a second on one processor core, and at most
50 ms to compile a diagram of 200 elements.
"""

from __future__ import annotations

import statistics
import time

from benchmarks import diagrams
from benchmarks.figures import Figures
from benchmarks.library import NOW, OneProcess
from engine.core import commands, compile, facts, run

ROUNDS = 5_000
STEPS = 2_000
COMPILES = 40
STAGES = 18
"""Of 11 elements each; with a start and an end event they are 200."""


def measure(figures: Figures) -> None:
    figures.add("core_elements_per_second", elements_per_second(), "elements/s")
    figures.add("core_step_ms", step_ms(), "ms")
    figures.add("compile_200_elements_ms", compile_200_elements_ms(), "ms")


def elements_per_second(rounds: int = ROUNDS) -> float:
    library = OneProcess(diagrams.loop(rounds))
    best = 0.0
    for _ in range(5):
        begun = time.perf_counter()
        _, emitted = run(library, None, commands.StartInstance("P", "case", {"n": 0}), NOW)
        elapsed = time.perf_counter() - begun
        best = max(best, sum(isinstance(fact, facts.ElementCompleted) for fact in emitted) / elapsed)
    return best


def step_ms(steps: int = STEPS) -> float:
    """A user task completed, with the three automatic elements behind it."""
    library = OneProcess(diagrams.STEP)
    waiting = [run(library, None, commands.StartInstance("P", "case", {"n": 0}), NOW) for _ in range(steps)]
    opened = [(state, facts_[-1]) for state, facts_ in waiting]
    begun = time.perf_counter()
    for state, fact in opened:
        assert isinstance(fact, facts.UserTaskOpened)
        run(library, state, commands.CompleteUserTask(fact.id, {"verdict": "yes"}), NOW)
    return (time.perf_counter() - begun) / steps * 1000


def compile_200_elements_ms(times: int = COMPILES) -> float:
    """The file as it was saved by an editor, made into a model; the first time is not counted."""
    xml = diagrams.large(STAGES)
    compile(xml)
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        compile(xml)
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds) * 1000
