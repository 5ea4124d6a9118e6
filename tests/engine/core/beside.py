"""Runs a random process on the core and on SpiffWorkflow, side by side."""

from __future__ import annotations

import random

from tests.engine.core.case import Case, diagram
from tests.engine.core.plain_blocks import draw_plain
from tests.engine.spiffworkflow import SpiffCase

MAX_STEPS = 500


class BothEngines:
    """After every step the same may come next in both, and the same has been logged so far, in any order."""

    def __init__(self, seed: int, size: int) -> None:
        self.parts = draw_plain(seed, size)
        self.random = random.Random(seed)
        self.ours, self.theirs = Case(*self.parts), SpiffCase(diagram(*self.parts))
        self.steps: list[str] = []

    def go(self, steps: int) -> None:
        """Let so many things happen at random; after that, nobody asks for another round."""
        self.ours.start()
        while following := self._compared():
            assert len(self.steps) < MAX_STEPS, "it does not come to its end"
            self._let_happen(self.random.choice(following), self.random.randrange(3) if len(self.steps) < steps else 0)
        assert self.ours.state.ended == "completed"

    def _compared(self) -> list[str]:
        """What may come next."""
        ours, theirs = self.ours, self.theirs
        awaited = sorted(wait.name for wait in ours.state.waits.values())
        assert ours.open == theirs.open, f"ours has open {ours.open}, theirs {theirs.open}"
        assert awaited == theirs.awaited, f"ours waits for {awaited}, theirs for {theirs.awaited}"
        assert sorted(ours.trace) == sorted(theirs.trace), f"ours has logged {ours.trace}, theirs {theirs.trace}"
        assert bool(ours.state.ended) == theirs.ended
        return ours.open + awaited

    def _let_happen(self, name: str, answer: int) -> None:
        self.steps.append(f"{name} {answer}")
        for case in (self.ours, self.theirs):
            if name.startswith("msg"):
                case.message(name)
            else:
                case.complete(name, **{f"v_{name}": answer})
