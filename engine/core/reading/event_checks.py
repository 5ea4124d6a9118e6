"""What must hold for events: what they are drawn with, where they stand, what they refer to (BPMN 2.0, 10.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.core.model import (
    CancelDefinition,
    CompensateDefinition,
    ConditionDefinition,
    Element,
    ErrorDefinition,
    LinkDefinition,
    MessageDefinition,
    SignalDefinition,
    TimerDefinition,
)
from engine.core.reading.events import PLACES, is_undefined, kind_of, kinds_of
from engine.core.reading.kinds import ACTIVITIES
from engine.core.reading.xml import Node

Finding = tuple[str, str]

_NEEDS_DEFINITION = frozenset({"intermediateCatchEvent", "boundaryEvent"})
_THROWING = frozenset({"intermediateThrowEvent", "endEvent"})
_ALWAYS_INTERRUPT = (ErrorDefinition, CancelDefinition)
_COME_TOGETHER = (MessageDefinition, TimerDefinition, ConditionDefinition, SignalDefinition)
_PLACE_NAMES = {
    "startEvent": "start event",
    "endEvent": "end event",
    "boundaryEvent": "boundary event",
    "intermediateCatchEvent": "intermediate catch event",
    "intermediateThrowEvent": "intermediate throw event",
}


def findings(element: Element, elements: Mapping[str, Element], nodes: Mapping[str, Node]) -> Iterator[Finding]:
    yield from _places(element, elements)
    yield from _combinations(element)
    if element.kind in _NEEDS_DEFINITION and is_plain(element, nodes):
        allowed = kinds_of(PLACES[_PLACE_NAMES[element.kind]])
        yield f"The {_PLACE_NAMES[element.kind]} has no trigger.", f"Give it a {allowed}."
    if element.kind == "boundaryEvent":
        yield from _boundary_event(element, elements)
    if any(isinstance(each, _ALWAYS_INTERRUPT) for each in element.events) and not element.interrupting:
        kind = next(kind_of(each) for each in element.events if isinstance(each, _ALWAYS_INTERRUPT))
        yield f"{_article(kind)} {kind} event always interrupts.", "Make it interrupting."
    for each in element.events:
        if isinstance(each, LinkDefinition):
            yield from _link(element, each)
        elif isinstance(each, CompensateDefinition) and each.activity is not None:
            yield from _compensated(element, each.activity, elements)
        elif (
            isinstance(each, CancelDefinition) and element.kind == "endEvent" and not _in_transaction(element, elements)
        ):
            yield "It cancels a transaction, but is in none.", "Draw it inside a transaction."


def is_plain(element: Element, nodes: Mapping[str, Node]) -> bool:
    """Whether an event is drawn without any definition."""
    return not element.events and (element.id not in nodes or is_undefined(nodes[element.id]))


def triggers_of_event_subprocess() -> str:
    return kinds_of(PLACES["start event of an event sub-process"])


def _places(element: Element, elements: Mapping[str, Element]) -> Iterator[Finding]:
    place = _PLACE_NAMES[element.kind]
    scope = elements[element.scope]
    if element.kind == "startEvent" and scope.triggered_by_event:
        place = "start event of an event sub-process"
    elif element.kind == "startEvent" and scope.kind != "process":
        if element.events:
            yield "A sub-process begins without a trigger.", "Remove the trigger, or draw an event sub-process."
        return
    for each in element.events:
        if not isinstance(each, PLACES[place]):
            wrong = f"{_article(kind_of(each))} {kind_of(each)} cannot be in {_article(place).lower()} {place}."
            yield wrong, f"It may have a {kinds_of(PLACES[place])}."


def _article(noun: str) -> str:
    return "An" if noun[0] in "aeiou" else "A"


def _combinations(element: Element) -> Iterator[Finding]:
    """What cannot be one of several definitions: it begins or ends otherwise than the rest."""
    if len(element.events) < 2:
        return
    catching = element.kind not in _THROWING
    for each in element.events:
        if isinstance(each, LinkDefinition) or (catching and isinstance(each, CompensateDefinition | CancelDefinition)):
            yield f"It has a {kind_of(each)} beside other event definitions.", "Draw an event for each of them."
        elif element.parallel_multiple and not isinstance(each, _COME_TOGETHER):
            wrong = f"It waits for all it has, and {_article(kind_of(each)).lower()} {kind_of(each)} among it."
            yield wrong, f"All of {kinds_of(_COME_TOGETHER).replace(' or ', ' and ')} can be waited for."


def _boundary_event(element: Element, elements: Mapping[str, Element]) -> Iterator[Finding]:
    host = elements.get(element.attached_to or "")
    if host is None or host.kind not in ACTIVITIES or host.scope != element.scope or host.triggered_by_event:
        yield f"It is attached to '{element.attached_to}', which is no activity beside it.", "Attach it to an activity."
    elif host.kind != "transaction" and any(isinstance(each, CancelDefinition) for each in element.events):
        yield f"It waits for a transaction to be cancelled, but '{host.id}' is none.", "Attach it to a transaction."


def _link(element: Element, link: LinkDefinition) -> Iterator[Finding]:
    if element.kind in _THROWING and len(link.peers) != 1:
        right = "Draw one catching link event of that name beside it."
        yield f"There are {len(link.peers)} targets of the link '{link.name}' beside it.", right
    elif element.kind not in _THROWING and not link.peers:
        yield f"No link '{link.name}' leads to it.", "Draw a throwing link event of that name beside it."


def _compensated(element: Element, activity: str, elements: Mapping[str, Element]) -> Iterator[Finding]:
    if element.kind not in _THROWING:
        if activity != element.attached_to:
            yield f"It waits for the compensation of '{activity}'.", "It waits for that of its own activity."
        return
    around = elements[element.scope]
    scopes = {around.id, around.scope} if around.triggered_by_event else {around.id}
    found = elements.get(activity)
    if found is None or found.kind not in ACTIVITIES or found.scope not in scopes:
        wrong = f"It compensates '{activity}', which is no activity beside it."
        yield wrong, "Name one of the same process or sub-process, or none, for all of them."


def _in_transaction(element: Element, elements: Mapping[str, Element]) -> bool:
    scope = elements.get(element.scope)
    while scope is not None and scope.kind != "transaction":
        scope = elements.get(scope.scope)
    return scope is not None
