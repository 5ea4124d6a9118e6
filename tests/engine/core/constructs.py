"""Which constructs of BPMN are in an element: what the random processes must have made and executed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.core.behaviours import BEHAVIOURS
from engine.core.model import (
    AdHocSpec,
    CompensateDefinition,
    DecisionSpec,
    Element,
    EventGatewaySpec,
    JobSpec,
    MessageDefinition,
    MultiInstance,
    ProcessModel,
    StandardLoop,
)
from engine.core.reading.events import PLACES, kind_of

_PLACES: Mapping[str, str] = {
    "intermediateCatchEvent": "intermediate catch event",
    "boundaryEvent": "boundary event",
    "intermediateThrowEvent": "intermediate throw event",
    "endEvent": "end event",
}
_MANNERED = ("boundary event", "start event of an event sub-process")
"""Places where an event interrupts or not."""

_TASKS = ("userTask", "serviceTask", "scriptTask", "receiveTask")
_SCOPES = ("subProcess", "transaction", "adHocSubProcess", "callActivity")
_LOOPS = ("standard loop", "parallel multi-instance", "sequential multi-instance")


def constructs(element: Element, model: ProcessModel) -> Iterator[str]:
    """The names of what an element is an example of."""
    yield element.kind
    for place in _places(element, model):
        yield from _events(element, place)
    if element.loop is not None:
        yield f"{_loop(element.loop)} of {element.kind}"
        if isinstance(element.loop, MultiInstance):
            yield from (name for name, holds in _of_many(element.loop).items() if holds)
    yield from (name for name, holds in _of_any(element, model).items() if holds)


def _places(element: Element, model: ProcessModel) -> Iterator[str]:
    if element.kind == "startEvent":
        own = model.elements[element.scope].triggered_by_event
        yield "start event of an event sub-process" if own else "start event"
    elif element.kind in _PLACES:
        yield _PLACES[element.kind]


def _events(element: Element, place: str) -> Iterator[str]:
    manner = ""
    if place in _MANNERED:
        manner = "interrupting " if element.interrupting else "non-interrupting "
    if len(element.events) > 1:
        yield f"{manner}{place}, {'all of several' if element.parallel_multiple else 'several'}"
    else:
        kinds = [kind_of(definition) for definition in element.events] or ["none"]
        # Compensation comes to nobody who could be interrupted.
        yield f"{'' if kinds == ['compensation'] else manner}{place}, {kinds[0]}"


def _loop(loop: StandardLoop | MultiInstance) -> str:
    if isinstance(loop, StandardLoop):
        return "standard loop"
    return "sequential multi-instance" if loop.sequential else "parallel multi-instance"


def _of_many(loop: MultiInstance) -> dict[str, bool]:
    return {
        "items by a number": loop.cardinality is not None,
        "items of a collection": loop.collection is not None,
        "completion condition": loop.completion_condition is not None,
        "output collection": loop.output_collection is not None,
        "event of the first completion": any(event.first_only for event in loop.events),
        "event of every completion": any(not each.first_only and each.condition is None for each in loop.events),
        "stop before each instance": loop.continuation is not None,
        "event by a condition": any(event.condition is not None for event in loop.events),
    }


def _of_any(element: Element, model: ProcessModel) -> dict[str, bool]:
    """Attributes, markers and roles, each by its name."""
    spec = element.spec
    is_gateway, is_scope = element.kind.endswith("Gateway"), element.kind in (*_SCOPES, "process")
    held = [each for each in model.elements.values() if each.scope == element.id]
    began = any(each.kind == "startEvent" for each in held)
    return {
        "event sub-process": element.triggered_by_event,
        "stop before": element.continuation is not None and element.continuation.before,
        "stop after": element.continuation is not None and element.continuation.after,
        "default flow": element.default_flow is not None,
        "condition behind an activity": not is_gateway and any(flow.condition for flow in element.outgoing),
        "several flows out of an activity": not is_gateway and len(element.outgoing) > 1,
        "compensation handler": element.for_compensation,
        "start quantity": element.start_quantity > 1,
        "completion quantity": element.completion_quantity > 1,
        "properties or data objects": bool(element.declared),
        "data input association": bool(element.data_inputs),
        "data output association": bool(element.data_outputs),
        "data store": any(each.store is not None for each in element.data_outputs),
        "input and output parameters": bool(element.inputs and element.outputs),
        "send task with a message": element.kind == "sendTask" and isinstance(spec, MessageDefinition),
        "send task with a handler": element.kind == "sendTask" and isinstance(spec, JobSpec),
        "decision": isinstance(spec, DecisionSpec),
        "sequential ad hoc": isinstance(spec, AdHocSpec) and spec.sequential,
        "ad hoc with a completion condition": isinstance(spec, AdHocSpec) and spec.completion_condition is not None,
        "ad hoc that waits for what remains": isinstance(spec, AdHocSpec) and not spec.cancels_remaining,
        "receive task that instantiates": element.kind == "receiveTask" and element.instantiates,
        "gateway that instantiates": isinstance(spec, EventGatewaySpec) and element.instantiates and not spec.parallel,
        "parallel gateway that instantiates": isinstance(spec, EventGatewaySpec) and spec.parallel,
        "scope without a start event": is_scope and bool(held) and not began,
        "join": is_gateway and len(element.incoming) > 1,
    }


def _events_wanted() -> Iterator[str]:
    several = ("several", "all of several")
    for place, definitions in PLACES.items():
        if place == "multi-instance activity":
            continue
        kinds = [kind_of(definition) for definition in definitions if definition is not CompensateDefinition]
        manners = ("interrupting ", "non-interrupting ") if place in _MANNERED else ("",)
        for manner in manners:
            # An error ends what it comes from, a cancel event its transaction.
            only = ("error", "cancel") if manner.startswith("non") else ()
            yield from (f"{manner}{place}, {kind}" for kind in kinds if kind not in only)
            if not place.endswith(("throw event", "end event")):
                yield from (f"{manner}{place}, {each}" for each in several)
        if CompensateDefinition in definitions and place != "boundary event":
            yield f"{place}, compensation"
    yield from (f"{place}, none" for place in ("start event", "intermediate throw event", "end event"))
    yield "intermediate throw event, several"


def wanted() -> list[str]:
    """Every construct that the engine's own tables name, and what else an element may be."""
    found = dict.fromkeys(BEHAVIOURS)
    found |= dict.fromkeys(_events_wanted())
    found |= dict.fromkeys(f"{loop} of {kind}" for loop in _LOOPS for kind in (*_TASKS, *_SCOPES))
    empty = Element("", "", "", 0, "")
    found |= dict.fromkeys(_of_many(MultiInstance(sequential=True)))
    found |= dict.fromkeys(_of_any(empty, ProcessModel("", "", {}, {}, ())))
    return list(found)
