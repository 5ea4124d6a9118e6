"""Expressions and templates: parsed once, evaluated often."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.expressions.budget import Budget
from engine.core.expressions.errors import ExpressionError, MissingValue, shown
from engine.core.expressions.evaluating import Evaluator, weight
from engine.core.expressions.lexing import check_text, lex, lex_embedded, lex_feel
from engine.core.expressions.parsing import Parser
from engine.core.expressions.shape import check, free_names, functions_called, registered
from engine.core.expressions.values import FUNCTIONS, MAX_TEXT, UNSIZED, as_text
from engine.errors import BpmnError

Variables = Mapping[str, Any]
Functions = Mapping[str, Callable[..., Any]]
Work = Callable[[Variables, Functions, Budget], Any]

NO_FUNCTIONS: Functions = {}
_OPENING = re.compile(r"\\[$#]\{|[$#]\{")


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression as written (`text`), ready to be evaluated.

    `names` are the variables it reads. `functions` are the registered functions it calls; those that every expression
    may call (FUNCTIONS) are left out. `constant`: it gives the same value whatever the variables are.
    """

    text: str
    names: frozenset[str]
    functions: frozenset[str]
    constant: bool
    work: Work = field(compare=False, repr=False)

    def evaluate(self, variables: Variables, functions: Functions = NO_FUNCTIONS, budget: Budget | None = None) -> Any:
        """A JSON value, or a date, datetime, timedelta or Duration (`as_json` makes a variable's value of it).

        `budget` is what this evaluation and others may do together; without one it is bounded by itself alone.

        Raises:
            ExpressionError: a variable is not there (MissingValue), or a value does not fit; it names text and cause.
            BpmnError: a function raised it.
        """
        try:
            return self.work(variables, functions, Budget() if budget is None else budget)
        except BpmnError:
            raise
        except Exception as cause:
            raise located(self.text, cause) from cause


def located(text: str, cause: Exception) -> ExpressionError:
    """The error `cause`, with the expression in which it came up."""
    kind = MissingValue if isinstance(cause, MissingValue) else ExpressionError
    if isinstance(cause, ExpressionError):
        return kind(f"{cause} (in '{shown(text)}')")
    return kind(f"Expected to evaluate '{shown(text)}', but {type(cause).__name__}: {shown(str(cause))}")


def parse(text: str) -> Expression:
    """An expression, bare or in ``${…}`` / ``#{…}``.

    Raises:
        ExpressionError: it is none; the message says what was expected where.
    """
    bare = text.strip()
    if bare[:2] not in ("${", "#{"):
        return of_tree(text, Parser(lex(bare), bare).whole())
    tokens, end = lex_embedded(bare, 2)
    if end < len(bare):
        raise ExpressionError(f"Expected the expression to end with its '}}', but '{shown(bare)}' has more after it.")
    return of_tree(text, Parser(tokens, bare).whole())


def parse_feel(text: str) -> Expression:
    """An expression as decision tables and forms write it: FEEL's ``=`` compares, the rest is this language.

    Raises:
        ExpressionError: it is none.
    """
    return of_tree(text, Parser(lex_feel(text), text).whole())


def parse_template(text: str) -> Expression:
    """A text with ``${…}`` inside, as in ``unit:${lead_unit}``.

    A text that is one ``${…}`` and nothing else gives that value itself, whatever its kind. Otherwise texts, numbers,
    truth values and dates are put into the text; null, lists and mappings are refused. ``\\${`` stands for ``${``.

    Raises:
        ExpressionError: an expression in it is none.
    """
    parts = _cut(text)
    if len(parts) == 1 and isinstance(parts[0], ast.expr):
        return of_tree(text, parts[0])
    trees = [part for part in parts if isinstance(part, ast.expr)]
    for tree in trees:
        check(tree, text)
    called = frozenset[str]().union(*map(functions_called, trees))
    names = frozenset[str]().union(*map(free_names, trees))
    work = _joined(parts, called) if trees else _constant("".join(str(part) for part in parts))
    return _expression(text, names, called, work)


def of_tree(text: str, tree: ast.expr) -> Expression:
    """The expression of a parsed tree."""
    check(tree, text)
    called = functions_called(tree)
    return _expression(text, free_names(tree), called, _tree_work(tree, called))


def _expression(text: str, names: frozenset[str], called: frozenset[str], work: Work) -> Expression:
    functions = registered(called)
    return Expression(text, names, functions, not names and not functions, work)


def _tree_work(tree: ast.expr, called: frozenset[str]) -> Work:
    """How to work out a tree. A lone constant or variable needs no evaluator."""
    if isinstance(tree, ast.Constant):
        return _constant(tree.value)
    if isinstance(tree, ast.Name):
        return _variable(tree.id)
    parts = weight(tree)

    def work(variables: Variables, functions: Functions, budget: Budget) -> Any:
        evaluator = Evaluator(variables, _callable(functions, called), budget)
        evaluator.charge(parts)
        return evaluator.evaluate(tree)

    return work


def _constant(value: Any) -> Work:
    return lambda variables, functions, budget: value


def _variable(name: str) -> Work:
    def work(variables: Variables, functions: Functions, budget: Budget) -> Any:
        try:
            value = variables[name]
        except KeyError:
            raise MissingValue(f"Expected a variable '{name}', but there is none.") from None
        if type(value) not in UNSIZED:
            budget.charge_value(value)
        return value

    return work


def _joined(parts: list[ast.expr | str], called: frozenset[str]) -> Work:
    size = sum(weight(part) for part in parts if isinstance(part, ast.expr))

    def work(variables: Variables, functions: Functions, budget: Budget) -> str:
        evaluator = Evaluator(variables, _callable(functions, called), budget)
        evaluator.charge(size)
        text = "".join(part if isinstance(part, str) else as_text(evaluator.evaluate(part)) for part in parts)
        if len(text) > MAX_TEXT:
            raise ExpressionError(f"Expected a text of at most {MAX_TEXT} characters, but it would be longer.")
        return text

    return work


def _callable(functions: Functions, called: frozenset[str]) -> Functions:
    return {**functions, **FUNCTIONS} if called else NO_FUNCTIONS


def _cut(text: str) -> list[ast.expr | str]:
    check_text(text)
    parts: list[ast.expr | str] = []
    position = 0
    while opening := _OPENING.search(text, position):
        parts.append(text[position : opening.start()])
        if opening.group().startswith("\\"):
            parts.append(opening.group()[1:])
            position = opening.end()
        else:
            tokens, position = lex_embedded(text, opening.end())
            parts.append(Parser(tokens, text).whole())
    parts.append(text[position:])
    return [part for part in parts if part != ""]
