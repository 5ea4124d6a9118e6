"""Scripts: assignments and calls, a statement a line or separated by ``;``."""

from __future__ import annotations

import ast
from collections import ChainMap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from engine.core.expressions.budget import Budget
from engine.core.expressions.errors import ExpressionError, StatementFailed, line_of, shown
from engine.core.expressions.expression import (
    NO_FUNCTIONS,
    Expression,
    Functions,
    Variables,
    located,
    of_tree,
)
from engine.core.expressions.lexing import Token, lex_script
from engine.core.expressions.parsing import Parser
from engine.core.expressions.values import as_json, kind

MAX_STATEMENTS = 500

_CHANGES: dict[str, Callable[[], ast.operator]] = {"+=": ast.Add, "-=": ast.Sub}


@dataclass(frozen=True, slots=True)
class Statement:
    """`target` is the variable that is assigned, None for a call; `path` are the keys below it.

    `line` is where it begins, counted from 1.
    """

    line: int
    value: Expression
    target: str | None = None
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """A script as written (`text`), ready to run.

    `names` are the variables it needs from outside, `functions` the registered functions it calls.
    """

    text: str
    names: frozenset[str]
    functions: frozenset[str]
    statements: tuple[Statement, ...] = field(compare=False, repr=False)

    def run(
        self, variables: Variables, functions: Functions = NO_FUNCTIONS, budget: Budget | None = None
    ) -> tuple[dict[str, Any], Any]:
        """What is assigned, as JSON values by name, and the value of the last statement (None where there is none).

        `variables` is not changed. A statement sees what those before it have assigned. All of them together may do
        as much as one expression; `budget` is what the script and others may do together.

        Raises:
            StatementFailed: a statement could not be run; nothing is assigned.
            BpmnError: a function raised it; nothing is assigned.
        """
        whole = Budget() if budget is None else budget
        part = whole.part()
        before = part.left
        try:
            return self._run(variables, functions, part)
        finally:
            whole.left -= before - part.left

    def _run(self, variables: Variables, functions: Functions, budget: Budget) -> tuple[dict[str, Any], Any]:
        assigned: dict[str, Any] = {}
        scope = ChainMap(assigned, variables)  # type: ignore[arg-type]
        value: Any = None
        for statement in self.statements:
            try:
                value = as_json(statement.value.evaluate(scope, functions, budget))
                if statement.target is not None:
                    assigned[statement.target] = _placed(scope, statement, value, budget)
            except ExpressionError as cause:
                raise StatementFailed(str(cause), statement.line, shown(statement.value.text)) from cause
        return assigned, value


def parse_script(text: str) -> Script:
    """Statements: ``name = expression``, ``name.key = expression``, ``+=``, ``-=``, calls; ``#`` begins a comment.

    The last statement may be an expression, whose value is the script's.

    Raises:
        ExpressionError: a statement is none of these, or there is none.
    """
    lines = _statements(lex_script(text))
    if len(lines) > MAX_STATEMENTS:
        raise ExpressionError(f"Expected at most {MAX_STATEMENTS} statements, but the script has {len(lines)}.")
    if not lines:
        raise ExpressionError("Expected a statement, but the script is empty.")
    statements = [_located(line, text, last=line is lines[-1]) for line in lines]
    names: set[str] = set()
    known: set[str] = set()
    for statement in statements:
        names |= statement.value.names - known
        if statement.path and statement.target not in known:
            names.add(str(statement.target))
        if statement.target is not None:
            known.add(statement.target)
    functions = frozenset[str]().union(*(statement.value.functions for statement in statements))
    return Script(text, frozenset(names), functions, tuple(statements))


def _statements(tokens: list[Token]) -> list[list[Token]]:
    lines: list[list[Token]] = [[]]
    for token in tokens:
        if token.kind in ("newline", "end"):
            lines[-1].append(Token("end", "", token.position))
            lines.append([])
        else:
            lines[-1].append(token)
    return [line for line in lines if len(line) > 1]


def _located(tokens: list[Token], text: str, *, last: bool) -> Statement:
    """A statement; raises ExpressionError with its line in the script."""
    start = tokens[0].position
    line = line_of(text, start)
    try:
        return _statement(tokens, text[start : tokens[-1].position].strip(), line, last=last)
    except ExpressionError as cause:
        raise ExpressionError(str(cause), line + cause.line - 1) from cause


def _statement(tokens: list[Token], written: str, line: int, *, last: bool) -> Statement:
    parser = Parser(tokens, written, tokens[0].position)
    if not _assigns(tokens):
        tree = parser.whole()
        if not last and not isinstance(tree, ast.Call):
            raise ExpressionError(f"Expected an assignment or a call, but '{shown(written)}' does nothing.")
        return Statement(line, of_tree(written, tree))
    target = parser.name("a variable")
    place: ast.expr = ast.Name(id=target, ctx=ast.Load())
    path: list[str] = []
    while parser.accept("."):
        path.append(parser.name("a key"))
        place = ast.Attribute(value=place, attr=path[-1], ctx=ast.Load())
    symbol = parser.advance().value
    value = parser.whole()
    if symbol in _CHANGES:
        value = ast.BinOp(left=place, op=_CHANGES[symbol](), right=value)
    return Statement(line, of_tree(written, value), target, tuple(path))


def _assigns(tokens: list[Token]) -> bool:
    """Whether the statement begins with ``name =`` or ``name.key =``, rather than having a ``=`` in a call."""
    signs = (token.value for token in tokens if token.kind == "operator" and token.value != ".")
    return next(signs, "") in ("=", *_CHANGES)


def _placed(scope: ChainMap[str, Any], statement: Statement, value: Any, budget: Budget) -> Any:
    """The new value of the whole variable; mappings along the path are copied, not changed."""
    if not statement.path:
        return value
    assert statement.target is not None
    try:
        return _with(scope.get(statement.target), statement.path, value, budget)
    except ExpressionError as cause:
        raise located(statement.value.text, cause) from cause


def _with(container: Any, path: tuple[str, ...], value: Any, budget: Budget) -> Any:
    if not path:
        return value
    if not isinstance(container, dict):
        raise ExpressionError(f"Expected a mapping to set '{path[0]}' in, but found {kind(container)}.")
    budget.charge(len(container))
    return {**container, path[0]: _with(container.get(path[0]), path[1:], value, budget)}
