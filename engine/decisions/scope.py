"""What the expressions of a decision see, and how much they may do with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.core.expressions.budget import Budget

INPUT = "?"
"""The name of an input's value in the cells of its column."""


class Scope(Mapping[str, Any]):
    """Variables by name, and the `budget` that whatever reads them shares."""

    __slots__ = ("_values", "budget")

    def __init__(self, values: Mapping[str, Any], budget: Budget | None = None) -> None:
        self._values = values
        self.budget = Budget() if budget is None else budget

    def with_input(self, value: Any) -> Scope:
        """This scope with the value of an input, which cells read as ``?``."""
        return Scope({**self._values, INPUT: value}, self.budget)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
