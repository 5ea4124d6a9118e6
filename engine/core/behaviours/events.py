"""Events (BPMN 2.0, 10.5 and 13.5), and the receive task, which is a catching event in the form of a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.core import facts, propagation, waiting
from engine.core.behaviours.behaviour import Activity, Behaviour
from engine.core.behaviours.gateways import choose
from engine.core.execution import Execution
from engine.core.model import (
    Element,
    ErrorDefinition,
    MessageDefinition,
    SignalDefinition,
    TerminateDefinition,
)
from engine.core.state import Token, Wait


class CatchEvent(Behaviour):
    """Waits for one message, signal or point in time."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        run.open_waits(waiting.prepare(run, token, [element]))

    def trigger(self, run: Execution, wait: Wait, owner: Token, element: Element) -> Token:
        if owner.element_id != element.id:
            return choose(run, wait, owner)
        run.close_waits(owner)
        run.resume(owner, "complete")
        return owner


class ReceiveTask(Activity):
    """Waits for its message, in a process or behind an event-based gateway."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        run.open_waits(waiting.prepare(run, token, [element]))

    def trigger(self, run: Execution, wait: Wait, owner: Token, element: Element) -> Token:
        if owner.element_id != element.id:
            return choose(run, wait, owner)
        run.close_wait(wait.id)
        run.resume(owner, "complete")
        return owner


class BoundaryEvent(Behaviour):
    """Catches what happens while its activity is active; an interrupting one ends the activity first (10.5.4)."""

    def trigger(self, run: Execution, wait: Wait, owner: Token, element: Element) -> Token:
        if not element.interrupting:
            waiting.repeat(run, wait)
        return propagation.catch_at_boundary(run, owner, element)


class StartEvent(Behaviour):
    """Begins a scope. That of an event sub-process begins it when its event comes (13.5.4)."""

    def trigger(self, run: Execution, wait: Wait, owner: Token, element: Element) -> Token:
        if not element.interrupting:
            waiting.repeat(run, wait)
        return propagation.start_event_subprocess(run, owner, element)


class ThrowEvent(Behaviour):
    """An intermediate throw event or end event: throws what it is drawn with, then goes on (10.5.5)."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        throw = _THROWS.get(type(element.event))
        if throw is None:
            run.resume(token, "complete")
        else:
            throw(run, token, element, element.event)


def _throw_message(run: Execution, token: Token, element: Element, definition: MessageDefinition) -> None:
    propagation.throw_message(run, token, element, definition)
    run.resume(token, "complete")


def _throw_signal(run: Execution, token: Token, element: Element, definition: SignalDefinition) -> None:
    name = run.text(definition.name, token) or ""
    run.emit(facts.SignalThrown(token.id, name, propagation.payload(run, token, element)))
    run.resume(token, "complete")


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


_THROWS: Mapping[type, Callable[[Execution, Token, Element, Any], None]] = {
    MessageDefinition: _throw_message,
    SignalDefinition: _throw_signal,
    ErrorDefinition: _throw_error,
    TerminateDefinition: _terminate,
}
