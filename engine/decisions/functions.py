"""FEEL's own functions (DMN 1.3, 10.3.4), beside those of the expression language."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from engine.core.expressions import ExpressionError
from engine.core.expressions.values import FUNCTIONS, kind


def _texts(name: str, work: Callable[[str, str], bool]) -> Callable[..., Any]:
    def of_two(text: Any, part: Any) -> bool:
        return work(_text(text, name), _text(part, name))

    return of_two


def _text(value: Any, name: str) -> str:
    if isinstance(value, str):
        return value
    raise ExpressionError(f"Expected texts for '{name}', but found {kind(value)}.")


def _list(value: Any, name: str) -> list[Any]:
    if isinstance(value, list):
        return value
    raise ExpressionError(f"Expected a list for '{name}', but found {kind(value)}.")


def _mean(values: Any) -> Any:
    numbers = _list(values, "mean")
    if not numbers:
        raise ExpressionError("Expected numbers for 'mean', but the list is empty.")
    return FUNCTIONS["sum"](numbers) / len(numbers)


def _number(value: Any) -> Any:
    number = FUNCTIONS["float"](value)
    return int(number) if number.is_integer() else number


FEEL_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "contains": _texts("contains", lambda text, part: part in text),
    "starts with": _texts("starts with", str.startswith),
    "ends with": _texts("ends with", str.endswith),
    "upper case": lambda text: _text(text, "upper case").upper(),
    "lower case": lambda text: _text(text, "lower case").lower(),
    "string length": lambda text: len(_text(text, "string length")),
    "list contains": lambda values, item: item in _list(values, "list contains"),
    "count": lambda values: len(_list(values, "count")),
    "mean": _mean,
    "floor": lambda number: math.floor(number),
    "ceiling": lambda number: math.ceil(number),
    "number": _number,
    "string": FUNCTIONS["str"],
}
