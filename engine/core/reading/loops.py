"""Markers: standard loop and multi-instance (BPMN 2.0, 10.3.8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from engine.core.expressions import Expression
from engine.core.model import (
    EscalationDefinition,
    EventDefinition,
    LoopEvent,
    MessageDefinition,
    MultiInstance,
    SignalDefinition,
    StandardLoop,
)
from engine.core.reading import data, events
from engine.core.reading.attributes import at_least_one, flag, local
from engine.core.reading.continuations import continuation
from engine.core.reading.reader import Reader
from engine.core.reading.xml import Node, child, children, text, vendor


def loop(reader: Reader, node: Node) -> StandardLoop | MultiInstance | None:
    """The marker of an activity; None where it has none, or where it is wrong."""
    standard, multiple = child(node, "standardLoopCharacteristics"), child(node, "multiInstanceLoopCharacteristics")
    if standard is not None:
        return _standard(reader, standard)
    return None if multiple is None else _multi_instance(reader, multiple)


def _standard(reader: Reader, node: Node) -> StandardLoop | None:
    condition, maximum = child(node, "loopCondition"), node.get("loopMaximum")
    if condition is None and maximum is None:
        reader.problem(node, "Nothing says when the loop ends.", "Give it a condition or a maximum.")
        return None
    return StandardLoop(reader.formal(condition), at_least_one(reader, node, "loopMaximum"), flag(node, "testBefore"))


def _multi_instance(reader: Reader, node: Node) -> MultiInstance | None:
    collection = _collection(reader, node)
    cardinality = child(node, "loopCardinality")
    given = vendor(node, "collection") is not None, child(node, "loopDataInputRef") is not None, cardinality is not None
    if sum(given) != 1:
        reader.problem(node, "It needs a collection or a number of instances.", "Give it one of the two.")
        return None
    output, collected = _data_item(node, "outputDataItem"), _referred(reader, node, "loopDataOutputRef")
    if (output is None) != (collected is None):
        reader.problem(node, "An output collection and an output element need each other.", "Give it both.")
    return MultiInstance(
        sequential=flag(node, "isSequential"),
        collection=collection,
        cardinality=reader.formal(cardinality),
        element_variable=_element_variable(reader, node),
        completion_condition=reader.formal(child(node, "completionCondition")),
        output_collection=collected,
        output_element=output,
        events=_events(reader, node),
        continuation=continuation(reader, node),
    )


def _collection(reader: Reader, node: Node) -> Expression | None:
    named = _referred(reader, node, "loopDataInputRef")
    return reader.expression(node, vendor(node, "collection")) if named is None else reader.variable(named)


def _element_variable(reader: Reader, node: Node) -> str | None:
    ours, standard = vendor(node, "elementVariable"), _data_item(node, "inputDataItem")
    if ours is not None and standard is not None and ours != standard:
        reader.problem(node, f"An item is called '{ours}' and '{standard}'.", "Give it one name.")
    return ours or standard


def _referred(reader: Reader, node: Node, name: str) -> str | None:
    """The variable that a reference means: that of data with this id, or else of this name."""
    part = child(node, name)
    if part is None:
        return None
    referred = local(text(part))
    if referred not in reader.data and not data.is_name(referred):
        reader.problem(part, f"'{referred}' is no data of this diagram.", "Refer to a data object or a property.")
    return reader.data.get(referred, referred)


def _data_item(node: Node, name: str) -> str | None:
    item = child(node, name)
    return None if item is None else data.name_of(item) or None


def _events(reader: Reader, node: Node) -> tuple[LoopEvent, ...]:
    """What is thrown when instances complete (table 10.31)."""
    behavior = node.get("behavior", "All")
    for kind, part in _EVENT_PARTS.items():
        drawn = children(node, part) if kind == "Complex" else node.get(part)
        if drawn and kind != behavior:
            wrong = f'It has {part}, but its behavior is "{behavior}".'
            reader.problem(node, wrong, f'Make it behavior="{kind}", or delete that.')
    read = _BEHAVIORS.get(behavior)
    return () if read is None else read(reader, node)


_EVENT_PARTS = {
    "None": "noneBehaviorEventRef",
    "One": "oneBehaviorEventRef",
    "Complex": "complexBehaviorDefinition",
}


def _shared(reader: Reader, node: Node) -> tuple[LoopEvent, ...]:
    attribute = _EVENT_PARTS[node.get("behavior", "")]
    definition = events.shared_definition(reader, node, node.get(attribute), attribute)
    thrown = None if definition is None else events.read(reader, node, definition)
    return _loop_events(reader, node, [] if thrown is None else [thrown], first_only=node.get("behavior") == "One")


def _complex(reader: Reader, node: Node) -> tuple[LoopEvent, ...]:
    found: list[LoopEvent] = []
    for part in children(node, "complexBehaviorDefinition"):
        condition, event = reader.formal(child(part, "condition")), child(part, "event")
        if event is None or events.is_undefined(event):
            reader.problem(part, "It throws nothing.", "Give it an event with an event definition.")
        else:
            found += _loop_events(reader, part, events.event_definitions(reader, event), condition)
    if not children(node, "complexBehaviorDefinition"):
        reader.problem(node, "Nothing says what is thrown when.", "Give it a complexBehaviorDefinition.")
    return tuple(found)


_BEHAVIORS: dict[str, Callable[[Reader, Node], tuple[LoopEvent, ...]]] = {
    "None": _shared,
    "One": _shared,
    "Complex": _complex,
}


def _loop_events(
    reader: Reader,
    node: Node,
    thrown: Iterable[EventDefinition],
    condition: Expression | None = None,
    *,
    first_only: bool = False,
) -> tuple[LoopEvent, ...]:
    found = []
    for definition in thrown:
        if isinstance(definition, MessageDefinition | SignalDefinition | EscalationDefinition):
            found.append(LoopEvent(definition, condition, first_only))
        else:
            wrong = f"When an instance completes, a {events.kind_of(definition)} cannot be thrown."
            reader.problem(node, wrong, "Throw a message, a signal or an escalation.")
    return tuple(found)
