"""What an expression reckons with: JSON values, dates and durations, and the operators and functions on them.

Every operator says which kinds of value it takes, so that none of Python's other meanings is reached (``%`` formats
no text, ``*`` repeats no list), and bounds what it gives.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from engine.core.expressions.errors import ExpressionError
from engine.core.expressions.parsing import LARGEST
from engine.core.timing import Duration, InvalidTime, parse_duration, parse_moment, parse_time

MAX_TEXT = 100_000
"""Characters of a text that an expression puts together."""

MAX_ITEMS = 10_000
"""Items of a list that an expression puts together."""

MAX_NESTED = 100
"""Lists and mappings inside each other."""

CHARACTERS_A_STEP = 16
"""Characters of a text that count like one item of a list."""

MAX_EXPONENT = 1_000
MAX_BITS = 63
"""Binary digits of a whole number."""

MAX_DECIMALS = 30

UNSIZED = frozenset({int, float, bool, type(None)})
CONTAINERS = frozenset({list, tuple, dict})
SEQUENCES = frozenset({list, tuple, str})
_NOT_FINITE = "Expected a number that can be reckoned with, but the result is not finite."
_NUMBERS = frozenset({int, float, bool})
TIMES = frozenset({date, datetime, time, timedelta, Duration})
VALUES = frozenset({*UNSIZED, *CONTAINERS, *TIMES, str})
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (type(None), "null"),
    (bool, "a truth value"),
    ((int, float), "a number"),
    (str, "a text"),
    ((list, tuple), "a list"),
    (dict, "a mapping"),
    (date, "a date"),
    (time, "a time"),
    ((timedelta, Duration), "a duration"),
)


def brief(value: object) -> str:
    """A key or item in a message."""
    return repr(value[:60] if isinstance(value, str) else value)[:60]


def kind(value: object) -> str:
    """What to call a value in a message."""
    return next((name for types, name in _KINDS if isinstance(value, types)), f"a {type(value).__name__}")


def not_a_value(value: object) -> ExpressionError:
    """What to raise where something else than a value comes up, a function's result for instance."""
    return ExpressionError(f"Expected a value, date or duration, but found {kind(value)}.")


def bounded(value: Any) -> Any:
    """The number `value`; raises ExpressionError where it is too large, or none."""
    if type(value) is int:
        if not -LARGEST <= value <= LARGEST:
            raise ExpressionError(f"Expected whole numbers up to {LARGEST}, but the result is larger.")
    elif type(value) is float:
        if not math.isfinite(value):
            raise ExpressionError(_NOT_FINITE)
    elif type(value) is complex:
        raise ExpressionError("Expected a real number, but the result is not real.")
    return value


def measure(value: Any, limit: int) -> int:
    """How much a list or mapping holds, all the way down; long texts count more.

    Stops counting past `limit`, so that what is shared inside itself many times over costs no more than that.

    Raises:
        ExpressionError: it is no JSON value (dates and durations aside), or nested too deeply to be one.
    """
    size, level = 0, [value]
    for _ in range(MAX_NESTED):
        below: list[Any] = []
        for container in level:
            size += len(container) + 1
            if type(container) is dict:
                size += sum(map(len, _keys(container))) // CHARACTERS_A_STEP
            if size > limit:
                return size
            for item in container.values() if type(container) is dict else container:
                if type(item) is str:
                    size += len(item) // CHARACTERS_A_STEP
                elif type(item) in CONTAINERS:
                    below.append(item)
                elif type(item) not in UNSIZED and type(item) not in TIMES:
                    raise not_a_value(item)
        if not below:
            return size
        level = below
    raise ExpressionError(f"Expected lists and mappings up to {MAX_NESTED} deep, but these are deeper.")


def _keys(container: dict[Any, Any]) -> dict[str, Any]:
    if set(map(type, container)) - {str}:
        raise ExpressionError("Expected texts as keys of a mapping, but a key is none.")
    return container


def as_json(value: Any, nested: int = MAX_NESTED) -> Any:
    """A value as a process variable keeps it: dates, times and durations become ISO 8601 texts, tuples lists.

    Raises:
        ExpressionError: it is none that JSON knows, or `nested` is not deep enough for it.
    """
    if value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if not nested:
        raise ExpressionError(f"Expected lists and mappings up to {MAX_NESTED} deep, but these are deeper.")
    if isinstance(value, (list, tuple)):
        return [as_json(item, nested - 1) for item in value]
    if isinstance(value, dict):
        return {str(key): as_json(item, nested - 1) for key, item in value.items()}
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (timedelta, Duration)):
        return str(parse_duration(value))
    raise ExpressionError(f"Expected a JSON value, but found {value!r:.60}.")


def as_text(value: Any) -> str:
    """A value inside a text; raises ExpressionError where it has no plain form there."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)) or type(value) in TIMES:
        return str(as_json(value))
    raise ExpressionError(f"Expected something to put into a text, but found {kind(value)}.")


def is_empty(value: Any) -> bool:
    """Null, or a text, list or mapping without content."""
    return value is None or (isinstance(value, (str, list, tuple, dict)) and not value)


# --- operators


def _unfit(symbol: str, left: Any, right: Any) -> ExpressionError:
    return ExpressionError(f"Expected values that '{symbol}' takes, but found {kind(left)} and {kind(right)}.")


def _arithmetic(symbol: str, work: Callable[[Any, Any], Any]) -> Any:
    def operate(left: Any, right: Any) -> Any:
        if type(left) in _NUMBERS and type(right) in _NUMBERS:
            try:
                return bounded(work(left, right))
            except ZeroDivisionError as cause:
                raise ExpressionError("Expected a divisor, but it is 0.") from cause
            except OverflowError as cause:
                raise ExpressionError(_NOT_FINITE) from cause
        if symbol in ("+", "-") and (type(left) in TIMES or type(right) in TIMES):
            return _reckon(symbol, work, left, right)
        raise _unfit(symbol, left, right)

    return operate


def _reckon(symbol: str, work: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    try:
        return work(left, right)
    except TypeError as cause:
        raise _unfit(symbol, left, right) from cause
    except (InvalidTime, OverflowError) as cause:
        raise ExpressionError(f"Expected a date in the calendar, but {left} {symbol} {right} is outside.") from cause


_add_numbers = _arithmetic("+", operator.add)


def _add(left: Any, right: Any) -> Any:
    if type(left) is str and type(right) is str:
        if len(left) + len(right) > MAX_TEXT:
            raise ExpressionError(_too_long())
        return left + right
    if type(left) is list and type(right) is list:
        if len(left) + len(right) > MAX_ITEMS:
            raise ExpressionError(f"Expected a list of at most {MAX_ITEMS} items, but it would be longer.")
        return left + right
    return _add_numbers(left, right)


def _power(left: Any, right: Any) -> Any:
    if abs(right) > MAX_EXPONENT:
        raise ExpressionError(f"Expected an exponent up to {MAX_EXPONENT}, but it is {right}.")
    if type(left) is int and type(right) is int and abs(left) > 1 and (abs(left).bit_length() - 1) * right > MAX_BITS:
        raise ExpressionError(f"Expected whole numbers up to {LARGEST}, but the result is larger.")
    return left**right


def _ordering(symbol: str, work: Callable[[Any, Any], bool]) -> Any:
    def compare(left: Any, right: Any) -> bool:
        try:
            return work(left, right)
        except TypeError as cause:
            raise _unfit(symbol, left, right) from cause

    return compare


def _contains(item: Any, container: Any) -> bool:
    if isinstance(container, (list, tuple, dict)) or (isinstance(container, str) and isinstance(item, str)):
        try:
            return item in container
        except TypeError as cause:
            raise _unfit("in", item, container) from cause
    raise _unfit("in", item, container)


def _same(left: Any, right: Any) -> bool:
    """``is`` goes by kind and value; which object it is differs from run to run."""
    return type(left) is type(right) and bool(left == right)


def _sign(symbol: str, work: Callable[[Any], Any]) -> Any:
    def operate(value: Any) -> Any:
        if type(value) in _NUMBERS or isinstance(value, timedelta | Duration):
            return work(value)
        raise ExpressionError(f"Expected a number after '{symbol}', but found {kind(value)}.")

    return operate


OPERATORS: Mapping[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _add,
    ast.Sub: _arithmetic("-", operator.sub),
    ast.Mult: _arithmetic("*", operator.mul),
    ast.Div: _arithmetic("/", operator.truediv),
    ast.FloorDiv: _arithmetic("//", operator.floordiv),
    ast.Mod: _arithmetic("%", operator.mod),
    ast.Pow: _arithmetic("**", _power),
    ast.USub: _sign("-", operator.neg),
    ast.UAdd: _sign("+", lambda value: value),
    ast.Not: operator.not_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: _ordering("<", operator.lt),
    ast.LtE: _ordering("<=", operator.le),
    ast.Gt: _ordering(">", operator.gt),
    ast.GtE: _ordering(">=", operator.ge),
    ast.In: _contains,
    ast.NotIn: lambda item, container: not _contains(item, container),
    ast.Is: _same,
    ast.IsNot: lambda left, right: not _same(left, right),
}


# --- functions


def _listed(values: Any) -> Any:
    if type(values) not in CONTAINERS and type(values) is not str:
        raise ExpressionError(f"Expected a list, mapping or text, but found {kind(values)}.")
    return values


def _len(values: Any, /) -> int:
    return len(_listed(values))


def _any(values: Any, /) -> bool:
    return any(_listed(values))


def _all(values: Any, /) -> bool:
    return all(_listed(values))


def _sorted(values: Any, /, *, reverse: Any = False) -> list[Any]:
    return sorted(_listed(values), reverse=bool(reverse))


def _min(first: Any, /, *others: Any) -> Any:
    return min(_several(first, others))


def _max(first: Any, /, *others: Any) -> Any:
    return max(_several(first, others))


def _several(first: Any, others: tuple[Any, ...]) -> Any:
    """Several values, or those of one list."""
    values = (first, *others) if others else _listed(first)
    if not values:
        raise ExpressionError("Expected at least one value to choose from, but the list is empty.")
    return values


def _sum(values: Any, /) -> Any:
    total: Any = 0
    for value in _listed(values):
        total = _add_numbers(total, value)
    return total


def _str(value: Any, /) -> str:
    if type(value) in CONTAINERS and measure(value, MAX_TEXT) > MAX_TEXT:
        raise ExpressionError(_too_long())
    text = "" if value is None else str(value) if isinstance(value, (list, dict)) else as_text(value)
    if len(text) > MAX_TEXT:
        raise ExpressionError(_too_long())
    return text


def _too_long() -> str:
    return f"Expected a text of at most {MAX_TEXT} characters, but it would be longer."


def _bool(value: Any, /) -> bool:
    return bool(value)


def _int(value: Any, /) -> int:
    return int(bounded(_read_number(int, value)))


def _float(value: Any, /) -> float:
    return float(bounded(_read_number(float, value)))


def _read_number(read: Callable[[Any], Any], value: Any) -> Any:
    if type(value) in _NUMBERS or (type(value) is str and len(value) <= MAX_DECIMALS):
        try:
            return read(value)
        except (ValueError, OverflowError) as cause:
            raise ExpressionError(f"Expected a number or digits, but found {brief(value)}.") from cause
    raise ExpressionError(f"Expected a number or digits, but found {kind(value)}.")


def _round(value: Any, decimals: Any = None, /) -> Any:
    if type(value) not in _NUMBERS:
        raise ExpressionError(f"Expected a number to round, but found {kind(value)}.")
    if decimals is not None and (type(decimals) is not int or abs(decimals) > MAX_DECIMALS):
        raise ExpressionError(f"Expected up to {MAX_DECIMALS} decimals, but found {brief(decimals)}.")
    return bounded(round(value, decimals))


def _abs(value: Any, /) -> Any:
    if type(value) in _NUMBERS or type(value) is timedelta:
        return abs(value)
    raise ExpressionError(f"Expected a number, but found {kind(value)}.")


def _date(value: Any, /) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = value if isinstance(value, str) else ""
    try:
        return date.fromisoformat(text) if len(text) <= 10 else parse_moment(text).date()
    except ValueError as cause:
        raise ExpressionError(f"Expected a date such as 2026-05-01, but found {brief(value)}.") from cause


def _datetime(value: Any, /) -> datetime:
    return parse_moment(value)


def _time(value: Any, /) -> time:
    return parse_time(value)


def _duration(value: Any, /) -> timedelta | Duration:
    duration = parse_duration(value)
    return duration if duration.months else duration.span


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "len": _len,
    "str": _str,
    "int": _int,
    "float": _float,
    "bool": _bool,
    "round": _round,
    "abs": _abs,
    "min": _min,
    "max": _max,
    "sum": _sum,
    "sorted": _sorted,
    "any": _any,
    "all": _all,
    "date": _date,
    "datetime": _datetime,
    "time": _time,
    "duration": _duration,
}
"""Those that every expression may call. They are pure; none asks for the time or a random number.

Their signatures say how each may be called.
"""

SHALLOW = frozenset({"len", "bool"})
"""Functions that do not look into what they are given."""
