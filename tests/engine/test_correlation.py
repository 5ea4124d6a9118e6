"""Messages that find their conversation by what they carry, and messages that are for whoever waits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine import buffer, incidents, instances, messages, suspension
from engine.core import correlation
from engine.errors import InvalidState, NotFound, Suspended
from engine.instances import InstanceQuery
from engine.work import runner
from tests.engine.core.case import diagram, process
from tests.engine.world import World

MESSAGE = '<messageEventDefinition messageRef="msg_m"/>'
CANCELLED = '<messageEventDefinition messageRef="msg_k"/>'


def conversation(participant: str) -> str:
    """The messages m and k belong to the conversation about the order whose number they carry."""
    paths = "".join(
        f'<correlationPropertyRetrievalExpression messageRef="msg_{message}"><messagePath>number</messagePath>'
        "</correlationPropertyRetrievalExpression>"
        for message in "mk"
    )
    taking_part = f'<participant id="one" processRef="{participant}"/>'
    key = (
        '<correlationKey id="key" name="order"><correlationPropertyRef>number</correlationPropertyRef></correlationKey>'
    )
    return (
        f'<correlationProperty id="number" name="number">{paths}</correlationProperty>'
        f'<collaboration id="all">{taking_part}<conversation id="about">{key}</conversation></collaboration>'
    )


CANCELLING = (
    f'<subProcess id="off" triggeredByEvent="true"><startEvent id="os">{CANCELLED}</startEvent><userTask id="undo"/>'
    '<sequenceFlow id="o" sourceRef="os" targetRef="undo"/></subProcess>'
)
ORDER = process(
    f'<startEvent id="s">{MESSAGE}</startEvent><userTask id="pack"/><receiveTask id="r" messageRef="msg_k"/>'
    '<userTask id="done"/>',
    "s pack r done",
    key="ORDER",
)
ORDER_THAT_MAY_BE_CANCELLED = process(
    f'<startEvent id="s">{MESSAGE}</startEvent><userTask id="pack"/>{CANCELLING}', "s pack", key="ORDER"
)
ENQUIRY = process(
    '<startEvent id="s"/><receiveTask id="first" messageRef="msg_m"/><receiveTask id="second" messageRef="msg_k"/>'
    '<userTask id="done"/>',
    "s first second done",
    key="ENQUIRY",
)
BOUND = process(
    '<startEvent id="s"/><receiveTask id="r" messageRef="msg_m"/><userTask id="u"/>', "s r u", key="BOUND"
).replace(
    "</process>",
    '<correlationSubscription id="sub" correlationKeyRef="key"><correlationPropertyBinding id="b"'
    ' correlationPropertyRef="number"><dataPath>mine</dataPath></correlationPropertyBinding></correlationSubscription>'
    "</process>",
)
PLAIN = process('<startEvent id="s"/><receiveTask id="r" messageRef="msg_m"/><userTask id="u"/>', "s r u", key="PLAIN")


def deploy(world: World, *processes: str) -> None:
    """Each process as a file of its own, in which it takes part in the conversation."""
    files = {each.partition('id="')[2].partition('"')[0]: each for each in processes}
    world.deploy(**{f"{key}_bpmn": diagram(conversation(key), each) for key, each in files.items()})


def publish(world: World, message: str, key: str | None = None, **variables: object) -> int:
    return int(world.do(messages.publish, message, variables, key).instance_id)


SUSPENDED_FIRST = pytest.mark.parametrize("drawn", [PLAIN, ENQUIRY], ids=["by business key", "by correlation keys"])


@SUSPENDED_FIRST
def test_a_message_for_anyone_goes_past_those_who_are_suspended(world: World, drawn: str) -> None:
    deploy(world, drawn)
    key = drawn.partition('id="')[2].partition('"')[0]
    first, second, third, fourth = (world.start(key, business_key=str(n)).id for n in range(4))
    for instance_id in (first, third):
        world.do(suspension.suspend, instance_id, "it is looked into")
    assert publish(world, "m", number=7) == second
    assert publish(world, "m", number=8) == fourth
    with pytest.raises(Suspended, match=f"process instance '?{first}"):
        publish(world, "m", number=9)
    world.do(suspension.resume, third, "all is well")
    assert publish(world, "m", number=9) == third
    assert world.wrong() == []


def test_a_conversation_gets_the_messages_that_carry_its_key(world: World) -> None:
    deploy(world, ORDER)
    orders = {number: publish(world, "m", number=number) for number in (1, 2, 3)}
    for _ in orders:
        world.complete("pack")
    assert publish(world, "k", number=2) == orders[2]
    assert [each.instance_id for each in world.user_tasks()] == [orders[2]]
    with pytest.raises(NotFound):
        publish(world, "k", number=4)
    assert world.wrong() == []


def test_a_conversation_without_a_key_yet_takes_any_message_and_then_goes_by_its_key(world: World) -> None:
    deploy(world, ENQUIRY)
    first, second = world.start("ENQUIRY").id, world.start("ENQUIRY").id
    assert publish(world, "m", number=7) == first
    assert publish(world, "m", number=8) == second
    assert publish(world, "k", number=8) == second
    assert publish(world, "k", number=7) == first
    assert world.open == ["done", "done"]


def test_a_number_is_the_same_however_it_is_written(world: World) -> None:
    deploy(world, BOUND)
    bound = [world.start("BOUND", mine=mine).id for mine in (6, 7.0, [8, {"part": 1.0}])]
    assert [publish(world, "m", number=number) for number in (6.0, 7, [8.0, {"part": 1}])] == bound
    world.start("BOUND", mine=9)
    for other in ("9", True, [9], 9.5):
        with pytest.raises(NotFound):
            publish(world, "m", number=other)


def test_null_tells_no_conversations_apart(world: World) -> None:
    deploy(world, BOUND)
    world.start("BOUND", mine=None)
    [incident] = world.incidents
    assert "Expected values for the correlation key 'order', but one of them is null." in incident.message
    with pytest.raises(NotFound):
        publish(world, "m", number=None)


def test_the_key_of_a_conversation_cannot_be_given_by_hand(world: World) -> None:
    deploy(world, BOUND)
    world.start("BOUND", mine=5)
    with pytest.raises(NotFound):
        publish(world, "m", '{"order":{"number":5}}')


def test_whoever_waits_with_the_very_key_comes_before_whoever_has_none(world: World) -> None:
    deploy(world, ENQUIRY, BOUND)
    without = world.start("ENQUIRY").id
    bound = world.start("BOUND", mine=5).id
    assert publish(world, "m", number=5) == bound
    assert publish(world, "m", number=5) == without


def test_what_was_waited_for_before_the_first_message_goes_by_its_key_too(world: World) -> None:
    deploy(world, ORDER_THAT_MAY_BE_CANCELLED)
    orders = {number: publish(world, "m", number=number) for number in (1, 2)}
    assert publish(world, "k", number=2) == orders[2]
    assert [(each.instance_id, each.element_id) for each in world.user_tasks()] == [
        (orders[1], "pack"),
        (orders[2], "undo"),
    ]
    assert world.wrong() == []


def test_a_message_that_lacks_the_property_finds_only_who_has_no_key(world: World) -> None:
    deploy(world, ENQUIRY, BOUND)
    world.start("BOUND", mine=5)
    with pytest.raises(NotFound):
        publish(world, "m")
    waiting = world.start("ENQUIRY").id
    assert publish(world, "m") == waiting


def test_two_who_wait_with_the_same_key_are_refused(world: World) -> None:
    deploy(world, BOUND)
    world.start("BOUND", mine=5)
    world.start("BOUND", mine=5)
    with pytest.raises(InvalidState, match="but it is waited for more than once, in instances 1, 2"):
        publish(world, "m", number=5)


def test_a_message_that_matches_nobody_begins_a_new_conversation(world: World) -> None:
    start = f'<startEvent id="s">{MESSAGE}</startEvent><receiveTask id="r" messageRef="msg_m"/><userTask id="u"/>'
    deploy(world, process(start, "s r u", key="CHAT"))
    one, other = publish(world, "m", number=1), publish(world, "m", number=2)
    assert one != other
    assert publish(world, "m", number=2) == other
    assert [each.instance_id for each in world.user_tasks()] == [other]


def test_a_thrown_message_finds_its_conversation_by_what_it_carries(world: World) -> None:
    throw = (
        '<intermediateThrowEvent id="t"><extensionElements><camunda:inputOutput><camunda:inputParameter name="number">'
        f"${{mine}}</camunda:inputParameter></camunda:inputOutput></extensionElements>{MESSAGE}</intermediateThrowEvent>"
    )
    thrower = process(
        f'<startEvent id="s"/>{throw}<receiveTask id="r" messageRef="msg_k"/><userTask id="answered"/>',
        "s t r answered",
        key="T",
    )
    deploy(world, thrower, BOUND)
    bound = {number: world.start("BOUND", business_key=f"b{number}", mine=number).id for number in (1, 2)}
    asking = {number: world.start("T", business_key=f"t{number}", mine=number).id for number in (2, 1)}
    world.rest()
    assert world.open == ["u", "u"]
    assert [world.variables(world.see(instances.get, bound[each]))["number"] for each in (1, 2)] == [1, 2]
    assert publish(world, "k", number=2) == asking[2]


def test_a_message_without_a_key_goes_to_the_oldest_instance_that_waits(world: World) -> None:
    world.deploy(PLAIN)
    started = [world.start("PLAIN", business_key=key).id for key in ("b", "a")]
    assert [publish(world, "m") for _ in started] == started
    with pytest.raises(NotFound):
        publish(world, "m")


def test_a_thrown_message_whose_key_is_nothing_goes_to_no_stranger(world: World) -> None:
    key = '<extensionElements><camunda:properties><camunda:property name="correlationKey" value="${target}"/></camunda:properties></extensionElements>'
    throw = process(f'<startEvent id="s"/><endEvent id="e">{key}{MESSAGE}</endEvent>', "s e", key="T")
    world.deploy(p_bpmn=diagram(PLAIN), t_bpmn=diagram(throw))
    world.start("PLAIN", business_key="somebody")
    world.start("T", target=None)
    world.advance(hours=1)
    assert [each.kind for each in world.see(incidents.find)] == ["delivery"]
    assert world.open == []


def test_a_message_is_broadcast_to_all_who_wait_whatever_their_key(world: World) -> None:
    deploy(world, ENQUIRY, BOUND)
    world.start("ENQUIRY")
    world.start("BOUND", mine=5)
    world.start("BOUND", mine=6)
    assert world.do(messages.broadcast, "m", {"number": 1}) == 3
    assert world.open == []
    world.rest()
    assert world.open == ["u", "u"]
    assert [world.variables(each)["number"] for each in world.see(instances.search, InstanceQuery())] == [1, 1, 1]


def test_one_who_waits_twice_gets_a_broadcast_message_twice(world: World) -> None:
    body = '<startEvent id="s"/><receiveTask id="a" messageRef="msg_m"/><receiveTask id="b" messageRef="msg_m"/><userTask id="u"/>'
    world.deploy(process(body, "s a u", "s b u"))
    world.start()
    assert world.do(messages.broadcast, "m") == 2
    world.rest()
    assert world.open == ["u", "u"]


def test_one_that_ended_before_a_broadcast_message_came_is_left_in_peace(world: World) -> None:
    world.deploy(PLAIN)
    instance = world.start("PLAIN")
    world.do(messages.broadcast, "m")
    world.cancel(instance, "it was withdrawn")
    world.advance(days=1)
    assert world.incidents == []


@pytest.fixture
def asked() -> Iterator[list[tuple[str, object]]]:
    heard: list[tuple[str, object]] = []

    def said(_c: object, _cursor: object, sql: str, parameters: object, *_: object) -> None:
        heard.append((sql, parameters))

    sa.event.listen(sa.Engine, "before_cursor_execute", said)
    yield heard
    sa.event.remove(sa.Engine, "before_cursor_execute", said)


def test_nobody_is_looked_for_among_all_who_wait(world: World, asked: list[tuple[str, object]]) -> None:
    deploy(world, ENQUIRY, BOUND)
    world.deploy(plain_bpmn=diagram(PLAIN))
    world.start("ENQUIRY")
    bound, plain = world.start("BOUND", mine=5).id, world.start("PLAIN").id
    asked.clear()
    found = [publish(world, "m", number=number) for number in (5, 6, 7)]
    assert (found[0], found[2]) == (bound, plain)
    with pytest.raises(NotFound):
        publish(world, "m", "case-1", number=8)
    looked = [(sql, given) for sql, given in asked if "subscriptions" in sql and sql.startswith(("SELECT", "WITH"))]
    assert looked

    def plans(tx: object) -> list[str]:
        connection = tx.connection  # type: ignore[attr-defined]
        explain = "EXPLAIN QUERY PLAN"
        if connection.dialect.name == "postgresql":
            explain = "EXPLAIN"
            # So few rows are read faster without an index.
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        rows = [connection.exec_driver_sql(f"{explain} {sql}", given).all() for sql, given in looked]
        return [row[-1] for found in rows for row in found if " subscriptions" in row[-1]]

    found = world.engine.read(plans)
    assert found
    assert [plan for plan in found if not re.match(r"SEARCH|.*(Index|Bitmap Heap) (Only )?Scan", plan)] == []


# What comes before its receiver


def test_a_message_that_comes_early_waits_for_the_conversation_that_it_belongs_to(world: World) -> None:
    deploy(world, ENQUIRY)
    for number in (2, 1.0, 3):
        world.do(messages.publish, "k", {"number": number, "news": number}, time_to_live=timedelta(days=1))
    instance = world.start("ENQUIRY")
    world.rest()
    publish(world, "m", number=1)
    world.rest()
    assert world.open == ["done"]
    assert world.variables(instance)["news"] == 1.0
    publish(world, "m", number=9, key=world.start("ENQUIRY", business_key="other").business_key)
    world.rest()
    assert world.open == ["done"]
    assert world.wrong() == []


def test_what_waits_for_others_is_looked_through_a_page_a_transaction(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buffer, "PAGE", 3)
    deploy(world, ENQUIRY)
    for number in range(10):
        world.do(messages.publish, "k", {"number": number, "news": number}, time_to_live=timedelta(days=1))
    instance = world.start("ENQUIRY")
    publish(world, "m", number=8)
    asked = []
    keys_of = correlation.keys_of

    def count(*given: Any) -> Any:
        asked.append(given)
        return keys_of(*given)

    monkeypatch.setattr(correlation, "keys_of", count)
    for looked_into in (3, 6, 9):
        assert world.open == []
        assert runner.run_due(world.engine) == 1
        assert len(asked) == looked_into
    assert world.open == ["done"]
    assert world.variables(instance)["news"] == 8
    world.rest()
    assert len(asked) == 9
    assert world.wrong() == []


def test_a_receiver_that_stays_open_takes_what_fits_and_looks_no_message_over_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buffer, "PAGE", 3)
    taking = process(
        '<startEvent id="s"/><receiveTask id="first" messageRef="msg_m"/><userTask id="u"/><boundaryEvent id="b"'
        ' attachedToRef="u" cancelActivity="false"><messageEventDefinition messageRef="msg_k"/></boundaryEvent>'
        '<userTask id="r"/>',
        "s first u",
        "b r",
        key="TAKING",
    )
    deploy(world, taking)
    for number in (1, 2, 1, 2, 2, 2, 1, 2):
        world.do(messages.publish, "k", {"number": number}, time_to_live=timedelta(days=1))
    world.start("TAKING")
    publish(world, "m", number=1)
    world.rest()
    assert sorted(world.open) == ["r", "r", "r", "u"]
    assert world.wrong() == []


def test_a_conversation_without_a_key_yet_takes_the_oldest_message_that_waits(world: World) -> None:
    deploy(world, ENQUIRY)
    for number in (5, 6):
        world.do(messages.publish, "m", {"number": number}, time_to_live=timedelta(days=1))
    started = [world.start("ENQUIRY", business_key=key) for key in ("a", "b")]
    world.rest()
    assert [world.variables(each)["number"] for each in started] == [5, 6]
