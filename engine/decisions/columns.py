"""The columns of a decision table (DMN 1.3, 8.3.2 and 8.3.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.core.expressions import Expression
from engine.decisions.feel import work_out
from engine.decisions.scope import Scope
from engine.decisions.types import ANY, Type, check_allowed
from engine.decisions.unary_tests import UnaryTests


@dataclass(frozen=True, slots=True)
class Input:
    """`expression` works out the value that the cells test; `allowed` are the tests that it has to pass."""

    id: str
    label: str
    expression: Expression
    type: Type = ANY
    allowed: UnaryTests | None = None

    def value(self, scope: Scope) -> Any:
        """The value that the cells test; raises ExpressionError."""
        value = self.type.take(work_out(self.expression, scope), scope)
        check_allowed(value, self.allowed, f"'{self.label}'", scope)
        return value


@dataclass(frozen=True, slots=True)
class Output:
    """`name` is the variable that it sets; `default` is given where no rule matches.

    `allowed` are the tests that a value has to pass. The values that they list are in order: the first has the
    highest priority.
    """

    id: str
    label: str
    name: str
    type: Type = ANY
    allowed: UnaryTests | None = None
    default: Expression | None = None

    def value(self, cell: Expression | None, scope: Scope) -> Any:
        """What a cell gives, null where it is empty; raises ExpressionError."""
        value = None if cell is None else self.type.take(work_out(cell, scope), scope)
        check_allowed(value, self.allowed, f"'{self.label}'", scope)
        return value

    @property
    def order(self) -> tuple[Any, ...]:
        """The listed values, the highest priority first."""
        return () if self.allowed is None else self.allowed.constants
