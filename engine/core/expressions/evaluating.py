"""Works out a parsed expression: simpleeval's evaluator, narrowed to what the language has."""

from __future__ import annotations

import ast
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from simpleeval import EvalWithCompoundTypes, SimpleEval

from engine.core.expressions.budget import MAX_WORK, Budget
from engine.core.expressions.errors import ExpressionError, FunctionFailed, MissingValue
from engine.core.expressions.parsing import Empty
from engine.core.expressions.values import (
    CHARACTERS_A_STEP,
    CONTAINERS,
    FUNCTIONS,
    OPERATORS,
    SEQUENCES,
    SHALLOW,
    TIMES,
    UNSIZED,
    VALUES,
    brief,
    is_empty,
    kind,
    measure,
    not_a_value,
)
from engine.errors import BpmnError, EngineError

MAX_RESULT = 100_000
"""Items of a result, all the way down."""

_PLACES = frozenset({ast.Name, ast.Attribute, ast.Subscript})

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

    def __init__(self, names: Names, functions: Functions, budget: Budget) -> None:
        self.names = names
        self.functions = functions
        self.budget = budget
        self.floor = max(0, budget.left - MAX_WORK)

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
            self.charge(measure(item, MAX_WORK))
        elif type(item) not in TIMES:
            raise not_a_value(item)

    def charge(self, work: int) -> None:
        """Count `work`; raises ExpressionError where it is too much for one evaluation, or for all of a budget."""
        left = self.budget.left = self.budget.left - work
        if left < self.floor:
            raise self.budget.spent()

    def _eval_name(self, node: ast.Name) -> Any:
        try:
            return self.names[node.id]
        except KeyError:
            raise MissingValue(f"Expected a variable '{node.id}', but there is none.") from None

    def _eval_attribute(self, node: ast.Attribute) -> Any:
        return self._item(self._holder(node.value), node.attr)

    def _eval_subscript(self, node: ast.Subscript) -> Any:
        container = self._holder(node.value)
        if isinstance(node.slice, ast.Slice):
            return self._slice(container, node.slice)
        return self._item(container, self._eval(node.slice))

    def _holder(self, node: ast.expr) -> Any:
        """What a key, an item or a length is taken from. Its size does not count: taking one out costs the same."""
        if type(node) in _PLACES and type(getattr(node, "slice", None)) is not ast.Slice:
            value = self.handlers[type(node)](self, node)
            if type(value) not in VALUES:
                raise not_a_value(value)
            return value
        return self._eval(node)

    def _item(self, container: Any, key: Any) -> Any:
        try:
            if type(container) is dict and type(key) is str:
                return container[key]
            if type(container) in SEQUENCES and type(key) is int:
                return container[key]
        except (KeyError, IndexError):
            raise MissingValue(f"Expected {kind(container)} with {brief(key)}, but it has none.") from None
        if container is None:
            raise MissingValue(f"Expected a mapping with {brief(key)}, but found null.")
        raise ExpressionError(f"Expected a mapping with {brief(key)}, but found {kind(container)}.")

    def _slice(self, container: Any, node: ast.Slice) -> Any:
        lower = None if node.lower is None else self._eval(node.lower)
        upper = None if node.upper is None else self._eval(node.upper)
        if type(container) not in SEQUENCES or not {type(lower), type(upper)} <= {int, type(None)}:
            raise ExpressionError(f"Expected a list or text from one place to another, but found {kind(container)}.")
        return container[lower:upper]

    def _eval_empty(self, node: Empty) -> bool:
        try:
            return is_empty(self._holder(node.operand))
        except MissingValue:
            return True

    def _eval_call(self, node: ast.Call) -> Any:
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        if name not in self.functions:
            raise ExpressionError(f"Expected a function '{name}', but there is none.")
        take = self._holder if name in SHALLOW else self._eval
        named = {str(keyword.arg): self._eval(keyword.value) for keyword in node.keywords}
        arguments = [take(argument) for argument in node.args]
        if name in FUNCTIONS:
            return self.functions[name](*arguments, **named)
        return self._registered(name, arguments, named)

    def _registered(self, name: str, arguments: Sequence[Any], named: Mapping[str, Any]) -> Any:
        try:
            return self.functions[name](*arguments, **named)
        except (BpmnError, EngineError, ExpressionError):
            raise
        except Exception as error:
            raise FunctionFailed(name, error) from error

    def _eval_comprehension(self, node: ast.ListComp | ast.DictComp) -> Any:
        outer = self.names
        inner: ChainMap[str, Any] = ChainMap({}, outer)  # type: ignore[arg-type]
        self.names = inner
        try:
            if isinstance(node, ast.DictComp):
                return {
                    self._eval(node.key): self._eval(node.value)
                    for _ in self._rounds(node.generators, inner, weight(node))
                }
            return [self._eval(node.elt) for _ in self._rounds(node.generators, inner, weight(node))]
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
    }


def weight(node: ast.AST) -> int:
    """The steps that working out each part of an expression once comes to."""
    return sum(1 for _ in ast.walk(node))
