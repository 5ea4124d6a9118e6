"""FEEL as decisions write it (DMN 1.3, 10.3): the expression language of diagrams, with what FEEL spells differently.

==================================  ==========================================================
``=``                               compares
``if a then b else c``
``x between a and b``
``x in [1..5]``, ``x in (1, > 9)``  the tests of an input cell
``@"2026-05-01"``                   a date, date-time, time or duration
``{days: 5}``                       keys are names or texts
``items[1]``                        the first item; ``items[-1]`` is the last
``Applicant age``, ``starts with``  names with spaces, where they are declared
==================================  ==========================================================

There is no way to go through a list, so an expression takes no more steps than it has parts and reads values.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from engine.core.expressions import Expression, ExpressionError
from engine.core.expressions.expression import of_tree
from engine.core.expressions.parsing import Parser
from engine.core.expressions.shape import free_names
from engine.decisions.functions import FEEL_FUNCTIONS
from engine.decisions.names import PLAIN, Names
from engine.decisions.scope import INPUT, Scope


def parse_expression(text: str, names: Names = PLAIN) -> Expression:
    """The expression of an input, an output or a decision.

    Raises:
        ExpressionError: it is none; the message says what was expected where.
    """
    return of_tree(text, FeelParser(names.tokens(text), text).whole())


def work_out(expression: Expression, scope: Scope) -> Any:
    """The value of an expression; raises ExpressionError."""
    return expression.evaluate(scope, FEEL_FUNCTIONS, scope.budget)


class FeelParser(Parser):
    """Reads FEEL into the trees of the expression language."""

    def expression(self) -> ast.expr:
        """One expression, ``if a then b else c`` included."""
        if not self.is_next("if"):
            return super().expression()
        self._deeper()
        self.advance()
        test = self.expression()
        self.expect("then")
        body = self.expression()
        self.expect("else")
        orelse = self.expression()
        self._nesting -= 1
        return ast.IfExp(test=test, body=body, orelse=orelse)

    def _operator(self) -> str | None:
        return "in" if self.is_next("between") else super()._operator()

    def _compared(self, left: ast.expr) -> ast.expr:
        if self.accept("between"):
            lower = self.value()
            self.expect("and")
            return _within(lower, ast.LtE(), left, ast.LtE(), self.value())
        if self.accept("in"):
            return self._in(left)
        return super()._compared(left)

    def _in(self, left: ast.expr) -> ast.expr:
        if not self.is_next("(") or self.is_interval():
            return self._condition(left)
        self.advance()
        conditions = [self._condition(left)]
        while self.accept(","):
            conditions.append(self._condition(left))
        self.expect(")")
        return ast.BoolOp(op=ast.Or(), values=conditions) if len(conditions) > 1 else conditions[0]

    def _condition(self, left: ast.expr) -> ast.expr:
        """One test of ``in`` as a condition on what stands before it."""
        if self.is_next(*ORDERINGS):
            return ast.Compare(left=left, ops=[ORDERINGS[self.advance().value]()], comparators=[self.value()])
        if self.is_interval():
            after, lower, before, upper = self.interval()
            return _within(lower, _BELOW[after](), left, ORDERINGS[before](), upper)
        value = self.value()
        operator = ast.Eq() if isinstance(value, ast.Constant) else ast.In()
        return ast.Compare(left=left, ops=[operator], comparators=[value])

    def is_interval(self) -> bool:
        """Whether an interval comes next: a ``..`` stands before this bracket is closed."""
        if self.is_next("]"):
            return True
        depth = 0
        for token in self._tokens[self._at :] if self.is_next("[", "(") else ():
            if token.kind == "operator":
                if depth == 1 and token.value == "..":
                    return True
                depth += (token.value in ("(", "[", "{")) - (token.value in (")", "]", "}"))
            if depth == 0:
                return False
        return False

    def interval(self) -> tuple[str, ast.expr, str, ast.expr]:
        """``>`` or ``>=``, the lower end, ``<`` or ``<=``, the upper end."""
        after = ">=" if self.advance().value == "[" else ">"
        lower = self.value()
        self.expect("..")
        upper = self.value()
        if not self.is_next("]", "[", ")"):
            raise self.error("']', '[' or ')' to close the interval")
        return after, lower, "<=" if self.advance().value == "]" else "<", upper

    def _continues(self) -> bool:
        """A ``[`` with no value after it closes an interval, as in ``]1..5[``."""
        return super()._continues() and not (self.is_next("[") and self._tokens[self._at + 1].value in _AFTER_INTERVAL)

    def _atom(self) -> ast.expr:
        if self.accept(INPUT):
            return ast.Name(id=INPUT, ctx=ast.Load())
        if self.accept("@"):
            if self.token.kind != "string":
                raise self.error("a text")
            return _literal(self.advance().value)
        return super()._atom()

    def _index(self) -> ast.expr:
        """FEEL counts items from 1, and from the end with negative numbers."""
        index = self.expression()
        self.expect("]")
        sign = -1 if isinstance(index, ast.UnaryOp) and isinstance(index.op, ast.USub) else 1
        number = index.operand if isinstance(index, ast.UnaryOp) else index
        if isinstance(number, ast.Constant) and type(number.value) is str:
            return number
        if not isinstance(number, ast.Constant) or type(number.value) is not int or number.value == 0:
            raise ExpressionError(f"Expected a number from 1 in '[…]' in '{self._text}', but it is none.")
        return ast.Constant(value=number.value - 1 if sign > 0 else -number.value)

    def _mapping(self) -> ast.expr:
        keys: list[ast.expr | None] = []
        values: list[ast.expr] = []
        before: set[str] = set()
        while not self.accept("}"):
            key = self.advance().value if self.token.kind == "string" else self._key()
            self.expect(":")
            value = self.expression()
            if before & free_names(value):
                raise ExpressionError(f"Expected entries that do not read each other in '{self._text}', but they do.")
            before.add(key)
            keys.append(ast.Constant(value=key))
            values.append(value)
            self._separator("}")
        return ast.Dict(keys=keys, values=values)

    def _generators(self) -> list[ast.comprehension]:
        raise self.error("an expression that goes through no list")


ORDERINGS: Mapping[str, Callable[[], ast.cmpop]] = {
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
    "==": ast.Eq,
    "!=": ast.NotEq,
}
_BELOW: Mapping[str, Callable[[], ast.cmpop]] = {">": ast.Lt, ">=": ast.LtE}
_AFTER_INTERVAL = frozenset({"", ",", ")", "and", "or", "then", "else"})


def _within(lower: ast.expr, above: ast.cmpop, value: ast.expr, below: ast.cmpop, upper: ast.expr) -> ast.expr:
    return ast.Compare(left=lower, ops=[above, below], comparators=[value, upper])


def _literal(text: str) -> ast.expr:
    """What ``@"…"`` means, by its form."""
    bare = text.strip()
    if bare.lstrip("-").startswith("P"):
        name = "duration"
    elif "T" in bare:
        name = "datetime"
    else:
        name = "time" if ":" in bare else "date"
    return ast.Call(func=ast.Name(id=name, ctx=ast.Load()), args=[ast.Constant(value=text)], keywords=[])
