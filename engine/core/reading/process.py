"""Reads one process: first every node and flow by itself, then how they belong together."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.core.model import Element, Flow, ProcessModel
from engine.core.reading import checks, data
from engine.core.reading.artifacts import drawn
from engine.core.reading.attributes import at_least_one, flag, local
from engine.core.reading.connecting import connect, starts_of
from engine.core.reading.continuations import continuation
from engine.core.reading.dialect import FLOW_NODES
from engine.core.reading.elements import spec_of
from engine.core.reading.events import event_definitions
from engine.core.reading.kinds import EVENTS, SCOPES
from engine.core.reading.loops import loop
from engine.core.reading.parameters import input_output, properties
from engine.core.reading.reader import Reader
from engine.core.reading.xml import BPMN, Node, child, split, text, vendor

_DAYS = re.compile(r"(\d{1,5})|P(\d{1,5})D")
"""A number of days, as Camunda 7 has it."""


def read_process(
    reader: Reader, node: Node, associations: Mapping[str, Sequence[str]], shared: dict[str, str]
) -> ProcessModel:
    """The model of a process; `shared` is what is drawn beside the processes of the file."""
    data.read_names(reader, node)
    drawing = _Drawing(reader)
    drawing.read_scope(node, "process", "")
    elements = connect(reader, drawing.elements, drawing.flows, drawing.nodes, associations)
    checks.check(reader, elements, drawing.nodes)
    return _model(reader, node, elements, drawing.flows, starts_of(elements), ChainMap(drawn(node), shared))


def read_global_task(reader: Reader, node: Node) -> ProcessModel:
    """A process of one task, which call activities may call (BPMN 2.0, 10.3.6)."""
    data.read_names(reader, node)
    drawing = _Drawing(reader)
    kind = split(node.tag)[1].removeprefix("global")
    drawing.add(node, kind[0].lower() + kind[1:], scope=node.get("id", ""))
    (task,) = drawing.elements.values()
    task = replace(task, id=f"{task.id}.task")
    process = Element(task.scope, "process", task.name, task.line, "", entries=(task.id,))
    return _model(reader, node, {process.id: process, task.id: task}, {}, (), {})


def _model(
    reader: Reader,
    node: Node,
    elements: Mapping[str, Element],
    flows: Mapping[str, Flow],
    starts: tuple[str, ...],
    only_drawn: Mapping[str, str],
) -> ProcessModel:
    return ProcessModel(
        key=node.get("id", ""),
        name=node.get("name") or node.get("id", ""),
        elements=elements,
        flows=flows,
        starts=starts,
        drawn=only_drawn,
        version_tag=vendor(node, "versionTag"),
        documentation=text(child(node, "documentation")),
        history_time_to_live=_days(reader, node),
    )


def _days(reader: Reader, node: Node) -> int | None:
    """Of its history, after its end: a number of days, or a duration of days."""
    said = vendor(node, "historyTimeToLive")
    if said is None or not said.strip():
        return None
    match = _DAYS.fullmatch(said.strip())
    if match is None:
        reader.problem(
            node, f"historyTimeToLive is '{said}', which is no number of days.", "Write 180 or P180D, or leave it out."
        )
        return None
    return int(match[1] or match[2])


class _Drawing:
    """The nodes and flows of a process, as far as they can be understood one by one."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.nodes: dict[str, Node] = {}
        self.elements: dict[str, Element] = {}
        self.flows: dict[str, Flow] = {}

    def read_scope(self, node: Node, kind: str, scope: str) -> None:
        self.add(node, kind, scope)
        for part in node.iterchildren(f"{{{BPMN}}}*"):
            name = split(part.tag)[1]
            if name in SCOPES:
                self.read_scope(part, name, node.get("id", ""))
            elif name in FLOW_NODES:
                self.add(part, name, node.get("id", ""))
            elif name == "sequenceFlow":
                self._read_flow(part)
            elif name == "event":
                self.reader.problem(part, "'event' is not supported.", "Draw a start, end or intermediate event.")

    def add(self, node: Node, kind: str, scope: str) -> None:
        reader = self.reader
        inputs, outputs = input_output(reader, node)
        held = data.read(reader, node)
        element_id = node.get("id", "")
        self.nodes[element_id] = node
        self.elements[element_id] = Element(
            id=element_id,
            kind=kind,
            name=" ".join((node.get("name") or "").split()),
            line=node.sourceline or 0,
            scope=scope,
            default_flow=node.get("default"),
            events=event_definitions(reader, node) if kind in EVENTS else (),
            parallel_multiple=flag(node, "parallelMultiple"),
            interrupting=flag(node, "cancelActivity" if kind == "boundaryEvent" else "isInterrupting", default=True),
            attached_to=local(node.get("attachedToRef")) or None,
            triggered_by_event=flag(node, "triggeredByEvent"),
            instantiates=flag(node, "instantiate"),
            for_compensation=flag(node, "isForCompensation"),
            start_quantity=at_least_one(reader, node, "startQuantity") or 1,
            completion_quantity=at_least_one(reader, node, "completionQuantity") or 1,
            declared=held.declared,
            parameters=held.parameters,
            data_inputs=held.data_inputs,
            data_outputs=held.data_outputs,
            inputs=inputs,
            outputs=outputs,
            loop=loop(reader, node),
            continuation=continuation(reader, node) if kind in FLOW_NODES else None,
            spec=spec_of(reader, node, split(node.tag)[1]),
            properties=properties(node),
            documentation=text(child(node, "documentation")),
        )

    def _read_flow(self, node: Node) -> None:
        source, target = node.get("sourceRef", ""), node.get("targetRef", "")
        condition = self.reader.formal(child(node, "conditionExpression"))
        flow_id = node.get("id", "")
        self.nodes[flow_id] = node
        self.flows[flow_id] = Flow(flow_id, node.get("name") or "", source, target, condition)
