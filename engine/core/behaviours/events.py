"""Events (BPMN 2.0, 10.5 and 13.5), and the receive task, which is a catching event in the form of a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from engine.core import compensation, data, facts, propagation, waiting
from engine.core.behaviours.behaviour import Activity, Behaviour
from engine.core.behaviours.gateways import choose
from engine.core.execution import Execution
from engine.core.model import (
    CancelDefinition,
    CompensateDefinition,
    Element,
    ErrorDefinition,
    EscalationDefinition,
    EventDefinition,
    Flow,
    LinkDefinition,
    MessageDefinition,
    SignalDefinition,
    TerminateDefinition,
)
from engine.core.state import Token, Wait


class CatchingEvent(Behaviour):
    """Hands on what came with its event, by its output parameters and data outputs."""

    def complete(self, run: Execution, token: Token, element: Element) -> None:
        instead = run.instead.get(token.id)
        results = [] if instead is not None else data.results(run, token, element)
        outputs = instead
        if outputs is None:
            outputs = {each.target: run.evaluate(each.value, token) for each in element.outputs}
        depart = self.departure(run, token, element)
        scope = run.state.tokens[token.scope_id]
        data.write(run, token, scope, results)
        run.set_variables(scope, outputs)
        depart()


class CatchEvent(CatchingEvent):
    """Waits for a message, a signal, a condition or a point in time, or several of them."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        run.open_waits(waiting.prepare(run, token, [element]))

    def trigger(self, run: Execution, wait: Wait, owner: Token, element: Element) -> Token:
        if owner.element_id != element.id:
            return choose(run, wait, owner)
        run.close_waits(owner)
        run.resume(owner, "complete")
        return owner


class ReceiveTask(Activity):
    """Waits for its message, in a process or behind an event-based gateway, or begins an instance with it."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        run.open_waits(waiting.prepare(run, token, [element]))

    def trigger(self, run: Execution, wait: Wait, owner: Token, element: Element) -> Token:
        if owner.element_id != element.id:
            return choose(run, wait, owner)
        run.close_wait(wait.id)
        run.resume(owner, "complete")
        return owner


class BoundaryEvent(CatchingEvent):
    """Catches what happens while its activity is active; an interrupting one ends the activity first (10.5.4)."""

    def trigger(self, run: Execution, wait: Wait, owner: Token, element: Element) -> Token:
        if not element.interrupting:
            waiting.repeat(run, wait)
        return propagation.catch_at_boundary(run, owner, element)


class StartEvent(CatchingEvent):
    """Begins a scope. That of an event sub-process begins it when its event comes (13.5.4)."""

    def trigger(self, run: Execution, wait: Wait, owner: Token, element: Element) -> Token:
        if owner.element_id == element.id:
            run.close_waits(owner)
            run.resume(owner, "complete")
            return owner
        if not element.interrupting:
            waiting.repeat(run, wait)
        return propagation.start_event_subprocess(run, owner, element)


class ThrowEvent(Behaviour):
    """An intermediate throw event or end event: throws what it is drawn with, then goes on (10.5.5).

    What leaves the way open is thrown first. One that leads elsewhere comes last, and there can be one only.
    """

    def enter(self, run: Execution, token: Token, element: Element) -> None:
        data.read(run, token, element)

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        throws = [_THROWS[type(each)](run, token, element, each) for each in element.events if type(each) in _THROWS]
        for throw in throws:
            if token.id in run.state.tokens:
                throw()
        if token.id not in run.state.tokens:
            return
        for definition in element.events:
            if type(definition) in _WAYS:
                _WAYS[type(definition)](run, token, element, definition)
                return
        run.resume(token, "complete")

    def outgoing(self, run: Execution, token: Token, element: Element) -> Sequence[Flow]:
        return element.outgoing


def _escalation(
    run: Execution, token: Token, _element: Element, definition: EscalationDefinition
) -> Callable[[], None]:
    return partial(propagation.throw_escalation, run, token, definition.code or "")


def _throw_error(run: Execution, token: Token, _element: Element, definition: ErrorDefinition) -> None:
    code = definition.code or ""
    if not propagation.throw_error(run, token, code, ""):
        run.emit(facts.ErrorThrown(token.id, code, "", None))
        run.fail_instance(code, "")


def _terminate(run: Execution, token: Token, element: Element, _definition: TerminateDefinition) -> None:
    """Ends everything else in its own scope, which then completes (13.5.6)."""
    scope = run.state.tokens[token.scope_id]
    run.empty(scope, f"ended by '{element.name or element.id}'", but=token.id)
    run.resume(token, "complete")


def _link(run: Execution, token: Token, _element: Element, definition: LinkDefinition) -> None:
    """Goes on at the other end of the link, as if a flow led there (10.5.1)."""
    target = run.model(token).elements[definition.peers[0]]
    run.emit(facts.ElementCompleted(token.id))
    run.activate(target, token.scope_id, phase="complete")


def _compensate(run: Execution, token: Token, element: Element, definition: CompensateDefinition) -> None:
    undone = compensation.what_to_undo(run, token, definition.activity)
    if definition.waits:
        compensation.begin(run, token, undone)
    else:
        compensation.begin(run, run.activate(element, token.scope_id, phase=None), undone)
        run.resume(token, "complete")


def _cancel(run: Execution, token: Token, element: Element, _definition: CancelDefinition) -> None:
    compensation.cancel(run, token, element)


_THROWS: Mapping[type[EventDefinition], Callable[[Execution, Token, Element, Any], Callable[[], None]]] = {
    MessageDefinition: propagation.message,
    SignalDefinition: propagation.signal,
    EscalationDefinition: _escalation,
}
_WAYS: Mapping[type[EventDefinition], Callable[[Execution, Token, Element, Any], None]] = {
    CompensateDefinition: _compensate,
    ErrorDefinition: _throw_error,
    TerminateDefinition: _terminate,
    CancelDefinition: _cancel,
    LinkDefinition: _link,
}
