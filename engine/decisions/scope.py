"""What the expressions of a decision see, and how much they may read of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.core.expressions import ExpressionError
from engine.core.expressions.values import CHARACTERS_A_STEP, CONTAINERS, measure

MAX_WORK = 3_000_000
"""What the expressions of one evaluation may read, all the required decisions included: an item of a list is one, and
so are 16 characters of a text."""


class Work:
    """Counts what is read."""

    def __init__(self) -> None:
        self._left = MAX_WORK

    def charge(self, work: int) -> None:
        """Count `work`; raises ExpressionError where it is too much in all."""
        self._left -= work
        if self._left < 0:
            raise ExpressionError(f"Expected to be decided in {MAX_WORK:,} steps, but there is more to do.")


class Scope(Mapping[str, Any]):
    """Variables by name. Every reading of a text, list or mapping counts."""

    def __init__(self, values: Mapping[str, Any], work: Work | None = None) -> None:
        self._values, self._work = values, work or Work()
        self._sizes: dict[str, int] = {}

    def with_input(self, value: Any) -> Scope:
        """This scope with the value of an input, which cells read as ``?``."""
        return Scope({**self._values, INPUT: value}, self._work)

    def charge(self, work: int) -> None:
        """Count `work` that is done with what was read; raises ExpressionError where it is too much in all."""
        self._work.charge(work)

    def __getitem__(self, name: str) -> Any:
        value = self._values[name]
        if type(value) is str or type(value) in CONTAINERS:
            self._work.charge(self._sizes.get(name) or self._measured(name, value))
        return value

    def _measured(self, name: str, value: Any) -> int:
        size = len(value) // CHARACTERS_A_STEP if type(value) is str else measure(value, MAX_WORK)
        self._sizes[name] = size
        return size

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


INPUT = "?"
"""The name of an input's value in the cells of its column."""
