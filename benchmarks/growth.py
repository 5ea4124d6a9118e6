"""What a step costs late in a case, and an item among many: in memory, and completed for good on SQLite.

Budget: the 10,000th step of a looping instance takes at most 1.1 times the first, and its state is no larger; an item
out of 10,000 takes as long as one out of 1,000. Both sides are taken in turns, so that the machine's noise meets both.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks import diagrams
from benchmarks.figures import Figures
from benchmarks.library import NOW, OneProcess
from benchmarks.step import complete, in_turns
from engine import deployments, instances, user_tasks
from engine.core import State, commands, run
from engine.engine import Engine

STEPS = 10_000
WINDOW = 200
REPEATS = 5
FEW, MANY = 1_000, 10_000
TURNS = 3
COMPLETED = 200


def measure(figures: Figures) -> None:
    figures.add("step_10000_vs_first", late_step_vs_first(), "times")
    figures.add("state_bytes_10000_vs_first", late_state_vs_first(), "times")
    figures.add("multi_instance_10000_vs_1000", item_among_many_vs_few(), "times")
    among_many, among_few = items_completed_for_good()
    figures.add("items_10000_ms", among_many * 1000, "ms")
    figures.add("items_10000_vs_1000", among_many / among_few, "times")


class Looping:
    """An instance of a loop with a user task in it, saved after each step and loaded before the next one."""

    def __init__(self) -> None:
        self.library = OneProcess(diagrams.WAITING_LOOP)
        # As many digits at the end as at the beginning: what the case itself counts is no growth of the state.
        state, _ = run(self.library, None, commands.StartInstance("P", "case", {"n": STEPS}), NOW)
        self.saved = state.to_json()

    def step(self) -> float:
        """Seconds to load the state, complete the user task, come round to the next one, and save."""
        begun = time.perf_counter()
        state = State.from_json(self.saved)
        (user_task,) = (token.id for token in state.tokens.values() if token.work == "user_task")
        run(self.library, state, commands.CompleteUserTask(user_task, {}), NOW)
        self.saved = state.to_json()
        return time.perf_counter() - begun

    def after(self, steps: int) -> str:
        for _ in range(steps):
            self.step()
        return self.saved


def late_step_vs_first(steps: int = STEPS, window: int = WINDOW, repeats: int = REPEATS) -> float:
    """The last `window` steps of `steps` beside the first ones, several times over the same saved states."""
    first, late = Looping(), Looping()
    new, old = first.saved, late.after(steps - window)
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        first.saved, late.saved = new, old
        for number in range(window):
            for side in (0, 1) if number % 2 else (1, 0):
                seconds[side].append((first, late)[side].step())
    return statistics.median(seconds[1]) / statistics.median(seconds[0])


def late_state_vs_first(steps: int = STEPS) -> float:
    """Bytes of the saved state after the last step and after the first one; ids have more digits by then."""
    looping = Looping()
    first, late = looping.after(1), looping.after(steps - 1)
    print(f"# {len(first)} bytes after the first step, {len(late)} after step {steps}: ids have more digits")
    return len(late) / len(first)


def item_among_many_vs_few(many: int = MANY, few: int = FEW, turns: int = TURNS) -> float:
    """The time for an item, out of `many` at once, in times of an item out of `few`."""
    library = OneProcess(diagrams.MANY)
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(turns):
        seconds[0].append(sum(all_items(library, few) for _ in range(many // few)) / many)
        seconds[1].append(all_items(library, many) / many)
    return statistics.median(seconds[1]) / statistics.median(seconds[0])


def all_items(library: OneProcess, count: int) -> float:
    """Seconds to open `count` user tasks at once, complete one after the other, and run a script for each answer."""
    begun = time.perf_counter()
    questions = list(range(count))
    state, _ = run(library, None, commands.StartInstance("P", "case", {"questions": questions}), NOW)
    opened = [token.id for token in state.tokens.values() if token.work == "user_task"]
    for user_task in opened:
        run(library, state, commands.CompleteUserTask(user_task, {"answer": 1}), NOW)
    assert (len(opened), state.ended) == (count, "completed")
    return time.perf_counter() - begun


def items_completed_for_good(many: int = MANY, few: int = FEW, completed: int = COMPLETED) -> tuple[float, float]:
    """Median seconds to complete an item for good on SQLite, out of `many` that are open at once and out of `few`."""
    with tempfile.TemporaryDirectory(prefix="pujiang-bench-") as folder:
        engines = {count: Engine(f"sqlite:///{Path(folder) / f'{count}.db'}") for count in (many, few)}
        opened = {count: _opened(engine, count, completed) for count, engine in engines.items()}
        sides = {
            str(count): lambda number, count=count: complete(engines[count], opened[count][number]) for count in engines
        }
        seconds = in_turns(sides, completed)
        for engine in engines.values():
            engine.stop()
    return statistics.median(seconds[str(many)]), statistics.median(seconds[str(few)])


def _opened(engine: Engine, count: int, wanted: int) -> list[str]:
    """Open `count` user tasks at once, and complete one, to be warm; so many that are left."""
    engine.upgrade()
    engine.transact(lambda tx: deployments.deploy(tx, {"many.bpmn": diagrams.MANY}))
    engine.transact(lambda tx: instances.start(tx, "P", variables={"questions": list(range(count))}))
    query = user_tasks.UserTaskQuery(limit=wanted + 1)
    first, *others = (each.id for each in engine.read(lambda tx: user_tasks.find(tx, query)))
    complete(engine, first)
    return others
