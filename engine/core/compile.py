"""`compile` turns a diagram into process models, or names every problem in it at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from engine.core.model import Element, Flow, ProcessModel
from engine.core.reading import checks, dialect
from engine.core.reading.elements import multi_instance, spec_of
from engine.core.reading.events import event_definition
from engine.core.reading.parameters import input_output, properties
from engine.core.reading.reader import Reader
from engine.core.reading.xml import BPMN, Node, child, children, parse_bpmn, split, text, vendor
from engine.errors import InvalidDefinition

_FLOW_NODES = frozenset(dialect.ATTRIBUTES) - {"process", "sequenceFlow"}
_EVENTS = frozenset({"startEvent", "endEvent", "boundaryEvent", "intermediateCatchEvent", "intermediateThrowEvent"})
_ONLY_DRAWN = frozenset(
    {"documentation", "extensionElements", "property", "laneSet", "textAnnotation", "association", "group"}
)
"""Parts of a scope that are read elsewhere, or that a person reads and no engine runs.

A sub-process's incoming and outgoing repeat what its flows say.
"""

_ONLY_REFERRED_TO = frozenset({"message", "signal", "error", "escalation", "itemDefinition", "category"})
_DEFINITIONS = _ONLY_REFERRED_TO | {"process", "collaboration", "documentation", "extensionElements"}
_COLLABORATION = frozenset(
    {"documentation", "extensionElements", "participant", "messageFlow", "textAnnotation", "association", "group"}
)


def compile(xml: bytes, resource: str = "diagram", functions: Collection[str] = ()) -> tuple[ProcessModel, ...]:
    """The executable processes of a diagram, in the file's order.

    Args:
        xml: BPMN 2.0 with the extension attributes of Camunda 7 or Operaton.
        resource: what to call the file in messages.
        functions: what scripts and expressions may call besides the built-in functions.

    Raises:
        InvalidDefinition: the file cannot be run as it stands; every problem with its element and line.
    """
    root = parse_bpmn(xml, resource)
    known = {node.get("id", ""): node for node in root.iterchildren("{*}*")}
    reader = Reader(functions, known)
    _check_definitions(reader, root)
    processes = [node for node in children(root, "process") if node.get("isExecutable") in ("true", "1")]
    if not processes:
        reader.problem(
            root, "The file has no executable process.", 'Mark a process as executable (isExecutable="true").'
        )
    models = [_Process(reader, node).model() for node in processes]
    if reader.problems:
        raise InvalidDefinition(resource, sorted(reader.problems, key=lambda problem: problem.line))
    return tuple(models)


def _check_definitions(reader: Reader, root: Node) -> None:
    for node in root.iterchildren(f"{{{BPMN}}}*"):
        name = split(node.tag)[1]
        if name not in _DEFINITIONS:
            reader.problem(node, f"'{name}' is not supported.", "")
        if name == "collaboration":
            for part in node.iterchildren(f"{{{BPMN}}}*"):
                if split(part.tag)[1] not in _COLLABORATION:
                    reader.problem(part, f"'{split(part.tag)[1]}' in a collaboration is not supported.", "")


@dataclass(slots=True)
class _Scope:
    """What was read in one process or sub-process."""

    starts: list[str] = field(default_factory=list)
    plain_start: str | None = None
    event_subprocesses: list[str] = field(default_factory=list)


class _Process:
    """Reads one process: first every node and flow by itself, then how they belong together."""

    def __init__(self, reader: Reader, node: Node) -> None:
        self.reader = reader
        self.node = node
        self.key = node.get("id", "")
        self.nodes: dict[str, Node] = {}
        self.elements: dict[str, Element] = {}
        self.flows: dict[str, Flow] = {}
        self.scopes: dict[str, _Scope] = {}

    def model(self) -> ProcessModel:
        self._read_scope(self.node, "process", "")
        self._connect()
        checks.check(self.reader, self.elements, self.nodes)
        return ProcessModel(
            key=self.key,
            name=self.node.get("name") or self.key,
            elements=self.elements,
            flows=self.flows,
            starts=tuple(self.scopes[self.key].starts),
            version_tag=vendor(self.node, "versionTag"),
            documentation=text(child(self.node, "documentation")),
            history_time_to_live=vendor(self.node, "historyTimeToLive"),
        )

    def _read_scope(self, node: Node, kind: str, scope: str) -> None:
        dialect.check_scope(self.reader, node)
        for item in children(node, "property"):
            self.reader.data[item.get("id", "")] = item.get("name") or item.get("id", "")
        self._add(node, kind, scope)
        inside = self.scopes[node.get("id", "")] = _Scope()
        for part in node.iterchildren(f"{{{BPMN}}}*"):
            name = split(part.tag)[1]
            if name == "subProcess":
                self._read_scope(part, name, node.get("id", ""))
                if part.get("triggeredByEvent") in ("true", "1"):
                    inside.event_subprocesses.append(part.get("id", ""))
            elif name in _FLOW_NODES:
                self._read_node(part, name, node.get("id", ""))
            elif name == "sequenceFlow":
                self._read_flow(part)
            elif name == "multiInstanceLoopCharacteristics" and kind == "subProcess":
                dialect.check(self.reader, part)
            elif name not in (_ONLY_DRAWN if kind == "process" else _ONLY_DRAWN | {"incoming", "outgoing"}):
                self.reader.problem(part, f"'{name}' is not supported.", dialect.HINTS.get(name, ""))

    def _read_node(self, node: Node, kind: str, scope: str) -> None:
        dialect.check(self.reader, node)
        self._add(node, kind, scope)
        if kind == "startEvent":
            self.scopes[scope].starts.append(node.get("id", ""))
            if self.elements[node.get("id", "")].event is None:
                self.scopes[scope].plain_start = node.get("id")

    def _add(self, node: Node, kind: str, scope: str) -> None:
        inputs, outputs = input_output(self.reader, node)
        interrupting = node.get("cancelActivity" if kind == "boundaryEvent" else "isInterrupting", "true")
        element_id = node.get("id", "")
        self.nodes[element_id] = node
        self.elements[element_id] = Element(
            id=element_id,
            kind=kind,
            name=" ".join((node.get("name") or "").split()),
            line=node.sourceline or 0,
            scope=scope,
            default_flow=node.get("default"),
            event=event_definition(self.reader, node) if kind in _EVENTS else None,
            interrupting=interrupting in ("true", "1"),
            attached_to=node.get("attachedToRef"),
            triggered_by_event=node.get("triggeredByEvent") in ("true", "1"),
            inputs=inputs,
            outputs=outputs,
            multi_instance=multi_instance(self.reader, node),
            spec=spec_of(self.reader, node, kind),
            properties=properties(node),
            declared=tuple(self.reader.data[item.get("id", "")] for item in children(node, "property")),
            documentation=text(child(node, "documentation")),
        )

    def _read_flow(self, node: Node) -> None:
        dialect.check(self.reader, node)
        condition = child(node, "conditionExpression")
        if condition is not None and "feel" in (condition.get("language") or "").lower():
            self.reader.problem(condition, "A condition in FEEL is not supported.", "Write it as ${…}.")
            return
        parsed = None if condition is None else self.reader.expression(condition, text(condition))
        source, target = node.get("sourceRef", ""), node.get("targetRef", "")
        flow_id = node.get("id", "")
        self.nodes[flow_id] = node
        self.flows[flow_id] = Flow(flow_id, node.get("name") or "", source, target, parsed)

    def _connect(self) -> None:
        incoming: dict[str, list[Flow]] = {name: [] for name in self.elements}
        outgoing: dict[str, list[Flow]] = {name: [] for name in self.elements}
        for flow in self.flows.values():
            source, target = self.elements.get(flow.source), self.elements.get(flow.target)
            if source is not None and target is not None and source.scope != target.scope:
                self.reader.problem(
                    self.nodes[flow.id],
                    f"It leads from '{flow.source}' to '{flow.target}', which are not in one scope.",
                    "A flow stays within its process or sub-process.",
                )
            # An end that was not understood is a problem of its own; the other one is connected all the same.
            if source is not None:
                outgoing[flow.source].append(flow)
            if target is not None:
                incoming[flow.target].append(flow)
        boundary: dict[str, list[str]] = {}
        for element in self.elements.values():
            if element.attached_to is not None:
                boundary.setdefault(element.attached_to, []).append(element.id)
        for name, element in self.elements.items():
            inside = self.scopes.get(name, _Scope())
            start = inside.starts[0] if element.triggered_by_event and inside.starts else inside.plain_start
            self.elements[name] = replace(
                element,
                incoming=tuple(incoming[name]),
                outgoing=tuple(outgoing[name]),
                boundary_events=tuple(boundary.get(name, ())),
                start_event=start,
                event_subprocesses=tuple(inside.event_subprocesses),
            )
