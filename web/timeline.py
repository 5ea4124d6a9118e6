"""The journal of a case as a person reads it: who, when, what, and what changed from what to what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.actors import SYSTEM
from engine.core import facts
from engine.journal import Entry
from web.presentation import words
from workflows import texts

INTERVENTIONS = frozenset({"SetVariables", "RetryIncident", "CancelInstance", "MoveToken", "MigrateInstance"})
"""Commands by which a person steps in from outside the diagram."""


@dataclass(frozen=True, slots=True)
class Change:
    """One process variable; `old` is empty where it was not there before."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Event:
    """One entry. `kind` is ``person``, ``automatic``, ``intervention``, ``problem`` or ``note``."""

    seq: int
    at: datetime
    actor: str
    what: str
    kind: str
    then: tuple[str, ...]
    changes: tuple[Change, ...]
    hash: str


Label = Callable[[str, Any], str]
"""How the value of the variable of that name reads."""


def read(entries: Sequence[Entry], label: Label) -> list[Event]:
    """Every entry from the first on, in order."""
    names: dict[int, str] = {}
    return [_event(entry, names, label) for entry in entries]


def _event(entry: Entry, names: dict[int, str], label: Label) -> Event:
    command, values = entry.command
    happened = [facts.decode(fact) for fact in entry.facts]
    _learn_names(happened, names)
    changes = () if entry.kind == "note" else tuple(_changes(happened, label))
    what = _note(command, values) if entry.kind == "note" else _headline(command, values, names, happened)
    kind = _kind(entry, happened)
    return Event(entry.seq, entry.at, entry.actor, what, kind, tuple(_consequences(happened, names)), changes, entry.hash)


def _learn_names(happened: Iterable[Any], names: dict[int, str]) -> None:
    """Later facts know a token only by its id."""
    for fact in happened:
        match fact:
            case facts.ElementActivated(id=token, name=name, element_id=element_id):
                names[token] = name or words(element_id)
            case facts.SubscriptionOpened(id=own, name=name):
                names[own] = name
            case facts.TimerStarted(id=own, owner_id=owner):
                names.setdefault(own, names.get(owner, "timer"))


def _headline(command: str, values: dict[str, Any], names: dict[int, str], happened: Sequence[Any]) -> str:
    name = names.get(values.get("id", 0), "")
    match command:
        case "StartInstance":
            return "The petition came in"
        case "CompleteUserTask":
            return f"Completed “{name}”"
        case "AssignUserTask":
            return _assignment(name, values["assignee"], happened)
        case "CompleteJob":
            return name
        case "FireTimer":
            return f"Time was up: {name}"
        case "CorrelateMessage":
            return f"Message: {words(name)}"
        case "BroadcastSignal":
            return f"Signal: {words(values['name'])}"
        case "RaiseIncident":
            return f"“{name}” failed and waits for help: {values['message']}"
        case "RetryIncident":
            return "Tried again after an incident"
        case "ThrowError":
            return f"“{name}” ended with {words(values['code'])}"
        case "SetVariables":
            return "Changed values by hand"
        case "CancelInstance":
            return f"Cancelled: {values['reason']}"
    return words(command)


def _assignment(name: str, assignee: str | None, happened: Sequence[Any]) -> str:
    if assignee is None:
        return f"Released “{name}”"
    old = next((fact.old for fact in happened if isinstance(fact, facts.UserTaskAssigned)), None)
    taken_from = f", until then {old}’s" if old else ""
    return f"“{name}” is now {assignee}’s{taken_from}"


def _note(kind: str, data: dict[str, Any]) -> str:
    particulars = ", ".join(f"{words(key).lower()}: {value}" for key, value in data.items() if value)
    return f"{words(kind)} ({particulars})" if particulars else words(kind)


def _kind(entry: Entry, happened: Iterable[Any]) -> str:
    if entry.kind == "note":
        return "note"
    if entry.command[0] in INTERVENTIONS:
        return "intervention"
    if any(isinstance(fact, facts.IncidentRaised | facts.InstanceFailed) for fact in happened):
        return "problem"
    return "automatic" if entry.actor == SYSTEM.id else "person"


def _consequences(happened: Iterable[Any], names: dict[int, str]) -> Iterator[str]:
    for fact in happened:
        match fact:
            case facts.UserTaskOpened(id=token, assignee=assignee, candidate_groups=groups):
                yield f"Now to do: {names[token]} ({assignee or ', '.join(groups) or 'nobody yet'})"
            case facts.UserTaskCancelled(id=token):
                yield f"No longer to do: {names.get(token, 'a user task')}"
            case facts.IncidentRaised(token_id=token, message=message):
                yield f"Stuck at {names.get(token, 'an element')}: {message}"
            case facts.ErrorThrown(code=code, caught_by=None):
                yield f"Nothing catches the error {code}"
            case facts.InstanceCompleted():
                yield "The process is complete"
            case facts.InstanceFailed(message=message):
                yield f"The process failed: {message}"


def _changes(happened: Iterable[Any], label: Label) -> Iterator[Change]:
    """Each variable once: from what it was before the entry to what it was after."""
    first: dict[str, Any] = {}
    last: dict[str, Any] = {}
    for fact in happened:
        if isinstance(fact, facts.VariableSet):
            first.setdefault(fact.name, fact.old)
            last[fact.name] = fact.value
    for name, new in last.items():
        if first[name] != new:
            yield Change(words(name), _value(name, first[name], label), _value(name, new, label))


def _value(name: str, value: Any, label: Label) -> str:
    if value is None or value == "" or value == []:
        return ""
    if texts.is_reference(value):
        return f"text {value['text']}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_value(name, item, label) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{words(key).lower()} {_value(key, item, label)}" for key, item in value.items())
    return label(name, value)
