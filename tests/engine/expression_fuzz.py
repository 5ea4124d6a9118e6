"""What tests of the expression language share: readers, targets that must not be reached, and an eye on Python."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from engine.core.expressions import ExpressionError, parse, parse_feel, parse_script, parse_template
from engine.core.timing import Duration
from engine.decisions.scope import Scope
from engine.decisions.unary_tests import parse_cell

READERS: tuple[Any, ...] = (parse, parse_feel, parse_template, parse_cell, parse_script)
"""Whatever reads a text that a designer wrote."""

SECRET = "not to be reached"
WATCHED = ("open", "import", "exec", "compile", "code.", "function.", "object.__getattr__", "object.__setattr__", "os.")
WATCHED += ("subprocess.", "socket.", "ctypes.", "marshal.", "pickle.", "sys._getframe", "gc.", "builtins.", "shutil.")


class Canary:
    """An object that notices when any attribute of it is read; `isinstance` alone may ask for its class."""

    touched: ClassVar[list[str]] = []

    def __getattribute__(self, name: str) -> Any:
        if name != "__class__":
            Canary.touched.append(name)
        return object.__getattribute__(self, name)


def secret() -> str:
    """A registered function, whose globals would be a way out."""
    return SECRET


TARGETS: Mapping[str, Any] = {
    "a": {},
    "s": "text",
    "xs": [1, 2],
    "n": 1,
    "f": 1.5,
    "none": None,
    "yes": True,
    "day": "2026-01-31",
    "rows": [{"id": 1, "tags": ["x"]}, {"id": 2, "tags": []}],
    "canary": Canary(),
}


def functions() -> dict[str, Callable[..., Any]]:
    return {"secret": secret, "canary": lambda: Canary()}


def read_and_run(read: Any, text: str) -> Any:
    """What `text` comes to, read by one of READERS."""
    parsed = read(text)
    if read is parse_cell:
        return parsed.matches(1, Scope(TARGETS))
    if read is parse_script:
        return parsed.run(TARGETS, functions())
    return parsed.evaluate(TARGETS, functions())


def outcome(read: Any, text: str) -> Any:
    """The value, or the message of the error."""
    try:
        return read_and_run(read, text)
    except ExpressionError as error:
        return str(error)


def is_value(value: Any) -> bool:
    """Whether it is of JSON's kinds, a date or a duration, all the way down, and can be stored."""
    if type(value) in (list, tuple):
        return all(is_value(item) for item in value)
    if type(value) is dict:
        return all(is_value(key) and type(key) is str and is_value(item) for key, item in value.items())
    if type(value) is str:
        return value.encode().decode() == value
    return type(value) in (int, float, bool, type(None), date, datetime, time, timedelta, Duration)


_seen: list[list[str]] = []


def _watch(event: str, _arguments: tuple[Any, ...]) -> None:
    if _seen and event.startswith(WATCHED):
        _seen[-1].append(event)


sys.addaudithook(_watch)


@contextmanager
def audited() -> Iterator[list[str]]:
    """What Python's audit hooks tell of meanwhile: files opened, modules imported, code compiled or run, …"""
    events: list[str] = []
    _seen.append(events)
    try:
        yield events
    finally:
        _seen.pop()
