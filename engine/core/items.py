"""The instances of a loop or multi-instance activity (BPMN 2.0, 13.3.6 and 13.3.7).

The activity's own token is the body: it holds the collection, the boundary events and, as children, one token for
each instance that is being worked on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.core import compensation, facts, propagation
from engine.core.execution import Execution
from engine.core.model import Element, MultiInstance, StandardLoop, ThrownByLoop
from engine.core.state import Items, Phase, Token

Outputs = Sequence[tuple[str, Any]]


def start(run: Execution, body: Token, element: Element, index: int, *, phase: Phase | None = "enter") -> Token:
    """Put a token on the instance at `index`, with its value, its number and a place for its result; to be moved on
    from `phase` when its turn comes (None: by what is in it).
    """
    token = run.activate(element, body.id, phase=phase, index=index)
    run.set_local(token, "loopCounter", index)
    loop = element.loop
    if isinstance(loop, MultiInstance):
        if loop.element_variable is not None:
            run.set_local(token, loop.element_variable, items_of(body).values[index])
        if loop.output_element is not None:
            run.set_local(token, loop.output_element, None)
    return token


def begins(run: Execution, body: Token, element: Element) -> bool:
    """Whether a standard loop has a first round."""
    loop = element.loop
    assert isinstance(loop, StandardLoop)
    return loop.maximum != 0 and (not loop.tests_before or _holds(run, body, loop, 0))


def complete(
    run: Execution, token: Token, element: Element, outputs: Outputs, close: Callable[[Execution, Token], None]
) -> None:
    """Take in what the instance gave, then end the body, start the next instance, or wait for the others."""
    if isinstance(element.loop, MultiInstance):
        _complete_item(run, token, element, element.loop, outputs, close)
    else:
        _complete_round(run, token, element, outputs, close)


def _complete_item(
    run: Execution,
    token: Token,
    element: Element,
    loop: MultiInstance,
    outputs: Outputs,
    close: Callable[[Execution, Token], None],
) -> None:
    body = run.state.tokens[token.scope_id]
    seen = _counted(run, token, outputs, items_of(body), len(body.children) - 1)
    done = _is_enough(run, seen, loop, body)
    thrown = _thrown(run, seen, loop, items_of(body))
    close(run, token)
    if loop.output_element is not None:
        value = dict(outputs).get(loop.output_element, token.variables.get(loop.output_element))
        run.emit(facts.OutputCollected(body.id, token.index or 0, value))
    _end(run, token, body, [(name, value) for name, value in outputs if name != loop.output_element])
    for event in thrown:
        if not propagation.throw_at_own_boundary(run, body, element, event):
            return
    if done:
        for child_id in list(body.children):
            run.terminate(run.state.tokens[child_id], "the completion condition holds")
        run.resume(body, "complete")
    elif loop.sequential:
        start(run, body, element, items_of(body).started)


def _complete_round(
    run: Execution, token: Token, element: Element, outputs: Outputs, close: Callable[[Execution, Token], None]
) -> None:
    loop, body = element.loop, run.state.tokens[token.scope_id]
    assert isinstance(loop, StandardLoop)
    rounds = items_of(body).completed + 1
    # What the condition reads may be among the outputs, so it is asked as if they were written.
    goes_on = rounds != loop.maximum and _holds(run, token, loop, rounds, dict(outputs))
    close(run, token)
    _end(run, token, body, outputs)
    if goes_on:
        start(run, body, element, rounds)
    else:
        run.resume(body, "complete")


def _end(run: Execution, token: Token, body: Token, outputs: Outputs) -> None:
    for name, value in outputs:
        run.set_variable(body, name, value)
    compensation.keep(run, token, run.element(token))
    run.close_waits(token)
    run.resolve_incident(token)
    run.emit(facts.ElementCompleted(token.id))


def _holds(
    run: Execution, token: Token, loop: StandardLoop, rounds: int, outputs: Mapping[str, Any] | None = None
) -> bool:
    """Whether a standard loop goes on after so many rounds, which its condition sees as ``loopCounter``."""
    if loop.condition is None:
        return True
    seen = {**run.visible(token), **(outputs or {}), "loopCounter": rounds}
    return bool(run.evaluate_with(loop.condition, seen))


def _counted(run: Execution, token: Token, outputs: Outputs, items: Items, active: int) -> Mapping[str, Any] | None:
    """What the conditions of a multi-instance activity see when an instance completes (table 10.30; Camunda's names
    too): its own variables and outputs included, with `active` instances left. None where nothing asks.
    """
    element = run.element(token)
    loop = multi_instance_of(element)
    if loop.completion_condition is None and not loop.events:
        return None
    total, completed = len(items.values), items.completed + 1
    return {
        **run.visible(token),
        **dict(outputs),
        "nrOfInstances": total,
        "nrOfCompletedInstances": completed,
        "nrOfActiveInstances": active,
        "numberOfInstances": total,
        "numberOfCompletedInstances": completed,
        "numberOfActiveInstances": active,
        "numberOfTerminatedInstances": items.started - completed - active,
    }


def _is_enough(run: Execution, seen: Mapping[str, Any] | None, loop: MultiInstance, body: Token) -> bool:
    """Whether this was the last instance, or the completion condition holds with it. One that a person has cancelled
    counts as begun and does not come back.
    """
    if items_of(body).started == len(items_of(body).values) and len(body.children) == 1:
        return True
    return loop.completion_condition is not None and bool(run.evaluate_with(loop.completion_condition, seen or {}))


def _thrown(run: Execution, seen: Mapping[str, Any] | None, loop: MultiInstance, items: Items) -> list[ThrownByLoop]:
    """The events that this completion throws (table 10.31)."""
    return [
        event.definition
        for event in loop.events
        if (not event.first_only or items.completed == 0)
        and (event.condition is None or run.evaluate_with(event.condition, seen or {}))
    ]


def collected(body: Token, element: Element) -> tuple[str, list[Any]] | None:
    """The name and the value of the output collection, in the order of the input; None where there is none."""
    loop = element.loop
    if not isinstance(loop, MultiInstance) or loop.output_collection is None:
        return None
    outputs = items_of(body).outputs
    return loop.output_collection, [outputs[index] for index in sorted(outputs)]


def multi_instance_of(element: Element) -> MultiInstance:
    assert isinstance(element.loop, MultiInstance)
    return element.loop


def items_of(body: Token) -> Items:
    assert body.items is not None
    return body.items
