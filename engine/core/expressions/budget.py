"""How much an evaluation may do, counted in steps instead of seconds, so that it ends the same way on every run.

A step is an item of a list that is read or made, 16 characters of a text, or a part of an expression that is worked
out. The slowest of them (arithmetic with durations) take half a microsecond.
"""

from __future__ import annotations

from typing import Any

from engine.core.expressions.errors import ExpressionError
from engine.core.expressions.values import CHARACTERS_A_STEP, CONTAINERS, TIMES, UNSIZED, measure, not_a_value

MAX_WORK = 1_000_000
"""Steps of one evaluation, or of all the statements of a script together."""


class Budget:
    """Steps that may still be done: `left` of `most`. Evaluations that share one are bounded together."""

    __slots__ = ("left", "most")

    def __init__(self, most: int = MAX_WORK) -> None:
        self.most = self.left = most

    def part(self) -> Budget:
        """What one script may do of this budget; its caller takes what it did from this one."""
        part = Budget(self.most if self.left < MAX_WORK else MAX_WORK)
        part.left = min(self.left, MAX_WORK)
        return part

    def charge(self, work: int) -> None:
        """Count `work` steps; raises ExpressionError where they are too many in all."""
        self.left -= work
        if self.left < 0:
            raise self.spent()

    def spent(self) -> ExpressionError:
        """What to raise where there is too much to do: for one evaluation, or for all of this budget."""
        most = self.most if self.left < 0 else min(self.most, MAX_WORK)
        return ExpressionError(f"Expected to be done in {most:,} steps, but there is more to do.")

    def charge_value(self, value: Any) -> None:
        """Count what it takes to read or hand on a value, all the way down; raises ExpressionError where it is none."""
        kind_of = type(value)
        if kind_of is str:
            self.charge(len(value) // CHARACTERS_A_STEP)
        elif kind_of in CONTAINERS:
            self.charge(measure(value, self.left))
        elif kind_of not in UNSIZED and kind_of not in TIMES:
            raise not_a_value(value)
