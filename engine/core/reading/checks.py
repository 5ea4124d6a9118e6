"""What must hold between elements, once each of them is read (BPMN 2.0, 8.3.13 and 10.2 to 10.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.core.model import (
    Element,
    ErrorDefinition,
    MessageDefinition,
    SignalDefinition,
    TerminateDefinition,
    TimerDefinition,
)
from engine.core.reading.reader import Reader
from engine.core.reading.xml import Node

ACTIVITIES = frozenset(
    {
        "task",
        "manualTask",
        "userTask",
        "serviceTask",
        "sendTask",
        "receiveTask",
        "scriptTask",
        "businessRuleTask",
        "callActivity",
        "subProcess",
    }
)
_ENTERED_WITHOUT_FLOW = frozenset({"startEvent", "boundaryEvent", "process"})
_BEHIND_EVENT_GATEWAY = frozenset({"intermediateCatchEvent", "receiveTask"})
_MAY_CHOOSE = ACTIVITIES | {"exclusiveGateway"}

Finding = tuple[str, str]
"""What is wrong, and what would be right."""


def check(reader: Reader, elements: Mapping[str, Element], nodes: Mapping[str, Node]) -> None:
    events: dict[str, list[Element]] = {}
    for element in elements.values():
        if element.kind in _ALLOWED:
            events.setdefault(element.scope, []).append(element)
    for element in elements.values():
        for wrong, right in _findings(element, elements, events.get(element.id, ())):
            reader.problem(nodes[element.id], wrong, right)


def _findings(element: Element, elements: Mapping[str, Element], inside: Sequence[Element]) -> Iterator[Finding]:
    """`inside` are the events drawn right inside the element."""
    yield from _flows(element)
    yield from _conditions(element)
    if element.kind == "eventBasedGateway":
        yield from _event_gateway(element, elements)
    if element.kind == "boundaryEvent":
        yield from _boundary_event(element, elements)
    if element.kind in ("process", "subProcess"):
        yield from _starts(element, inside)
    if element.kind in _NEEDS_DEFINITION and element.event is None:
        yield f"The {element.kind} has no trigger.", "Give it a message, a timer or a signal."


_NEEDS_DEFINITION = frozenset({"intermediateCatchEvent", "boundaryEvent"})


def _flows(element: Element) -> Iterator[Finding]:
    is_event_subprocess = element.triggered_by_event
    if not element.incoming and element.kind not in _ENTERED_WITHOUT_FLOW and not is_event_subprocess:
        yield "No flow leads to it, so nothing ever gets there.", "Connect it, or delete it."
    if element.incoming and (element.kind in _ENTERED_WITHOUT_FLOW or is_event_subprocess):
        yield "A flow leads to it, but it is entered by its event alone.", "Delete the flow."
    if element.outgoing and (element.kind == "endEvent" or is_event_subprocess):
        yield "A flow leads out of it, but it ends here.", "Delete the flow."
    if not element.outgoing and element.kind in ("startEvent", "boundaryEvent"):
        yield "No flow leads out of it.", "Connect it to what comes next."


def _conditions(element: Element) -> Iterator[Finding]:
    if element.default_flow is not None and element.default_flow not in {flow.id for flow in element.outgoing}:
        yield f"Its default flow '{element.default_flow}' does not leave it.", "Choose one of its outgoing flows."
    for flow in element.outgoing:
        if flow.condition is not None and element.kind not in _MAY_CHOOSE:
            yield f"Flow '{flow.id}' has a condition, but a {element.kind} does not choose.", "Remove the condition."
    if element.kind == "exclusiveGateway" and len(element.outgoing) > 1:
        for flow in element.outgoing:
            if flow.condition is None and flow.id != element.default_flow:
                yield (
                    f"Flow '{flow.id}' has no condition and is not the default.",
                    "Give it one, or make it the default.",
                )


def _event_gateway(element: Element, elements: Mapping[str, Element]) -> Iterator[Finding]:
    if not element.outgoing:
        yield "No event follows it.", "Connect it to catching events or receive tasks."
    for flow in element.outgoing:
        target = elements.get(flow.target)
        if target is None:
            continue
        if target.kind not in _BEHIND_EVENT_GATEWAY:
            yield f"'{target.id}' behind it is a {target.kind}.", "Only catching events and receive tasks may follow."
        if target.multi_instance is not None or target.boundary_events:
            yield f"'{target.id}' behind it has a marker or boundary events.", "Only the gateway waits for it."
        if len(target.incoming) > 1:
            yield f"'{target.id}' behind it has other incoming flows.", "An event behind the gateway is its alone."


def _boundary_event(element: Element, elements: Mapping[str, Element]) -> Iterator[Finding]:
    host = elements.get(element.attached_to or "")
    if host is None or host.kind not in ACTIVITIES or host.scope != element.scope or host.triggered_by_event:
        yield f"It is attached to '{element.attached_to}', which is no activity beside it.", "Attach it to an activity."
    if isinstance(element.event, ErrorDefinition) and not element.interrupting:
        yield "An error event always interrupts.", "Make it interrupting."


def _starts(element: Element, inside: Sequence[Element]) -> Iterator[Finding]:
    starts = [event for event in inside if event.kind == "startEvent"]
    plain = [start for start in starts if start.event is None]
    if element.triggered_by_event:
        if len(starts) != 1 or plain:
            yield (
                f"The event sub-process has {len(starts)} start events, {len(plain)} without a trigger.",
                "It needs one, with a message, timer, signal or error.",
            )
        elif isinstance(starts[0].event, ErrorDefinition) and not starts[0].interrupting:
            yield "An error event always interrupts.", "Make its start event interrupting."
    elif element.kind == "subProcess":
        if len(starts) != 1 or not plain:
            yield f"The sub-process has {len(starts)} start events.", "It needs one, without a trigger."
    else:
        yield from _process_starts(starts, plain)
    for item in inside:
        if item.event is not None and not isinstance(item.event, _ALLOWED[item.kind]):
            name = type(item.event).__name__.removesuffix("Definition").lower()
            yield f"'{item.id}' is a {item.kind} with a {name}, which is not supported there.", ""


def _process_starts(starts: list[Element], plain: list[Element]) -> Iterator[Finding]:
    if not starts:
        yield "The process has no start event.", "Draw one."
    if len(plain) > 1:
        yield f"The process has {len(plain)} start events without a trigger.", "Keep one of them."
    for start in starts:
        if isinstance(start.event, ErrorDefinition | SignalDefinition):
            name = type(start.event).__name__.removesuffix("Definition").lower()
            yield f"Its start event '{start.id}' waits for a {name}.", "It may be plain, a message or a timer."


_CATCHES = (MessageDefinition, TimerDefinition, SignalDefinition)
_ALLOWED: Mapping[str, tuple[type, ...]] = {
    "startEvent": (*_CATCHES, ErrorDefinition),
    "boundaryEvent": (*_CATCHES, ErrorDefinition),
    "intermediateCatchEvent": _CATCHES,
    "intermediateThrowEvent": (MessageDefinition, SignalDefinition),
    "endEvent": (MessageDefinition, SignalDefinition, ErrorDefinition, TerminateDefinition),
}
