"""What must hold between elements, once each of them is read (BPMN 2.0, 8.3.13, 10.3 and 10.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.core.model import Element, EventGatewaySpec, Flow
from engine.core.reading import event_checks
from engine.core.reading.connecting import inside_of, is_beginning, is_compensation, is_link
from engine.core.reading.kinds import ACTIVITIES, EVENTS
from engine.core.reading.reader import Reader
from engine.core.reading.xml import Node, child

_BEHIND_EVENT_GATEWAY = frozenset({"intermediateCatchEvent", "receiveTask"})
_MAY_CHOOSE = ACTIVITIES | {"exclusiveGateway", "inclusiveGateway", "complexGateway"}

Finding = tuple[str, str]
"""What is wrong, and what would be right."""


@dataclass(frozen=True, slots=True)
class _Drawing:
    """All elements, what is right inside each scope, the entries of all scopes, and the activities that compensate."""

    elements: Mapping[str, Element]
    nodes: Mapping[str, Node]
    inside: Mapping[str, Sequence[Element]]
    entries: frozenset[str]
    handlers: frozenset[str | None]


def check(reader: Reader, elements: Mapping[str, Element], nodes: Mapping[str, Node]) -> None:
    drawing = _Drawing(
        elements,
        nodes,
        inside_of(elements.values()),
        frozenset(entry for element in elements.values() for entry in element.entries),
        frozenset(element.compensation_handler for element in elements.values()),
    )
    for element in elements.values():
        for wrong, right in _findings(element, drawing):
            reader.problem(nodes[element.id], wrong, right)


def _findings(element: Element, drawing: _Drawing) -> Iterator[Finding]:
    yield from _flows(element, drawing)
    yield from _conditions(element, drawing.nodes)
    if element.kind == "eventBasedGateway":
        yield from _event_gateway(element, drawing.elements)
    if element.instantiates:
        yield from _instantiating(element, drawing.elements)
    if element.for_compensation:
        yield from _compensation_activity(element, drawing)
    if element.kind in EVENTS:
        yield from event_checks.findings(element, drawing.elements, drawing.nodes)
    if element.triggered_by_event:
        yield from _event_subprocess(element, drawing)
    elif element.kind in _SCOPE_NAMES:
        yield from _beginnings(element, drawing)


def _flows(element: Element, drawing: _Drawing) -> Iterator[Finding]:
    alone, last = _not_entered(element), _not_left(element)
    if element.incoming and alone is not None:
        yield f"A flow leads to it, but it is {alone}.", "Delete the flow."
    if element.outgoing and last is not None:
        yield f"A flow leads out of it, but it {last}.", "Delete the flow."
    if not element.incoming and alone is None and not _is_entered_without_flow(element, drawing):
        yield "No flow leads to it, so nothing ever gets there.", "Connect it, or delete it."
    if not element.outgoing and last is None and element.kind in ("startEvent", "boundaryEvent"):
        yield "No flow leads out of it.", "Connect it to what comes next."


def _not_entered(element: Element) -> str | None:
    """Why no flow may lead to an element."""
    if element.kind in ("startEvent", "boundaryEvent") or element.triggered_by_event:
        return "entered by its event alone"
    if element.for_compensation:
        return "entered by compensation alone"
    if element.kind == "intermediateCatchEvent" and is_link(element):
        return "entered by its link alone"
    return "where the process begins" if element.instantiates else None


def _not_left(element: Element) -> str | None:
    """Why no flow may lead out of an element."""
    if element.kind == "endEvent" or element.triggered_by_event:
        return "ends here"
    if element.for_compensation:
        return "ends when it has compensated"
    if element.kind == "intermediateThrowEvent" and is_link(element):
        return "goes on at its link"
    if element.kind == "boundaryEvent" and is_compensation(element):
        return "only shows what compensates"
    return None


def _is_entered_without_flow(element: Element, drawing: _Drawing) -> bool:
    # A task of no kind that nothing is connected with does nothing wherever it stands: it is a note.
    is_note = element.kind == "task" and not element.outgoing
    return element.kind == "process" or is_note or element.id in drawing.entries


def _conditions(element: Element, nodes: Mapping[str, Node]) -> Iterator[Finding]:
    if element.default_flow is not None and element.default_flow not in {flow.id for flow in element.outgoing}:
        yield f"Its default flow '{element.default_flow}' does not leave it.", "Choose one of its outgoing flows."
    must_choose = element.kind == "exclusiveGateway" and len(element.outgoing) > 1
    for flow in element.outgoing:
        is_default, is_conditional = flow.id == element.default_flow, _is_conditional(flow, nodes)
        if is_conditional and element.kind not in _MAY_CHOOSE:
            yield f"{_called(flow)} has a condition, but a {element.kind} does not choose.", "Remove the condition."
        elif is_conditional and is_default:
            yield f"{_called(flow)} is the default and has a condition, which nobody asks.", "Remove the condition."
        elif must_choose and not is_conditional and not is_default:
            yield f"{_called(flow)} has no condition and is not the default.", "Give it one, or make it the default."


def _is_conditional(flow: Flow, nodes: Mapping[str, Node]) -> bool:
    """A condition may be wrong, and so not be read."""
    node = nodes.get(flow.id)
    return flow.condition is not None or (node is not None and child(node, "conditionExpression") is not None)


def _called(flow: Flow) -> str:
    return f"Flow '{flow.id}'" + (f" ({flow.name})" if flow.name else "")


def _event_gateway(element: Element, elements: Mapping[str, Element]) -> Iterator[Finding]:
    if not element.outgoing:
        yield "No event follows it.", "Connect it to catching events or receive tasks."
    if isinstance(element.spec, EventGatewaySpec) and element.spec.parallel and not element.instantiates:
        yield "It is parallel, but begins no process.", 'Write instantiate="true", or eventGatewayType="Exclusive".'
    for flow in element.outgoing:
        target = elements.get(flow.target)
        if target is None:
            continue
        if target.kind not in _BEHIND_EVENT_GATEWAY:
            yield f"'{target.id}' behind it is a {target.kind}.", "Only catching events and receive tasks may follow."
        if target.loop is not None or target.boundary_events:
            yield f"'{target.id}' behind it has a marker or boundary events.", "Only the gateway waits for it."
        if len(target.incoming) > 1:
            yield f"'{target.id}' behind it has other incoming flows.", "An event behind the gateway is its alone."


def _instantiating(element: Element, elements: Mapping[str, Element]) -> Iterator[Finding]:
    if elements[element.scope].kind != "process":
        yield 'It has instantiate="true" in a sub-process.', "Only what begins a process can have it."
    if element.loop is not None:
        yield "It begins the process, and has a marker.", "One message begins it: remove the marker."


def _compensation_activity(element: Element, drawing: _Drawing) -> Iterator[Finding]:
    if element.id not in drawing.handlers:
        yield (
            "No compensation event is associated with it.",
            "Draw a compensation event at the boundary of what it undoes, and an association from there to it.",
        )
    if element.boundary_events:
        yield "It compensates, and has boundary events.", "Delete them."


def _event_subprocess(element: Element, drawing: _Drawing) -> Iterator[Finding]:
    starts, plain = _starts(element, drawing)
    if len(starts) != 1 or plain:
        right = f"It needs one, with a {event_checks.triggers_of_event_subprocess()}."
        yield f"The event sub-process has {len(starts)} start events, {len(plain)} without a trigger.", right
    if element.kind != "subProcess":
        yield f"An event sub-process is no {_SCOPE_NAMES[element.kind]}.", "Draw that inside of it."
    if element.loop is not None or element.for_compensation:
        yield "An event sub-process has a marker.", "Its event says how often it runs: remove the marker."


def _beginnings(element: Element, drawing: _Drawing) -> Iterator[Finding]:
    name, inside = _SCOPE_NAMES[element.kind], drawing.inside.get(element.id, ())
    starts, plain = _starts(element, drawing)
    if len(plain) > 1:
        yield f"The {name} has {len(plain)} start events without a trigger.", "Keep one of them."
    if not element.entries and not starts and not any(is_beginning(each) for each in inside):
        yield f"The {name} has no start event, and nothing else that could begin it.", "Draw a start event."


_SCOPE_NAMES = {
    "process": "process",
    "subProcess": "sub-process",
    "transaction": "transaction",
    "adHocSubProcess": "ad hoc sub-process",
}


def _starts(scope: Element, drawing: _Drawing) -> tuple[list[Element], list[Element]]:
    """Its start events, and those among them without a trigger."""
    starts = [each for each in drawing.inside.get(scope.id, ()) if each.kind == "startEvent"]
    return starts, [each for each in starts if event_checks.is_plain(each, drawing.nodes)]
