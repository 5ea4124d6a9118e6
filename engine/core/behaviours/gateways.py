"""Gateways (BPMN 2.0, 13.4)."""

from __future__ import annotations

from collections.abc import Sequence

from engine.core import facts, joins, waiting
from engine.core.behaviours.behaviour import Behaviour, default_of, holds
from engine.core.execution import Execution
from engine.core.model import Element, Flow
from engine.core.state import Token, Wait


class ExclusiveGateway(Behaviour):
    """Takes the first flow whose condition holds, else the default flow (13.4.2)."""

    def outgoing(self, run: Execution, token: Token, element: Element) -> Sequence[Flow]:
        if len(element.outgoing) < 2 and all(flow.condition is None for flow in element.outgoing):
            return element.outgoing
        for flow in element.outgoing:
            if flow.id != element.default_flow and holds(run, token, flow):
                return [flow]
        return [default_of(element)]


class ParallelGateway(Behaviour):
    """Waits for one token from each incoming flow, then sends one along each outgoing flow (13.4.1).

    Tokens are counted by flow, and only in their own scope: a second round finds nothing of the first.
    """

    def arrive(self, run: Execution, scope_id: int, element: Element, flow: Flow) -> None:
        if len(element.incoming) == 1:
            run.activate(element, scope_id)
            return
        run.emit(facts.TokenArrived(scope_id, element.id, flow.id))
        arrived = run.state.tokens[scope_id].arrived[element.id]
        if all(incoming.id in arrived for incoming in element.incoming):
            run.emit(facts.TokensJoined(scope_id, element.id))
            run.activate(element, scope_id)

    def outgoing(self, run: Execution, token: Token, element: Element) -> Sequence[Flow]:
        return element.outgoing


class InclusiveGateway(Behaviour):
    """Takes every flow whose condition holds, else the default flow; joins every token that can come (13.4.3)."""

    def arrive(self, run: Execution, scope_id: int, element: Element, flow: Flow) -> None:
        if len(element.incoming) == 1:
            run.activate(element, scope_id)
        else:
            run.emit(facts.TokenArrived(scope_id, element.id, flow.id))


class ComplexGateway(Behaviour):
    """Goes on when its activation condition holds, then takes in what still comes of that round (13.4.5).

    What comes late goes on only by flows that have a condition; there, ``waitingForStart`` is false.
    """

    def arrive(self, run: Execution, scope_id: int, element: Element, flow: Flow) -> None:
        run.emit(facts.TokenArrived(scope_id, element.id, flow.id))
        scope = run.state.tokens[scope_id]
        if element.id not in scope.activated:
            joins.activate(run, scope, element)

    def outgoing(self, run: Execution, token: Token, element: Element) -> Sequence[Flow]:
        if token.variables["waitingForStart"]:
            return super().outgoing(run, token, element)
        return [flow for flow in element.outgoing if flow.condition is not None and holds(run, token, flow)]


class EventBasedGateway(Behaviour):
    """Waits for the events behind it, and goes on with the one that comes first; or begins with it (13.4.4)."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        elements = run.model(token).elements
        run.open_waits(waiting.prepare(run, token, (elements[flow.target] for flow in element.outgoing)))


def choose(run: Execution, wait: Wait, gateway: Token) -> Token:
    """Leave an event-based gateway towards the event that came; its token stands there, already done waiting."""
    element = run.element(gateway)
    flow = next(flow for flow in element.outgoing if flow.target == wait.element_id)
    target = run.model(gateway).elements[flow.target]
    scope_id = gateway.scope_id
    run.close_waits(gateway)
    run.resolve_incident(gateway)
    run.emit(facts.ElementCompleted(gateway.id))
    run.emit(facts.FlowTaken(scope_id, flow.id))
    return run.activate(target, scope_id, phase="complete")
