"""A decision, and those that it needs (DMN 1.3, 6.2 and 8.4): evaluated first, each once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.core.expressions import Expression, ExpressionError, as_json
from engine.core.expressions.budget import Budget
from engine.decisions.feel import work_out
from engine.decisions.hit_policies import Row
from engine.decisions.scope import Scope
from engine.decisions.tables import DecisionTable
from engine.decisions.types import Type


@dataclass(frozen=True, slots=True)
class LiteralExpression:
    """A decision that is one expression. `name` is the variable that its value goes to."""

    id: str
    name: str
    expression: Expression

    single = True

    def answer(self, scope: Scope) -> tuple[list[Row], tuple[int, ...]]:
        """One row; there are no rules. Raises ExpressionError, which names the decision."""
        try:
            return [{self.name: work_out(self.expression, scope)}], ()
        except ExpressionError as cause:
            raise type(cause)(f"Expected the value of '{self.id}', but: {cause}") from cause

    def value(self, rows: Sequence[Row]) -> Any:
        return rows[0][self.name]

    @property
    def expressions(self) -> tuple[Expression, ...]:
        return (self.expression,)

    def describe(self, scope: Scope) -> str:
        """The variables that it reads, with their values."""
        read = sorted(self.expression.names & scope.keys())
        return ", ".join(f"{name} {scope[name]!r:.60}" for name in read) or "none"


@dataclass(frozen=True, slots=True)
class Binding:
    """A name by which a decision sees the required `decision`, or its output `output`: one value, or a list of them."""

    name: str
    decision: str
    output: str | None = None
    single: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision by itself. `bindings` are the results of others that it sees, `inputs` the types of input data."""

    id: str
    name: str
    line: int
    variable: str
    type: Type
    logic: DecisionTable | LiteralExpression
    bindings: tuple[Binding, ...] = ()
    inputs: tuple[tuple[str, Type], ...] = ()

    def checked(self, rows: list[Row], scope: Scope) -> tuple[Any, list[Row]]:
        """The value of these rows as one of the decision's type, and the rows; raises ExpressionError."""
        value = self.logic.value(rows)
        try:
            every = not self.logic.single and not self.type.collection
            value = [self.type.take(item, scope) for item in value] if every else self.type.take(value, scope)
        except ExpressionError as cause:
            raise ExpressionError(f"Expected '{self.id}' to give a value of its type, but: {cause}") from cause
        return value, [{self.logic.name: value}] if isinstance(self.logic, LiteralExpression) else rows


@dataclass(frozen=True, slots=True)
class DecisionGraph:
    """A decision with all that it needs: `decisions` are in the order of evaluation, the last is the one that is asked.

    `id` and `name` are that one's.
    """

    decisions: tuple[Decision, ...]

    @property
    def id(self) -> str:
        return self.asked.id

    @property
    def name(self) -> str:
        return self.asked.name

    @property
    def asked(self) -> Decision:
        return self.decisions[-1]

    def evaluate(self, variables: Mapping[str, Any], budget: Budget | None = None) -> tuple[list[Row], tuple[int, ...]]:
        """The output rows as JSON values, and the numbers (from 1) of the rules of its own table they come from.

        All that it needs counts in `budget`, which is that of one expression where none is given.

        Raises:
            ExpressionError: an input or a cell could not be worked out, no rule matches although one has to, or more
                match than a hit policy allows. It names the table, and the rules and inputs in question.
        """
        scope = self._scope(variables, budget)
        rows, numbers = self.asked.logic.answer(scope)
        _, rows = self.asked.checked(rows, scope)
        return [{name: as_json(value) for name, value in row.items()} for row in rows], numbers

    def describe(self, variables: Mapping[str, Any], budget: Budget | None = None) -> str:
        """The inputs by label with their values, as error messages show them."""
        return self.asked.logic.describe(self._scope(variables, budget))

    def _scope(self, variables: Mapping[str, Any], budget: Budget | None) -> Scope:
        """What the asked decision sees, once all that it needs has been worked out."""
        results: dict[str, tuple[Any, list[Row]]] = {}
        budget = Budget() if budget is None else budget
        for decision in self.decisions[:-1]:
            scope = _seen(decision, results, variables, budget)
            results[decision.id] = decision.checked(decision.logic.answer(scope)[0], scope)
        return _seen(self.asked, results, variables, budget)


def _seen(
    decision: Decision, results: Mapping[str, tuple[Any, list[Row]]], variables: Mapping[str, Any], budget: Budget
) -> Scope:
    seen = dict(variables)
    for name, kind in decision.inputs:
        if name in seen:
            try:
                seen[name] = kind.take(seen[name], Scope({}, budget))
            except ExpressionError as cause:
                raise ExpressionError(f"Expected input '{name}' of '{decision.id}', but: {cause}") from cause
    for binding in decision.bindings:
        value, rows = results[binding.decision]
        if binding.output is None:
            seen[binding.name] = value
        else:
            outputs = [row[binding.output] for row in rows]
            seen[binding.name] = outputs[0] if binding.single else outputs
    return Scope(seen, budget)
