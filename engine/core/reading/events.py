"""Event definitions: what each of them says, and where it may stand (BPMN 2.0, table 10.93)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from engine.core.expressions import Expression, ExpressionError
from engine.core.model import (
    CancelDefinition,
    CompensateDefinition,
    ConditionDefinition,
    ErrorDefinition,
    EscalationDefinition,
    EventDefinition,
    LinkDefinition,
    MessageDefinition,
    SignalDefinition,
    TerminateDefinition,
    TimerDefinition,
)
from engine.core.reading.attributes import flag, local
from engine.core.reading.dialect import EVENT_DEFINITIONS
from engine.core.reading.parameters import properties
from engine.core.reading.reader import Reader
from engine.core.reading.xml import BPMN, Node, child, split, text, vendor
from engine.core.timing import InvalidTime, parse_lasting
from engine.core.waiting import due_of

_CATCHES = (MessageDefinition, TimerDefinition, ConditionDefinition, SignalDefinition)
_THROWS = (MessageDefinition, EscalationDefinition, CompensateDefinition, SignalDefinition)
PLACES: Mapping[str, tuple[type[EventDefinition], ...]] = {
    "start event": _CATCHES,
    "start event of an event sub-process": (
        *_CATCHES,
        ErrorDefinition,
        EscalationDefinition,
        CompensateDefinition,
    ),
    "intermediate catch event": (*_CATCHES, LinkDefinition),
    "boundary event": (
        *_CATCHES,
        ErrorDefinition,
        EscalationDefinition,
        CancelDefinition,
        CompensateDefinition,
    ),
    "intermediate throw event": (*_THROWS, LinkDefinition),
    "end event": (*_THROWS, ErrorDefinition, CancelDefinition, TerminateDefinition),
    "multi-instance activity": (MessageDefinition, EscalationDefinition, SignalDefinition),
}
"""Which definitions an event may have, by where it stands."""

_NAMES = {ConditionDefinition: "condition", CompensateDefinition: "compensation"}


def kind_of(definition: EventDefinition | type[EventDefinition]) -> str:
    """What people call it: message, timer, condition …"""
    found = definition if isinstance(definition, type) else type(definition)
    return _NAMES.get(found) or found.__name__.removesuffix("Definition").lower()


def kinds_of(definitions: tuple[type[EventDefinition], ...]) -> str:
    """``message, timer or signal``."""
    names = [kind_of(definition) for definition in definitions]
    return " or ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def event_definitions(reader: Reader, node: Node) -> tuple[EventDefinition, ...]:
    """What an event is drawn with, in its order; what is wrong is left out."""
    found = (read(reader, node, definition) for definition in _drawn(reader, node))
    return tuple(definition for definition in found if definition is not None)


def is_undefined(node: Node) -> bool:
    """Whether an event is drawn without any definition; one that is wrong is drawn all the same."""
    drawn = (split(part.tag)[1] for part in node.iterchildren(f"{{{BPMN}}}*"))
    return not any(kind in EVENT_DEFINITIONS or kind == "eventDefinitionRef" for kind in drawn)


def _drawn(reader: Reader, node: Node) -> Iterator[Node]:
    for part in node.iterchildren(f"{{{BPMN}}}*"):
        kind = split(part.tag)[1]
        if kind in EVENT_DEFINITIONS:
            yield part
        elif kind == "eventDefinitionRef":
            shared = shared_definition(reader, part, text(part), "eventDefinitionRef")
            if shared is not None:
                yield shared


def shared_definition(reader: Reader, node: Node, name: str | None, what: str) -> Node | None:
    """An event definition of the file; None, and a problem, where there is none of that id."""
    found = reader.definitions.get(local(name))
    if found is None or split(found.tag)[1] not in EVENT_DEFINITIONS:
        right = "Refer to an event definition that is not in any event."
        reader.problem(node, f"{what} names no event definition.", right)
        return None
    return found


def read(reader: Reader, node: Node, definition: Node) -> EventDefinition | None:
    """What `definition` says for the event `node`; None where it is wrong."""
    return _READERS[split(definition.tag)[1]](reader, node, definition)


def throws(node: Node) -> bool:
    """Whether it sends what it names, rather than to wait for it."""
    return split(node.tag)[1] in _THROWING


_THROWING = {
    "endEvent": "end event",
    "intermediateThrowEvent": "throw event",
    "sendTask": "task",
    "event": "of an activity",
    "multiInstanceLoopCharacteristics": "of an activity",
}


def _timer(reader: Reader, node: Node, definition: Node) -> EventDefinition | None:
    times = [(kind, child(definition, name)) for kind, name in _TIMES]
    given = [(kind, part) for kind, part in times if part is not None]
    if len(given) != 1:
        reader.problem(definition, f"The timer has {len(given)} times.", "It needs one date, duration or cycle.")
        return None
    kind, part = given[0]
    value = reader.formal_template(part)
    if value is None:
        return None
    if value.constant:
        try:
            due_of(kind, value.evaluate({}), datetime(2000, 1, 1, tzinfo=UTC))
        except (ExpressionError, InvalidTime) as error:
            reader.problem(part, str(error), "")
            return None
    return TimerDefinition(kind, value, _makes_up(reader, node))


def _makes_up(reader: Reader, node: Node) -> bool:
    said = properties(node).get(MISSED_ROUNDS, "one")
    if said not in ("one", "each"):
        reader.problem(node, f"'{said}' does not say which missed rounds come.", "Write one, or each.")
    return said == "each"


MISSED_ROUNDS = "missedRounds"
"""The extension property that says how many come of the rounds of a cycle that were missed."""


_TIMES = (("date", "timeDate"), ("duration", "timeDuration"), ("cycle", "timeCycle"))


def message(reader: Reader, node: Node, referring: Node) -> MessageDefinition | None:
    """The message that `referring` names, itself or by its operation, with the correlation key of `node`."""
    found = _message_of(reader, node, referring)
    if found is None:
        return None
    name = reader.template(found, found.get("name") or "")
    if name is not None and name.text == "":
        reader.problem(found, "The message has no name.", "Messages are found by name and key.")
    key = reader.template(node, properties(node).get("correlationKey"))
    time_to_live = _time_to_live(reader, node)
    if name is None:
        return None
    return MessageDefinition(name, key, reader.correlation(found.get("id", "")), time_to_live)


def _time_to_live(reader: Reader, node: Node) -> Expression | None:
    said = properties(node).get(TIME_TO_LIVE)
    if said is not None and not throws(node):
        wrong = f"It throws no message, of which {TIME_TO_LIVE} could be said."
        reader.problem(node, wrong, "Say it where one is thrown.")
        return None
    value = reader.template(node, said)
    if value is not None and value.constant:
        try:
            parse_lasting(value.evaluate({}))
        except (ExpressionError, InvalidTime) as error:
            reader.problem(node, str(error), "")
    return value


TIME_TO_LIVE = "timeToLive"
"""The extension property that says how long a thrown message waits for its receiver."""


def _message_of(reader: Reader, node: Node, referring: Node) -> Node | None:
    operation = operation_of(reader, referring)
    if operation is None:
        return reader.reference(referring, "messageRef", "message")
    asked, answer = child(operation, "inMessageRef"), child(operation, "outMessageRef")
    named = referring.get("messageRef")
    if named is None:
        # What a process sends that is called by this operation itself is the answer.
        is_answer = throws(node) and operation.getparent().get("id") in reader.supported
        part = answer if answer is not None and is_answer else asked
        return reader.find(operation, text(part), "The operation", "message")
    if local(named) not in {local(text(part)) for part in (asked, answer) if part is not None}:
        wrong = f"The operation '{operation.get('name')}' has no message '{named}'."
        reader.problem(referring, wrong, "Name one of its messages, or leave out the operation.")
    return reader.reference(referring, "messageRef", "message")


def operation_of(reader: Reader, referring: Node) -> Node | None:
    """The operation that a task or a message event definition names; None where it names none, or none that is."""
    part = child(referring, "operationRef")
    name = referring.get("operationRef") if part is None else text(part)
    return None if name is None else reader.find(referring, name, "operationRef", "operation")


def _signal(reader: Reader, _node: Node, definition: Node) -> EventDefinition | None:
    found = reader.reference(definition, "signalRef", "signal")
    name = None if found is None else reader.template(found, found.get("name") or "")
    if found is not None and name is not None and name.text == "":
        reader.problem(found, "The signal has no name.", "Signals are found by name.")
    return None if name is None else SignalDefinition(name)


def _error(reader: Reader, node: Node, definition: Node) -> EventDefinition | None:
    known, code = _code(reader, node, definition, "error")
    variables = vendor(definition, "errorCodeVariable"), vendor(definition, "errorMessageVariable")
    return ErrorDefinition(code, *variables) if known else None


def _escalation(reader: Reader, node: Node, definition: Node) -> EventDefinition | None:
    known, code = _code(reader, node, definition, "escalation")
    return EscalationDefinition(code, vendor(definition, "escalationCodeVariable")) if known else None


def _code(reader: Reader, node: Node, definition: Node, kind: str) -> tuple[bool, str | None]:
    """Whether an error or escalation is known, and its code; None where every one of them is caught."""
    if definition.get(f"{kind}Ref") is None:
        if throws(node):
            wrong = f"The {kind} {_THROWING[split(node.tag)[1]]} throws no {kind}."
            reader.problem(definition, wrong, f"Choose one of the diagram's {kind}s.")
        return not throws(node), None
    found = reader.reference(definition, f"{kind}Ref", kind)
    if found is not None and not found.get(f"{kind}Code"):
        reader.problem(found, f"The {kind} has no code.", f"{kind.title()}s are caught by code.")
        return False, None
    return found is not None, None if found is None else found.get(f"{kind}Code")


def _condition(reader: Reader, _node: Node, definition: Node) -> EventDefinition | None:
    condition = reader.formal(child(definition, "condition"))
    return None if condition is None else ConditionDefinition(condition)


def _link(reader: Reader, _node: Node, definition: Node) -> EventDefinition | None:
    name = (definition.get("name") or "").strip()
    if not name:
        reader.problem(definition, "The link has no name.", "Its two ends are found by name.")
    return LinkDefinition(name) if name else None


def _compensate(_reader: Reader, _node: Node, definition: Node) -> EventDefinition | None:
    activity = local(definition.get("activityRef")) or None
    return CompensateDefinition(activity, flag(definition, "waitForCompletion", default=True))


def _cancel(_reader: Reader, _node: Node, _definition: Node) -> EventDefinition | None:
    return CancelDefinition()


def _terminate(_reader: Reader, _node: Node, _definition: Node) -> EventDefinition | None:
    return TerminateDefinition()


_READERS: dict[str, Callable[[Reader, Node, Node], EventDefinition | None]] = {
    "timerEventDefinition": _timer,
    "messageEventDefinition": message,
    "signalEventDefinition": _signal,
    "errorEventDefinition": _error,
    "escalationEventDefinition": _escalation,
    "conditionalEventDefinition": _condition,
    "linkEventDefinition": _link,
    "compensateEventDefinition": _compensate,
    "cancelEventDefinition": _cancel,
    "terminateEventDefinition": _terminate,
}
