"""How the elements of a process belong together: flows, boundaries, links, beginnings, and what undoes what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from engine.core.model import CompensateDefinition, Element, EventDefinition, Flow, LinkDefinition
from engine.core.reading.kinds import SCOPES
from engine.core.reading.reader import Reader
from engine.core.reading.xml import Node

Elements = dict[str, Element]


def connect(
    reader: Reader,
    elements: Mapping[str, Element],
    flows: Mapping[str, Flow],
    nodes: Mapping[str, Node],
    associations: Mapping[str, Sequence[str]],
) -> Elements:
    """The elements, each with what leads to it and from it, begins in it, is attached to it and undoes it."""

    def problem(of: str, wrong: str, right: str) -> None:
        reader.problem(nodes[of], wrong, right)

    connected = _by_flows(problem, elements, flows)
    _link(connected)
    _begin(connected)
    _compensate(problem, connected, associations)
    return connected


Problem = Callable[[str, str, str], None]
"""Of which element, what is wrong, and what would be right."""


def _by_flows(problem: Problem, elements: Mapping[str, Element], flows: Mapping[str, Flow]) -> Elements:
    incoming: dict[str, list[Flow]] = {name: [] for name in elements}
    outgoing: dict[str, list[Flow]] = {name: [] for name in elements}
    for flow in flows.values():
        ends = [elements.get(name) for name in (flow.source, flow.target)]
        for name, end in zip((flow.source, flow.target), ends, strict=True):
            if end is None or end.kind == "process":
                wrong = f"Its end '{name}' is no activity, gateway or event of this process."
                problem(flow.id, wrong, "Connect it to one.")
        source, target = ends
        if source is not None and target is not None and source.scope != target.scope:
            problem(
                flow.id,
                f"It leads from '{flow.source}' to '{flow.target}', which are not in one scope.",
                "A flow stays within its process or sub-process.",
            )
        if source is not None:
            outgoing[flow.source].append(flow)
        if target is not None:
            incoming[flow.target].append(flow)
    boundary: dict[str, list[str]] = {}
    for element in elements.values():
        if element.attached_to is not None:
            boundary.setdefault(element.attached_to, []).append(element.id)
    return {
        name: replace(
            element,
            incoming=tuple(incoming[name]),
            outgoing=tuple(outgoing[name]),
            boundary_events=tuple(boundary.get(name, ())),
        )
        for name, element in elements.items()
    }


def _link(elements: Elements) -> None:
    """Let the two ends of each link know each other. A link does not leave its scope (10.5.1)."""
    ends: dict[tuple[str, str, bool], list[str]] = {}
    for element in elements.values():
        for each in element.events:
            if isinstance(each, LinkDefinition):
                ends.setdefault((element.scope, each.name, _catches(element)), []).append(element.id)
    peers = {end: tuple(names) for end, names in ends.items()}

    def linked(element: Element, definition: EventDefinition) -> EventDefinition:
        if not isinstance(definition, LinkDefinition):
            return definition
        return replace(definition, peers=peers.get((element.scope, definition.name, not _catches(element)), ()))

    for element in [elements[name] for names in peers.values() for name in names]:
        elements[element.id] = replace(element, events=tuple(linked(element, each) for each in element.events))


def _catches(element: Element) -> bool:
    return element.kind == "intermediateCatchEvent"


def inside_of(elements: Iterable[Element]) -> dict[str, list[Element]]:
    """What is right inside each scope, in the order of the file."""
    inside: dict[str, list[Element]] = {}
    for element in elements:
        inside.setdefault(element.scope, []).append(element)
    return inside


def _begin(elements: Elements) -> None:
    """Find where each scope begins, and what may begin while it is active."""
    for name, inside in inside_of(elements.values()).items():
        if name not in elements:
            continue
        starts = [each for each in inside if each.kind == "startEvent"]
        elements[name] = replace(
            elements[name],
            entries=_entries(elements[name], inside, starts),
            start_event=starts[0].id if elements[name].triggered_by_event and starts else None,
            event_subprocesses=tuple(each.id for each in inside if each.triggered_by_event),
        )


def _entries(scope: Element, inside: Sequence[Element], starts: Sequence[Element]) -> tuple[str, ...]:
    """Its start event without a trigger, or without start events all that no flow leads to (10.5.2, 10.3.5)."""
    plain = [start.id for start in starts if not start.events]
    if scope.triggered_by_event:
        return ()
    if scope.kind != "adHocSubProcess" and (starts or any(is_beginning(each) for each in inside)):
        return tuple(plain[:1])
    return tuple(
        each.id
        for each in inside
        if not each.incoming
        and not (
            each.kind == "boundaryEvent"
            or each.triggered_by_event
            or each.for_compensation
            or (_catches(each) and is_link(each))
        )
        and (each.kind != "startEvent" or each.id in plain)
    )


def is_beginning(element: Element) -> bool:
    """Whether what comes to a receive task, or to an event behind a gateway, begins the process (10.6.6)."""
    return element.instantiates and not element.incoming


def is_link(element: Element) -> bool:
    """Whether tokens leave or enter an event by a link instead of flows."""
    return any(isinstance(each, LinkDefinition) for each in element.events)


def starts_of(elements: Mapping[str, Element]) -> tuple[str, ...]:
    """Where an instance of the process may begin by an event, or by a start event without one."""
    process = next(iter(elements.values()))
    found: list[str] = []
    for element in elements.values():
        if element.scope != process.id:
            continue
        if element.kind == "startEvent" or (is_beginning(element) and element.kind == "receiveTask"):
            found.append(element.id)
        elif is_beginning(element):
            found.extend(flow.target for flow in element.outgoing)
    return tuple(found)


def _compensate(problem: Problem, elements: Elements, associations: Mapping[str, Sequence[str]]) -> None:
    """Find what undoes each activity, and which activities can be undone at all (10.7)."""
    for event in [each for each in elements.values() if each.kind == "boundaryEvent" and is_compensation(each)]:
        host, handler = elements.get(event.attached_to or ""), _handler(problem, event, elements, associations)
        if host is None or handler is None:
            continue
        if host.compensation_handler is not None:
            problem(event.id, f"'{host.id}' has a compensation event already.", "One activity undoes another.")
        elements[host.id] = replace(host, compensation_handler=handler)
    # What is inside comes after its scope, so that backwards the parts are known before the whole.
    within: set[str] = set()
    for element in reversed(elements.values()):
        if _is_compensable(element, within):
            elements[element.id] = replace(element, is_compensable=True)
            within.add(element.scope)
        elif element.triggered_by_event and is_compensation(elements.get(element.start_event or "")):
            within.add(element.scope)


def is_compensation(event: Element | None) -> bool:
    return event is not None and any(isinstance(each, CompensateDefinition) for each in event.events)


def _is_compensable(element: Element, within: set[str]) -> bool:
    return (
        element.kind == "callActivity"
        or element.compensation_handler is not None
        or (element.kind in SCOPES and element.id in within)
    )


def _handler(
    problem: Problem, event: Element, elements: Elements, associations: Mapping[str, Sequence[str]]
) -> str | None:
    found = [name for name in associations.get(event.id, ()) if name in elements]
    if len(found) != 1:
        wrong = f"From the compensation event lead {len(found)} associations to activities."
        problem(event.id, wrong, "Draw one, to the activity that undoes what was done.")
        return None
    handler = elements[found[0]]
    if not handler.for_compensation or handler.scope != event.scope:
        wrong = f"Its association leads to '{handler.id}', which is no compensation activity beside it."
        problem(event.id, wrong, 'Mark the activity as one (isForCompensation="true").')
        return None
    return handler.id
