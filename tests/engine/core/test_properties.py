"""What must hold for every process: drawn at random out of blocks, worked through in a random order.

200 of them here; `make fuzz` takes 10,000.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.engine.core.blocks import BEGINNINGS, BLOCKS, draw
from tests.engine.core.constructs import wanted
from tests.engine.core.random_run import RandomRun
from tests.fuzz import Outcome, attempt, shrunk, size_of

SEEDS = range(200)


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return [attempt(seed) for seed in SEEDS]


def test_whatever_is_drawn_and_whatever_happens_it_ends_and_leaves_nothing_behind(outcomes: list[Outcome]) -> None:
    """After every step the watch checks what is in `tests.engine.core.invariants`."""
    failed = [outcome.seed for outcome in outcomes if outcome.failure]
    assert not failed, shrunk(failed[0])


def test_every_construct_is_drawn_and_executed(outcomes: list[Outcome]) -> None:
    executed: Counter[str] = Counter()
    for outcome in outcomes:
        executed.update(outcome.executed)
    assert [name for name in wanted() if not executed[name]] == []


def test_every_block_and_every_beginning_is_drawn() -> None:
    assert len(BLOCKS) + len(BEGINNINGS) <= len(SEEDS), "each seed has one of them for certain"


@pytest.mark.parametrize("seed", [3, 57, 119])
def test_the_same_seed_leads_to_the_same_facts(seed: int) -> None:
    runs = [RandomRun(draw(seed, size_of(seed)), seed) for _ in range(2)]
    for run in runs:
        run.go(20)
    assert runs[0].watch.history == runs[1].watch.history
