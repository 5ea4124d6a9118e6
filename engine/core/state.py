"""What is alive in one process instance, and nothing else: a tree of tokens with what they wait for.

The size of a state does not grow with the past of the case. Only `engine.core.apply` changes one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar

T = TypeVar("T")

FORMAT = 1
"""Of a state that is all in one text."""

IN_PARTS = 2
"""Of what is left of one when parts of it are kept apart: see `engine.core.parts`."""

ROOT = 1
"""The id of the process scope's token."""


@dataclass(slots=True)
class Wait:
    """A timer or a subscription. `owner_id` is the token that waits, `element_id` the event that will catch.

    `definition` is the place of what is waited for among the element's triggers; `holds` is a condition's alone.
    """

    id: int
    owner_id: int
    element_id: str
    kind: str
    name: str = ""
    key: str | None = None
    due: datetime | None = None
    interval: str | None = None
    repetitions: int | None = 0
    definition: int = 0
    holds: bool = False


@dataclass(slots=True)
class Items:
    """The collection of a multi-instance activity, and what came of each item so far (by index).

    A standard loop has no collection: it counts.
    """

    values: Sequence[Any]
    outputs: dict[int, Any] = field(default_factory=dict)
    started: int = 0
    completed: int = 0


@dataclass(slots=True)
class Completed:
    """An activity that was completed and can be compensated, with the variables it had and what was completed in it.

    One that is not `complete` was ended before: only what is inside can be compensated.
    """

    id: int
    element_id: str
    definition_id: str | None
    index: int | None
    variables: dict[str, Any]
    inner: list[Completed]
    complete: bool = True


Phase = Literal["enter", "execute", "complete", "leave", "job", "join", "condition"]
"""How far a token has come at its element, and where a retry goes on.

``complete``: its work is done. ``leave``: what came of it is written too, and only the way out is left.
``join``: tokens wait in this scope for others that cannot come. ``condition``: one of its events could not be decided.
"""


@dataclass(slots=True)
class Incident:
    id: int
    phase: Phase
    message: str


@dataclass(slots=True)
class Token:
    """A token at an element.

    `process_id` is the token of the process scope that it runs in; a process scope (the instance's own, or one of a
    call activity) has `definition_id` and the values of its `correlation` keys. `work` is ``user_task`` or ``job``
    while a person or a handler is awaited; `assignee` and `due` are a user task's. It is ``continuation`` while the
    token has stopped, to go on from where it `resumes` in a transaction of its own; one that has done so before its
    element has `begun`. A scope counts the tokens that
    `arrived` at a gateway, by gateway and flow, and keeps the flows by which complex gateways were `activated`;
    `planned` are the elements that it starts later; `kept` is what has come so
    far for events that need all of their triggers; `completed` is what can be compensated in it. A token that is
    compensating has a list of what is left to undo.
    """

    id: int
    element_id: str
    scope_id: int
    process_id: int
    definition_id: str | None = None
    index: int | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    children: dict[int, None] = field(default_factory=dict)
    waits: dict[int, None] = field(default_factory=dict)
    arrived: dict[str, dict[str, int]] = field(default_factory=dict)
    activated: dict[str, list[str]] = field(default_factory=dict)
    planned: list[str] = field(default_factory=list)
    completed: list[Completed] = field(default_factory=list)
    compensating: list[Completed] | None = None
    cancelled: bool = False
    correlation: dict[str, str] = field(default_factory=dict)
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    items: Items | None = None
    work: str | None = None
    assignee: str | None = None
    due: datetime | None = None
    incident: Incident | None = None
    interrupted: bool = False
    resumes: Phase | None = None
    begun: bool = False


@dataclass(slots=True)
class State:
    """`ended` is empty while the instance runs, then ``completed``, ``failed`` or ``cancelled``. While it is
    `suspended` nothing in it moves.

    `deployment_id` was the newest deployment when it began. `conditions` are the waits for one, `joining` the scopes
    in which tokens wait at gateways: both are found again from the rest.
    """

    business_key: str = ""
    deployment_id: int | None = None
    last_id: int = 0
    ended: str = ""
    suspended: bool = False
    tokens: dict[int, Token] = field(default_factory=dict)
    waits: dict[int, Wait] = field(default_factory=dict)
    conditions: dict[int, None] = field(default_factory=dict)
    joining: dict[int, None] = field(default_factory=dict)

    def to_json(self) -> str:
        """All of it in one text."""
        return text_of(self.framed(FORMAT, map(token_to_list, self.tokens.values()), self.waits.values()))

    def framed(self, form: int, tokens: Iterable[list[Any]], waits: Iterable[Wait]) -> dict[str, Any]:
        """What is kept of a state as a whole, around these tokens and waits."""
        kept = {
            "format": form,
            "business_key": self.business_key,
            "deployment_id": self.deployment_id,
            "last_id": self.last_id,
            "ended": self.ended,
            "tokens": list(tokens),
            "waits": [wait_to_list(wait) for wait in waits],
        }
        if self.suspended:
            kept["suspended"] = True
        return kept

    @classmethod
    def from_json(cls, text: str | bytes) -> State:
        """
        Raises:
            ValueError: the text is not a state, or only a part of one, or of a newer format.
        """
        return cls.from_data(json.loads(text))

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> State:
        """As `from_json`, of what the text says."""
        if data.get("format") != FORMAT:
            raise ValueError(f"Expected a state of format {FORMAT}, but it is of format {data.get('format')!r}.")
        return cls.put_together(data, data["tokens"], data["waits"])

    @classmethod
    def put_together(cls, frame: Mapping[str, Any], tokens: Iterable[list[Any]], waits: Iterable[list[Any]]) -> State:
        """The state of these tokens and waits, in the order of their ids, which is that of their birth."""
        state = cls(
            frame["business_key"],
            frame["deployment_id"],
            frame["last_id"],
            frame["ended"],
            frame.get("suspended", False),
        )
        for token in map(_token_from_list, tokens):
            state.tokens[token.id] = token
            # Children and waits are known from the other side. A scope comes before what is in it.
            if token.scope_id:
                state.tokens[token.scope_id].children[token.id] = None
            if token.arrived or token.activated:
                state.joining[token.id] = None
        for wait in map(_wait_from_list, waits):
            state.waits[wait.id] = wait
            state.tokens[wait.owner_id].waits[wait.id] = None
            if wait.kind == "condition":
                state.conditions[wait.id] = None
        return state


def at_hand(table: dict[int, T]) -> list[T]:
    """The tokens or waits of a state that are at hand, which are all of them where no part of it is left out."""
    return list(dict.values(table))


text_of = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def token_to_list(token: Token) -> list[Any]:
    items = token.items
    incident = token.incident
    rest = {
        "definition_id": token.definition_id,
        "index": token.index,
        "variables": token.variables or None,
        "arrived": token.arrived or None,
        "activated": token.activated or None,
        "planned": token.planned or None,
        "completed": [completed_to_list(each) for each in token.completed] or None,
        "compensating": _all_to_lists(token.compensating),
        "cancelled": token.cancelled or None,
        "correlation": token.correlation or None,
        "kept": token.kept or None,
        "items": items and [list(items.values), sorted(items.outputs.items()), items.started, items.completed],
        "work": token.work,
        "assignee": token.assignee,
        "due": token.due and token.due.isoformat(),
        "incident": incident and [incident.id, incident.phase, incident.message],
        "interrupted": token.interrupted or None,
        "resumes": token.resumes,
        "begun": token.begun or None,
    }
    kept = {name: value for name, value in rest.items() if value is not None}
    return [token.id, token.element_id, token.scope_id, token.process_id, kept]


def _token_from_list(values: list[Any]) -> Token:
    token = Token(values[0], values[1], values[2], values[3])
    rest = values[4]
    token.definition_id = rest.get("definition_id")
    token.index = rest.get("index")
    token.variables = rest.get("variables", {})
    token.arrived = rest.get("arrived", {})
    token.activated = rest.get("activated", {})
    token.planned = rest.get("planned", [])
    token.completed = [completed_from_list(each) for each in rest.get("completed", ())]
    if "compensating" in rest:
        token.compensating = [completed_from_list(each) for each in rest["compensating"]]
    token.cancelled = rest.get("cancelled", False)
    token.correlation = rest.get("correlation", {})
    token.kept = rest.get("kept", {})
    if "items" in rest:
        collection, outputs, started, completed = rest["items"]
        token.items = Items(tuple(collection), dict(outputs), started, completed)
    token.work = rest.get("work")
    token.assignee = rest.get("assignee")
    token.due = datetime.fromisoformat(rest["due"]) if "due" in rest else None
    token.incident = Incident(*rest["incident"]) if "incident" in rest else None
    token.interrupted = rest.get("interrupted", False)
    token.resumes = rest.get("resumes")
    token.begun = rest.get("begun", False)
    return token


def _all_to_lists(completed: list[Completed] | None) -> list[Any] | None:
    return None if completed is None else [completed_to_list(each) for each in completed]


def completed_to_list(each: Completed) -> list[Any]:
    inner = [completed_to_list(part) for part in each.inner]
    what = [each.id, each.element_id, each.definition_id, each.index, each.variables, inner]
    return what if each.complete else [*what, False]


def completed_from_list(values: list[Any]) -> Completed:
    token_id, element_id, definition_id, index, variables, inner, *rest = values
    inside = [completed_from_list(part) for part in inner]
    return Completed(token_id, element_id, definition_id, index, variables, inside, complete=not rest)


def wait_to_list(wait: Wait) -> list[Any]:
    due = wait.due and wait.due.isoformat()
    where = [wait.id, wait.owner_id, wait.element_id]
    what = [wait.kind, wait.name, wait.key, due, wait.interval, wait.repetitions]
    return [*where, *what, wait.definition, wait.holds] if wait.definition or wait.holds else [*where, *what]


def _wait_from_list(values: list[Any]) -> Wait:
    wait = Wait(*values)
    wait.due = datetime.fromisoformat(values[6]) if values[6] else None
    return wait
