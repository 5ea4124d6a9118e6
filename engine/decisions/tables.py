"""A decision table, and what its rules answer (DMN 1.3, 8.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.core.expressions import Expression, ExpressionError
from engine.decisions.columns import Input, Output
from engine.decisions.hit_policies import SINGLE, Match, Row, aggregate, chosen
from engine.decisions.scope import Scope
from engine.decisions.unary_tests import UnaryTests


@dataclass(frozen=True, slots=True)
class Rule:
    """One row; `number` counts from 1, `line` is that of the file. `inputs` and `outputs` are in column order."""

    id: str
    number: int
    line: int
    inputs: tuple[UnaryTests, ...]
    outputs: tuple[Expression | None, ...]
    description: str = ""


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """`hit_policy` is as DMN writes it: UNIQUE, ANY, FIRST, PRIORITY, RULE ORDER, OUTPUT ORDER or COLLECT.

    `aggregation` is SUM, MIN, MAX or COUNT under COLLECT, otherwise None. `id` is the decision's, not its table's.
    """

    id: str
    hit_policy: str
    aggregation: str | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]

    def answer(self, scope: Scope) -> tuple[list[Row], tuple[int, ...]]:
        """The output rows, and the numbers (from 1) of the rules they come from.

        Where no rule matches, the outputs' defaults are one row. Without defaults UNIQUE, ANY, FIRST and PRIORITY have
        no answer; the others have no rows, a count of 0, or null for a sum, minimum and maximum.

        Raises:
            ExpressionError: an input or a cell could not be worked out, no rule matches although one has to, or more
                match than the hit policy allows. It names the table, and the rules and inputs in question.
        """
        values = [self._input(column, scope) for column in self.inputs]
        matches = self._matching(values, scope)
        if not matches and any(output.default is not None for output in self.outputs):
            return [self._row("the defaults", [output.default for output in self.outputs], scope)], ()
        try:
            return self._answer(matches)
        except ExpressionError as cause:
            raise ExpressionError(f"{cause} Its inputs: {self._described(values)}.") from cause

    def value(self, rows: Sequence[Row]) -> Any:
        """What other decisions see of these rows: one output as its value, several as a mapping; a list of these."""
        single = len(self.outputs) == 1
        values = [row[self.outputs[0].name] if single else row for row in rows]
        return values[0] if self.single else values

    @property
    def single(self) -> bool:
        """Whether there is always one row."""
        return self.hit_policy in SINGLE or self.aggregation is not None

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Whatever is worked out."""
        cells = [cell for rule in self.rules for cell in (*(test for test in rule.inputs), *rule.outputs) if cell]
        found = [column.expression for column in self.inputs]
        for cell in cells:
            found.extend(cell.expressions if isinstance(cell, UnaryTests) else [cell])
        return (*found, *(output.default for output in self.outputs if output.default is not None))

    def describe(self, scope: Scope) -> str:
        """The inputs by label with their values, as error messages show them."""
        return self._described([self._input(column, scope) for column in self.inputs])

    def _matching(self, values: Sequence[Any], scope: Scope) -> list[Match]:
        matches: list[Match] = []
        for rule in self.rules:
            if self._matches(rule, values, scope):
                matches.append((rule.number, self._row(f"rule {rule.number}", rule.outputs, scope)))
                if self.hit_policy == "FIRST":
                    break
        return matches

    def _answer(self, matches: Sequence[Match]) -> tuple[list[Row], tuple[int, ...]]:
        found = chosen(self.hit_policy, self.id, self.outputs, matches)
        numbers = tuple(number for number, _ in found)
        if self.aggregation is None:
            return [row for _, row in found], numbers
        name = self.outputs[0].name
        return [{name: aggregate(self.aggregation, self.id, name, found)}], numbers

    def _input(self, column: Input, scope: Scope) -> Any:
        try:
            return column.value(scope)
        except ExpressionError as cause:
            raise type(cause)(f"Expected input '{column.label}' of '{self.id}', but: {cause}") from cause

    def _matches(self, rule: Rule, values: Sequence[Any], scope: Scope) -> bool:
        for column, cell, value in zip(self.inputs, rule.inputs, values, strict=True):
            try:
                if not cell.matches(value, scope):
                    return False
            except ExpressionError as cause:
                test = f"rule {rule.number} of '{self.id}' to test '{column.label}' with '{cell.text}'"
                raise type(cause)(f"Expected {test}, but: {cause}") from cause
        return True

    def _row(self, source: str, cells: Sequence[Expression | None], scope: Scope) -> Row:
        row: Row = {}
        for column, cell in zip(self.outputs, cells, strict=True):
            try:
                row[column.name] = column.value(cell, scope)
            except ExpressionError as cause:
                wanted = f"{source} of '{self.id}' to give '{column.name}'"
                raise type(cause)(f"Expected {wanted}, but: {cause}") from cause
        return row

    def _described(self, values: Sequence[Any]) -> str:
        named = zip(self.inputs, values, strict=True)
        return ", ".join(f"{column.label} {value!r:.60}" for column, value in named) or "none"
