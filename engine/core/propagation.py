"""How events travel: a trigger to the scope it belongs to, an error outwards to its catcher, a message out of here."""

from __future__ import annotations

from typing import Any

from engine.core import facts
from engine.core.execution import Execution, jsonable
from engine.core.model import Element, ErrorDefinition, MessageDefinition
from engine.core.state import Token


def catch_at_boundary(run: Execution, activity: Token, event: Element) -> Token:
    """Go on from a boundary event; an interrupting one first ends its activity and everything in it."""
    scope_id = activity.scope_id
    if event.interrupting:
        run.terminate(activity, f"interrupted by '{event.name or event.id}'")
    return run.activate(event, scope_id, phase="complete")


def start_event_subprocess(run: Execution, scope: Token, start: Element) -> Token:
    """Start the event sub-process that `start` belongs to; an interrupting one first ends all else in its scope."""
    subprocess = run.model(scope).elements[start.scope]
    if start.interrupting:
        run.empty(scope, f"interrupted by '{subprocess.name or subprocess.id}'")
    token = run.activate(subprocess, scope.id, phase="enter")
    # Its start event goes on when it has opened its own waits.
    return run.activate(start, token.id, phase=None)


def throw_error(run: Execution, origin: Token, code: str, message: str) -> bool:
    """Hand an error to the innermost error event around `origin` that catches `code`; False where there is none.

    An event sub-process of a scope comes before the boundary events of that scope's activity, and an event that names
    the code before one that takes every error (BPMN 2.0, 10.5.1 and 10.5.7).
    """
    found = _catcher(run, origin, code)
    if found is None:
        return False
    catching, event = found
    definition = event.event
    assert isinstance(definition, ErrorDefinition)
    run.emit(facts.ErrorThrown(origin.id, code, message, event.id))
    if event.kind == "boundaryEvent":
        token = catch_at_boundary(run, catching, event)
    else:
        token = start_event_subprocess(run, catching, event)
    for name, value in ((definition.code_variable, code), (definition.message_variable, message)):
        if name is not None:
            run.set_variable(token, name, value)
    return True


def _catcher(run: Execution, token: Token, code: str) -> tuple[Token, Element] | None:
    while True:
        elements = run.model(token).elements
        if token.element_id in elements and token.index is None:
            events = [elements[event_id] for event_id in elements[token.element_id].boundary_events]
            event = _best(events, code)
            if event is not None:
                return token, event
        if not token.scope_id:
            return None
        scope = run.state.tokens[token.scope_id]
        # The body of a multi-instance sub-process has its element, but what is drawn inside belongs to the items.
        if not scope.interrupted and scope.items is None:
            event = _best(_event_subprocess_starts(run, scope), code)
            if event is not None:
                return scope, event
        token = scope


def _event_subprocess_starts(run: Execution, scope: Token) -> list[Element]:
    elements = run.model(scope).elements
    starts = (elements[subprocess_id].start_event for subprocess_id in elements[scope.element_id].event_subprocesses)
    return [elements[start] for start in starts if start is not None]


def _best(events: list[Element], code: str) -> Element | None:
    takes_all = None
    for event in events:
        if isinstance(event.event, ErrorDefinition):
            if event.event.code == code:
                return event
            if event.event.code is None:
                takes_all = event
    return takes_all


def throw_message(run: Execution, token: Token, element: Element, definition: MessageDefinition) -> None:
    """Leave a message for the shell to deliver: by the key that the diagram gives, else by the business key."""
    key = run.state.business_key if definition.key is None else run.text(definition.key, token)
    name = run.text(definition.name, token) or ""
    run.emit(facts.MessageThrown(token.id, name, key, payload(run, token, element)))


def payload(run: Execution, token: Token, element: Element) -> dict[str, Any]:
    """What a thrown message or signal carries: its element's input parameters."""
    return {m.target: jsonable(m.target, run.evaluate(m.value, token)) for m in element.inputs}
