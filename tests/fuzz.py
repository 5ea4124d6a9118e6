"""Random processes, each worked through in a random order: `python -m tests.fuzz`, or `make fuzz` for 10,000 of them.

A tenth as many plain ones run on SpiffWorkflow as well, side by side.

What fails is printed with its seed, its diagram and the commands so far, as small as the same seed shows it, and with
the line that runs it again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.engine.core.beside import BothEngines
from tests.engine.core.blocks import draw
from tests.engine.core.case import diagram
from tests.engine.core.constructs import constructs, wanted
from tests.engine.core.random_run import RandomRun

STEPS = 40
"""Things that happen at random, before what is left is done in order."""


@dataclass(frozen=True)
class Outcome:
    """How a run went: `made` and `executed` count the constructs in it; `failure` says what was wrong."""

    seed: int
    commands: int = 0
    made: Counter[str] = field(default_factory=Counter)
    executed: Counter[str] = field(default_factory=Counter)
    failure: str = ""


def size_of(seed: int) -> int:
    """How many blocks the process of a seed is made of: few and many by turns."""
    return 6 + seed % 37


Try = Callable[[int, int | None, int], Outcome]


def attempt(seed: int, size: int | None = None, steps: int = STEPS) -> Outcome:
    """Draw the process of a seed and work through it."""
    drawn = draw(seed, size_of(seed) if size is None else size)
    case: RandomRun | None = None
    try:
        case = RandomRun(drawn, seed)
        case.go(steps)
    except Exception:
        return Outcome(seed, failure=_told(drawn.parts, [] if case is None else case.commands))
    made: Counter[str] = Counter()
    executed: Counter[str] = Counter()
    for model in case.models.values():
        for element in model.elements.values():
            made.update(constructs(element, model))
    for definition_id, element in case.watch.activated.values():
        executed.update(constructs(element, case.models[definition_id]))
    return Outcome(seed, len(case.commands), made, executed)


def compare(seed: int, size: int | None = None, steps: int = STEPS) -> Outcome:
    """Work through the plain process of a seed on the core and on SpiffWorkflow, side by side."""
    both = BothEngines(seed, size_of(seed) if size is None else size)
    try:
        both.go(steps)
    except Exception:
        return Outcome(seed, failure=_told(both.parts, both.steps))
    return Outcome(seed, len(both.steps))


def _told(parts: Sequence[str], happened: Sequence[object]) -> str:
    return "\n".join([traceback.format_exc(), diagram(*parts).decode(), *(f"  {each}" for each in happened)])


def shrunk(seed: int, tried: Try = attempt) -> str:
    """The smallest run of a seed that fails, as a text to read, with the line that runs it again."""
    again = f"python -m tests.fuzz {'--beside ' if tried is compare else ''}--seed {seed}"
    for size in range(size_of(seed) + 1):
        for steps in (0, 2, 5, 10, 20, STEPS):
            failure = tried(seed, size, steps).failure
            if failure:
                return f"{failure}\n\nRun it again: {again} --size {size} --steps {steps}\n"
    return f"{tried(seed, None, STEPS).failure}\n\nRun it again: {again}\n"


def main() -> int:
    """Returns 1 where a process has failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--models", type=int, default=10_000, help="how many processes (10,000)")
    parser.add_argument("--first", type=int, default=0, help="the first of their seeds (0)")
    parser.add_argument("--seed", type=int, help="this seed alone")
    parser.add_argument("--size", type=int, help="with --seed: out of how many blocks")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"with --seed: how much happens at random ({STEPS})")
    parser.add_argument("--beside", action="store_true", help="with --seed: beside SpiffWorkflow")
    asked = parser.parse_args()
    if asked.seed is not None:
        failure = (compare if asked.beside else attempt)(asked.seed, asked.size, asked.steps).failure
        print(failure or f"{asked.seed}: nothing wrong")
        return 1 if failure else 0
    seeds = range(asked.first, asked.first + asked.models)
    executed = _run(attempt, seeds)
    compared = _run(compare, seeds[: len(seeds) // 10])
    _print_table(executed)
    for found in (executed, compared):
        print(f"{found.models:,} processes, {found.commands:,} commands, {found.failed} failed, {found.seconds:.0f} s")
    return 1 if executed.failed or compared.failed else 0


@dataclass
class Figures:
    models: int = 0
    commands: int = 0
    failed: int = 0
    seconds: float = 0
    made: Counter[str] = field(default_factory=Counter)
    executed: Counter[str] = field(default_factory=Counter)


def _run(tried: Try, seeds: range) -> Figures:
    """Try these seeds on every core of the machine, and print what fails."""
    began, figures = time.monotonic(), Figures()
    with multiprocessing.Pool(os.cpu_count()) as pool:
        for outcome in pool.imap_unordered(tried, seeds, chunksize=20):
            figures.models += 1
            figures.commands += outcome.commands
            figures.made.update(outcome.made)
            figures.executed.update(outcome.executed)
            if outcome.failure:
                figures.failed += 1
                print(shrunk(outcome.seed, tried), flush=True)
            if figures.models % 1000 == 0:
                print(f"{figures.models:,} processes, {figures.failed} failed", file=sys.stderr, flush=True)
    figures.seconds = time.monotonic() - began
    return figures


def _print_table(figures: Figures) -> None:
    """How often each construct was drawn and executed."""
    for name in wanted():
        print(f"{figures.made[name]:>9,} drawn {figures.executed[name]:>9,} executed  {name}")


if __name__ == "__main__":
    sys.exit(main())
