"""A person takes tokens away and puts others down, where a process has gone wrong: `modify` carries out instructions.

All of them are carried out before anything moves on. Where one cannot be, every problem is told, and nothing happens.
What is started does all that it would do on its way: its inputs, its boundary events, its data. What is left in a
state that BPMN does not know is put right: a scope with nothing in it ends; one that was interrupted and gets tokens
again waits for its event sub-processes again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from engine.core import commands, continuing, facts, items, propagation, waiting
from engine.core.behaviours import behaviour_of
from engine.core.behaviours.scopes import open_scope
from engine.core.execution import Execution
from engine.core.expressions import ExpressionError
from engine.core.model import (
    AdHocSpec,
    CompensateDefinition,
    Element,
    Flow,
    LinkDefinition,
    MultiInstance,
    TimerDefinition,
)
from engine.core.state import ROOT, Token
from engine.core.timing import InvalidTime
from engine.errors import EngineError, InvalidChange, InvalidInput


class _Change:
    """The run, why it is done, and the scopes that have lost a token."""

    def __init__(self, run: Execution, reason: str) -> None:
        self.run, self.reason = run, reason
        self.emptied: list[int] = []


def modify(run: Execution, command: commands.ModifyInstance) -> None:
    """
    Raises:
        InvalidChange: every instruction that cannot be carried out, and why.
    """
    change = _Change(run, command.reason)
    problems = [] if command.instructions else ["Expected something to do, but nothing is asked."]
    for place, instruction in enumerate(command.instructions, 1):
        try:
            _WAYS[type(instruction)](change, instruction)
        except (ExpressionError, InvalidTime, EngineError) as error:
            problems.append(f"{place}. {error}")
    if not problems:
        problems.extend(_end_what_is_empty(change))
    if problems:
        raise InvalidChange("change the instance", problems)
    for token in run.state.tokens.values():
        if token.incident is not None and token.incident.phase == "join":
            # Whether tokens still wait for others that cannot come shows when nothing else can move.
            run.resolve_incident(token)


# Taking away


def _cancel_token(change: _Change, instruction: commands.CancelToken) -> None:
    token = _token(change.run, instruction.id)
    if token.id == ROOT:
        raise InvalidInput("Expected a token in the instance, but this is all of it. Cancel the instance instead.")
    if token.definition_id is not None:
        raise InvalidInput(
            f"Expected a token in a process, but {token.id} is the called process itself. Cancel its call activity, "
            f"which is token {token.scope_id}."
        )
    _cancel(change, token)


def _cancel_element(change: _Change, instruction: commands.CancelElement) -> None:
    run, name = change.run, instruction.element_id
    tokens = run.state.tokens
    here = [token for token in tokens.values() if token.element_id == name and token.definition_id is None]
    # Of a multi-instance activity that is its body, with all instances in it.
    outermost = [token for token in here if tokens[token.scope_id].element_id != name]
    joining = [token for token in tokens.values() if name in token.arrived or name in token.activated]
    if not outermost and not joining:
        raise InvalidInput(f"Expected a token at '{name}', but there is none.{_known(run, name)}")
    for token in outermost:
        _cancel(change, token)
    for scope in joining:
        if scope.id in tokens:
            waiting_there = scope.arrived.get(name, {})
            flows = tuple(flow for flow, count in waiting_there.items() for _ in range(count))
            run.emit(facts.TokensDropped(scope.id, name, flows))
            change.emptied.append(scope.id)


def _cancel(change: _Change, token: Token) -> None:
    if token.id in change.run.state.tokens:
        change.emptied.append(token.scope_id)
        change.run.terminate(token, change.reason)


def _end_what_is_empty(change: _Change) -> Iterator[str]:
    run = change.run
    for scope_id in change.emptied:
        scope = run.state.tokens.get(scope_id)
        while scope is not None and _is_empty(scope) and scope.id != ROOT and scope.compensating is None:
            outside = run.state.tokens[scope.scope_id]
            run.terminate(scope, change.reason)
            scope = outside
        if scope is None:
            continue
        if scope.id == ROOT and _is_empty(scope):
            yield "Expected something to be left, but nothing would be. Cancel the instance instead."
            return
        _go_on_without(run, scope)


def _is_empty(scope: Token) -> bool:
    return not (scope.children or scope.arrived or scope.activated or scope.planned)


def _go_on_without(run: Execution, scope: Token) -> None:
    """What a scope does when something in it has come to its end."""
    is_body = scope.items is not None
    if scope.compensating is not None or (isinstance(run.element(scope).spec, AdHocSpec) and not is_body):
        run.resume(scope, "complete")
    elif not is_body:
        run.leave_scope(scope.id)


# Putting down


def _start_before(change: _Change, instruction: commands.StartBefore) -> None:
    run = change.run
    named = None if instruction.scope_id is None else _token(run, instruction.scope_id)
    if named is not None and named.items is not None and named.element_id == instruction.element_id:
        _add_item(run, named, instruction.variables)
        return
    process, element = _find(run, instruction.element_id, named)
    _refuse_what_has_no_beginning(run.model(process).elements, element)
    scope = _scope_of(change, process, element, named, instruction.variables)
    if element.triggered_by_event:
        start = run.model(process).elements[element.start_event or ""]
        propagation.start_event_subprocess(run, scope, start)
        return
    is_link = any(isinstance(each, LinkDefinition) for each in element.events)
    is_target = is_link and element.kind == "intermediateCatchEvent"
    token = run.activate(element, scope.id, phase="complete" if is_target else "enter")
    if element.kind == "complexGateway":
        run.set_local(token, "waitingForStart", True)
    item = _item_variable(run, named)
    for name, value in instruction.variables.items():
        if name != item:
            run.set_local(token, name, value)


def _start_after(change: _Change, instruction: commands.StartAfter) -> None:
    run = change.run
    named = None if instruction.scope_id is None else _token(run, instruction.scope_id)
    process, element = _find(run, instruction.element_id, named)
    if len(element.outgoing) != 1:
        found = ", ".join(f"'{flow.id}'" for flow in element.outgoing) or "none"
        raise InvalidInput(
            f"Expected one flow that leads out of '{element.id}', but they are: {found}. Name the flow, or an element."
        )
    _send(change, process, element.outgoing[0], named)


def _start_on(change: _Change, instruction: commands.StartOn) -> None:
    run, name = change.run, instruction.flow_id
    named = None if instruction.scope_id is None else _token(run, instruction.scope_id)
    process = _one_of([each for each in _processes(run, named) if name in run.model(each).flows], f"the flow '{name}'")
    _send(change, process, run.model(process).flows[name], named)


def _send(change: _Change, process: Token, flow: Flow, named: Token | None) -> None:
    elements = change.run.model(process).elements
    scope = _scope_of(change, process, elements[flow.source], named)
    change.run.take([flow], scope.id, elements)


def _write_variables(change: _Change, instruction: commands.WriteVariables) -> None:
    change.run.set_variables(_token(change.run, instruction.id), instruction.variables)


def _refuse_what_has_no_beginning(elements: Mapping[str, Element], element: Element) -> None:
    around = elements.get(element.scope, element)
    start = elements.get(element.start_event or "", element)
    for holds, what in (
        (element.kind == "process", "is the process itself. Name an element in it"),
        (element.kind == "boundaryEvent", "is a boundary event, which only its activity brings about. Start after it"),
        (element.for_compensation, "only undoes something. It runs when that is compensated"),
        (
            element.kind == "startEvent" and around.triggered_by_event,
            f"starts the event sub-process '{around.id}'. Start before that",
        ),
        (
            element.triggered_by_event and any(isinstance(each, CompensateDefinition) for each in start.events),
            "only undoes something. It runs when that is compensated",
        ),
    ):
        if holds:
            raise InvalidInput(f"Expected an element that a token may be put on, but '{element.id}' {what}.")


def _add_item(run: Execution, body: Token, variables: Mapping[str, Any]) -> None:
    element, loop = _new_item(run, body, variables)
    if not loop.sequential:
        items.start(run, body, element, len(items.items_of(body).values) - 1)


def _new_item(run: Execution, body: Token, variables: Mapping[str, Any]) -> tuple[Element, MultiInstance]:
    """Put an item behind the others."""
    element = run.element(body)
    loop = element.loop
    if not isinstance(loop, MultiInstance):
        raise InvalidInput(f"Expected a multi-instance activity, but '{element.id}' is a loop, which counts by itself.")
    run.emit(facts.ItemAdded(body.id, variables.get(loop.element_variable or "")))
    return element, loop


def _item_variable(run: Execution, named: Token | None) -> str | None:
    """The variable that is the item of what is started in a new instance of a multi-instance activity."""
    loop = None if named is None or named.items is None else run.element(named).loop
    return loop.element_variable if isinstance(loop, MultiInstance) else None


# Where


def _token(run: Execution, token_id: int) -> Token:
    token = run.state.tokens.get(token_id)
    if token is None:
        raise InvalidInput(f"Expected token {token_id} to be alive, but it is not.")
    return token


def _find(run: Execution, element_id: str, named: Token | None) -> tuple[Token, Element]:
    """The process scope that an element belongs to, and the element."""
    found = [each for each in _processes(run, named) if element_id in run.model(each).elements]
    process = _one_of(found, f"'{element_id}'")
    return process, run.model(process).elements[element_id]


def _processes(run: Execution, named: Token | None) -> list[Token]:
    """The process scopes that are alive, or that of the token that was named. One that is being undone is over."""
    tokens = run.state.tokens
    if named is not None:
        return [tokens[named.process_id]]
    return [each for each in tokens.values() if each.definition_id is not None and each.compensating is None]


def _one_of(found: list[Token], what: str) -> Token:
    if not found:
        raise InvalidInput(
            f"Expected {what} to be in a process that is alive, but no such process is. What is in a called process "
            "can be started only while that process runs; else start its call activity."
        )
    if len(found) > 1:
        alive = ", ".join(str(token.id) for token in found)
        raise InvalidInput(f"Expected one scope for {what}, but several are alive: tokens {alive}. Name one of them.")
    return found[0]


def _known(run: Execution, element_id: str) -> str:
    known = any(element_id in run.model(process).elements for process in _processes(run, None))
    return "" if known else " No process that is alive has an element of that id."


def _scope_of(
    change: _Change,
    process: Token,
    element: Element,
    named: Token | None,
    variables: Mapping[str, Any] = MappingProxyType({}),
) -> Token:
    """The scope in which an element is drawn, alive: the one there is, or one that is opened now. Of the variables one
    may be the item of a new instance.
    """
    run = change.run
    elements = run.model(process).elements
    missing: list[Element] = []
    name = element.scope
    while not (alive := _alive(run, process, elements[name], named)):
        missing.append(elements[name])
        name = elements[name].scope
    scope = _one_of(alive, f"'{element.id}'")
    _refuse_what_does_not_go_on(run, scope)
    for inner in reversed(missing):
        is_new_item = named is not None and named.items is not None and named.element_id == inner.id
        scope = _open_item(run, named, variables) if named and is_new_item else _open(change, scope, inner)
    if not element.triggered_by_event:
        _reopen(run, scope)
    return scope


def _alive(run: Execution, process: Token, scope: Element, named: Token | None) -> list[Token]:
    """The open scopes of this element in a process; those around or inside the token that was named. What is to be in
    a new instance of a multi-instance activity is in none that there is.
    """
    if scope.id == run.element(process).id:
        return [process]
    found = []
    for token in run.state.tokens.values():
        is_there = token.element_id == scope.id and token.process_id == process.id
        is_body = scope.loop is not None and token.index is None
        if is_there and not is_body and token.compensating is None and _is_meant(run, token, named):
            found.append(token)
    return found


def _is_meant(run: Execution, scope: Token, named: Token | None) -> bool:
    if named is None or scope.id in _around(run, named):
        return True
    return named.items is None and named.id in _around(run, scope)


def _around(run: Execution, token: Token) -> set[int]:
    """A token and all scopes around it."""
    found = {token.id}
    while token.scope_id:
        token = run.state.tokens[token.scope_id]
        found.add(token.id)
    return found


def _refuse_what_does_not_go_on(run: Execution, scope: Token) -> None:
    if scope.work is not None or (scope.incident is not None and scope.incident.phase in ("enter", "execute")):
        raise InvalidInput(
            f"Expected '{scope.element_id}' to be open, but token {scope.id} waits before it. Start before it instead."
        )
    for token_id in _around(run, scope):
        if run.state.tokens[token_id].compensating is not None:
            name = run.state.tokens[token_id].element_id
            raise InvalidInput(f"Expected a scope that goes on, but what was done in '{name}' is being undone.")


def _open(change: _Change, outside: Token, element: Element) -> Token:
    """Open a scope without beginning anything in it."""
    run = change.run
    if element.loop is not None:
        raise InvalidInput(
            f"Expected an instance of '{element.id}' to be alive, but none is, and which item a new one is for cannot "
            f"be known. Start before '{element.id}', or name its own token as the scope."
        )
    if element.triggered_by_event:
        start = run.model(outside).elements[element.start_event or ""]
        if start.interrupting:
            run.empty(outside, f"interrupted by '{element.name or element.id}'")
    else:
        _reopen(run, outside)
    return _enter(run, run.activate(element, outside.id, phase=None), element)


def _open_item(run: Execution, body: Token, variables: Mapping[str, Any]) -> Token:
    """A new instance of a multi-instance activity, without beginning anything in it."""
    _refuse_what_does_not_go_on(run, body)
    name = _item_variable(run, body)
    if name is not None and name not in variables:
        raise InvalidInput(f"Expected '{name}', which holds the item, among the variables, but it is not there.")
    element, loop = _new_item(run, body, variables)
    if loop.sequential:
        raise InvalidInput(
            f"Expected instances of '{element.id}' beside each other, but they come one after the other. Start before "
            f"'{element.id}' with token {body.id} as the scope, which adds an item that comes in its turn."
        )
    token = items.start(run, body, element, len(items.items_of(body).values) - 1, phase=None)
    return _enter(run, token, element)


def _enter(run: Execution, token: Token, element: Element) -> Token:
    continuing.pass_by(run, token, element)
    behaviour_of(element, token).enter(run, token, element)
    open_scope(run, token, element)
    return token


def _reopen(run: Execution, scope: Token) -> None:
    """Let a scope that gets tokens again wait again for what may start its event sub-processes."""
    elements = run.model(scope).elements
    children = [elements[run.state.tokens[child].element_id] for child in scope.children]
    starts = [elements[elements[name].start_event or ""] for name in run.element(scope).event_subprocesses]
    handlers = [child for child in children if child.triggered_by_event]
    if scope.interrupted:
        busy = [child.id for child in handlers if elements[child.start_event or ""].interrupting]
        if busy:
            raise InvalidInput(
                f"Expected '{run.element(scope).id}' to go on, but '{busy[0]}' has interrupted it. Cancel that first."
            )
        run.emit(facts.ScopeReopened(scope.id))
        run.open_waits(waiting.prepare(run, scope, starts))
    elif handlers and len(handlers) == len(children):
        # They were closed when nothing but handlers was left. A timer that is gone may as well have fired.
        there = {run.state.waits[wait_id].element_id for wait_id in scope.waits}
        closed = [start for start in starts if start.id not in there and not _is_timed(start)]
        run.open_waits(waiting.prepare(run, scope, closed))


def _is_timed(start: Element) -> bool:
    return any(isinstance(each, TimerDefinition) for each in start.triggers)


_WAYS: Mapping[type, Callable[[_Change, Any], None]] = {
    commands.CancelToken: _cancel_token,
    commands.CancelElement: _cancel_element,
    commands.StartBefore: _start_before,
    commands.StartAfter: _start_after,
    commands.StartOn: _start_on,
    commands.WriteVariables: _write_variables,
}
