"""The input cells of a decision table: unary tests of S-FEEL (DMN 1.3, 9.1).

==========================  ===================================================
``-`` or nothing            anything
``"a","b"``                 one of these
``[1..5)`` ``]1..5[``       between, with or without the ends
``< 5`` ``>= date("…")``    compared with a value
``not("a", [1..5])``        none of these
==========================  ===================================================

A value is a literal, the name of a variable, or a sum or product of these. Null equals null alone, and lies neither
below nor above anything.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from engine.core.expressions import Expression, ExpressionError
from engine.core.expressions.expression import of_tree
from engine.core.expressions.lexing import lex_feel
from engine.core.expressions.parsing import Parser
from engine.core.expressions.values import kind
from engine.core.timing import Duration, parse_duration, parse_moment

Variables = Mapping[str, Any]

_ORDERINGS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """`symbol` is ``==``, ``!=``, ``<``, ``<=``, ``>`` or ``>=``."""

    symbol: str
    end: Expression

    def matches(self, value: Any, variables: Variables) -> bool:
        """Whether `value` stands to the end as the symbol says."""
        end = self.end.evaluate(variables)
        if self.symbol == "==":
            return equals(value, end)
        if self.symbol == "!=":
            return not equals(value, end)
        return compares(self.symbol, value, end)


@dataclass(frozen=True, slots=True)
class Interval:
    """`lower` and `upper` are ``>`` or ``>=``, and ``<`` or ``<=``."""

    lower: Comparison
    upper: Comparison

    def matches(self, value: Any, variables: Variables) -> bool:
        """Whether `value` lies between the ends."""
        return self.lower.matches(value, variables) and self.upper.matches(value, variables)


Test = Comparison | Interval


@dataclass(frozen=True, slots=True)
class UnaryTests:
    """One cell as written. It matches where one of `tests` does (or none of them, after ``not``), or has none."""

    text: str
    tests: tuple[Test, ...] = ()
    negated: bool = False
    texts: frozenset[str] | None = None
    """The texts that it lists where it lists nothing else: most cells do, and need not be worked out."""

    def matches(self, value: Any, variables: Variables) -> bool:
        """Whether the cell's column may have this value.

        Raises:
            ExpressionError: a variable is not there, or the value cannot be compared with the cell's.
        """
        if not self.tests:
            return True
        if self.texts is not None and type(value) is str:
            return (value in self.texts) is not self.negated
        return any(test.matches(value, variables) for test in self.tests) is not self.negated

    @property
    def constants(self) -> tuple[Any, ...]:
        """The values that the cell compares with for equality, as far as they are fixed."""
        comparisons = (test for test in self.tests if isinstance(test, Comparison))
        return tuple(test.end.evaluate({}) for test in comparisons if test.symbol == "==" and test.end.constant)

    @property
    def functions(self) -> frozenset[str]:
        """Functions that the cell calls and that are not FEEL's."""
        return frozenset[str]().union(*(end.functions for test in self.tests for end in _ends(test)))


def parse_cell(text: str) -> UnaryTests:
    """The tests of an input cell.

    Raises:
        ExpressionError: they are none; the message says what was expected where.
    """
    if text.strip() in ("", "-"):
        return UnaryTests(text)
    return _CellParser(lex_feel(text), text).cell()


def equals(value: Any, other: Any) -> bool:
    """Whether both are the same; a list is also equal to each of its items, as an end of a test."""
    if isinstance(other, list) and not isinstance(value, list):
        return any(equals(value, item) for item in other)
    if isinstance(value, bool) is not isinstance(other, bool):
        return False
    left, right = _aligned(value, other)
    return bool(left == right)


def compares(symbol: str, value: Any, end: Any) -> bool:
    """Whether `value` lies below or above `end`; raises ExpressionError where they cannot be compared."""
    if value is None or end is None:
        return False
    left, right = _aligned(value, end)
    try:
        if isinstance(value, bool) or isinstance(end, bool):
            raise TypeError
        return _ORDERINGS[symbol](left, right)
    except TypeError as cause:
        raise ExpressionError(f"Expected {kind(end)} for '{symbol}', but found {kind(value)}.") from cause


def _aligned(value: Any, end: Any) -> tuple[Any, Any]:
    """Variables keep dates and durations as texts; read one as what it is compared with."""
    if isinstance(value, str) and not isinstance(end, str):
        return _read_as(end, value), end
    if isinstance(end, str) and not isinstance(value, str):
        return value, _read_as(value, end)
    if isinstance(value, datetime) is not isinstance(end, datetime) and isinstance(value, date):
        return _day(value), _day(end)
    return value, end


def _read_as(pattern: Any, text: str) -> Any:
    try:
        if isinstance(pattern, datetime):
            return parse_moment(text)
        if isinstance(pattern, date):
            return parse_moment(text).date()
        if isinstance(pattern, timedelta | Duration):
            duration = parse_duration(text)
            return duration if isinstance(pattern, Duration) or duration.months else duration.span
    except ValueError:
        return text
    return text


def _day(value: Any) -> Any:
    return value.date() if isinstance(value, datetime) else value


def _texts(tests: list[Test]) -> frozenset[str] | None:
    found = [
        test.end.evaluate({})
        for test in tests
        if isinstance(test, Comparison) and test.symbol == "==" and test.end.constant
    ]
    return frozenset(found) if len(found) == len(tests) and all(type(text) is str for text in found) else None


def _ends(test: Test) -> tuple[Expression, ...]:
    return (test.end,) if isinstance(test, Comparison) else (test.lower.end, test.upper.end)


class _CellParser(Parser):
    """Reads unary tests with the values of the expression language."""

    def __init__(self, tokens: list[Any], text: str) -> None:
        super().__init__(tokens, text)
        self.cell_text = text

    def cell(self) -> UnaryTests:
        following = self._tokens[1] if len(self._tokens) > 1 else self.token
        negated = self.is_next("not") and following.value == "("
        if negated:
            self.advance()
            self.advance()
        tests = [self._test()]
        while self.accept(","):
            tests.append(self._test())
        if negated:
            self.expect(")")
        if self.token.kind != "end":
            raise self.error("',' or the end")
        return UnaryTests(self.cell_text, tuple(tests), negated, _texts(tests))

    def _test(self) -> Test:
        if self.is_next("<", "<=", ">", ">=", "==", "!="):
            return Comparison(self.advance().value, self._end())
        if self.is_next("]") or (self.is_next("[", "(") and self._is_interval()):
            return self._interval()
        return Comparison("==", self._end())

    def _end(self) -> Expression:
        start = self.token.position
        tree: ast.expr = self.value()
        return of_tree(self.cell_text[start : self.token.position].strip(), tree)

    def _continues(self) -> bool:
        """A ``[`` with nothing inside closes an interval, as in ``]1..5[``."""
        return super()._continues() and not (self.is_next("[") and self._tokens[self._at + 1].value in ("", ",", ")"))

    def _is_interval(self) -> bool:
        """Whether a ``..`` comes before this bracket is closed."""
        depth = 0
        for token in self._tokens[self._at :]:
            if token.kind == "operator":
                if depth == 1 and token.value == "..":
                    return True
                depth += (token.value in ("(", "[", "{")) - (token.value in (")", "]", "}"))
            if depth == 0:
                return False
        return False

    def _interval(self) -> Interval:
        lower = Comparison(">=" if self.advance().value == "[" else ">", self._end())
        self.expect("..")
        upper = self._end()
        if not self.is_next("]", "[", ")"):
            raise self.error("']', '[' or ')' to close the interval")
        return Interval(lower, Comparison("<=" if self.advance().value == "]" else "<", upper))
