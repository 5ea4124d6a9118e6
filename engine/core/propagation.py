"""How events travel: a trigger to the scope it belongs to, an error or escalation outwards to its catcher, a message
out of here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from engine.core import correlation, data, facts, timing
from engine.core.execution import Execution, jsonable
from engine.core.model import (
    Element,
    ErrorDefinition,
    EscalationDefinition,
    EventDefinition,
    MessageDefinition,
    SignalDefinition,
    ThrownByLoop,
)
from engine.core.state import Token

Travelling = type[ErrorDefinition] | type[EscalationDefinition]


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
    # What came may carry what it declares.
    data.declare(run, token, subprocess)
    # Its start event goes on when it has opened its own waits.
    return run.activate(start, token.id, phase=None)


def throw_error(run: Execution, origin: Token, code: str, message: str) -> bool:
    """Hand an error to the innermost error event around `origin` that catches `code`; False where there is none.

    An event sub-process of a scope comes before the boundary events of that scope's activity, and an event that names
    the code before one that takes every error (BPMN 2.0, 10.5.1 and 10.5.7).
    """
    found = _catcher(run, origin, ErrorDefinition, code)
    if found is None:
        return False
    catching, event, definition = found
    assert isinstance(definition, ErrorDefinition)
    run.emit(facts.ErrorThrown(origin.id, code, message, event.id))
    token = _catch(run, catching, event)
    for name, value in ((definition.code_variable, code), (definition.message_variable, message)):
        if name is not None:
            run.set_variable(token, name, value)
    return True


def throw_escalation(run: Execution, origin: Token, code: str) -> None:
    """Hand an escalation to the innermost escalation event around `origin`; where there is none, nobody minds.

    The thrower goes on, unless the catcher has ended it (BPMN 2.0, 10.5.1 and 10.5.7).
    """
    found = _catcher(run, origin, EscalationDefinition, code)
    if found is None:
        run.emit(facts.EscalationThrown(origin.id, code, None))
        return
    catching, event, definition = found
    assert isinstance(definition, EscalationDefinition)
    run.emit(facts.EscalationThrown(origin.id, code, event.id))
    token = _catch(run, catching, event)
    if definition.code_variable is not None:
        run.set_variable(token, definition.code_variable, code)


def _catch(run: Execution, catching: Token, event: Element) -> Token:
    if event.kind == "boundaryEvent":
        return catch_at_boundary(run, catching, event)
    return start_event_subprocess(run, catching, event)


def _catcher(
    run: Execution, token: Token, travelling: Travelling, code: str
) -> tuple[Token, Element, EventDefinition] | None:
    inside: Token | None = None
    while True:
        for events in (_event_subprocess_starts(run, token, inside), _boundary_events(run, token)):
            caught = _best(events, travelling, code)
            if caught is not None:
                return token, *caught
        if not token.scope_id:
            return None
        inside, token = token, run.state.tokens[token.scope_id]


def _boundary_events(run: Execution, token: Token) -> list[Element]:
    """Those around the whole activity: an instance of it has none, nor has one that is long over and being undone.

    A transaction that is being cancelled is not over yet: what fails then is a hazard (BPMN 2.0, 10.3.5).
    """
    if token.index is not None or (token.compensating is not None and not token.cancelled):
        return []
    elements = run.model(token).elements
    return [elements[event_id] for event_id in elements[token.element_id].boundary_events]


def _event_subprocess_starts(run: Execution, scope: Token, inside: Token | None) -> list[Element]:
    """Those that something which comes from `inside` can start: not the one that it comes from."""
    # The body of a multi-instance sub-process has its element, but what is drawn inside belongs to the instances.
    if inside is None or scope.interrupted or scope.items is not None or scope.compensating is not None:
        return []
    elements = run.model(scope).elements
    found = elements[scope.element_id].event_subprocesses
    starts = (elements[subprocess].start_event for subprocess in found if subprocess != inside.element_id)
    return [elements[start] for start in starts if start is not None]


def _best(events: list[Element], travelling: Travelling, code: str) -> tuple[Element, EventDefinition] | None:
    """The event that names the code, else the one that takes every code."""
    takes_all = None
    for event in events:
        for definition in _of_kind(event, travelling):
            if definition.code == code:
                return event, definition
            if definition.code is None:
                takes_all = event, definition
    return takes_all


def _of_kind(event: Element, travelling: Travelling) -> Iterator[ErrorDefinition | EscalationDefinition]:
    for definition in event.events:
        if isinstance(definition, travelling):
            yield definition


def throw_at_own_boundary(run: Execution, body: Token, element: Element, thrown: ThrownByLoop) -> bool:
    """Throw what a multi-instance activity throws by itself (BPMN 2.0, table 10.31); whether it is still there then.

    It is meant for the events at the activity's own boundary. A signal or message that none of them waits for leaves
    the instance.
    """
    if isinstance(thrown, EscalationDefinition):
        throw_escalation(run, body, thrown.code or "")
    elif isinstance(thrown, SignalDefinition):
        if not _catch_here(run, body, "signal", run.text(thrown.name, body) or ""):
            throw_signal(run, body, element, thrown)
    elif not _catch_here(run, body, "message", run.text(thrown.name, body) or ""):
        throw_message(run, body, element, thrown)
    return body.id in run.state.tokens


def _catch_here(run: Execution, body: Token, kind: str, name: str) -> bool:
    waits = [run.state.waits[wait_id] for wait_id in body.waits]
    caught = [wait for wait in waits if (wait.kind, wait.name) == (kind, name)]
    for wait in caught:
        # An interrupting event takes the activity away, with what else waits there.
        if wait.id in run.state.waits:
            run.emit(facts.SubscriptionTriggered(wait.id))
            catch_at_boundary(run, body, run.model(body).elements[wait.element_id])
    return bool(caught)


def throw_signal(run: Execution, token: Token, element: Element, definition: SignalDefinition) -> None:
    """Leave a signal for the shell to broadcast."""
    signal(run, token, element, definition)()


def signal(run: Execution, token: Token, element: Element, definition: SignalDefinition) -> Callable[[], None]:
    """What throws a signal, worked out as far as it can fail: an element throws all that it has to, or nothing."""
    name, sent = run.text(definition.name, token) or "", payload(run, token, element)
    return lambda: run.emit(facts.SignalThrown(token.id, name, sent, run.state.last_id))


def throw_message(run: Execution, token: Token, element: Element, definition: MessageDefinition) -> None:
    """Leave a message for the shell to deliver: by the key that the diagram gives, by the correlation keys of its
    content, else by the business key.
    """
    message(run, token, element, definition)()


def message(run: Execution, token: Token, element: Element, definition: MessageDefinition) -> Callable[[], None]:
    """As `signal`, for a message."""
    name, sent = run.text(definition.name, token) or "", payload(run, token, element)
    key = None if definition.correlation else correlation.expected(run, token, definition)
    lasting = None
    if definition.time_to_live is not None:
        lasting = str(timing.parse_lasting(run.evaluate(definition.time_to_live, token)))

    def throw() -> None:
        correlation.learn(run, token, definition, sent)
        run.emit(facts.MessageThrown(token.id, name, key, sent, lasting))

    return throw


def payload(run: Execution, token: Token, element: Element) -> dict[str, Any]:
    """What a thrown message or signal carries: its element's input parameters and data inputs."""
    named = {m.target: jsonable(m.target, run.evaluate(m.value, token)) for m in element.inputs}
    return {**data.given(token, element), **named}
