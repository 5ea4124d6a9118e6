"""What every kind of element has in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.core import compensation, data, items, joins, waiting
from engine.core.execution import MAX_DEPTH, Execution, jsonable
from engine.core.model import AdHocSpec, Element, Flow
from engine.core.state import Token, Wait
from engine.errors import ExecutionFailed


class Behaviour:
    """A token's way through an element: it arrives, enters, executes, and completes when its work is done."""

    def arrive(self, run: Execution, scope_id: int, element: Element, flow: Flow) -> None:
        """A token comes along a flow; every one starts the element anew (BPMN 2.0, 13.3.1)."""
        run.activate(element, scope_id)

    def enter(self, run: Execution, token: Token, element: Element) -> None:
        """Make ready what `execute` finds: local variables, boundary events."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        """Do the work, or open what has to be waited for."""
        run.resume(token, "complete")

    def complete(self, run: Execution, token: Token, element: Element) -> None:
        """The work is done: leave."""
        run.finish(token, self.leading_out(run, token, element))

    def trigger(self, run: Execution, wait: Wait, owner: Token, element: Element) -> Token:
        """The event that `element` catches has come; the token where its variables belong."""
        raise ExecutionFailed(element.id, f"nothing can come to a {element.kind}.")

    def leading_out(self, run: Execution, token: Token, element: Element) -> Sequence[Flow]:
        """The flows to take, as `outgoing` says.

        Raises:
            ExpressionError: one command sends too many tokens; nothing has happened yet.
        """
        flows = self.outgoing(run, token, element)
        run.count_tokens(len(flows) * element.completion_quantity)
        return flows

    def outgoing(self, run: Execution, token: Token, element: Element) -> Sequence[Flow]:
        """The flows to take: every one without a condition and every one whose condition holds.

        The default flow is taken where no condition holds (BPMN 2.0, 13.3.1).
        """
        if all(flow.condition is None for flow in element.outgoing) and element.default_flow is None:
            return element.outgoing
        flows = [flow for flow in element.outgoing if flow.id != element.default_flow and holds(run, token, flow)]
        if flows:
            return flows
        return [default_of(element)]


class Activity(Behaviour):
    """Has variables of its own by its inputs and outputs, boundary events, and perhaps many instances."""

    def arrive(self, run: Execution, scope_id: int, element: Element, flow: Flow) -> None:
        if element.start_quantity == 1:
            run.activate(element, scope_id)
        else:
            joins.collect(run, scope_id, element, flow)

    def enter(self, run: Execution, token: Token, element: Element) -> None:
        if run.depth(token) > MAX_DEPTH:
            raise ExecutionFailed(element.id, f"it is nested more than {MAX_DEPTH} scopes deep.")
        is_instance = token.index is not None
        # Before the inputs, which may fail: a deadline passes all the same. What a retry finds open stays open.
        if element.boundary_events and not is_instance and not token.waits:
            elements = run.model(token).elements
            run.open_waits(waiting.prepare(run, token, (elements[event_id] for event_id in element.boundary_events)))
        if not is_instance and (element.data_inputs or element.parameters):
            data.read(run, token, element)
        if element.loop is None or is_instance:
            data.declare(run, token, element)
            self.map_inputs(run, token, element)

    def map_inputs(self, run: Execution, token: Token, element: Element) -> None:
        """Input parameters become variables of this token; a later one sees the earlier ones."""
        for mapping in element.inputs:
            run.set_local(token, mapping.target, run.evaluate(mapping.value, token))

    def complete(self, run: Execution, token: Token, element: Element) -> None:
        if not self.is_done(run, token, element):
            return
        outputs = [(name, jsonable(name, value)) for name, value in self.outputs(run, token, element)]
        if token.index is not None:
            items.complete(run, token, element, outputs, self.close)
            return
        results = data.results(run, token, element) if element.data_outputs else []
        flows = self.leading_out(run, token, element)
        self.close(run, token)
        outside = run.state.tokens[token.scope_id]
        for name, value in outputs:
            run.set_variable(outside, name, value)
        self.leave(run, token, element, results, flows)

    def leave(
        self, run: Execution, token: Token, element: Element, results: Sequence[data.Written], flows: Sequence[Flow]
    ) -> None:
        """Write what it gave, and go on; what was done can be undone from now on."""
        outside = run.state.tokens[token.scope_id]
        data.write(run, token, outside, results)
        compensation.keep(run, token, element)
        run.finish(token, flows, quantity=element.completion_quantity)
        if isinstance(run.element(outside).spec, AdHocSpec):
            run.resume(outside, "complete")

    def is_done(self, run: Execution, token: Token, element: Element) -> bool:
        """Whether nothing in it is left to do."""
        return True

    def outputs(self, run: Execution, token: Token, element: Element) -> list[tuple[str, Any]]:
        """What is written outside the activity, even where one of its inputs has the same name."""
        return [(mapping.target, run.evaluate(mapping.value, token)) for mapping in element.outputs]

    def close(self, run: Execution, token: Token) -> None:
        """End what is in it and was needed for its outputs."""


def holds(run: Execution, token: Token, flow: Flow) -> bool:
    return flow.condition is None or bool(run.evaluate(flow.condition, token))


def default_of(element: Element) -> Flow:
    """
    Raises:
        ExecutionFailed: there is no default flow.
    """
    for flow in element.outgoing:
        if flow.id == element.default_flow:
            return flow
    asked = ", ".join(f"'{flow.id}' ({flow.condition.text})" for flow in element.outgoing if flow.condition is not None)
    raise ExecutionFailed(element.id, f"none of its flows' conditions holds: {asked}. Add a default flow.")
