"""Scopes: the process, embedded and event sub-processes, and call activities (BPMN 2.0, 13.3.4 and 13.5.4)."""

from __future__ import annotations

from typing import Any

from engine.core import facts, waiting
from engine.core.behaviours.behaviour import Activity
from engine.core.execution import Execution
from engine.core.model import CallSpec, Element
from engine.core.state import ROOT, Token
from engine.errors import ExecutionFailed


def open_scope(run: Execution, token: Token, element: Element) -> None:
    """Give a scope its own variables (10.4.1), and wait for everything that may start an event sub-process of it."""
    elements = run.model(token).elements
    starts = [elements[subprocess].start_event for subprocess in element.event_subprocesses]
    opened = waiting.prepare(run, token, (elements[start] for start in starts if start is not None))
    for name in element.declared:
        if name not in token.variables:
            run.set_local(token, name, None)
    run.open_waits(opened)


def is_empty(token: Token, element: Element) -> bool:
    """Whether a scope has come to its end.

    Raises:
        ExecutionFailed: tokens wait at a join for others that can never come.
    """
    if token.children:
        return False
    for gateway, flows in token.arrived.items():
        came = ", ".join(f"'{flow}'" for flow in flows)
        raise ExecutionFailed(
            element.id,
            f"the join '{gateway}' has tokens from {came} only, and nothing is left that could send the rest.",
        )
    return True


class SubProcess(Activity):
    """An embedded sub-process begins at its start event; an event sub-process was begun by the event that came."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        open_scope(run, token, element)
        if element.triggered_by_event:
            for start_id in token.children:
                run.resume(run.state.tokens[start_id], "complete")
        else:
            assert element.start_event is not None
            run.activate(run.model(token).elements[element.start_event], token.id)

    def is_done(self, run: Execution, token: Token, element: Element) -> bool:
        return is_empty(token, element)


class Process(Activity):
    """The scope of an instance, or of the process that a call activity runs."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        open_scope(run, token, element)
        assert element.start_event is not None
        run.activate(run.model(token).elements[element.start_event], token.id)

    def complete(self, run: Execution, token: Token, element: Element) -> None:
        if not is_empty(token, element):
            return
        if token.id == ROOT:
            run.finish(token, ())
            run.emit(facts.InstanceCompleted())
        else:
            # Its variables are still needed: the call activity maps them to its own side, then ends both.
            run.resume(run.state.tokens[token.scope_id], "complete")


class CallActivity(Activity):
    """Runs another process as a scope of this instance, by the version it is bound to."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        spec = element.spec
        assert isinstance(spec, CallSpec)
        key = run.text(spec.process, token) or ""
        version = None if spec.version is None else run.text(spec.version, token)
        caller, known = run.definition_id(token), run.state.deployment_id
        definition_id = run.library.resolve(key, spec.binding, version, caller, known)
        called = run.library.process(definition_id)
        process = called.elements[called.key]
        if process.start_event is None:
            raise ExecutionFailed(element.id, f"the called process '{key}' has no start event without a trigger.")
        variables = dict(run.visible(token)) if spec.all_inputs else {}
        for mapping in spec.inputs:
            variables[mapping.target] = run.evaluate(mapping.value, token)
        # It opens in a step of its own: where that fails, it is the called process that is tried again, not the call.
        scope = run.activate(process, token.id, phase="execute", definition_id=definition_id)
        for name, value in variables.items():
            run.set_local(scope, name, value)

    def is_done(self, run: Execution, token: Token, element: Element) -> bool:
        return not _called(run, token).children

    def outputs(self, run: Execution, token: Token, element: Element) -> list[tuple[str, Any]]:
        spec = element.spec
        assert isinstance(spec, CallSpec)
        called = _called(run, token)
        values = dict(called.variables) if spec.all_outputs else {}
        for mapping in spec.outputs:
            values[mapping.target] = run.evaluate(mapping.value, called)
        return [*values.items(), *super().outputs(run, token, element)]

    def close(self, run: Execution, token: Token) -> None:
        called = _called(run, token)
        run.close_waits(called)
        run.emit(facts.ElementCompleted(called.id))


def _called(run: Execution, token: Token) -> Token:
    return run.state.tokens[next(iter(token.children))]
