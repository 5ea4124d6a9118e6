"""The input cells of a decision table: unary tests of FEEL (DMN 1.3, 9.1 and 10.3.2.8).

==============================  ===================================================
``-`` or nothing                anything
``"a","b"``                     one of these
``[1..5)`` ``]1..5[``           between, with or without the ends
``< 5`` ``>= date("…")``        compared with a value
``not("a", [1..5])``            none of these
``? > 5 and ? != 7``            true of the value, which is ``?``
==============================  ===================================================

Null equals null alone, and lies neither below nor above anything.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from engine.core.expressions import Expression, ExpressionError
from engine.core.expressions.expression import of_tree
from engine.core.expressions.lexing import Token
from engine.core.expressions.values import kind
from engine.core.timing import Duration, parse_duration, parse_moment, parse_time
from engine.decisions.feel import ORDERINGS, FeelParser, work_out
from engine.decisions.names import PLAIN, Names
from engine.decisions.scope import INPUT, Scope

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
STEPS_A_TEST = 4
"""What one test of a cell counts in the budget; looking a value up among those that are listed counts 1."""

_NUMBERS = frozenset({int, float})
_DURATIONS = (timedelta, Duration)
_TEXTS = frozenset({str})
_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Comparison:
    """`symbol` is ``==``, ``!=``, ``<``, ``<=``, ``>`` or ``>=``. `fixed` is the end's value where it is constant."""

    symbol: str
    end: Expression
    fixed: Any = None

    def matches(self, value: Any, scope: Scope) -> bool:
        """Whether `value` stands to the end as the symbol says."""
        end = self.fixed if self.end.constant else work_out(self.end, scope)
        if self.symbol == "==":
            return equals(value, end)
        if self.symbol == "!=":
            return not equals(value, end)
        return compares(self.symbol, value, end)

    @property
    def expressions(self) -> tuple[Expression, ...]:
        return (self.end,)


@dataclass(frozen=True, slots=True)
class Interval:
    """`lower` and `upper` are ``>`` or ``>=``, and ``<`` or ``<=``."""

    lower: Comparison
    upper: Comparison

    def matches(self, value: Any, scope: Scope) -> bool:
        """Whether `value` lies between the ends."""
        return self.lower.matches(value, scope) and self.upper.matches(value, scope)

    @property
    def expressions(self) -> tuple[Expression, ...]:
        return (self.lower.end, self.upper.end)


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression that has to be true of the value, which it reads as ``?``."""

    condition: Expression

    def matches(self, value: Any, scope: Scope) -> bool:
        """Whether it is true; raises ExpressionError where it is neither true nor false."""
        found = work_out(self.condition, scope.with_input(value))
        if isinstance(found, bool):
            return found
        raise ExpressionError(f"Expected '{self.condition.text}' to be true or false, but it is {kind(found)}.")

    @property
    def expressions(self) -> tuple[Expression, ...]:
        return (self.condition,)


Test = Comparison | Interval | Condition


class Listed(NamedTuple):
    """The texts that a cell lists, or the numbers, where it lists nothing else: a value is looked up among them."""

    kinds: frozenset[type]
    values: frozenset[Any]


@dataclass(frozen=True, slots=True)
class UnaryTests:
    """One cell as written. It matches where one of `tests` does (or none of them, after ``not``), or has none."""

    text: str
    tests: tuple[Test, ...] = ()
    negated: bool = False
    listed: Listed | None = None

    def matches(self, value: Any, scope: Scope) -> bool:
        """Whether the cell's column may have this value.

        Raises:
            ExpressionError: a variable is not there, the value cannot be compared with the cell's, or all that is done
                together is too much.
        """
        is_listed = self.listed is not None and type(value) in self.listed.kinds
        scope.budget.charge(1 if is_listed else 1 + STEPS_A_TEST * len(self.tests))
        if not self.tests:
            return True
        if self.listed is not None and is_listed:
            return (value in self.listed.values) is not self.negated
        return any(test.matches(value, scope) for test in self.tests) is not self.negated

    @property
    def constants(self) -> tuple[Any, ...]:
        """The values that the cell compares with for equality, as far as they are fixed."""
        comparisons = (test for test in self.tests if isinstance(test, Comparison))
        return tuple(test.fixed for test in comparisons if test.symbol == "==" and test.end.constant)

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Whatever in the cell is worked out."""
        return tuple(expression for test in self.tests for expression in test.expressions)


def parse_cell(text: str, names: Names = PLAIN) -> UnaryTests:
    """The tests of an input cell; `names` are those of more than one word.

    Raises:
        ExpressionError: they are none; the message says what was expected where.
    """
    if text.strip() in ("", "-"):
        return UnaryTests(text)
    return _CellParser(names.tokens(text), text).cell()


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
    if type(value) in _NUMBERS and type(end) in _NUMBERS:
        return _COMPARISONS[symbol](value, end)
    left, right = _aligned(value, end)
    try:
        if isinstance(value, bool) or isinstance(end, bool):
            raise TypeError
        return _COMPARISONS[symbol](left, right)
    except TypeError as cause:
        raise ExpressionError(f"Expected {kind(end)} for '{symbol}', but found {_told(value, end)}.") from cause


def _told(value: Any, end: Any) -> str:
    same = kind(value) == kind(end)
    return f"{kind(value)} that cannot be compared with it" if same else kind(value)


def _aligned(value: Any, end: Any) -> tuple[Any, Any]:
    """Variables keep dates, times and durations as texts; read one as what it is compared with."""
    if isinstance(value, str) and not isinstance(end, str):
        value = _read_as(end, value)
    elif isinstance(end, str) and not isinstance(value, str):
        end = _read_as(value, end)
    if isinstance(value, datetime) is not isinstance(end, datetime) and isinstance(value, date):
        return _day(value), _day(end)
    if isinstance(value, _DURATIONS) and isinstance(end, _DURATIONS):
        return _length(value), _length(end)
    return value, end


def _read_as(pattern: Any, text: str) -> Any:
    readers: tuple[tuple[Any, Callable[[str], Any]], ...] = (
        (datetime, parse_moment),
        (date, parse_moment),
        (time, parse_time),
        (_DURATIONS, parse_duration),
    )
    try:
        return next((read(text) for kinds, read in readers if isinstance(pattern, kinds)), text)
    except ValueError:
        return text


def _day(value: Any) -> Any:
    return value.date() if isinstance(value, datetime) else value


def _length(duration: timedelta | Duration) -> Any:
    """Durations of months can be compared with each other, and so can those of days (DMN 1.3, 10.3.2.3)."""
    if isinstance(duration, timedelta):
        return duration
    if not duration.months:
        return duration.span
    return duration if duration.span else duration.months


def _listed(tests: list[Test]) -> Listed | None:
    found = [test.fixed for test in tests if isinstance(test, Comparison) and test.symbol == "==" and test.end.constant]
    kinds = next((kinds for kinds in (_TEXTS, _NUMBERS) if kinds.issuperset(map(type, found))), None)
    return None if kinds is None or len(found) < len(tests) else Listed(kinds, frozenset(found))


def _closes(token: Token) -> bool:
    return token.kind == "end" or (token.kind == "operator" and token.value in (",", ")"))


def _fixed(end: Expression) -> Any:
    return work_out(end, Scope({})) if end.constant else None


class _CellParser(FeelParser):
    """Reads unary tests. A list after ``not`` is read as one test where more follows its bracket."""

    def cell(self) -> UnaryTests:
        text = self._text
        following = self._tokens[1] if len(self._tokens) > 1 else self.token
        if self.is_next("not") and following.value == "(":
            self._at = 2
            tests = self._tests()
            self.expect(")")
            if self.token.kind == "end":
                return UnaryTests(text, tuple(tests), True, _listed(tests))
            self._at = 0
        tests = self._tests()
        if self.token.kind != "end":
            raise self.error("',' or the end")
        return UnaryTests(text, tuple(tests), False, _listed(tests))

    def _tests(self) -> list[Test]:
        tests = [self._test()]
        while self.accept(","):
            tests.append(self._test())
        return tests

    def _test(self) -> Test:
        if self.is_next(*ORDERINGS):
            symbol = self.advance().value
            return self._comparison(symbol, self.token.position, self.value())
        if self.is_interval():
            start = self.token.position
            after, lower, before, upper = self.interval()
            return Interval(self._comparison(after, start, lower), self._comparison(before, start, upper))
        return self._literal() or self._value_or_condition()

    def _literal(self) -> Comparison | None:
        """A text or number by itself, as most cells have it; the same as below, without the parser's walk."""
        negative = self.is_next("-")
        at = self._at + negative
        kinds = ("number",) if negative else ("string", "number")
        if self._tokens[at].kind not in kinds or not _closes(self._tokens[at + 1]):
            return None
        self._at = at
        value: Any = self._number() if self.token.kind == "number" else self.advance().value
        value = -value if negative else value
        return Comparison("==", Expression(str(value), _NOTHING, _NOTHING, True, lambda *_: value), value)

    def _value_or_condition(self) -> Test:
        at, start = self._at, self.token.position
        if self.is_next("not") and self._tokens[at + 1].value != "(":
            raise self.error("a value, or 'not' with its brackets")
        value = self.expression() if self.is_next("if") else self.value()
        if self.token.kind != "end" and not self.is_next(",", ")"):
            after, self._at = self._at, at
            condition = self._read(start, self.expression())
            if INPUT in condition.names:
                return Condition(condition)
            self._at = after
            raise self.error("',' or the end")
        end = self._read(start, value)
        return Condition(end) if INPUT in end.names else Comparison("==", end, _fixed(end))

    def _comparison(self, symbol: str, start: int, tree: ast.expr) -> Comparison:
        end = self._read(start, tree)
        return Comparison(symbol, end, _fixed(end))

    def _read(self, start: int, tree: ast.expr) -> Expression:
        return of_tree(self._text[start : self.token.position].strip(), tree)
