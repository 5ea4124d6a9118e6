"""What a parsed expression is made of, found without evaluating it."""

from __future__ import annotations

import ast
from inspect import Parameter, signature

from engine.core.expressions.errors import ExpressionError, shown
from engine.core.expressions.values import FUNCTIONS

MAX_DEPTH = 80
"""Operators inside each other: ``a + b + c`` is two deep."""

MAX_NODES = 2_000


_SIGNATURES = {name: signature(function) for name, function in FUNCTIONS.items()}


def check(node: ast.expr, text: str) -> None:
    """Whether the tree can be worked out, as far as that is known beforehand.

    Raises:
        ExpressionError: it is deeper or larger than an evaluation should have to walk, or calls a function of the
            language with arguments that it does not take.
    """
    waiting: list[tuple[ast.AST, int]] = [(node, 1)]
    count = 0
    while waiting:
        current, depth = waiting.pop()
        count += 1
        if depth > MAX_DEPTH or count > MAX_NODES:
            raise ExpressionError(f"Expected an expression of a size to be read by people, but '{text[:60]}…' is not.")
        if isinstance(current, ast.Call) and isinstance(current.func, ast.Name) and current.func.id in FUNCTIONS:
            _check_call(current.func.id, current, text)
        waiting.extend((child, depth + 1) for child in ast.iter_child_nodes(current))


def _check_call(name: str, call: ast.Call, text: str) -> None:
    called = _SIGNATURES[name]
    try:
        called.bind(*call.args, **{str(keyword.arg): keyword.value for keyword in call.keywords})
    except TypeError as cause:
        raise ExpressionError(f"Expected {name}({_arguments(name)}) in '{shown(text)}', but {cause}.") from cause


def _arguments(name: str) -> str:
    """How a function of the language may be called, as a designer would write it."""
    marks: dict[object, str] = {Parameter.VAR_POSITIONAL: "… {}", Parameter.KEYWORD_ONLY: "{}=…"}
    parameters = _SIGNATURES[name].parameters.values()
    return ", ".join(marks.get(parameter.kind, "{}").format(parameter.name) for parameter in parameters)


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
