"""A decision table, and what its rules answer (DMN 1.3, 8.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from engine.core.expressions import Expression, ExpressionError, as_json
from engine.core.expressions.values import bounded, kind
from engine.core.timing import InvalidTime, parse_duration, parse_moment
from engine.decisions.unary_tests import UnaryTests, equals

Variables = Mapping[str, Any]
Row = dict[str, Any]
Match = tuple[int, Row]
"""A rule's number (from 1) and its outputs by name."""


@dataclass(frozen=True, slots=True)
class Column:
    """An input or output of a table.

    `name` is an output's variable; `expression` works out an input. `type` is the DMN type as written, or empty.
    `values` are those that the editor offers, in order; of an output, the first has the highest priority.
    """

    id: str
    label: str
    type: str
    name: str = ""
    expression: Expression | None = None
    values: tuple[Any, ...] = ()


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
    name: str
    hit_policy: str
    aggregation: str | None
    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]
    rules: tuple[Rule, ...]
    line: int = 0

    def evaluate(self, variables: Variables) -> tuple[list[Row], tuple[int, ...]]:
        """The output rows, and the numbers (from 1) of the rules they come from.

        Where no rule matches, there are no rows. Under PRIORITY and OUTPUT ORDER the rows are sorted by the order of
        the outputs' values; COLLECT with an aggregation gives one row, with the rules that went into it.

        Raises:
            ExpressionError: an input or a cell could not be worked out, or more rules match than the hit policy
                allows. It names the table, and the rules and inputs in question.
        """
        values = [self._input(column, variables) for column in self.inputs]
        matches: list[Match] = []
        for rule in self.rules:
            if self._matches(rule, values, variables):
                matches.append((rule.number, self._outputs(rule, variables)))
                if self.hit_policy == "FIRST":
                    break
        try:
            return _POLICIES[self.hit_policy](self, matches)
        except ExpressionError as cause:
            raise ExpressionError(f"{cause} Its inputs: {self._described(values)}.") from cause

    def _input(self, column: Column, variables: Variables) -> Any:
        assert column.expression is not None
        try:
            return typed(column.expression.evaluate(variables), column.type)
        except ExpressionError as cause:
            raise type(cause)(f"Expected input '{column.label}' of '{self.id}', but: {cause}") from cause

    def _matches(self, rule: Rule, values: Sequence[Any], variables: Variables) -> bool:
        for column, cell, value in zip(self.inputs, rule.inputs, values, strict=True):
            try:
                if not cell.matches(value, variables):
                    return False
            except ExpressionError as cause:
                test = f"rule {rule.number} of '{self.id}' to test '{column.label}' with '{cell.text}'"
                raise type(cause)(f"Expected {test}, but: {cause}") from cause
        return True

    def _outputs(self, rule: Rule, variables: Variables) -> Row:
        row: Row = {}
        for column, cell in zip(self.outputs, rule.outputs, strict=True):
            try:
                value = None if cell is None else cell.evaluate(variables)
                row[column.name] = as_json(typed(value, column.type))
            except ExpressionError as cause:
                raise type(cause)(
                    f"Expected rule {rule.number} of '{self.id}' to give '{column.name}', but: {cause}"
                ) from cause
        return row

    def describe(self, variables: Variables) -> str:
        """The inputs by label with their values, as error messages show them."""
        return self._described([self._input(column, variables) for column in self.inputs])

    def _described(self, values: Sequence[Any]) -> str:
        return ", ".join(f"{column.label} {value!r:.60}" for column, value in zip(self.inputs, values, strict=True))


def typed(value: Any, name: str) -> Any:
    """`value` as a column of DMN type `name` takes it: texts of dates and durations are read.

    Raises:
        ExpressionError: it is of another kind. Null is of every kind, and an unknown type takes every value.
    """
    if value is None or name not in _TYPES:
        return value
    expected, take = _TYPES[name]
    try:
        return take(value)
    except (InvalidTime, TypeError) as cause:
        raise ExpressionError(f"Expected {expected}, but found {kind(value)}: {value!r:.60}.") from cause


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return value
    raise TypeError


def _truth(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    raise TypeError


def _number(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    raise TypeError


def _whole(value: Any) -> Any:
    if _number(value) == int(value):
        return int(value)
    raise TypeError


def _day(value: Any) -> Any:
    return (
        value.date()
        if isinstance(value, datetime)
        else value
        if isinstance(value, date)
        else parse_moment(value).date()
    )


def _length(value: Any) -> Any:
    duration = parse_duration(value)
    return duration if duration.months else duration.span


_TYPES: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "string": ("a text", _text),
    "boolean": ("a truth value", _truth),
    "number": ("a number", _number),
    "double": ("a number", _number),
    "integer": ("a whole number", _whole),
    "long": ("a whole number", _whole),
    "date": ("a date", _day),
    "dateTime": ("a date and time", parse_moment),
    "dayTimeDuration": ("a duration", _length),
    "yearMonthDuration": ("a duration", _length),
}


# --- hit policies: the rows that answer, and the rules they come from

Answer = tuple[list[Row], tuple[int, ...]]


def _numbers(matches: Sequence[Match]) -> str:
    return " and ".join(str(number) for number, _ in matches)


def _all(table: DecisionTable, matches: Sequence[Match]) -> Answer:
    return [row for _, row in matches], tuple(number for number, _ in matches)


def _unique(table: DecisionTable, matches: Sequence[Match]) -> Answer:
    if len(matches) > 1:
        raise ExpressionError(f"Expected one rule of '{table.id}' to match, but {_numbers(matches)} do.")
    return _all(table, matches)


def _any(table: DecisionTable, matches: Sequence[Match]) -> Answer:
    differing = [match for match in matches if match[1] != matches[0][1]]
    if differing:
        both = _numbers([matches[0], differing[0]])
        raise ExpressionError(f"Expected the matching rules of '{table.id}' to agree, but {both} differ.")
    return _all(table, matches[:1])


def _priority(table: DecisionTable, matches: Sequence[Match]) -> Answer:
    return _all(table, _by_output(table, matches)[:1])


def _output_order(table: DecisionTable, matches: Sequence[Match]) -> Answer:
    return _all(table, _by_output(table, matches))


def _by_output(table: DecisionTable, matches: Sequence[Match]) -> list[Match]:
    """Sorted by the outputs' listed values, the first column first; the rules' order decides where these are equal."""

    def rank(match: Match) -> list[int]:
        return [_place(column, match[1][column.name]) for column in table.outputs if column.values]

    return sorted(matches, key=rank)


def _place(column: Column, value: Any) -> int:
    return next((place for place, listed in enumerate(column.values) if equals(value, listed)), len(column.values))


def _collect(table: DecisionTable, matches: Sequence[Match]) -> Answer:
    if table.aggregation is None:
        return _all(table, matches)
    name = table.outputs[0].name
    outputs = [row[name] for _, row in matches]
    numbers = tuple(number for number, _ in matches)
    if table.aggregation == "COUNT":
        return [{name: len(outputs)}], numbers
    if not outputs:
        return [], ()
    try:
        return [{name: bounded(_AGGREGATIONS[table.aggregation](outputs))}], numbers
    except TypeError as cause:
        wanted = f"numbers for the {table.aggregation.lower()} of '{name}' in '{table.id}'"
        raise ExpressionError(f"Expected {wanted}, but found {outputs!r:.80}.") from cause


_AGGREGATIONS: Mapping[str, Callable[[list[Any]], Any]] = {"SUM": sum, "MIN": min, "MAX": max}
_POLICIES: Mapping[str, Callable[[DecisionTable, Sequence[Match]], Answer]] = {
    "UNIQUE": _unique,
    "ANY": _any,
    "FIRST": _all,
    "PRIORITY": _priority,
    "RULE ORDER": _all,
    "OUTPUT ORDER": _output_order,
    "COLLECT": _collect,
}
HIT_POLICIES = frozenset(_POLICIES)
AGGREGATIONS = frozenset({*_AGGREGATIONS, "COUNT"})
