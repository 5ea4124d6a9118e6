"""The types of inputs, outputs and decisions (DMN 1.3, 7.3.2 and 10.3.2.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from engine.core.expressions import ExpressionError
from engine.core.expressions.values import kind
from engine.core.timing import Duration, InvalidTime, parse_duration, parse_moment, parse_time
from engine.decisions.scope import Scope
from engine.decisions.unary_tests import UnaryTests


@dataclass(frozen=True, slots=True)
class Type:
    """A type of FEEL, or one that a file defines. `name` is as written; empty, it takes every value.

    A defined one has the `base` that it narrows, the tests of its allowed values, and the types of its components
    where it is a mapping. `collection`: a list of these.
    """

    name: str = ""
    base: Type | None = None
    allowed: UnaryTests | None = None
    components: tuple[tuple[str, Type], ...] = ()
    collection: bool = False

    def take(self, value: Any, scope: Scope) -> Any:
        """`value` as one of this type: texts of dates, times and durations are read. Null is of every type.

        Raises:
            ExpressionError: it is of another type, not among the allowed values, or more than `scope` may read.
        """
        if value is None:
            return None
        if not self.collection:
            return self._one(value, scope)
        if not isinstance(value, list):
            raise ExpressionError(f"Expected a list, but found {kind(value)}: {value!r:.60}.")
        scope.budget.charge(len(value))
        return [item if item is None else self._one(item, scope) for item in value]

    @property
    def plain(self) -> bool:
        """Whether it takes every value as it is."""
        return self in (ANY, Type("Any"))

    def _one(self, value: Any, scope: Scope) -> Any:
        if self.components:
            return self._mapping(value, scope)
        taken = value if self.base is None else self.base.take(value, scope)
        if self.base is None and self.name in _BUILT_IN:
            taken = _built_in(self.name, value)
        check_allowed(taken, self.allowed, f"type '{self.name}'", scope)
        return taken

    def _mapping(self, value: Any, scope: Scope) -> Any:
        if not isinstance(value, dict):
            raise ExpressionError(f"Expected a mapping, but found {kind(value)}: {value!r:.60}.")
        return {**value, **{name: part.take(value[name], scope) for name, part in self.components if name in value}}


def check_allowed(value: Any, allowed: UnaryTests | None, where: str, scope: Scope) -> None:
    """Raises ExpressionError where a value, or an item of a list, is none that its column or type lists."""
    if allowed is None or value is None:
        return
    items = value if isinstance(value, list) else [value]
    for item in items:
        if not allowed.matches(item, scope):
            raise ExpressionError(f"Expected one of {allowed.text.strip()} for {where}, but found {item!r:.60}.")


def _built_in(name: str, value: Any) -> Any:
    expected, take = _BUILT_IN[name]
    try:
        return take(value)
    except (InvalidTime, TypeError) as cause:
        raise ExpressionError(f"Expected {expected}, but found {kind(value)}: {value!r:.60}.") from cause


def _of(*types: type) -> Callable[[Any], Any]:
    def take(value: Any) -> Any:
        if type(value) in types:
            return value
        raise TypeError

    return take


_number = _of(int, float)


def _whole(value: Any) -> Any:
    if _number(value) == int(value):
        return int(value)
    raise TypeError


def _day(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else parse_moment(value).date()


def _time_of_day(value: Any) -> Any:
    if isinstance(value, date):
        raise TypeError
    return parse_time(value)


def _exact(value: Any) -> timedelta:
    duration = parse_duration(value)
    if duration.months:
        raise TypeError
    return duration.span


def _months(value: Any) -> Duration:
    duration = parse_duration(value)
    if duration.span:
        raise TypeError
    return duration


_BUILT_IN: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "Any": ("a value", lambda value: value),
    "string": ("a text", _of(str)),
    "boolean": ("a truth value", _of(bool)),
    "number": ("a number", _number),
    "double": ("a number", _number),
    "integer": ("a whole number", _whole),
    "long": ("a whole number", _whole),
    "date": ("a date", _day),
    "time": ("a time", _time_of_day),
    "dateTime": ("a date and time", parse_moment),
    "date and time": ("a date and time", parse_moment),
    "dayTimeDuration": ("a duration of days and time", _exact),
    "days and time duration": ("a duration of days and time", _exact),
    "yearMonthDuration": ("a duration of years and months", _months),
    "years and months duration": ("a duration of years and months", _months),
    "context": ("a mapping", _of(dict)),
}
BUILT_IN = frozenset(_BUILT_IN)
"""FEEL's types, with the names that DMN 1.1 and Camunda have for them."""

ANY = Type()
