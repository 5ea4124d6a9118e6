"""The journal of a case as a person reads it: who, when, what, and what changed from what to what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.actors import SYSTEM
from engine.core import facts
from engine.journal import Entry
from web.labels import Labels
from web.presentation import words
from workflows.papers import texts

INTERVENTIONS = frozenset(
    {
        "SetVariables",
        "RetryIncident",
        "SkipIncident",
        "CancelInstance",
        "SuspendInstance",
        "ResumeInstance",
        "MoveToken",
        "MigrateInstance",
    }
)
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


def read(entries: Iterable[Entry], labels: Labels) -> list[Event]:
    """Every entry from the first on, in order."""
    reader = _Reader(labels)
    return [reader.event(entry) for entry in entries]


class _Reader:
    """Goes through a journal once, and knows what the entries before have told: names of tokens, values by name.

    A called process gets copies of its caller's variables; a copy of what is known is no change.
    """

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._names: dict[int, str] = {}
        self._known: dict[str, Any] = {}

    def event(self, entry: Entry) -> Event:
        command, values = entry.command
        happened = [facts.decode(fact) for fact in entry.facts]
        _learn_names(happened, self._names)
        is_note = entry.kind == "note"
        what = (
            _note(command, values, self._labels) if is_note else _headline(entry, self._names, happened, self._labels)
        )
        then = tuple(_consequences(happened, self._names, self._labels))
        changes = tuple(self._changes(happened))
        return Event(entry.seq, entry.at, entry.actor, what, _kind(entry, happened), then, changes, entry.hash)

    def _changes(self, happened: Iterable[Any]) -> Iterator[Change]:
        """Each variable once: from what it was before the entry to what it was after."""
        after = {fact.name: fact.value for fact in happened if isinstance(fact, facts.VariableSet)}
        for name, new in after.items():
            old = self._known.get(name)
            self._known[name] = new
            if old != new:
                yield Change(words(name), _value(name, old, self._labels), _value(name, new, self._labels))


def _learn_names(happened: Iterable[Any], names: dict[int, str]) -> None:
    """Later facts know a token only by its id."""
    for fact in happened:
        match fact:
            case facts.ElementActivated(id=token, name=name, element_id=element_id):
                names[token] = name or words(element_id)
            case facts.SubscriptionOpened(id=own, name=name):
                names[own] = words(name)
            case facts.TimerStarted(id=own, owner_id=owner):
                names.setdefault(own, names.get(owner, "timer"))


_HEADLINES: Mapping[str, str] = {
    "StartInstance": "The petition came in",
    "CompleteUserTask": "Completed “{name}”",
    "CompleteJob": "{name}",
    "FireTimer": "Time was up: {name}",
    "CorrelateMessage": "Message: {name}",
    "BroadcastSignal": "Signal: {said}",
    "RaiseIncident": "“{name}” failed and waits for help: {message}",
    "RetryIncident": "Tried again after an incident",
    "SkipIncident": "Taken for done after an incident: {reason}",
    "Continue": "{name}",
    "ThrowError": "“{name}” ended with {code}",
    "ThrowEscalation": "“{name}” calls for attention: {code}",
    "SetVariables": "Changed values by hand",
    "CancelInstance": "Cancelled: {reason}",
    "ModifyInstance": "Repaired by hand: {reason}",
    "MigrateInstance": "Went on by another version of the process: {reason}",
    "SuspendInstance": "Suspended: {reason}",
    "ResumeInstance": "Resumed: {reason}",
}
"""By command. `name` is that of the element, message or timer that it is about, `said` one that it names itself."""


def _headline(entry: Entry, names: dict[int, str], happened: Sequence[Any], labels: Labels) -> str:
    command, values = entry.command
    name = names.get(values.get("id", 0), "")
    if command == "AssignUserTask":
        return _assignment(entry, name, happened, labels)
    given = {key: values.get(key, "") for key in ("message", "code", "reason")}
    return _HEADLINES.get(command, words(command)).format(name=name, said=values.get("name", ""), **given)


def _assignment(entry: Entry, name: str, happened: Sequence[Any], labels: Labels) -> str:
    assignee = entry.command[1]["assignee"]
    if assignee is None:
        return f"Released “{name}”"
    old = next((fact.old for fact in happened if isinstance(fact, facts.UserTaskAssigned)), None)
    if assignee == entry.actor and old is None:
        return f"Claimed “{name}”"
    taken_over = f", who takes it over from {labels.person(old)}" if old else ""
    return f"Gave “{name}” to {labels.person(assignee)}{taken_over}"


def _note(kind: str, data: Mapping[str, Any], labels: Labels) -> str:
    """Notes carry codes: what a case was read for, and in which groups."""
    groups = [labels.group(group) for group in data.get("groups", ()) if not group.startswith("case:")]
    purpose = labels.value("purpose", data["purpose"]) if "purpose" in data else ""
    others = [f"{words(key).lower()} {value}" for key, value in data.items() if key not in ("groups", "purpose")]
    particulars = "; ".join(filter(None, [purpose, ", ".join(groups), *others]))
    return f"{words(kind)} ({particulars})" if particulars else words(kind)


def _kind(entry: Entry, happened: Iterable[Any]) -> str:
    if entry.kind == "note":
        return "note"
    if entry.command[0] in INTERVENTIONS:
        return "intervention"
    if any(isinstance(fact, facts.IncidentRaised | facts.InstanceFailed) for fact in happened):
        return "problem"
    return "automatic" if entry.actor == SYSTEM.id else "person"


def _consequences(happened: Iterable[Any], names: dict[int, str], labels: Labels) -> Iterator[str]:
    for fact in happened:
        say = _CONSEQUENCES.get(type(fact))
        said = say(fact, names, labels) if say is not None else ""
        if said:
            yield said


def _happened(fact: facts.ElementActivated, _names: dict[int, str], _labels: Labels) -> str:
    """A boundary event is there only once it has happened, whatever brought it about."""
    return f"Happened: {fact.name}" if fact.kind == "boundaryEvent" and fact.name else ""


def _sent(fact: facts.MessageThrown, _names: dict[int, str], _labels: Labels) -> str:
    return f"Message sent: {words(fact.name)}"


def _announced(fact: facts.SignalThrown, _names: dict[int, str], _labels: Labels) -> str:
    return f"Signal to everybody who waits for it: {words(fact.name)}"


def _opened(fact: facts.UserTaskOpened, names: dict[int, str], labels: Labels) -> str:
    whom = labels.person(fact.assignee) if fact.assignee else ", ".join(map(labels.group, fact.candidate_groups))
    return f"Now to do: {names[fact.id]} ({whom or 'anyone'})"


def _no_longer(fact: facts.UserTaskCancelled, names: dict[int, str], _labels: Labels) -> str:
    return f"No longer to do: {names.get(fact.id, 'a user task')}"


def _stuck(fact: facts.IncidentRaised, names: dict[int, str], _labels: Labels) -> str:
    return f"Stuck at {names.get(fact.token_id, 'an element')}: {fact.message}"


def _error(fact: facts.ErrorThrown, _names: dict[int, str], _labels: Labels) -> str:
    return "" if fact.caught_by else f"Nothing catches the error {fact.code}"


def _escalation(fact: facts.EscalationThrown, _names: dict[int, str], _labels: Labels) -> str:
    return f"Escalated: {fact.code}" if fact.caught_by else f"Escalated, and nobody minds: {fact.code}"


def _called_off(fact: facts.TransactionCancelled, names: dict[int, str], _labels: Labels) -> str:
    return f"Called off: {names.get(fact.id, 'a transaction')}"


def _undone(fact: facts.CompensationStarted, names: dict[int, str], _labels: Labels) -> str:
    undone = ", ".join(names.get(token, "an activity") for token in fact.completed)
    return f"To be undone: {undone}" if undone else ""


def _stored(fact: facts.DataStored, _names: dict[int, str], _labels: Labels) -> str:
    return f"Written to the data store “{words(fact.store)}”"


def _complete(_fact: facts.InstanceCompleted, _names: dict[int, str], _labels: Labels) -> str:
    return "The process is complete"


def _failed(fact: facts.InstanceFailed, _names: dict[int, str], _labels: Labels) -> str:
    return f"The process failed: {fact.message}"


_CONSEQUENCES: Mapping[type, Callable[[Any, dict[int, str], Labels], str]] = {
    facts.ElementActivated: _happened,
    facts.MessageThrown: _sent,
    facts.SignalThrown: _announced,
    facts.UserTaskOpened: _opened,
    facts.UserTaskCancelled: _no_longer,
    facts.IncidentRaised: _stuck,
    facts.ErrorThrown: _error,
    facts.EscalationThrown: _escalation,
    facts.TransactionCancelled: _called_off,
    facts.CompensationStarted: _undone,
    facts.DataStored: _stored,
    facts.InstanceCompleted: _complete,
    facts.InstanceFailed: _failed,
}
"""What a person reads of a fact; nothing where it says nothing."""


def _value(name: str, value: Any, labels: Labels) -> str:
    if value is None or value == "" or value == []:
        return ""
    if texts.is_reference(value):
        return f"text {value['text']}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_value(name, item, labels) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{words(key).lower()} {_value(key, item, labels)}" for key, item in value.items())
    return labels.value(name, value)
