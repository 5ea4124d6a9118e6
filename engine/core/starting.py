"""How an instance begins: without a trigger, or with the event that came (BPMN 2.0, 13.2 and 13.5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core import correlation, data, facts, waiting
from engine.core.execution import Execution
from engine.core.model import Element, EventGatewaySpec, Flow, MessageDefinition
from engine.core.state import Token


def begin_plainly(run: Execution, scope: Token, element: Element) -> None:
    """Begin a scope at its none start event, or at everything in it that no flow leads to."""
    elements = run.model(scope).elements
    for entry in element.entries:
        run.activate(elements[entry], scope.id)


def begin_with(run: Execution, root: Token, start: Element, trigger: int, variables: Mapping[str, Any]) -> None:
    """Begin an instance at the event that came: `trigger` is its place among those of `start`.

    Raises:
        ExpressionError, InvalidTime: what else it waits for cannot be worked out.
    """
    gateway = _gateway_before(run, root, start)
    if gateway is not None:
        _pass(run, root, gateway, start)
    token = run.activate(start, root.id, phase=None)
    definition = start.triggers[trigger]
    if isinstance(definition, MessageDefinition):
        correlation.learn(run, token, definition, variables)
    if start.needs_all:
        if data.picks(start):
            data.receive_early(run, token, start, variables)
        run.open_waits(waiting.prepare(run, token, [start], but=trigger))
    else:
        if data.picks(start):
            data.receive(run, token, start, variables)
        run.resume(token, "complete")


def _gateway_before(run: Execution, root: Token, start: Element) -> Element | None:
    elements = run.model(root).elements
    before = [elements[flow.source] for flow in start.incoming]
    return next((gateway for gateway in before if isinstance(gateway.spec, EventGatewaySpec)), None)


def _pass(run: Execution, root: Token, gateway: Element, start: Element) -> None:
    """Go through an instantiating gateway. A parallel one needs its other events as well (10.6.6)."""
    assert isinstance(gateway.spec, EventGatewaySpec)
    token = run.activate(gateway, root.id, phase=None)
    run.emit(facts.ElementCompleted(token.id))
    others: list[Flow] = []
    for flow in gateway.outgoing:
        if flow.target == start.id:
            run.emit(facts.FlowTaken(root.id, flow.id))
        elif gateway.spec.parallel:
            others.append(flow)
    run.take(others, root.id, run.model(root).elements)
