"""Cases: read from a file, and held to their form before anything runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OK, INCIDENT, REJECTED, REJECTED_OR_INCIDENT, ANY = "ok", "incident", "rejected", "rejected_or_incident", "any"
OUTCOMES = {
    OK: {OK},
    INCIDENT: {INCIDENT},
    REJECTED: {REJECTED},
    REJECTED_OR_INCIDENT: {REJECTED, INCIDENT},
    ANY: {OK, INCIDENT, REJECTED},
}
"""What a case may ask for, and what may come then."""

STEPS: Mapping[str, tuple[type, ...]] = {
    "complete": (str,),
    "complete_if_open": (str,),
    "broadcast": (str,),
    "message": (str, dict),
    "correlate": (str, dict),
    "signal": (str,),
    "set": (dict,),
    "advance": (int | float,),  # type: ignore[dict-item]
    "expect_trace": (list,),
    "expect_completed": (bool,),
    "expect_user_tasks": (int,),
}
"""The steps, and what stands behind the name of each."""


class Unreadable(Exception):
    """A file of cases does not have their form."""


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    values: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.name} {', '.join(map(repr, self.values))}"


@dataclass(frozen=True, slots=True)
class Case:
    """`start` are processes to start with `variables`, in order; `expect` is the trace at the end, in any order."""

    name: str
    group: str
    xml: bytes
    start: tuple[str, ...]
    variables: Mapping[str, Any]
    steps: tuple[Step, ...]
    expect: tuple[str, ...]
    outcome: str


def load(path: Path) -> list[Case]:
    """
    Raises:
        Unreadable: there is no such file, or it is no list of cases.
    """
    try:
        entries = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise Unreadable(f"Expected a file of cases at {path}, but it cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise Unreadable(f"Expected JSON in {path}, but it is none: {error}.") from error
    if not isinstance(entries, list):
        raise Unreadable(f"Expected a list of cases in {path}, but it is a {type(entries).__name__}.")
    return [read(entry, number) for number, entry in enumerate(entries, 1)]


def read(entry: Any, number: int = 1) -> Case:
    """One case out of its JSON; `number` says where it stood, from 1.

    Raises:
        Unreadable: something is missing or of another type.
    """
    if not isinstance(entry, dict):
        raise Unreadable(f"Expected an object as case {number}, but it is a {type(entry).__name__}.")
    name = _value(entry, f"case {number}", "name", str)
    where = f"case '{name}'"
    outcome = _value(entry, where, "outcome", str, OK)
    if outcome not in OUTCOMES:
        raise Unreadable(f"Expected {', '.join(OUTCOMES)} as the outcome of {where}, but it is '{outcome}'.")
    return Case(
        name=name,
        group=_value(entry, where, "group", str, ""),
        xml=_value(entry, where, "xml", str).encode(),
        start=tuple(_value(entry, where, "start", list, [])),
        variables=_value(entry, where, "variables", dict, {}),
        steps=tuple(_step(step, where) for step in _value(entry, where, "steps", list, [])),
        expect=tuple(map(str, _value(entry, where, "expect", list))),
        outcome=outcome,
    )


def _value(entry: Mapping[str, Any], where: str, key: str, kind: type, default: Any = None) -> Any:
    value = entry.get(key, default)
    if not isinstance(value, kind):
        found = "missing" if value is None else f"a {type(value).__name__}"
        raise Unreadable(f"Expected '{key}' of {where} to be a {kind.__name__}, but it is {found}.")
    return value


def _step(step: Any, where: str) -> Step:
    name, *values = step if isinstance(step, list) and step else [step]
    kinds = STEPS.get(name) if isinstance(name, str) else None
    if kinds is None:
        raise Unreadable(f"Expected {', '.join(STEPS)} as a step of {where}, but it is {step!r}.")
    if len(values) != len(kinds) or not all(map(isinstance, values, kinds)):
        wanted = ", ".join(getattr(kind, "__name__", str(kind)) for kind in kinds)
        raise Unreadable(f"Expected the step '{name}' of {where} to have {wanted} behind it, but it is {step!r}.")
    return Step(name, tuple(values))
