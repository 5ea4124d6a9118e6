"""Works out a parsed expression: simpleeval's evaluator, narrowed to what the language has."""

from __future__ import annotations

import ast
from collections import ChainMap
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from simpleeval import EvalWithCompoundTypes, SimpleEval

from engine.core.expressions.errors import ExpressionError, MissingValue
from engine.core.expressions.parsing import Empty
from engine.core.expressions.values import (
    CHARACTERS_A_STEP,
    CONTAINERS,
    OPERATORS,
    SEQUENCES,
    TIMES,
    UNSIZED,
    is_empty,
    kind,
    measure,
)

MAX_WORK = 1_000_000
"""Steps of one evaluation: an item of a list that is read, a part of an expression that a comprehension repeats."""

MAX_RESULT = 100_000
"""Items of a result, all the way down."""

Names = Mapping[str, Any]
Functions = Mapping[str, Callable[..., Any]]


class Evaluator(EvalWithCompoundTypes):  # type: ignore[misc]
    """One evaluation of one expression.

    simpleeval walks the tree. What it does not get to do here: reach an attribute of a Python object, take a
    function for a value, call anything but a function by its name, run without a bound. Its own constructor is left
    out, since it builds tables that are the same every time.
    """

    operators = OPERATORS
    allowed_attrs: ClassVar[dict[Any, Any]] = {}

    def __init__(self, names: Names, functions: Functions) -> None:
        self.names = names
        self.functions = functions
        self.work = 0

    def __del__(self) -> None:
        """simpleeval breaks a reference cycle here that this class does not have."""

    def evaluate(self, node: ast.expr) -> Any:
        """The value of `node`."""
        result = self._eval(node)
        if type(result) in CONTAINERS and measure(result, MAX_RESULT) > MAX_RESULT:
            raise ExpressionError(f"Expected a result with at most {MAX_RESULT} items, but it has more.")
        return result

    def _eval(self, node: ast.AST) -> Any:
        result = self.handlers[type(node)](self, node)
        if type(result) not in UNSIZED:
            self._check_disallowed_items(result)
        return result

    def _check_disallowed_items(self, item: Any) -> None:
        """Whatever has a size is counted as it comes up, so that none can grow, be copied or compared unbounded."""
        if type(item) is str:
            self.charge(len(item) // CHARACTERS_A_STEP)
        elif type(item) in CONTAINERS:
            self.charge(measure(item, MAX_WORK - self.work))
        elif not isinstance(item, TIMES):
            raise ExpressionError(f"Expected a value, date or duration, but found {kind(item)}.")

    def charge(self, work: int) -> None:
        """Count `work`; raises ExpressionError where it is too much in all."""
        self.work += work
        if self.work > MAX_WORK:
            raise ExpressionError(f"Expected to be done in {MAX_WORK} steps, but there is more to do.")

    def _eval_name(self, node: ast.Name) -> Any:
        try:
            return self.names[node.id]
        except KeyError:
            raise MissingValue(f"Expected a variable '{node.id}', but there is none.") from None

    def _eval_attribute(self, node: ast.Attribute) -> Any:
        return self._item(self._eval(node.value), node.attr)

    def _eval_subscript(self, node: ast.Subscript) -> Any:
        container = self._eval(node.value)
        if isinstance(node.slice, ast.Slice):
            return self._slice(container, node.slice)
        return self._item(container, self._eval(node.slice))

    def _item(self, container: Any, key: Any) -> Any:
        try:
            if type(container) is dict and type(key) is str:
                return container[key]
            if type(container) in SEQUENCES and type(key) is int:
                return container[key]
        except (KeyError, IndexError):
            raise MissingValue(f"Expected {kind(container)} with {key!r:.60}, but it has none.") from None
        if container is None:
            raise MissingValue(f"Expected a mapping with {key!r:.60}, but found null.")
        raise ExpressionError(f"Expected a mapping with {key!r:.60}, but found {kind(container)}.")

    def _slice(self, container: Any, node: ast.Slice) -> Any:
        lower = None if node.lower is None else self._eval(node.lower)
        upper = None if node.upper is None else self._eval(node.upper)
        if type(container) not in SEQUENCES or not {type(lower), type(upper)} <= {int, type(None)}:
            raise ExpressionError(f"Expected a list or text from one place to another, but found {kind(container)}.")
        return container[lower:upper]

    def _eval_empty(self, node: Empty) -> bool:
        try:
            return is_empty(self._eval(node.operand))
        except MissingValue:
            return True

    def _eval_call(self, node: ast.Call) -> Any:
        assert isinstance(node.func, ast.Name)
        if node.func.id not in self.functions:
            raise ExpressionError(f"Expected a function '{node.func.id}', but there is none.")
        return super()._eval_call(node)

    def _eval_keyword(self, node: ast.keyword) -> tuple[str | None, Any]:
        return node.arg, self._eval(node.value)

    def _eval_comprehension(self, node: ast.ListComp | ast.DictComp) -> Any:
        outer = self.names
        inner: ChainMap[str, Any] = ChainMap({}, outer)  # type: ignore[arg-type]
        self.names = inner
        try:
            if isinstance(node, ast.DictComp):
                return {
                    self._eval(node.key): self._eval(node.value)
                    for _ in self._rounds(node.generators, inner, _weight(node))
                }
            return [self._eval(node.elt) for _ in self._rounds(node.generators, inner, _weight(node))]
        finally:
            self.names = outer

    def _rounds(self, generators: list[ast.comprehension], scope: ChainMap[str, Any], weight: int) -> Any:
        generator, *further = generators
        assert isinstance(generator.target, ast.Name)
        items = self._eval(generator.iter)
        if type(items) not in CONTAINERS:
            raise ExpressionError(f"Expected a list to go through, but found {kind(items)}.")
        for item in items:
            self.charge(weight)
            scope[generator.target.id] = item
            if all(self._eval(condition) for condition in generator.ifs):
                if further:
                    yield from self._rounds(further, scope, weight)
                else:
                    yield None

    handlers: ClassVar[dict[type[ast.AST], Callable[[Any, Any], Any]]] = {
        ast.Name: _eval_name,
        ast.Constant: lambda self, node: node.value,
        ast.UnaryOp: SimpleEval._eval_unaryop,
        ast.BinOp: SimpleEval._eval_binop,
        ast.BoolOp: SimpleEval._eval_boolop,
        ast.Compare: SimpleEval._eval_compare,
        ast.IfExp: SimpleEval._eval_ifexp,
        ast.Call: _eval_call,
        ast.Attribute: _eval_attribute,
        ast.Subscript: _eval_subscript,
        ast.List: EvalWithCompoundTypes._eval_list,
        ast.Dict: EvalWithCompoundTypes._eval_dict,
        ast.ListComp: _eval_comprehension,
        ast.DictComp: _eval_comprehension,
        Empty: _eval_empty,
        ast.keyword: _eval_keyword,
    }


def _weight(node: ast.AST) -> int:
    return sum(1 for _ in ast.walk(node))
