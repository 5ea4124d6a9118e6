"""What every kind of element has in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from engine.core import compensation, continuing, data, items, joins, waiting
from engine.core.execution import MAX_DEPTH, Execution, jsonable
from engine.core.facts import Fact
from engine.core.model import AdHocSpec, Element, Flow
from engine.core.state import Token, Wait
from engine.errors import ExecutionFailed


class Behaviour:
    """A token's way through an element: it arrives, enters, executes, completes when its work is done, and leaves."""

    def arrive(self, run: Execution, scope_id: int, element: Element, flow: Flow) -> None:
        """A token comes along a flow; every one starts the element anew (BPMN 2.0, 13.3.1)."""
        run.activate(element, scope_id)

    def enter(self, run: Execution, token: Token, element: Element) -> None:
        """Make ready what `execute` finds: local variables, boundary events."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        """Do the work, or open what has to be waited for."""
        run.resume(token, "complete")

    def complete(self, run: Execution, token: Token, element: Element) -> None:
        """The work is done: take in what came of it, and leave, or stop first."""
        self.departure(run, token, element)()

    def leave(self, run: Execution, token: Token, element: Element) -> None:
        """Nothing is left but the way out."""
        self.depart(run, token, element, self.leading_out(run, token, element))

    def departure(self, run: Execution, token: Token, element: Element) -> Callable[[], None]:
        """What follows when its work is done, worked out as far as it can fail: to stop here, or to leave.

        Raises:
            ExpressionError, ExecutionFailed: the way out cannot be worked out; nothing has happened yet.
        """
        if continuing.is_due_after(token, element):
            return partial(self._halt, run, token, continuing.stop(run, token, element, "leave"))
        return partial(self.depart, run, token, element, self.leading_out(run, token, element))

    def _halt(self, run: Execution, token: Token, stopped: Fact) -> None:
        run.close_waits(token)
        run.emit(stopped)

    def depart(self, run: Execution, token: Token, element: Element, flows: Sequence[Flow]) -> None:
        run.finish(token, flows)

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
        instead = run.instead.get(token.id)
        if instead is None and not self.is_done(run, token, element):
            return
        given = self.outputs(run, token, element) if instead is None else instead.items()
        outputs = [(name, jsonable(name, value)) for name, value in given]
        if token.index is not None:
            self._complete_instance(run, token, element, outputs)
            return
        results = data.results(run, token, element) if element.data_outputs and instead is None else []
        depart = self.departure(run, token, element)
        self.close(run, token)
        outside = run.state.tokens[token.scope_id]
        for name, value in outputs:
            run.set_variable(outside, name, value)
        self.give(run, token, element, results)
        depart()

    def _complete_instance(
        self, run: Execution, token: Token, element: Element, outputs: Sequence[tuple[str, Any]]
    ) -> None:
        """Let one of many be counted as completed, or stop first, with what it gave written."""
        if not continuing.is_due_after(token, element):
            items.complete(run, token, element, outputs, self.close)
            return
        stopped = continuing.stop(run, token, element, "leave")
        self.close(run, token)
        outside = run.state.tokens[token.scope_id]
        own = items.multi_instance_of(element).output_element
        for name, value in outputs:
            run.set_local(token, name, value) if name == own else run.set_variable(outside, name, value)
        self._halt(run, token, stopped)

    def leave(self, run: Execution, token: Token, element: Element) -> None:
        if token.index is None:
            super().leave(run, token, element)
        else:
            items.complete(run, token, element, (), self.close)

    def give(self, run: Execution, token: Token, element: Element, results: Sequence[data.Written]) -> None:
        """Write what it gave; what was done can be undone from now on."""
        data.write(run, token, run.state.tokens[token.scope_id], results)
        compensation.keep(run, token, element)

    def depart(self, run: Execution, token: Token, element: Element, flows: Sequence[Flow]) -> None:
        outside = run.state.tokens[token.scope_id]
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
