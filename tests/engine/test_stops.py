"""Stops before and after every kind of element: what is done on which side, as the journal tells it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from engine import instances, journal
from engine.journal import Entry
from tests.engine.core.case import CANCEL, COMPENSATE, MESSAGE, SIGNAL, boundary, diagram, event, process, scope
from tests.engine.world import World

INNER = '<startEvent id="is"/><userTask id="i"/><endEvent id="ie"/>'
CALLED = process(INNER, "is i ie", key="CALLED")
MANY = "<multiInstanceLoopCharacteristics{}><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
IN_TURN = MANY.format(' isSequential="true"')
LOOP = '<standardLoopCharacteristics testBefore="true" loopMaximum="2"/>'


@dataclass(frozen=True)
class Drawn:
    """Element x, behind user task u and before user task v. `does` is the first fact of what it does by itself, None
    where it only leads on; `needs` what somebody has to do for it; `out` the flow, or what else, by which it is left.
    """

    xml: str
    does: str | None = None
    needs: tuple[str, ...] = ()
    more: str = ""
    paths: tuple[str, ...] = ("s u x v e",)
    out: str = "x-v"


ACTIVITIES: Mapping[str, Drawn] = {
    "task": Drawn('<task id="x" {}/>'),
    "manual task": Drawn('<manualTask id="x" {}/>'),
    "user task": Drawn('<userTask id="x" {}/>', "UserTaskOpened", ("x",)),
    "script task": Drawn('<scriptTask id="x" {}><script>n = 1</script></scriptTask>', "VariableSet"),
    "service task": Drawn('<serviceTask id="x" {} camunda:type="external" camunda:topic="work"/>', "work"),
    "send task": Drawn('<sendTask id="x" {} messageRef="msg_k"/>', "MessageThrown"),
    "receive task": Drawn('<receiveTask id="x" {} messageRef="msg_m"/>', "SubscriptionOpened", ("message",)),
    "call activity": Drawn('<callActivity id="x" {} calledElement="CALLED"/>', "UserTaskOpened", ("i",)),
    "sub-process": Drawn(scope("x", INNER, "is i ie", attributes="{}"), "UserTaskOpened", ("i",)),
    "transaction": Drawn(scope("x", INNER, "is i ie", kind="transaction", attributes="{}"), "UserTaskOpened", ("i",)),
    "ad hoc": Drawn('<adHocSubProcess id="x" {}><userTask id="i"/></adHocSubProcess>', "UserTaskOpened", ("i",)),
    "many at once": Drawn(f'<userTask id="x" {{}}>{MANY.format("")}</userTask>', "MultiInstanceStarted", ("x", "x")),
    "many in turn": Drawn(f'<userTask id="x" {{}}>{IN_TURN}</userTask>', "MultiInstanceStarted", ("x", "x")),
    "many scopes": Drawn(scope("x", IN_TURN + INNER, "is i ie", attributes="{}"), "MultiInstanceStarted", ("i", "i")),
    "loop": Drawn(f'<userTask id="x" {{}}>{LOOP}</userTask>', "LoopStarted", ("x", "x")),
}
GATEWAYS: Mapping[str, Drawn] = {
    f"{kind} gateway": Drawn(f'<{kind}Gateway id="x" {{}}/>')
    for kind in ("exclusive", "parallel", "inclusive", "complex")
}
BEHIND = '<intermediateCatchEvent id="c">{}</intermediateCatchEvent><intermediateCatchEvent id="n">{}</intermediateCatchEvent>'
EVENT_BASED: Mapping[str, Drawn] = {
    "event-based gateway": Drawn(
        '<eventBasedGateway id="x" {}/>',
        "SubscriptionOpened",
        ("message",),
        BEHIND.format(MESSAGE, SIGNAL),
        ("s u x c v e", "x n v"),
        "c-v",
    )
}
EVENTS: Mapping[str, Drawn] = {
    "start event": Drawn('<startEvent id="x" {}/>', paths=("x v e",)),
    "catch event": Drawn(event("intermediateCatchEvent", "x", MESSAGE, "{}"), "SubscriptionOpened", ("message",)),
    "throw event": Drawn(event("intermediateThrowEvent", "x", SIGNAL, "{}"), "SignalThrown"),
    "boundary event": Drawn(
        boundary("x", "h", MESSAGE).replace("attachedToRef", "{} attachedToRef"),
        None,
        ("message",),
        '<userTask id="h"/><endEvent id="e2"/>',
        ("s u h e2", "x v e"),
    ),
    "end event": Drawn(event("endEvent", "x", SIGNAL, "{}"), "SignalThrown", paths=("s u x",), out="InstanceCompleted"),
}
BEFORE, AFTER = 'camunda:asyncBefore="true"', 'camunda:asyncAfter="true"'


def went(world: World, drawn: Drawn, where: str) -> list[Entry]:
    """The journal, from the entry on in which a token comes to x; v is reached, or the end."""
    body = "" if "x v e" in drawn.paths and len(drawn.paths) == 1 else '<startEvent id="s"/><userTask id="u"/>'
    tail = "" if drawn.out == "InstanceCompleted" else '<userTask id="v"/><endEvent id="e"/>'
    world.deploy(called_bpmn=diagram(CALLED))
    world.deploy(process(f"{body}{drawn.xml.format(where)}{drawn.more}{tail}", *drawn.paths))
    instance = world.start()
    if body:
        world.complete("u")
    for need in drawn.needs:
        world.rest()
        world.message("m") if need == "message" else world.complete(need)
    world.rest()
    assert (world.open, world.status(instance)) in ((["v"], "active"), ([], "completed"))
    assert world.incidents == []
    assert world.wrong() == []
    entries: list[Entry] = world.see(journal.entries, instance.id)
    return entries[1:] if body else entries


def stops(entries: list[Entry]) -> list[int]:
    """The places of the entries in which a token goes on."""
    return [place for place, entry in enumerate(entries) if entry.command[0] == "Continue"]


def has(entries: list[Entry], what: str) -> bool:
    """Whether that fact is in them, or that flow or topic in one of their facts."""
    facts = [fact for entry in entries for fact in entry.facts]
    return any(what in (name, fields.get("flow_id"), fields.get("topic")) for name, fields in facts)


pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def office(make_world: Callable[..., World]) -> World:
    return make_world(handlers={"work": lambda: None})


@pytest.mark.parametrize("what", [*ACTIVITIES, *GATEWAYS, *EVENT_BASED, *EVENTS])
def test_a_stop_before_comes_before_all_that_an_element_does(office: World, what: str) -> None:
    drawn = {**ACTIVITIES, **GATEWAYS, **EVENT_BASED, **EVENTS}[what]
    entries = went(office, drawn, BEFORE)
    [stop] = stops(entries)
    assert not has(entries[:stop], drawn.out)
    assert drawn.does is None or not has(entries[:stop], drawn.does)
    assert drawn.does is None or has([entries[stop]], drawn.does)


@pytest.mark.parametrize("what", [*ACTIVITIES, *GATEWAYS, *EVENTS])
def test_a_stop_after_comes_between_what_an_element_does_and_its_way_out(office: World, what: str) -> None:
    drawn = {**ACTIVITIES, **GATEWAYS, **EVENTS}[what]
    entries = went(office, drawn, AFTER)
    [stop] = stops(entries)
    assert drawn.does is None or has(entries[:stop], drawn.does)
    assert not has(entries[:stop], drawn.out)
    assert has([entries[stop]], drawn.out)


@pytest.mark.parametrize("what", [*ACTIVITIES, *GATEWAYS, *EVENTS])
def test_an_element_may_have_both_stops(office: World, what: str) -> None:
    drawn = {**ACTIVITIES, **GATEWAYS, **EVENTS}[what]
    entries = went(office, drawn, f"{BEFORE} {AFTER}")
    first, second = stops(entries)
    assert drawn.does is None or has(entries[first:second], drawn.does)
    assert has([entries[second]], drawn.out)


@pytest.mark.parametrize("what", ["many at once", "many in turn", "many scopes"])
def test_each_instance_of_many_stops_before_it_begins(office: World, what: str) -> None:
    drawn = ACTIVITIES[what]
    xml = drawn.xml.replace("<multiInstanceLoopCharacteristics", f"<multiInstanceLoopCharacteristics {BEFORE}")
    entries = went(office, Drawn(xml, needs=drawn.needs), "")
    assert len(stops(entries)) == 2
    assert not has(entries[: stops(entries)[0]], "UserTaskOpened")


@pytest.mark.parametrize("what", ["many at once", "many in turn", "many scopes"])
@pytest.mark.parametrize("where", [AFTER, f"{BEFORE} {AFTER}"])
def test_each_instance_of_many_stops_after_it_has_ended(office: World, what: str, where: str) -> None:
    drawn = ACTIVITIES[what]
    xml = drawn.xml.replace("<multiInstanceLoopCharacteristics", f"<multiInstanceLoopCharacteristics {where}")
    entries = went(office, Drawn(xml, needs=drawn.needs), "")
    assert len(stops(entries)) == (2 if where == AFTER else 4)
    assert not has(entries[: stops(entries)[-1]], "x-v")
    assert has([entries[stops(entries)[-1]]], "x-v")


def test_an_instance_that_has_stopped_after_it_ended_is_counted_and_collected_when_it_goes_on(office: World) -> None:
    output = '<camunda:outputParameter name="{}">${{{}}}</camunda:outputParameter>'
    gives = output.format("half", "given / 2") + output.format("last", "n")
    items = (
        f'<multiInstanceLoopCharacteristics isSequential="true" {AFTER} camunda:collection="ns"'
        ' camunda:elementVariable="n"><loopDataOutputRef>halves</loopDataOutputRef>'
        '<outputDataItem id="half" name="half"/><completionCondition>last == 2</completionCondition>'
        "</multiInstanceLoopCharacteristics>"
    )
    inside = f"<extensionElements><camunda:inputOutput>{gives}</camunda:inputOutput></extensionElements>"
    body = f'<startEvent id="s"/><userTask id="x">{inside}{items}</userTask><userTask id="v"/><endEvent id="e"/>'
    office.deploy(process(body, "s x v e"))
    instance = office.start(ns=[1, 2, 3])
    for n in (1, 2):
        assert office.open == ["x"]
        office.complete("x", given=10 * n)
        assert office.open == []
        office.rest()
    assert office.open == ["v"]
    assert office.variables(instance)["halves"] == [5, 10]
    assert office.wrong() == []


def test_an_instance_that_has_stopped_after_it_ended_is_undone_with_its_transaction(
    make_world: Callable[..., World],
) -> None:
    undone: list[int] = []
    world = make_world(functions={"undo": lambda n: undone.append(n)})
    items = f'<multiInstanceLoopCharacteristics {AFTER} camunda:collection="ns" camunda:elementVariable="n"/>'
    inside = (
        '<startEvent id="is"/><parallelGateway id="g"/>'
        f'<userTask id="i">{items}</userTask>{boundary("b", "i", COMPENSATE)}'
        '<scriptTask id="undo" isForCompensation="true"><script>undo(n)</script></scriptTask>'
        '<association id="a" associationDirection="One" sourceRef="b" targetRef="undo"/>'
        f'<userTask id="w"/><endEvent id="ie"/>{event("endEvent", "off", CANCEL)}'
    )
    drawn = scope("x", inside, "is g i ie", "g w off", kind="transaction")
    body = f'<startEvent id="s"/>{drawn}{boundary("c", "x", CANCEL)}<userTask id="v"/><endEvent id="e"/><endEvent id="e2"/>'
    world.deploy(process(body, "s x e", "c v e2"))
    world.start(ns=[1, 2, 3])
    world.complete("i")
    world.rest()
    world.complete("i")
    world.complete("w")
    assert (world.open, undone) == (["v"], [2, 1])
    assert world.wrong() == []


@pytest.mark.parametrize(
    ("attributes", "count"),
    [
        ('camunda:asyncBefore="false" camunda:asyncAfter="false"', 0),
        ('camunda:async="true"', 1),
        ('camunda:asyncBefore="true" camunda:exclusive="false"', 1),
        ('camunda:exclusive="true"', 0),
        ('camunda:jobPriority="7"', 0),
    ],
)
def test_what_says_nothing_of_a_stop_makes_none(office: World, attributes: str, count: int) -> None:
    assert len(stops(went(office, ACTIVITIES["task"], attributes))) == count


def test_what_is_written_after_an_element_is_seen_on_its_way_out(office: World) -> None:
    """The flows are chosen by the variables in force when the token goes on."""
    script = f'<scriptTask id="x" {AFTER}><script>way = 1</script></scriptTask>'
    body = f'<startEvent id="s"/>{script}<userTask id="v"/><userTask id="w"/><endEvent id="e"/><endEvent id="e2"/>'
    office.deploy(process(body, "s x v e", "x w e2", conditions={"x-v": "way == 1", "x-w": "way == 2"}))
    instance = office.start()
    variables: Mapping[str, Any] = office.variables(instance)
    assert variables == {"way": 1}
    office.do(instances.set_variables, instance.id, {"way": 2})
    office.rest()
    assert office.open == ["w"]
