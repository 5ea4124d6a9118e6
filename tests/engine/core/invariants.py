"""What must hold after every step of any process, whatever happens in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.core import State, apply, facts, replay
from engine.core.facts import Fact
from engine.core.model import (
    ConditionDefinition,
    Element,
    ErrorDefinition,
    EscalationDefinition,
    Library,
    MessageDefinition,
    SignalDefinition,
)
from engine.core.state import ROOT, Token

OPENED: Mapping[type, str] = {
    facts.UserTaskOpened: "user task",
    facts.JobCreated: "job",
    facts.TimerStarted: "timer",
    facts.SubscriptionOpened: "subscription",
    facts.IncidentRaised: "incident",
    facts.ElementActivated: "element",
    facts.InstanceStarted: "element",
}
CLOSED: Mapping[type, str] = {
    facts.UserTaskCompleted: "user task",
    facts.UserTaskCancelled: "user task",
    facts.JobCompleted: "job",
    facts.JobCancelled: "job",
    facts.TimerFired: "timer",
    facts.TimerCancelled: "timer",
    facts.SubscriptionClosed: "subscription",
    facts.IncidentResolved: "incident",
    facts.ElementCompleted: "element",
    facts.ElementTerminated: "element",
}
_NUMBERED = frozenset(OPENED) - {facts.UserTaskOpened, facts.JobCreated}
"""Facts that give out an id."""

_COMES_AGAIN = (ConditionDefinition, MessageDefinition, SignalDefinition)
"""What a boundary event waits for as long as its activity is active. A timer has an end."""


class Watch:
    """Follows an instance by its facts alone, and compares.

    `shadow` is the fold of the facts as they are written down; `activated` are the definition and the element of every token
    there ever was, by id. While a change `is_by_hand`, tokens come from where nothing has sent them.
    """

    def __init__(self, library: Library) -> None:
        self.library = library
        self.shadow = State()
        self.history: list[Fact] = []
        self.activated: dict[int, tuple[str, Element]] = {}
        self._open: dict[str, set[int]] = {kind: set() for kind in OPENED.values()}
        self._last_id = 0
        self._left: dict[int, Element] = {}
        self._compensable: dict[int, int] = {}
        self._completed: set[int] = set()
        self._compensated: set[int] = set()
        self._under_way: list[tuple[int, str]] = []
        self._before: Fact | None = None
        self.is_by_hand = False

    def see(self, emitted: Sequence[Fact], state: State) -> None:
        """Check the facts of one step, and the state that they led to."""
        written = json.dumps([facts.encode(fact) for fact in emitted])
        for fact in map(facts.decode, json.loads(written)):
            self._follow(fact)
            self.history.append(fact)
            self._before = fact
        assert not self._under_way or state.ended, f"tokens never got to {self._under_way}"
        assert self.shadow == state, "the state is not the fold of its facts"
        assert State.from_json(state.to_json()) == state, "the state is not the same when it is saved and loaded"
        self._compare(state)
        if state.ended:
            self._check_end(state)
        else:
            self._check_rest(state)

    def see_again(self, state: State) -> None:
        """Replay the whole history."""
        assert replay(self.history) == state, "the history does not lead to the state"

    # Fact by fact

    def _follow(self, fact: Fact) -> None:
        kind = type(fact)
        assert not self.shadow.ended, f"{fact} came after the end"
        if kind in _NUMBERED:
            assert fact.id > self._last_id, f"{fact} has an id that was given out before"
            self._last_id = fact.id
        if kind in _BEFORE:
            _BEFORE[kind](self, fact)
        apply(self.shadow, fact)
        if kind in OPENED:
            self._open[OPENED[kind]].add(fact.id)
        if kind in CLOSED:
            assert fact.id in self._open[CLOSED[kind]], f"{fact} ends what is not open"
            self._open[CLOSED[kind]].remove(fact.id)

    def _element(self, token: Token) -> Element:
        definition_id = self.shadow.tokens[token.process_id].definition_id
        assert definition_id is not None
        return self.library.process(definition_id).elements[token.element_id]

    def _instance_started(self, fact: facts.InstanceStarted) -> None:
        element = self.library.process(fact.definition_id).elements[fact.element_id]
        self.activated[fact.id] = fact.definition_id, element

    def _process_migrated(self, fact: facts.ProcessMigrated) -> None:
        """Every token of the process goes on at an element of the same kind."""
        elements = self.library.process(fact.definition_id).elements
        for token in self.shadow.tokens.values():
            if token.process_id == fact.id:
                old = self.activated[token.id][1]
                self.activated[token.id] = fact.definition_id, elements[fact.elements.get(old.id, old.id)]
                assert self.activated[token.id][1].kind == old.kind

    def _element_activated(self, fact: facts.ElementActivated) -> None:
        scope = self.shadow.tokens[fact.scope_id]
        of = fact.definition_id or self.shadow.tokens[scope.process_id].definition_id or ""
        element = self.library.process(of).elements[fact.element_id]
        self.activated[fact.id] = of, element
        assert element.kind == fact.kind
        self._arrived(fact)
        if element.kind == "boundaryEvent":
            self._boundary_event(fact, element)
        if element.triggered_by_event and scope.compensating is None and self._interrupts(element, of):
            assert scope.interrupted, f"{fact} interrupts its scope, but that goes on"
            assert not scope.children, f"{fact} interrupts, but {list(scope.children)} are there"

    def _boundary_event(self, fact: facts.ElementActivated, event: Element) -> None:
        """An interrupting one comes right after its activity has ended, another one while it is active."""
        before = self._before
        if event.interrupting:
            assert isinstance(before, facts.ElementTerminated), f"{fact} interrupts, but {before} came before it"
            assert self.activated[before.id][1].id == event.attached_to
        else:
            beside = self.shadow.tokens[fact.scope_id].children
            assert event.attached_to in {self.shadow.tokens[token_id].element_id for token_id in beside}

    def _arrived(self, fact: facts.ElementActivated | facts.TokenArrived) -> None:
        if (fact.scope_id, fact.element_id) in self._under_way:
            self._under_way.remove((fact.scope_id, fact.element_id))

    def _interrupts(self, subprocess: Element, definition_id: str) -> bool:
        return self.library.process(definition_id).elements[subprocess.start_event or ""].interrupting

    def _flow_taken(self, fact: facts.FlowTaken) -> None:
        scope = self.shadow.tokens[fact.scope_id]
        model = self.library.process(self.shadow.tokens[scope.process_id].definition_id or "")
        flow = model.flows[fact.flow_id]
        left = self._left.get(fact.scope_id)
        if not self.is_by_hand:
            assert left is not None, f"{fact} was taken from nowhere"
            assert left.id == flow.source, f"{fact} was taken from {left.id}"
        self._under_way.append((fact.scope_id, flow.target))

    def _tokens_joined(self, fact: facts.TokensJoined) -> None:
        scope = self.shadow.tokens[fact.scope_id]
        model = self.library.process(self.shadow.tokens[scope.process_id].definition_id or "")
        gateway = model.elements[fact.element_id]
        if gateway.kind == "parallelGateway":
            arrived = scope.arrived[gateway.id]
            assert {flow.id for flow in gateway.incoming} == set(arrived), f"{fact}, but {arrived} is there"

    def _thrown(self, fact: facts.ErrorThrown | facts.EscalationThrown) -> None:
        """What catches it is around its thrower, and takes its code."""
        if fact.caught_by is None:
            return
        model, around, token_id = None, {}, fact.id
        while token_id:
            token = self.shadow.tokens[token_id]
            around[token.element_id] = token
            process = self.library.process(self.shadow.tokens[token.process_id].definition_id or "")
            model = process if model is None and fact.caught_by in process.elements else model
            token_id = token.scope_id
        assert model is not None, f"{fact} is caught elsewhere"
        event = model.elements[fact.caught_by]
        place = event.attached_to or model.elements[event.scope].scope
        assert place in around, f"{fact} is caught at {place}, which is not around it"
        assert event.attached_to or not around[place].interrupted, f"{fact} is caught in a scope that was interrupted"
        codes = [each.code for each in event.events if isinstance(each, ErrorDefinition | EscalationDefinition)]
        assert fact.code in codes or None in codes, f"{fact} is caught by an event that takes {codes}"

    def _element_ended(self, fact: facts.ElementCompleted | facts.ElementTerminated) -> None:
        token = self.shadow.tokens[fact.id]
        assert not token.children, f"{fact}, but {list(token.children)} go on in it"
        assert not token.waits, f"{fact}, but {list(token.waits)} are waited for"
        assert token.incident is None, f"{fact}, but it has an incident"
        assert token.work is None or isinstance(fact, facts.ElementTerminated), f"{fact}, but its work is open"
        if isinstance(fact, facts.ElementCompleted):
            assert not token.arrived, f"{fact}, but tokens wait in it: {token.arrived}"
            self._completed.add(fact.id)
            self._left[token.scope_id] = self._element(token)

    def _job_created(self, fact: facts.JobCreated) -> None:
        token = self.shadow.tokens[fact.id]
        # An event sub-process that has not begun has its start event in it, to which its event has come.
        is_empty = not token.children or (self._element(token).triggered_by_event and fact.phase == "enter")
        assert is_empty, f"{fact}, but {list(token.children)} go on in it"
        if fact.phase == "leave":
            self._completed.add(fact.id)
        assert fact.phase is None or not token.waits, f"{fact}, but {list(token.waits)} are waited for"
        if fact.id in self._open["job"]:
            before = self._before
            assert isinstance(before, facts.IncidentResolved), f"{fact} is open already"
            assert before.token_id == fact.id, f"{fact} is open already"

    def _user_task_opened(self, fact: facts.UserTaskOpened) -> None:
        assert fact.id not in self._open["user task"], f"{fact} is open already"

    def _activity_compensable(self, fact: facts.ActivityCompensable) -> None:
        assert fact.id not in self._compensable, f"{fact} was kept before"
        self._compensable[fact.id] = self.shadow.tokens[fact.id].scope_id

    def _compensation_started(self, fact: facts.CompensationStarted) -> None:
        """Of each scope the last that was completed is undone first."""
        order = list(self._compensable)
        for scope_id in {self._compensable[number] for number in fact.completed}:
            own = [order.index(number) for number in fact.completed if self._compensable[number] == scope_id]
            assert own == sorted(own, reverse=True), f"{fact} undoes {own} in this order"

    def _activity_compensated(self, fact: facts.ActivityCompensated) -> None:
        assert fact.completed in self._compensable, f"{fact} undoes what was never completed"
        assert fact.completed not in self._compensated, f"{fact} was done before"
        self._compensated.add(fact.completed)
        if fact.way == "handler":
            assert fact.completed in self._completed, f"{fact} undoes what was never completed"

    # At rest

    def _compare(self, state: State) -> None:
        """The facts' pairs are what is in the state; every token stands in its model, every wait has its owner."""
        tokens, waits = state.tokens.values(), state.waits.values()
        assert self._open == {
            "user task": {token.id for token in tokens if token.work == "user_task"},
            "job": {token.id for token in tokens if token.work in ("job", "continuation")},
            "timer": {wait.id for wait in waits if wait.kind == "timer"},
            "subscription": {wait.id for wait in waits if wait.kind != "timer"},
            "incident": {token.incident.id for token in tokens if token.incident is not None},
            "element": set(state.tokens),
        }
        for token in tokens:
            assert self._element(token) is self.activated[token.id][1]
            assert token.scope_id in state.tokens or token.id == ROOT
        for wait in waits:
            owner = state.tokens[wait.owner_id]
            model = self.library.process(state.tokens[owner.process_id].definition_id or "")
            assert len(model.elements[wait.element_id].triggers) > wait.definition

    def _check_end(self, state: State) -> None:
        assert not state.tokens, "tokens are left behind"
        assert not state.waits, "somebody still waits"

    def _check_rest(self, state: State) -> None:
        """Whatever has nothing in it waits for something that can come."""
        for token in state.tokens.values():
            if not token.children:
                awaited = {state.waits[wait_id].element_id for wait_id in token.waits}
                element = self.activated[token.id][1]
                may_come = token.element_id in awaited or (element.kind == "eventBasedGateway" and awaited)
                stopped = token.id != ROOT and state.tokens[token.scope_id].work == "continuation"
                assert token.work or may_come or stopped or token.incident, f"nothing can come to {token}"
            if token.index is None and token.compensating is None:
                self._check_armed(state, token)

    def _check_armed(self, state: State, token: Token) -> None:
        """Its boundary events wait as long as it is active; non-interrupting ones until only handlers are (13.3.2)."""
        if token.work == "continuation" or (token.incident is not None and token.incident.phase == "enter"):
            return
        children = [self.activated[child_id][1] for child_id in token.children]
        has_own_work = not children or any(not child.triggered_by_event for child in children)
        model = self.library.process(state.tokens[token.process_id].definition_id or "")
        waits = [state.waits[wait_id] for wait_id in token.waits]
        armed = {(wait.element_id, wait.definition) for wait in waits}
        for event in (model.elements[event_id] for event_id in self.activated[token.id][1].boundary_events):
            wanted = {(event.id, n) for n, each in enumerate(event.events) if isinstance(each, _COMES_AGAIN)}
            if not event.interrupting and not has_own_work:
                continue
            if event.parallel_multiple and len(event.events) > 1:
                assert {event.id} & {wait.element_id for wait in waits}, f"{event.id} of {token} waits for nothing"
            else:
                assert wanted <= armed, f"{event.id} of {token} does not wait for all of {wanted}"


_BEFORE: Mapping[type, Callable[[Watch, Any], None]] = {
    facts.InstanceStarted: Watch._instance_started,
    facts.ProcessMigrated: Watch._process_migrated,
    facts.ElementActivated: Watch._element_activated,
    facts.FlowTaken: Watch._flow_taken,
    facts.TokenArrived: Watch._arrived,
    facts.TokensJoined: Watch._tokens_joined,
    facts.ErrorThrown: Watch._thrown,
    facts.EscalationThrown: Watch._thrown,
    facts.ElementCompleted: Watch._element_ended,
    facts.ElementTerminated: Watch._element_ended,
    facts.UserTaskOpened: Watch._user_task_opened,
    facts.JobCreated: Watch._job_created,
    facts.ActivityCompensable: Watch._activity_compensable,
    facts.CompensationStarted: Watch._compensation_started,
    facts.ActivityCompensated: Watch._activity_compensated,
}
"""What is checked of a fact before it is applied."""
