"""What a parsed expression is made of, found without evaluating it."""

from __future__ import annotations

import ast

from engine.core.expressions.errors import ExpressionError
from engine.core.expressions.values import FUNCTIONS

MAX_DEPTH = 80
"""Operators inside each other: ``a + b + c`` is two deep."""

MAX_NODES = 2_000


def check_size(node: ast.expr, text: str) -> None:
    """Raises ExpressionError where the tree is deeper or larger than an evaluation should have to walk."""
    waiting: list[tuple[ast.AST, int]] = [(node, 1)]
    count = 0
    while waiting:
        current, depth = waiting.pop()
        count += 1
        if depth > MAX_DEPTH or count > MAX_NODES:
            raise ExpressionError(f"Expected an expression of a size to be read by people, but '{text[:60]}…' is not.")
        waiting.extend((child, depth + 1) for child in ast.iter_child_nodes(current))


def free_names(node: ast.AST, bound: frozenset[str] = frozenset()) -> frozenset[str]:
    """The variables that the expression reads; the items of a comprehension are none."""
    if isinstance(node, ast.Name):
        return frozenset() if node.id in bound else frozenset({node.id})
    if isinstance(node, ast.Call):
        return _of_all([*node.args, *node.keywords], bound)
    if isinstance(node, ast.ListComp | ast.DictComp):
        names: frozenset[str] = frozenset()
        for generator in node.generators:
            names |= free_names(generator.iter, bound)
            bound |= {name.id for name in ast.walk(generator.target) if isinstance(name, ast.Name)}
            names |= _of_all(generator.ifs, bound)
        results = [node.elt] if isinstance(node, ast.ListComp) else [node.key, node.value]
        return names | _of_all(results, bound)
    return _of_all(list(ast.iter_child_nodes(node)), bound)


def functions_called(node: ast.AST) -> frozenset[str]:
    """The functions that the expression calls, those of the language included."""
    calls = (part.func for part in ast.walk(node) if isinstance(part, ast.Call))
    return frozenset(function.id for function in calls if isinstance(function, ast.Name))


def registered(functions: frozenset[str]) -> frozenset[str]:
    """Those that someone has to register: not those of the language."""
    return functions - frozenset(FUNCTIONS)


def _of_all(nodes: list[ast.AST] | list[ast.expr], bound: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*(free_names(node, bound) for node in nodes))
