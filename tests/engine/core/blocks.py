"""The blocks that processes are drawn of at random, by name, and the ways in which an instance may begin.

Every construct that the engine runs is in one of these tables. What would end a way for good, or multiply tokens, is in
a sub-process of its own, so that the joins around it get what they wait for. Whatever goes round is counted.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from functools import partial

from tests.engine.core.case import CANCEL, COMPENSATE
from tests.engine.core.generator import SHARED, Block, Draw, Drawing, Drawn

Activity = Callable[..., str]
"""Draws an activity with what is in it and its attributes, and gives its id."""


# Activities


def _task(kind: str, content: str, own: str, d: Drawing, inner: str = "", attributes: str = "") -> str:
    return d.node(kind, inner + content, f"{own} {attributes}")


def _user(d: Drawing, inner: str = "", attributes: str = "") -> str:
    own = d.one_of("", 'camunda:dueDate="P1D"', 'camunda:assignee="a"', 'camunda:candidateGroups="one, other"')
    return d.node("userTask", inner, f"{own} {attributes}")


def _failing_script(d: Drawing, inner: str = "", attributes: str = "") -> str:
    """Fails until a person has mended it."""
    return d.node("scriptTask", f"{inner}<script>x = 1 // {d.mend()}</script>", attributes)


def _subprocess(d: Drawing, inner: str = "", attributes: str = "", kind: str = "subProcess") -> str:
    return d.node(kind, inner + d.inside(is_bare=d.chance(0.3)), attributes)


def _ad_hoc(d: Drawing, inner: str = "", attributes: str = "", ordering: str = "Parallel") -> str:
    condition = d.one_of("", "", "n % 2 == 0", f"1 // {d.mend()} == 1")
    completion = condition and f"<completionCondition>{condition}</completionCondition>"
    own = f'ordering="{ordering}" cancelRemainingInstances="{d.one_of("true", "false")}"'
    inside = d.inside(_side_by_side, is_bare=True)
    return d.node("adHocSubProcess", inner + inside + completion, f"{own} {attributes}")


def _side_by_side(d: Drawing) -> Block:
    for _ in range(d.one_of(1, 2)):
        d.block()
    return d.block()


def _call(d: Drawing, inner: str = "", attributes: str = "") -> str:
    mapping = d.one_of(
        '<camunda:in variables="all"/><camunda:out variables="all"/>',
        '<camunda:in source="n" target="n"/><camunda:out source="n" target="answer"/>',
    )
    extension = f"<extensionElements>{mapping}</extensionElements>"
    return d.node("callActivity", extension + inner, f'calledElement="{_called(d)}" {attributes}')


def _called(d: Drawing) -> str:
    """A process to call: one that is there, a new one, or a global task."""
    if d.called and (len(d.called) > 2 or d.chance(0.3)):
        return d.one_of(*d.called)
    key = d.name("Q")
    if d.chance(0.2):
        d.diagram.append(f'<globalUserTask id="{key}"/>')
    elif d.chance(0.2):
        d.diagram.append(f'<globalScriptTask id="{key}"><script>n = n + 1</script></globalScriptTask>')
    else:
        d.process(key, d.inside())
    d.called.append(key)
    return key


_EXTERNAL = 'camunda:type="external" camunda:topic="t"'
TASKS: Mapping[str, Activity] = {
    "task": partial(_task, "task", "", ""),
    "manual task": partial(_task, "manualTask", "", ""),
    "user task": _user,
    "service task": partial(_task, "serviceTask", "", _EXTERNAL),
    "send task": partial(_task, "sendTask", "", 'messageRef="msg_m"'),
    "send task by a handler": partial(_task, "sendTask", "", _EXTERNAL),
    "receive task": partial(_task, "receiveTask", "", 'messageRef="msg_k"'),
    "script task": partial(_task, "scriptTask", "<script>n = n + 1</script>", ""),
    "script task that fails": _failing_script,
    "business rule task": partial(
        _task, "businessRuleTask", "", 'camunda:decisionRef="D" camunda:mapDecisionResult="singleResult"'
    ),
}
ACTIVITIES: Mapping[str, Activity] = {
    **TASKS,
    "sub-process": _subprocess,
    "transaction": partial(_subprocess, kind="transaction"),
    "ad hoc sub-process": _ad_hoc,
    "sequential ad hoc sub-process": partial(_ad_hoc, ordering="Sequential"),
    "call activity": _call,
}
_WORK = ("user task", "service task", "receive task", "sub-process", "call activity", "ad hoc sub-process")
"""Those that something can happen to: they wait, or may."""


def _alone(activity: Activity, d: Drawing) -> Block:
    name = activity(d)
    return name, name


def _some_work(d: Drawing, inner: str = "", attributes: str = "") -> str:
    return ACTIVITIES[d.one_of(*(_WORK if d.left > 0 else _WORK[:3]))](d, inner, attributes)


# Markers


def _standard_loop(d: Drawing) -> str:
    condition = d.one_of("", "n % 3 != 0", "loopCounter &lt; 2")
    inner = condition and f"<loopCondition>{condition}</loopCondition>"
    attributes = f'loopMaximum="{d.one_of(1, 2, 3)}" testBefore="{d.one_of("true", "false")}"'
    return f"<standardLoopCharacteristics {attributes}>{inner}</standardLoopCharacteristics>"


def _many(sequential: str, d: Drawing) -> str:
    number = d.one_of("0", "1", "2", "3", "n % 3")
    output = '<loopDataOutputRef>results</loopDataOutputRef><outputDataItem id="{}" name="result"/>'
    condition = "<completionCondition>nrOfCompletedInstances &gt;= 2</completionCondition>"
    by_number = d.chance(0.5)
    behaviour, events = d.one_of(
        ("", ""),
        ("", ""),
        ('behavior="None" noneBehaviorEventRef="shared_g"', ""),
        ('behavior="One" oneBehaviorEventRef="shared_c"', ""),
        ('behavior="Complex"', _COMPLEX.format(d.name("thrown"))),
    )
    inner = (
        (f"<loopCardinality>{number}</loopCardinality>" if by_number else "")
        + (output.format(d.name("item")) if d.chance(0.3) else "")
        + events
        + (condition if d.chance(0.3) else "")
    )
    collection = "" if by_number else 'camunda:collection="[n, 2, 3]" camunda:elementVariable="each"'
    attributes = f'isSequential="{sequential}" {collection} {behaviour} {d.stop_of_each()}'
    return f"<multiInstanceLoopCharacteristics {attributes}>{inner}</multiInstanceLoopCharacteristics>"


_COMPLEX = (
    "<complexBehaviorDefinition><condition>numberOfCompletedInstances == 1</condition>"
    '<event id="{}"><escalationEventDefinition escalationRef="esc_d"/></event></complexBehaviorDefinition>'
)
MARKERS: Mapping[str, Callable[[Drawing], str]] = {
    "standard loop": _standard_loop,
    "parallel multi-instance": partial(_many, "false"),
    "sequential multi-instance": partial(_many, "true"),
}


def _marked(marker: str, activity: str, d: Drawing) -> Block:
    name = ACTIVITIES[activity](d, MARKERS[marker](d))
    return name, name


# Event definitions


def _signal(d: Drawing, *, own: bool) -> str:
    return f'<signalEventDefinition signalRef="{d.signal() if own or d.chance(0.5) else "sig_g"}"/>'


def _timer(d: Drawing, *, own: bool) -> str:
    times = ["<timeDuration>PT1H</timeDuration>", "<timeDate>2026-05-01T06:00:00Z</timeDate>"]
    cycle = "<timeCycle>R2/PT1H</timeCycle>"
    return f"<timerEventDefinition>{d.one_of(*times, *([cycle] if own else []))}</timerEventDefinition>"


def _condition(d: Drawing, *, own: bool) -> str:
    condition = d.one_of(d.name("go"), "n &gt; 4", f"1 // {d.mend()} == 1")
    return f"<conditionalEventDefinition><condition>{condition}</condition></conditionalEventDefinition>"


def _message(d: Drawing, *, own: bool) -> str:
    return f'<messageEventDefinition messageRef="{d.one_of("msg_m", "msg_k")}"/>'


WAITS: Mapping[str, Callable[..., str]] = {
    "message": _message,
    "timer": _timer,
    "signal": _signal,
    "condition": _condition,
}
"""Definitions that are waited for. `own`: whatever it waits for comes to it alone, so that it cannot start itself."""


def _error(d: Drawing, *, own: bool) -> str:
    return f"<errorEventDefinition {d.one_of('', _ERROR_X)}/>"


def _escalation(d: Drawing, *, own: bool) -> str:
    return f"<escalationEventDefinition {d.one_of('', _ESCALATION_C)}/>"


_ERROR_X, _ESCALATION_C = 'errorRef="err_x"', 'escalationRef="esc_c"'
CATCHES: Mapping[str, Callable[..., str]] = {**WAITS, "error": _error, "escalation": _escalation}


def _several(d: Drawing, *, own: bool = False) -> str:
    first, second = d.random.sample(sorted(WAITS), 2)
    return WAITS[first](d, own=own) + WAITS[second](d, own=own)


def _catch(d: Drawing, kind: str) -> Block:
    name = d.node("intermediateCatchEvent", WAITS[kind](d, own=False))
    return name, name


def _catch_several(d: Drawing, parallel: str) -> Block:
    name = d.node("intermediateCatchEvent", _several(d), f'parallelMultiple="{parallel}"')
    return name, name


def _throw(d: Drawing, definitions: str) -> Block:
    signal = d.one_of(*d.signals[2:], "sig_g")
    name = d.node("intermediateThrowEvent", definitions.format(signal=signal))
    return name, name


_THROWN = {
    "message": '<messageEventDefinition messageRef="msg_m"/>',
    "signal": '<signalEventDefinition signalRef="{signal}"/>',
    "escalation": '<escalationEventDefinition escalationRef="esc_c"/>',
}
_ENDS = {**_THROWN, "error": '<errorEventDefinition errorRef="err_y"/>'}


def _end_by(definition: str, d: Drawing) -> Block:
    """A sub-process that ends by throwing."""
    name = d.node("subProcess", d.inside(lambda d: _then_end(d, definition.format(signal="sig_g"))))
    return name, name


def _then_end(d: Drawing, definition: str) -> Block:
    """A block, and then an end event where n is even; else another way."""
    first, last = d.block()
    choice = d.node("exclusiveGateway")
    end, other = d.node("endEvent", definition), d.node("endEvent")
    d.flow(last, choice, end, condition="n % 2 == 0")
    d.flow(choice, other, condition="n % 2 != 0")
    return first, ""


# Boundary events and event sub-processes


def _thrower(kind: str, d: Drawing) -> Draw | None:
    """What has to be in a scope so that its error or escalation event has something to catch."""
    definition = {"error": f"<errorEventDefinition {_ERROR_X}/>", "escalation": _THROWN["escalation"]}.get(kind)
    return None if definition is None or d.chance(0.3) else partial(_then_end, definition=definition)


def _guarded(kind: str, interrupting: str, d: Drawing) -> Block:
    """Work with a boundary event; a marker on it now and then."""
    marker = MARKERS[d.one_of(*MARKERS)](d) if d.chance(0.2) else ""
    thrower = _thrower(kind, d)
    host = _some_work(d, marker) if thrower is None else d.node("subProcess", marker + d.inside(thrower))
    definition = CATCHES[kind](d, own=interrupting == "false")
    return _beside(d, host, definition, interrupting)


def _guarded_by_several(parallel: str, interrupting: str, d: Drawing) -> Block:
    host = _some_work(d)
    definitions = _several(d, own=True)
    return _beside(d, host, definitions, interrupting, f'parallelMultiple="{parallel}"')


def _beside(d: Drawing, host: str, definitions: str, interrupting: str, attributes: str = "") -> Block:
    """A boundary event of `host`: an interrupting one comes together with what follows, another one ends by itself."""
    own = f'attachedToRef="{host}" cancelActivity="{interrupting}"'
    event = d.node("boundaryEvent", definitions, f"{own} {attributes}")
    first, last = d.block()
    d.flow(event, first)
    if interrupting == "false":
        d.flow(last, d.stop())
        return host, host
    merge = d.node("exclusiveGateway")
    d.flow(last, merge)
    d.flow(host, merge)
    return host, merge


def _with_event_subprocess(kind: str, interrupting: str, d: Drawing) -> Block:
    """A sub-process with an event sub-process in it."""
    definition = CATCHES[kind](d, own=interrupting == "false")
    return _with_handler(d, definition, interrupting, _thrower(kind, d) or Drawing.block)


def _with_event_subprocess_by_several(parallel: str, interrupting: str, d: Drawing) -> Block:
    return _with_handler(d, _several(d, own=True), interrupting, Drawing.block, f'parallelMultiple="{parallel}"')


def _with_handler(d: Drawing, definitions: str, interrupting: str, content: Draw, attributes: str = "") -> Block:
    def inner(d: Drawing) -> Block:
        _event_subprocess(d, definitions, interrupting, attributes)
        if d.chance(0.3):
            # Interrupting, so that two handlers cannot call each other for ever.
            _event_subprocess(d, _error(d, own=True), "true")
        return content(d)

    name = d.node("subProcess", d.inside(inner))
    return name, name


def _event_subprocess(d: Drawing, definitions: str, interrupting: str, attributes: str = "") -> None:
    inside = d.inside(start=definitions, attributes=f'isInterrupting="{interrupting}" {attributes}')
    d.node("subProcess", inside, 'triggeredByEvent="true"')


# Compensation and transactions


def undoable(d: Drawing, inner: str = "") -> str:
    """An activity and the handler that undoes it."""
    activity = ACTIVITIES[d.one_of("user task", "script task", "sub-process", "call activity")](d, inner)
    _undone_by_handler(d, activity)
    return activity


def _undone_by_handler(d: Drawing, activity: str) -> None:
    event = d.node("boundaryEvent", COMPENSATE, f'attachedToRef="{activity}"')
    handler = TASKS[d.one_of("user task", "script task", "service task")](d, attributes='isForCompensation="true"')
    d.associate(event, handler)


def _compensated(kind: str, waits: str, d: Drawing) -> Block:
    """Two activities, and an event that undoes one of them or both."""
    first, second = undoable(d), undoable(d, MARKERS[d.one_of(*MARKERS)](d) if d.chance(0.3) else "")
    d.flow(first, second)
    reference = d.one_of("", f'activityRef="{first}"', f'activityRef="{second}"')
    definition = f'<compensateEventDefinition waitForCompletion="{waits}" {reference}/>'
    throw = d.node(kind, definition)
    d.flow(second, throw)
    return first, "" if kind == "endEvent" else throw


def _ended_by_compensation(d: Drawing) -> Block:
    name = d.node("subProcess", d.inside(partial(_compensated, "endEvent", "true")))
    return name, name


def _compensated_inside(d: Drawing) -> Block:
    """A sub-process that is undone by what was completed in it, or by its compensation event sub-process."""

    def inner(d: Drawing) -> Block:
        if d.chance(0.6):
            _event_subprocess(d, COMPENSATE, "true")
        return _undoable_block(d)

    name = d.node("subProcess", d.inside(inner))
    throw = d.node("intermediateThrowEvent", COMPENSATE)
    d.flow(name, throw)
    return name, throw


def _undoable_block(d: Drawing) -> Block:
    activity = undoable(d)
    first, last = d.block()
    d.flow(activity, first)
    return activity, last


def _cancelled(d: Drawing) -> Block:
    """A transaction that may be cancelled, and may be left by an error."""
    name = d.node("transaction", d.inside(_cancelling))
    first, merge = _beside(d, name, CANCEL, "true")
    if d.chance(0.5):
        event = d.node("boundaryEvent", _error(d, own=False), f'attachedToRef="{name}"')
        d.flow(event, merge)
    return first, merge


def _cancelled_for_good(d: Drawing) -> Block:
    """A transaction from which nothing goes on when it is cancelled."""

    def inner(d: Drawing) -> Block:
        name = d.node("transaction", d.inside(_cancelling))
        return name, name

    name = d.node("subProcess", d.inside(inner))
    return name, name


def _cancelling(d: Drawing) -> Block:
    activity = undoable(d)
    if d.chance(0.5):
        fork, aside = d.node("parallelGateway"), d.node("subProcess", d.inside(_undoable_block))
        _undone_by_handler(d, aside)
        d.flow(activity, fork, aside, d.stop())
        first, last = _then_end(d, CANCEL)
        d.flow(fork, first)
        return activity, last
    first, last = _then_end(d, CANCEL)
    d.flow(activity, first)
    return activity, last


# Ways


def _sequence(d: Drawing) -> Block:
    blocks = [d.block() for _ in range(d.one_of(2, 3))]
    for (_, last), (first, _) in itertools.pairwise(blocks):
        d.flow(last, first)
    return blocks[0][0], blocks[-1][1]


def _choice(d: Drawing) -> Block:
    split, merge = d.node("exclusiveGateway"), d.node("exclusiveGateway")
    for condition in ("n % 2 == 0", "n % 2 != 0"):
        first, last = d.block()
        d.flow(split, first, condition=condition)
        d.flow(last, merge)
    return split, merge


def _choice_with_default(d: Drawing) -> Block:
    (one, one_last), (other, other_last) = d.block(), d.block()
    split = d.name("e")
    d.put(f'<exclusiveGateway id="{split}" default="{split}-{other}"/>')
    d.flow(split, one, condition=f"1 // {d.mend()} == 1" if d.chance(0.3) else "n &gt; 4")
    d.flow(split, other)
    merge = d.node("exclusiveGateway")
    d.flow(one_last, merge)
    d.flow(other_last, merge)
    return split, merge


def _choosing_task(d: Drawing) -> Block:
    """A task that chooses among its outgoing flows."""
    (one, one_last), (other, other_last) = d.block(), d.block()
    split = d.name("t")
    d.put(f'<task id="{split}" default="{split}-{other}"/>')
    d.flow(split, one, condition="n &gt; 4")
    d.flow(split, other)
    merge = d.node("exclusiveGateway")
    d.flow(one_last, merge)
    d.flow(other_last, merge)
    return split, merge


def _parallel(d: Drawing, fork_kind: str = "parallelGateway") -> Block:
    fork, join = d.node(fork_kind), d.node("parallelGateway")
    for _ in range(d.one_of(2, 2, 3)):
        first, last = d.block()
        d.flow(fork, first)
        d.flow(last, join)
    return fork, join


def _inclusive(d: Drawing) -> Block:
    blocks = [d.block() for _ in range(3)]
    split, join = d.name("i"), d.node("inclusiveGateway")
    d.put(f'<inclusiveGateway id="{split}" default="{split}-{blocks[2][0]}"/>')
    for (first, last), condition in zip(blocks, ("n % 2 == 0", "n % 3 == 0", None), strict=True):
        d.flow(split, first, condition=condition)
        d.flow(last, join)
    return split, join


def _complex(conditional: bool, d: Drawing) -> Block:
    """The first one or two of three go on; the others are taken in, and may go on by a flow that asks for them."""

    def inner(d: Drawing) -> Block:
        fork = d.node("parallelGateway")
        activation = f"<activationCondition>activationCount &gt;= {d.one_of(1, 2, 3)}</activationCondition>"
        gateway = d.node("complexGateway", d.one_of(activation, activation, ""))
        for _ in range(3):
            first, last = d.block()
            d.flow(fork, first)
            d.flow(last, gateway)
        first, last = d.block()
        d.flow(gateway, first, condition="waitingForStart" if conditional else None)
        if conditional:
            d.flow(gateway, d.node("task"), condition="not waitingForStart")
        return fork, last

    name = d.node("subProcess", d.inside(inner))
    return name, name


def _event_gateway(d: Drawing) -> Block:
    gateway, merge = d.node("eventBasedGateway"), d.node("exclusiveGateway")
    kinds = d.random.sample(["message", "timer", "signal", "condition"], d.one_of(2, 3))
    for kind in kinds:
        event = d.node("intermediateCatchEvent", WAITS[kind](d, own=False))
        first, last = d.block()
        d.flow(gateway, event, first)
        d.flow(last, merge)
    if "message" not in kinds:
        receive = TASKS["receive task"](d)
        d.flow(gateway, receive, merge)
    return gateway, merge


def _rounds(d: Drawing) -> Block:
    """Goes round twice, counted by a variable of its own."""
    counter = d.name("c")
    begin = d.node("scriptTask", f"<script>{counter} = 0</script>")
    count = d.node("scriptTask", f"<script>{counter} = {counter} + 1</script>")
    merge, split = d.node("exclusiveGateway"), d.node("exclusiveGateway")
    leave = d.node("task")
    first, last = d.block()
    d.flow(begin, merge, first)
    d.flow(last, count, split)
    d.flow(split, merge, condition=f"{counter} &lt; 2")
    d.flow(split, leave, condition=f"{counter} &gt;= 2")
    return begin, leave


def _link(d: Drawing) -> Block:
    link = f'<linkEventDefinition name="{d.name("L")}"/>'
    throw, catch = d.node("intermediateThrowEvent", link), d.node("intermediateCatchEvent", link)
    first, last = d.block()
    d.flow(catch, first)
    return throw, last


def _terminated(d: Drawing) -> Block:
    def inner(d: Drawing) -> Block:
        fork = d.node("parallelGateway")
        (one, one_last), (other, other_last) = d.block(), d.block()
        d.flow(fork, one)
        d.flow(fork, other)
        d.flow(one_last, d.node("endEvent", "<terminateEventDefinition/>"))
        return fork, other_last

    name = d.node("subProcess", d.inside(inner))
    return name, name


def _quantities(d: Drawing) -> Block:
    """Twice as many tokens out of an activity, and twice as many into the next one."""

    def inner(d: Drawing) -> Block:
        one = TASKS[d.one_of("user task", "script task")](d, attributes='completionQuantity="2"')
        other = TASKS[d.one_of("user task", "script task")](d, attributes='startQuantity="2"')
        d.flow(one, other)
        return one, other

    name = d.node("subProcess", d.inside(inner))
    return name, name


# Data


def _mapped(d: Drawing) -> Block:
    """A sub-process with variables of its own."""
    mapping = (
        "<extensionElements><camunda:inputOutput>"
        '<camunda:inputParameter name="n">${n + 1}</camunda:inputParameter>'
        '<camunda:outputParameter name="n">${n}</camunda:outputParameter>'
        "</camunda:inputOutput></extensionElements>"
    )
    name = _subprocess(d, mapping + f'<property id="{d.name("p")}" name="own"/>')
    return name, name


def _data(store: bool, d: Drawing) -> Block:
    """A task writes a data object or a data store, and another one reads it."""
    reference = d.name("r")
    if store:
        d.put(f'<dataStoreReference id="{reference}" dataStoreRef="store"/>')
    else:
        item = d.name("o")
        d.put(f'<dataObject id="{item}" name="{item}"/>')
        d.put(f'<dataObjectReference id="{reference}" dataObjectRef="{item}"/>')
    out, into = d.name("out"), d.name("in")
    writing = (
        f'<ioSpecification><dataOutput id="{out}" name="{out}"/><inputSet/><outputSet><dataOutputRefs>{out}'
        "</dataOutputRefs></outputSet></ioSpecification>"
        f"<dataOutputAssociation><sourceRef>{out}</sourceRef><targetRef>{reference}</targetRef></dataOutputAssociation>"
    )
    reading = (
        f'<ioSpecification><dataInput id="{into}" name="{into}"/><inputSet><dataInputRefs>{into}</dataInputRefs>'
        "</inputSet><outputSet/></ioSpecification>"
        f"<dataInputAssociation><sourceRef>{reference}</sourceRef><targetRef>{into}</targetRef></dataInputAssociation>"
    )
    writer = d.node("scriptTask", f"{writing}<script>{out} = n</script>")
    reader = _user(d, reading)
    d.flow(writer, reader)
    return writer, reader


_BOTH = ("true", "false")
_NAMED = {"true": "interrupting", "false": "non-interrupting"}

_WAYS: Mapping[str, Draw] = {
    "compensation": partial(_compensated, "intermediateThrowEvent", "true"),
    "compensation that nobody waits for": partial(_compensated, "intermediateThrowEvent", "false"),
    "end by compensation": _ended_by_compensation,
    "compensation inside": _compensated_inside,
    "cancelled transaction": _cancelled,
    "transaction cancelled for good": _cancelled_for_good,
    "sequence": _sequence,
    "choice": _choice,
    "choice with default": _choice_with_default,
    "choosing task": _choosing_task,
    "parallel": _parallel,
    "parallel without a gateway": partial(_parallel, fork_kind="task"),
    "inclusive": _inclusive,
    "complex": partial(_complex, False),
    "complex with late tokens": partial(_complex, True),
    "event-based gateway": _event_gateway,
    "rounds": _rounds,
    "link": _link,
    "terminate": _terminated,
    "quantities": _quantities,
    "input and output": _mapped,
    "data object": partial(_data, False),
    "data store": partial(_data, True),
}

_EVENTS: Mapping[str, Draw] = {
    **{
        f"{_NAMED[interrupting]} boundary {kind}": partial(_guarded, kind, interrupting)
        for kind in CATCHES
        for interrupting in _BOTH
        if (kind, interrupting) != ("error", "false")
    },
    **{
        f"{_NAMED[interrupting]} {place} {name}": partial(draw, parallel, interrupting)
        for place, draw in (("boundary", _guarded_by_several), ("event sub-process", _with_event_subprocess_by_several))
        for name, parallel in (("several", "false"), ("all of several", "true"))
        for interrupting in _BOTH
    },
    **{
        f"{_NAMED[interrupting]} event sub-process {kind}": partial(_with_event_subprocess, kind, interrupting)
        for kind in CATCHES
        for interrupting in _BOTH
        if (kind, interrupting) != ("error", "false")
    },
}

BLOCKS: Mapping[str, Draw] = {
    **{name: partial(_alone, activity) for name, activity in ACTIVITIES.items()},
    **{
        f"{marker} of {activity}": partial(_marked, marker, activity)
        for marker in MARKERS
        for activity in ("user task", "service task", "script task", "receive task", *list(ACTIVITIES)[-5:])
    },
    **{f"catch {kind}": partial(_catch, kind=kind) for kind in WAITS},
    "catch several": partial(_catch_several, parallel="false"),
    "catch all of several": partial(_catch_several, parallel="true"),
    "throw nothing": partial(_throw, definitions=""),
    **{f"throw {kind}": partial(_throw, definitions=definition) for kind, definition in _THROWN.items()},
    "throw several": partial(_throw, definitions="".join(_THROWN.values())),
    **{f"end by {kind}": partial(_end_by, definition) for kind, definition in _ENDS.items()},
    **_EVENTS,
    **_WAYS,
}
LEAVES = (*TASKS, "user task", "user task", "service task", "catch message", "catch timer", "catch signal")


# Beginnings

Begin = Callable[[Drawing, Block], str | None]
"""Leads to a block, and gives the element at which the instance begins by an event."""


def _plainly(d: Drawing, block: Block) -> str | None:
    d.flow(d.node("startEvent"), block[0])
    return None


def _by_nothing(d: Drawing, block: Block) -> str | None:
    d.flow(d.node("task"), block[0])
    return None


def _by_event(definitions: Callable[..., str], attributes: str, d: Drawing, block: Block) -> str | None:
    start = d.node("startEvent", definitions(d, own=False), attributes)
    d.flow(start, block[0])
    return start


def _by_receive_task(d: Drawing, block: Block) -> str | None:
    start = d.node("receiveTask", "", 'messageRef="msg_m" instantiate="true"')
    d.flow(start, block[0])
    return start


def _by_gateway(kind: str, d: Drawing, block: Block) -> str | None:
    gateway = d.node("eventBasedGateway", "", f'instantiate="true" eventGatewayType="{kind}"')
    merge = d.node("exclusiveGateway" if kind == "Exclusive" else "parallelGateway")
    events = [d.node("intermediateCatchEvent", WAITS[each](d, own=False)) for each in ("message", "signal")]
    for event in events:
        d.flow(gateway, event, merge)
    d.flow(merge, block[0])
    return d.one_of(*events)


BEGINNINGS: Mapping[str, Begin] = {
    "plainly": _plainly,
    "without a start event": _by_nothing,
    **{f"by a {kind}": partial(_by_event, definition, "") for kind, definition in WAITS.items()},
    "by one of several": partial(_by_event, _several, ""),
    "by all of several": partial(_by_event, _several, 'parallelMultiple="true"'),
    "by a receive task": _by_receive_task,
    "by an event-based gateway": partial(_by_gateway, "Exclusive"),
    "by a parallel event-based gateway": partial(_by_gateway, "Parallel"),
}


def _one_after_the_other(d: Drawing, size: int, first_draw: Draw) -> Block:
    """Blocks of which each has a share of the size, so that a deep one does not leave the others nothing."""
    d.left = d.one_of(2, 4, 8)
    first, last = first_draw(d)
    while (size := size - _SHARE) > 0:
        d.left = d.one_of(2, 4, 8)
        following, end = d.block()
        d.flow(last, following)
        last = end
    return first, last


_SHARE = 4
"""What a block has of the size on average."""


def draw(seed: int, size: int) -> Drawn:
    """The process of this seed, out of about `size` blocks. The seed also says which block is in it for certain."""
    features = [*BLOCKS, *BEGINNINGS]
    feature = features[seed % len(features)]
    d = Drawing(seed, 0, BLOCKS, LEAVES, *map(tuple, (_WAYS, _WAYS, _EVENTS, BLOCKS)))
    d.stops = d.one_of(0.0, 0.0, 0.1, 0.3)
    beginning = BEGINNINGS.get(feature, BEGINNINGS[d.one_of(*BEGINNINGS)] if d.chance(0.3) else _plainly)
    start: list[str | None] = []

    def content(d: Drawing) -> None:
        first, last = _one_after_the_other(d, size, BLOCKS.get(feature, Drawing.block))
        start.append(beginning(d, (first, last)))
        d.flow(last, d.stop())
        if d.chance(0.2):
            kind, interrupting = d.one_of(*WAITS), d.one_of("true", "false", "false")
            _event_subprocess(d, WAITS[kind](d, own=True), interrupting)

    d.process("P", d.scope(content, is_bare=beginning is _by_nothing))
    return Drawn((SHARED, *d.diagram), start[0], tuple(d.signals), tuple(d.mends))
