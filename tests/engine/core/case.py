"""Drives the pure core in tests: one instance or several, a clock that the test moves, no database.

After every command it is checked that the facts alone lead to the same state, and that the state survives JSON.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.core import State, compile, facts, replay, run
from engine.core import commands as c
from engine.core.model import Decision, ProcessModel
from engine.errors import BpmnError, NotFound

HEADER = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="d" targetNamespace="urn:test">'
    '<message id="msg_m" name="m"/><message id="msg_k" name="k"/><signal id="sig_g" name="g"/>'
    '<signal id="sig_h" name="h"/><error id="err_x" name="x" errorCode="X"/><error id="err_y" name="y" errorCode="Y"/>'
    '<escalation id="esc_c" name="c" escalationCode="C"/><escalation id="esc_d" name="d" escalationCode="D"/>'
)


def process(body: str, *paths: str, key: str = "P", conditions: Mapping[str, str] | None = None) -> str:
    """A process of `body` and of flows along paths such as ``"s u e"``; the flow from s to u has the id ``s-u``."""
    return f'<process id="{key}" isExecutable="true">{_in_order(body, flows(*paths, conditions=conditions))}</process>'


def _in_order(body: str, drawn: str) -> str:
    """BPMN's schema wants artifacts behind flow elements; tests write an association where it belongs."""
    outside = re.split(
        r"(<(?:subProcess|transaction|adHocSubProcess)\b.*</(?:subProcess|transaction|adHocSubProcess)>)", body
    )
    own = [part for place, part in enumerate(outside) if place % 2 == 0]
    artifacts = "".join(found for part in own for found in re.findall(_ASSOCIATION, part))
    outside[::2] = [re.sub(_ASSOCIATION, "", part) for part in own]
    return "".join(outside) + drawn + artifacts


_ASSOCIATION = r"<association [^>]*/>"


def flows(*paths: str, conditions: Mapping[str, str] | None = None) -> str:
    lines = []
    for path in paths:
        names = path.split()
        for source, target in itertools.pairwise(names):
            condition = (conditions or {}).get(f"{source}-{target}")
            inner = condition and f'<conditionExpression xsi:type="tFormalExpression">{condition}</conditionExpression>'
            lines.append(f'<sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}">')
            lines.append(f"{inner or ''}</sequenceFlow>")
    return "".join(lines)


def log(name: str) -> str:
    """A script task that writes its own id to the trace."""
    return f"<scriptTask id=\"{name}\"><script>log('{name}')</script></scriptTask>"


def event(kind: str, name: str, definitions: str, attributes: str = "") -> str:
    """An event of that kind, such as ``boundaryEvent``, with its definitions as XML."""
    return f'<{kind} id="{name}" {attributes}>{definitions}</{kind}>'


def boundary(name: str, host: str, definitions: str, *, interrupting: bool = True) -> str:
    attributes = f'attachedToRef="{host}" cancelActivity="{str(interrupting).lower()}"'
    return event("boundaryEvent", name, definitions, attributes)


def scope(name: str, body: str, *paths: str, kind: str = "subProcess", attributes: str = "", **options: Any) -> str:
    """A sub-process of `body` and of flows along paths, begun and ended as the body says."""
    return f'<{kind} id="{name}" {attributes}>{_in_order(body, flows(*paths, **options))}</{kind}>'


def event_subprocess(name: str, definitions: str, body: str, *paths: str, interrupting: bool = True) -> str:
    """Its start event is called like it, with ``_s`` behind."""
    start = event("startEvent", f"{name}_s", definitions, f'isInterrupting="{str(interrupting).lower()}"')
    return scope(name, start + body, *paths, attributes='triggeredByEvent="true"')


START, END = '<startEvent id="s"/>', '<endEvent id="e"/>'
SIGNAL, SIGNAL_H = '<signalEventDefinition signalRef="sig_g"/>', '<signalEventDefinition signalRef="sig_h"/>'
MESSAGE = '<messageEventDefinition messageRef="msg_m"/>'
ERROR, ESCALATION = '<errorEventDefinition errorRef="err_x"/>', '<escalationEventDefinition escalationRef="esc_c"/>'
COMPENSATE, CANCEL = "<compensateEventDefinition/>", "<cancelEventDefinition/>"


def timer(duration: str) -> str:
    return f"<timerEventDefinition><timeDuration>{duration}</timeDuration></timerEventDefinition>"


def condition(expression: str) -> str:
    return f"<conditionalEventDefinition><condition>{expression}</condition></conditionalEventDefinition>"


def diagram(*processes: str) -> bytes:
    return f"{HEADER}{''.join(processes)}</definitions>".encode()


class Case:
    """A library of what was compiled, and the instances that run."""

    def __init__(self, *processes: str, decisions: Mapping[str, Decision] | None = None) -> None:
        self.trace: list[str] = []
        self.functions: dict[str, Any] = {"log": lambda value: self.trace.append(str(value)), "fail": _throw}
        self.models: dict[str, ProcessModel] = {
            model.key: model for model in compile(diagram(*processes), "test", self.functions)
        }
        self.decisions = dict(decisions or {})
        self.stores: dict[str, Any] = {}
        self.now = datetime(2026, 5, 1, tzinfo=UTC)
        self.state = State()
        self.facts: list[facts.Fact] = []

    # The library

    def process(self, definition_id: str) -> ProcessModel:
        return self.models[definition_id]

    def resolve(self, key: str, binding: str, version: str | None, caller: str, known: int | None) -> str:
        if key not in self.models:
            raise NotFound("process", key)
        return key

    def decision(self, key: str, caller: str) -> Decision:
        if key not in self.decisions:
            raise NotFound("decision table", key)
        return self.decisions[key]

    def stored(self, store: str) -> Any:
        return self.stores.get(store)

    # Commands

    def start(self, *, key: str = "P", at: str | None = None, trigger: int = 0, **variables: Any) -> Case:
        self._run(None, c.StartInstance(key, "case-1", variables, at, trigger=trigger))
        return self

    def do(self, command: c.Command) -> list[facts.Fact]:
        return self._run(self.state, command)

    def _run(self, state: State | None, command: c.Command) -> list[facts.Fact]:
        self.state, emitted = run(self, state, command, self.now)
        self.facts.extend(emitted)
        self.stores.update({fact.store: fact.value for fact in emitted if isinstance(fact, facts.DataStored)})
        written = json.loads(json.dumps([facts.encode(fact) for fact in self.facts]))
        assert replay(facts.decode(fact) for fact in written) == self.state
        assert State.from_json(self.state.to_json()) == self.state
        return emitted

    def complete(self, element_id: str, **variables: Any) -> None:
        """Complete the oldest open user task or job of an element."""
        token = self.waiting(element_id)[0]
        command = c.CompleteUserTask if self.state.tokens[token].work == "user_task" else c.CompleteJob
        self.do(command(token, variables))

    def message(self, name: str, key: str | None = "case-1", **variables: Any) -> None:
        waits = [
            wait for wait in self.state.waits.values() if (wait.kind, wait.name, wait.key) == ("message", name, key)
        ]
        assert waits, f"nobody waits for {name}"
        self.do(c.CorrelateMessage(waits[0].id, variables))

    def signal(self, name: str, **variables: Any) -> None:
        self.do(c.BroadcastSignal(name, variables))

    def set(self, **variables: Any) -> None:
        self.do(c.SetVariables(1, variables))

    def advance(self, **span: float) -> None:
        """Move the clock on; what is due fires in order of due time, at its due time."""
        target = self.now + timedelta(**span)
        while due := [(wait.due, wait.id) for wait in self.state.waits.values() if wait.due and wait.due <= target]:
            self.now, wait_id = min(due)
            self.do(c.FireTimer(wait_id))
        self.now = target

    # Looking

    def waiting(self, element_id: str) -> list[int]:
        """Open user tasks and jobs of an element."""
        return [token.id for token in self.state.tokens.values() if token.work and token.element_id == element_id]

    @property
    def open(self) -> list[str]:
        """The elements of all open user tasks and jobs."""
        return sorted(token.element_id for token in self.state.tokens.values() if token.work)

    @property
    def incidents(self) -> list[str]:
        return [token.incident.message for token in self.state.tokens.values() if token.incident]

    @property
    def incident_ids(self) -> list[int]:
        return [token.incident.id for token in self.state.tokens.values() if token.incident]

    @property
    def variables(self) -> dict[str, Any]:
        """Those of the process scope, or its last values where the instance has ended."""
        return {
            fact.name: fact.value for fact in self.facts if isinstance(fact, facts.VariableSet) and fact.scope_id == 1
        }

    def happened(self, kind: type) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kind)]


def _throw(code: str) -> None:
    raise BpmnError(code)
