"""Scopes: the process, embedded and event sub-processes, and call activities (BPMN 2.0, 13.3.4 and 13.5.4)."""

from __future__ import annotations

from typing import Any

from engine.core import compensation, data, facts, starting, waiting
from engine.core.behaviours.behaviour import Activity
from engine.core.execution import Execution
from engine.core.model import AdHocSpec, CallSpec, Element
from engine.core.state import ROOT, Token
from engine.errors import ExecutionFailed


def open_scope(run: Execution, token: Token, element: Element) -> None:
    """Give a scope its own variables (10.4.1), and wait for everything that may start an event sub-process of it."""
    data.declare(run, token, element)
    elements = run.model(token).elements
    starts = [elements[subprocess].start_event for subprocess in element.event_subprocesses]
    run.open_waits(waiting.prepare(run, token, (elements[start] for start in starts if start is not None)))


def is_empty(token: Token) -> bool:
    """Whether a scope has come to its end: tokens that wait at gateways are part of it."""
    return not (token.children or token.arrived or token.activated)


class SubProcess(Activity):
    """Begins at its start event, or where no flow leads; an event sub-process was begun by the event that came."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        open_scope(run, token, element)
        if element.triggered_by_event:
            # A repair may have put others beside it before its turn came.
            starts = [run.state.tokens[child] for child in token.children]
            for start in starts:
                if start.element_id == element.start_event:
                    run.resume(start, "complete")
        else:
            starting.begin_plainly(run, token, element)
            run.leave_scope(token.id)

    def is_done(self, run: Execution, token: Token, element: Element) -> bool:
        return is_empty(token)


class Transaction(SubProcess):
    """A sub-process that a cancel end event undoes; it then goes on from its cancel boundary event (13.3.5)."""


class AdHocSubProcess(SubProcess):
    """Starts everything in it that no flow leads to, at once or one after the other (10.3.5, 13.3.5)."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        open_scope(run, token, element)
        if _ad_hoc(element).sequential:
            run.emit(facts.ElementsPlanned(token.id, element.entries))
            self._start_next(run, token)
        else:
            starting.begin_plainly(run, token, element)
        run.leave_scope(token.id)

    def is_done(self, run: Execution, token: Token, element: Element) -> bool:
        """Looked at whenever an activity in it has completed."""
        spec = _ad_hoc(element)
        if spec.completion_condition is not None and bool(run.evaluate(spec.completion_condition, token)):
            self._stop(run, token, spec)
        return is_empty(token) and not self._start_next(run, token)

    def _start_next(self, run: Execution, token: Token) -> bool:
        if not token.planned:
            return False
        following, *later = token.planned
        run.emit(facts.ElementsPlanned(token.id, tuple(later)))
        run.activate(run.model(token).elements[following], token.id)
        return True

    def _stop(self, run: Execution, token: Token, spec: AdHocSpec) -> None:
        if spec.cancels_remaining:
            run.empty(token, "the completion condition holds")
        elif token.planned:
            run.emit(facts.ElementsPlanned(token.id, ()))


def _ad_hoc(element: Element) -> AdHocSpec:
    assert isinstance(element.spec, AdHocSpec)
    return element.spec


class Process(Activity):
    """The scope of an instance, or of the process that a call activity runs."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        open_scope(run, token, element)
        starting.begin_plainly(run, token, element)

    def complete(self, run: Execution, token: Token, element: Element) -> None:
        if not is_empty(token):
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
        if not process.entries:
            raise ExecutionFailed(element.id, f"the called process '{key}' has no start event without a trigger.")
        variables = {**(run.visible(token) if spec.all_inputs else {}), **data.given(token, element)}
        for mapping in spec.inputs:
            variables[mapping.target] = run.evaluate(mapping.value, token)
        # It opens in a step of its own: where that fails, it is the called process that is tried again, not the call.
        scope = run.activate(process, token.id, phase="execute", definition_id=definition_id)
        for name, value in variables.items():
            run.set_local(scope, name, value)

    def is_done(self, run: Execution, token: Token, element: Element) -> bool:
        called = _called(run, token)
        if not is_empty(called):
            return False
        for name in element.parameters:
            if name in called.variables:
                run.set_local(token, name, called.variables[name])
        return True

    def outputs(self, run: Execution, token: Token, element: Element) -> list[tuple[str, Any]]:
        spec = element.spec
        assert isinstance(spec, CallSpec)
        called = _called(run, token)
        values = dict(called.variables) if spec.all_outputs else {}
        for mapping in spec.outputs:
            values[mapping.target] = run.evaluate(mapping.value, called)
        return [*values.items(), *super().outputs(run, token, element)]

    def close(self, run: Execution, token: Token) -> None:
        if not token.children:
            # What was called has been ended, or never began.
            return
        called = _called(run, token)
        compensation.keep(run, called, run.element(called))
        run.close_waits(called)
        run.emit(facts.ElementCompleted(called.id))


def _called(run: Execution, token: Token) -> Token:
    return run.state.tokens[next(iter(token.children))]
