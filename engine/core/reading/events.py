"""Event definitions: which are understood, and where (BPMN 2.0, table 10.93)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from engine.core.expressions import ExpressionError
from engine.core.model import (
    ErrorDefinition,
    EventDefinition,
    MessageDefinition,
    SignalDefinition,
    TerminateDefinition,
    TimerDefinition,
)
from engine.core.reading.parameters import properties
from engine.core.reading.reader import Reader
from engine.core.reading.xml import Node, child, children, split, text, vendor
from engine.core.timing import InvalidTime
from engine.core.waiting import due_of

_DEFINITION_SUFFIX = "EventDefinition"


def event_definition(reader: Reader, node: Node) -> EventDefinition | None:
    """What an event is drawn with; None for a none event, or where it is wrong."""
    found = [part for part in node.iterchildren("{*}*") if split(part.tag)[1].endswith(_DEFINITION_SUFFIX)]
    found += children(node, "eventDefinitionRef")
    if len(found) > 1:
        reader.problem(node, f"It has {len(found)} event definitions.", "Draw an event for each of them.")
        return None
    if not found:
        return None
    read = _READERS.get(split(found[0].tag)[1])
    return None if read is None else read(reader, node, found[0])


def _timer(reader: Reader, node: Node, definition: Node) -> EventDefinition | None:
    times = [(kind, child(definition, name)) for kind, name in _TIMES]
    given = [(kind, part) for kind, part in times if part is not None]
    if len(given) != 1:
        reader.problem(definition, f"The timer has {len(given)} times.", "It needs one date, duration or cycle.")
        return None
    kind, part = given[0]
    value = reader.template(part, text(part))
    if value is None:
        return None
    if value.constant:
        try:
            due_of(kind, value.evaluate({}), datetime(2000, 1, 1, tzinfo=UTC))
        except (ExpressionError, InvalidTime) as error:
            reader.problem(part, str(error), "")
            return None
    return TimerDefinition(kind, value)


_TIMES = (("date", "timeDate"), ("duration", "timeDuration"), ("cycle", "timeCycle"))


def message(reader: Reader, node: Node, referring: Node) -> MessageDefinition | None:
    """The message that `referring` names, with the correlation key of `node`."""
    found = reader.reference(referring, "messageRef", "message")
    if found is None:
        return None
    name = reader.template(found, found.get("name") or "")
    if name is not None and name.text == "":
        reader.problem(found, "The message has no name.", "Messages are found by name and key.")
    key = reader.template(node, properties(node).get("correlationKey"))
    return None if name is None else MessageDefinition(name, key)


def _signal(reader: Reader, node: Node, definition: Node) -> EventDefinition | None:
    found = reader.reference(definition, "signalRef", "signal")
    name = None if found is None else reader.template(found, found.get("name") or "")
    if found is not None and name is not None and name.text == "":
        reader.problem(found, "The signal has no name.", "Signals are found by name.")
    return None if name is None else SignalDefinition(name)


def _error(reader: Reader, node: Node, definition: Node) -> EventDefinition | None:
    variables = vendor(definition, "errorCodeVariable"), vendor(definition, "errorMessageVariable")
    if definition.get("errorRef") is None:
        if split(node.tag)[1] == "endEvent":
            reader.problem(definition, "The error end event throws no error.", "Choose one of the diagram's errors.")
            return None
        return ErrorDefinition(None, *variables)
    found = reader.reference(definition, "errorRef", "error")
    if found is None:
        return None
    if not found.get("errorCode"):
        reader.problem(found, "The error has no code.", "Errors are caught by code.")
        return None
    return ErrorDefinition(found.get("errorCode"), *variables)


def _terminate(_reader: Reader, _node: Node, _definition: Node) -> EventDefinition | None:
    return TerminateDefinition()


_READERS: dict[str, Callable[[Reader, Node, Node], EventDefinition | None]] = {
    "timerEventDefinition": _timer,
    "messageEventDefinition": message,
    "signalEventDefinition": _signal,
    "errorEventDefinition": _error,
    "terminateEventDefinition": _terminate,
}
