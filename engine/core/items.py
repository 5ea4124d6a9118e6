"""The items of a multi-instance activity (BPMN 2.0, 13.3.7).

The activity's own token is the body: it holds the collection, the boundary events and, as children, one token for
each item that is being worked on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.core import facts
from engine.core.execution import Execution
from engine.core.model import Element, MultiInstance
from engine.core.state import Items, Token


def start(run: Execution, body: Token, element: Element, index: int) -> None:
    """Put a token on the item at `index`, with its value, its number and a place for its result."""
    loop = loop_of(element)
    token = run.activate(element, body.id, index=index)
    run.set_local(token, "loopCounter", index)
    if loop.element_variable is not None:
        run.set_local(token, loop.element_variable, items_of(body).values[index])
    if loop.output_element is not None:
        run.set_local(token, loop.output_element, None)


def complete(
    run: Execution,
    token: Token,
    element: Element,
    outputs: Sequence[tuple[str, Any]],
    close: Callable[[Execution, Token], None],
) -> None:
    """Take in what the item gave, then end the body, start the next item, or wait for the others."""
    body = run.state.tokens[token.scope_id]
    loop, items = loop_of(element), items_of(body)
    done = _is_enough(run, {**run.visible(token), **dict(outputs)}, loop, items, len(body.children) - 1)
    close(run, token)
    if loop.output_element is not None:
        value = dict(outputs).get(loop.output_element, token.variables.get(loop.output_element))
        run.emit(facts.OutputCollected(body.id, token.index or 0, value))
    for name, value in outputs:
        if name != loop.output_element:
            run.set_variable(body, name, value)
    run.close_waits(token)
    run.emit(facts.ElementCompleted(token.id))
    if done:
        for child_id in list(body.children):
            run.terminate(run.state.tokens[child_id], "the completion condition holds")
        run.resume(body, "complete")
    elif loop.sequential:
        start(run, body, element, items.started)


def _is_enough(run: Execution, seen: Mapping[str, Any], loop: MultiInstance, items: Items, active: int) -> bool:
    """Whether this was the last item, or the completion condition holds with it (table 10.30; Camunda's names too).

    `seen` is what the condition sees, the item's own variables and outputs included; `active` items are left.
    """
    total, completed = len(items.values), items.completed + 1
    if loop.completion_condition is None:
        return completed == total
    counts: Mapping[str, Any] = {
        "nrOfInstances": total,
        "nrOfCompletedInstances": completed,
        "nrOfActiveInstances": active,
        "numberOfInstances": total,
        "numberOfCompletedInstances": completed,
        "numberOfActiveInstances": active,
    }
    enough = bool(loop.completion_condition.evaluate({**seen, **counts}, run.functions, run.budget))
    return enough or completed == total


def loop_of(element: Element) -> MultiInstance:
    assert element.multi_instance is not None
    return element.multi_instance


def items_of(body: Token) -> Items:
    assert body.items is not None
    return body.items
