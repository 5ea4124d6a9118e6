"""What may be a process variable: a JSON value under a name that an expression can speak of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from engine.core.expressions import as_json
from engine.core.expressions.parsing import LARGEST
from engine.core.timing import Duration
from engine.errors import InvalidVariables

MAX_DEPTH = 50


def checked(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The variables, with dates and durations as ISO 8601 texts, as the state keeps them.

    Raises:
        InvalidVariables: every one that cannot be kept, at once.
    """
    kept: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, value in variables.items():
        try:
            kept[_name(name)] = _json(value, MAX_DEPTH)
        except ValueError as error:
            wrong[str(name)] = str(error)
    if wrong:
        raise InvalidVariables(wrong)
    return kept


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"expected a name of letters, digits and underscores, but it is called {name!r}")
    return name


def _json(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, str):
        return _text(value)
    if depth == 0:
        raise ValueError(f"expected at most {MAX_DEPTH} levels of lists and objects, but there are more")
    if isinstance(value, list | tuple):
        return [_json(item, depth - 1) for item in value]
    if isinstance(value, Mapping):
        return {_key(key): _json(item, depth - 1) for key, item in value.items()}
    if isinstance(value, date | timedelta | Duration):
        return as_json(value)
    raise ValueError(f"expected a JSON value, but it is a {type(value).__name__}")


def _number(value: int | float) -> int | float:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"expected a number, but it is {value}")
    if isinstance(value, int) and abs(value) > LARGEST:
        raise ValueError(f"expected a whole number up to {LARGEST}, but it is larger")
    return value


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            "expected a text that can be written in UTF-8, but a part of a character is missing"
        ) from error
    return value


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise ValueError(f"expected an object's keys to be texts, but one is {key!r}")
    return _text(key)
