"""Messages that come before their receiver: kept for a while, for exactly one, and once each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine import buffer, instances, journal, messages, suspension
from engine.errors import InvalidDefinition, InvalidInput, InvalidState, NotFound, Suspended
from engine.messages import Receipt
from engine.store.tables import buffered_messages, jobs, message_ids
from tests.engine.core.case import diagram, process
from tests.engine.test_messages import RECEIVER, STARTED, thrower
from tests.engine.world import World

DAY = timedelta(days=1)

AGAIN = process(
    '<startEvent id="s"/><userTask id="u"/><boundaryEvent id="b" attachedToRef="u" cancelActivity="false">'
    '<messageEventDefinition messageRef="msg_m"/></boundaryEvent><userTask id="r"/><endEvent id="e"/><endEvent id="e2"/>',
    "s u e",
    "b r e2",
    key="A",
)
"""Takes every message while its user task is open."""


def publish(
    world: World, name: str = "m", key: str | None = "case-1", *, lasting: timedelta = DAY, **more: Any
) -> Receipt:
    message_id = more.pop("message_id", None)
    receipt: Receipt = world.do(messages.publish, name, more, key, time_to_live=lasting, message_id=message_id)
    return receipt


def count(world: World, table: sa.Table) -> int:
    found: int = world.see(lambda tx: tx.connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
    return found


def test_a_message_that_comes_first_is_taken_when_its_receiver_begins_to_wait(world: World) -> None:
    world.deploy(RECEIVER)
    receipt = publish(world, news="early")
    assert (receipt.outcome, receipt.instance_id, receipt.expires) == ("buffered", None, world.clock.now() + DAY)
    other = world.start("R", business_key="other")
    world.rest()
    assert world.open == []
    instance = world.start("R")
    world.rest()
    assert [each.instance_id for each in world.user_tasks()] == [instance.id]
    assert world.variables(instance) == {"news": "early"}
    assert world.variables(other) == {}
    assert count(world, buffered_messages) == 0
    assert world.wrong() == []


def test_who_waits_already_takes_it_at_once(world: World) -> None:
    world.deploy(s_bpmn=diagram(STARTED.replace("msg_m", "msg_k")), r_bpmn=diagram(RECEIVER))
    instance = world.start("R")
    assert publish(world) == Receipt("taken", instance.id)
    started = publish(world, "k")
    assert started.outcome == "started"
    assert world.see(instances.get, started.instance_id).definition_key == "S"
    assert count(world, buffered_messages) == 0


def test_the_oldest_message_comes_first_and_each_to_one_receiver(world: World) -> None:
    world.deploy(RECEIVER)
    for number in range(3):
        publish(world, number=number)
    taken = [world.start("R") for _ in range(2)]
    world.rest()
    assert [world.variables(each) for each in taken] == [{"number": 0}, {"number": 1}]
    assert count(world, buffered_messages) == 1


def test_two_that_begin_to_wait_before_either_is_served_share_no_message(world: World) -> None:
    world.deploy(RECEIVER)
    publish(world, number=1)
    both = [world.start("R"), world.start("R")]
    assert count(world, jobs) == 2
    world.rest()
    assert [world.variables(each) for each in both] == [{"number": 1}, {}]
    assert world.incidents == []


def test_an_event_that_does_not_interrupt_takes_all_that_waits(world: World) -> None:
    world.deploy(AGAIN)
    for number in range(3):
        publish(world, number=number)
    world.start("A")
    world.rest()
    assert sorted(world.open) == ["r", "r", "r", "u"]


def test_a_message_without_a_key_waits_for_whoever_comes(world: World) -> None:
    world.deploy(RECEIVER)
    publish(world, key=None, news=1)
    instance = world.start("R", business_key="whichever")
    world.rest()
    assert world.variables(instance) == {"news": 1}


def test_a_receiver_that_ended_meanwhile_leaves_the_message_to_the_next(world: World) -> None:
    world.deploy(RECEIVER)
    publish(world, news=1)
    gone = world.start("R")
    world.cancel(gone, "it was withdrawn")
    instance = world.start("R")
    world.rest()
    assert world.variables(instance) == {"news": 1}
    assert world.incidents == []


def test_a_message_that_waited_in_vain_is_gone(world: World) -> None:
    world.deploy(RECEIVER)
    publish(world, lasting=timedelta(hours=2))
    world.advance(hours=1, minutes=59)
    assert count(world, buffered_messages) == 1
    world.advance(minutes=1)
    assert count(world, buffered_messages) == 0
    world.start("R")
    world.rest()
    assert world.open == []


def test_what_has_expired_is_not_taken_where_no_tick_came_by(world: World) -> None:
    world.deploy(RECEIVER)
    publish(world, lasting=timedelta(hours=2))
    world.clock.move(timedelta(hours=2))
    world.start("R")
    assert count(world, jobs) == 0


def test_many_that_expire_at_once_go_in_small_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.work.expiry.BATCH", 3)
    for number in range(8):
        publish(world, number=number, message_id=f"id-{number}")
    transactions = 0

    def note(_connection: object) -> None:
        nonlocal transactions
        transactions += 1

    world.clock.move(DAY)
    sa.event.listen(sa.Engine, "commit", note)
    try:
        world.rest()
    finally:
        sa.event.remove(sa.Engine, "commit", note)
    assert transactions == 3
    assert count(world, buffered_messages) == 0
    assert count(world, message_ids) == 8
    world.advance(days=6)
    world.rest()
    assert count(world, message_ids) == 0


def test_a_message_has_to_last_a_while_or_else_to_find_somebody(world: World) -> None:
    with pytest.raises(InvalidInput, match="a time to live that lasts a while"):
        publish(world, lasting=timedelta(0))
    with pytest.raises(NotFound, match="someone who waits for message 'm' with key 'case-1'"):
        world.do(messages.publish, "m", {}, "case-1", message_id="1")
    assert count(world, message_ids) == 0


def test_who_is_suspended_gets_after_that_what_may_wait(world: World) -> None:
    world.deploy(r_bpmn=diagram(RECEIVER), s_bpmn=diagram(STARTED.replace("msg_m", "msg_k")))
    instance = world.start("R")
    world.do(suspension.suspend, instance.id, "it is looked into")
    world.do(suspension.suspend_definition, "S:1", "it is looked into")
    with pytest.raises(Suspended):
        world.message("m")
    assert publish(world, news=1).outcome == "buffered"
    assert publish(world, "k").outcome == "buffered"
    world.advance(hours=2)
    assert count(world, buffered_messages) == 2
    world.do(suspension.resume, instance.id, "all is well")
    world.do(suspension.resume_definition, "S:1", "all is well")
    world.advance(minutes=6)
    assert sorted(world.open) == ["first", "u"]
    assert world.variables(instance) == {"news": 1}
    assert world.incidents == []
    assert world.wrong() == []


# By its id


def test_a_message_that_comes_twice_is_taken_once_and_the_second_says_what_the_first_came_to(world: World) -> None:
    world.deploy(AGAIN)
    instance = world.start("A")
    first = publish(world, message_id="4711", news=1)
    second = publish(world, message_id="4711", news=2)
    assert first == Receipt("taken", instance.id)
    assert second == Receipt("taken", instance.id, is_duplicate=True)
    assert sorted(world.open) == ["r", "u"]
    assert world.variables(instance) == {"news": 1}
    assert not publish(world, message_id="4712").is_duplicate
    assert publish(world, "other", message_id="4711").outcome == "buffered"


def test_the_second_says_also_what_a_message_came_to_that_had_to_wait(world: World) -> None:
    world.deploy(RECEIVER)
    publish(world, message_id="1")
    assert publish(world, message_id="1") == Receipt("buffered", is_duplicate=True)
    instance = world.start("R")
    world.rest()
    assert publish(world, message_id="1") == Receipt("taken", instance.id, is_duplicate=True)
    publish(world, key="nobody", message_id="2")
    world.advance(days=1)
    assert publish(world, key="nobody", message_id="2") == Receipt("expired", is_duplicate=True)


def test_an_id_is_forgotten_after_a_week_or_as_long_as_the_message_may_wait(world: World) -> None:
    world.deploy(AGAIN)
    world.start("A")
    publish(world, message_id="1")
    world.clock.move(messages.REMEMBERED - timedelta(seconds=1))
    assert publish(world, message_id="1").is_duplicate
    world.clock.move(timedelta(seconds=1))
    assert not publish(world, message_id="1").is_duplicate
    publish(world, key="nobody", lasting=30 * DAY, message_id="2")
    world.advance(days=29)
    assert publish(world, key="nobody", lasting=30 * DAY, message_id="2").is_duplicate


def test_a_message_that_was_refused_may_come_again_with_its_id(world: World) -> None:
    world.deploy(RECEIVER)
    world.start("R")
    double = world.start("R")
    with pytest.raises(InvalidState, match="waited for more than once"):
        publish(world, message_id="1")
    world.cancel(double, "it was a mistake")
    assert not publish(world, message_id="1").is_duplicate


# What starts a process


def test_what_waits_starts_the_process_that_is_deployed_for_it(world: World) -> None:
    for number in range(3):
        publish(world, key=f"PJ-{number}", message_id=str(number), number=number)
    world.deploy(STARTED)
    world.rest()
    started = [(each.business_key, world.see(instances.variables, each.instance_id)) for each in world.user_tasks()]
    assert started == [(f"PJ-{number}", {"number": number}) for number in range(3)]
    assert publish(world, message_id="0").outcome == "started"
    assert count(world, buffered_messages) == 0
    assert count(world, jobs) == 0


# What instances throw


def test_a_thrown_message_waits_for_its_receiver(world: World) -> None:
    world.deploy(t_bpmn=diagram(thrower()), r_bpmn=diagram(RECEIVER))
    world.start("T", business_key="a", target="b", news="good")
    world.advance(minutes=59)
    receiver = world.start("R", business_key="b")
    world.rest()
    assert world.variables(receiver) == {"news": "good"}
    assert world.incidents == []
    assert world.wrong() == []


def lasting(value: str) -> str:
    said = f'<camunda:property name="timeToLive" value="{value}"/>'
    return thrower().replace("</camunda:properties>", f"{said}</camunda:properties>")


def test_a_diagram_says_how_long_what_it_throws_waits(world: World) -> None:
    world.deploy(t_bpmn=diagram(lasting("${wait}")), r_bpmn=diagram(RECEIVER))
    thrown = world.start("T", business_key="a", target="b", news="good", wait="P30D")
    world.advance(days=29)
    assert world.incidents == []
    world.advance(days=1)
    [incident] = world.incidents
    assert (incident.kind, incident.instance_id, incident.element_id) == ("delivery", thrown.id, "t")
    assert "someone who waits for message 'm' with key 'b'" in incident.message
    world.retry(incident)
    world.advance(days=29)
    receiver = world.start("R", business_key="b")
    world.rest()
    assert world.variables(receiver) == {"news": "good"}
    assert world.incidents == []
    notes = [entry.command[0] for entry in world.see(journal.entries, thrown.id) if entry.kind == "note"]
    assert notes == ["delivery failed", "delivery retried"]
    assert world.wrong() == []


def test_a_time_to_live_is_said_as_a_duration_and_where_a_message_is_thrown(world: World) -> None:
    with pytest.raises(InvalidDefinition, match="Expected a duration such as P3D or PT10H, but 'soon' is none"):
        world.deploy(lasting("soon"))
    with pytest.raises(InvalidDefinition, match="Expected a duration that lasts a while, but 'PT0S' does not"):
        world.deploy(lasting("PT0S"))
    caught = RECEIVER.replace(
        'messageRef="msg_m"/>',
        'messageRef="msg_m"><extensionElements><camunda:properties><camunda:property name="timeToLive" value="P1D"/>'
        "</camunda:properties></extensionElements></receiveTask>",
    )
    with pytest.raises(InvalidDefinition, match="It throws no message, of which timeToLive could be said"):
        world.deploy(caught)


def test_a_thrown_message_goes_to_no_stranger_that_begins_to_wait(world: World) -> None:
    world.deploy(t_bpmn=diagram(thrower()), r_bpmn=diagram(RECEIVER))
    world.start("T", business_key="a", target="b", news="good")
    world.rest()
    stranger = world.start("R", business_key="c")
    world.rest()
    assert world.variables(stranger) == {}
    assert count(world, buffered_messages) == 1


# What it costs


def test_a_step_that_opens_no_subscription_for_a_message_does_not_look_for_one(world: World) -> None:
    world.deploy(AGAIN)
    world.start("A")
    world.message("m")
    statements: list[str] = []

    def note(*given: Any) -> None:
        statements.append(given[2])

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        world.complete("r")
        assert not [each for each in statements if "buffered_messages" in each]
        world.start("A", business_key="b")
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert len([each for each in statements if "buffered_messages" in each]) == 1


def test_a_receiver_goes_past_what_waits_for_others_by_an_index(world: World, query_plans: Callable[..., str]) -> None:
    if not world.url.startswith("sqlite"):
        pytest.skip("the plan of SQLite is looked at")
    world.deploy(r_bpmn=diagram(RECEIVER), s_bpmn=diagram(STARTED.replace("msg_m", "msg_k")))
    publish(world, key="other")

    def wait() -> None:
        world.start("R")
        world.rest()
        world.see(buffer.first, "m")

    plans = [plan for plan in query_plans(world.engine, wait).splitlines() if "buffered_messages" in plan]
    assert plans
    assert not [plan for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan]
    assert "TEMP B-TREE" not in query_plans(world.engine, lambda: world.see(buffer.first, "m"))


def test_what_one_that_was_suspended_never_takes_another_one_gets(world: World) -> None:
    world.deploy(RECEIVER)
    first, second = world.start("R", business_key="first"), world.start("R", business_key="second")
    for each in (first, second):
        world.do(suspension.suspend, each.id, "it is looked into")
    assert publish(world, key=None, news="good").outcome == "buffered"
    world.rest()
    world.cancel(first, "it was withdrawn")
    world.do(suspension.resume, second.id, "all is well")
    world.advance(minutes=10)
    assert world.variables(second) == {"news": "good"}
    assert count(world, buffered_messages) == count(world, jobs) == 0
    assert world.wrong() == []
