"""Signals: handed to everyone who waits, each in a transaction of its own."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from engine import instances, messages, retry, signals, starts
from engine.errors import InvalidVariables
from engine.instances import InstanceQuery
from engine.jobs import MAX_LAPSES
from engine.leases import LEASE
from engine.store import cause, dealing
from engine.store.tables import jobs, subscriptions
from engine.work import runner
from tests.engine.core.case import diagram, event_subprocess, process, timer
from tests.engine.test_messages import RECEIVER
from tests.engine.world import World

CATCH = '<intermediateCatchEvent id="c"><signalEventDefinition signalRef="sig_g"/></intermediateCatchEvent>'
CATCHER = process(f'<startEvent id="s"/>{CATCH}<userTask id="u"/><endEvent id="e"/>', "s c u e", key="C")
SECOND = CATCH.replace('"c"', '"c2"')
THROW = '<intermediateThrowEvent id="t"><signalEventDefinition signalRef="sig_g"/></intermediateThrowEvent>'


def test_a_signal_reaches_everyone_who_waits_for_it(world: World) -> None:
    world.deploy(CATCHER)
    caught = [world.start("C", business_key=key) for key in ("a", "b")]
    assert world.do(signals.broadcast, "g", {"news": 1}) == 2
    world.rest()
    assert [each.business_key for each in world.user_tasks()] == ["a", "b"]
    assert [world.variables(each) for each in caught] == [{"news": 1}, {"news": 1}]
    assert world.wrong() == []


def test_a_signal_that_nobody_waits_for_is_no_error(world: World) -> None:
    assert world.do(signals.broadcast, "g") == 0
    with pytest.raises(InvalidVariables):
        world.do(signals.broadcast, "g", {"bad": object()})


def test_a_thrown_signal_reaches_others_and_its_own_instance(world: World) -> None:
    both = process(
        f'<startEvent id="s"/><parallelGateway id="g"/>{CATCH}{THROW}<parallelGateway id="j"/><endEvent id="e"/>',
        "s g c j e",
        "g t j",
    )
    world.deploy(c_bpmn=diagram(CATCHER), p_bpmn=diagram(both))
    world.start("C", business_key="other")
    own = world.start("P")
    world.rest()
    assert world.status(own) == "completed"
    assert world.open == ["u"]


def test_a_delivery_that_ends_whoever_delivers_it_becomes_an_incident(world: World) -> None:
    world.deploy(CATCHER)
    world.start("C")
    world.do(signals.broadcast, "g")
    for _ in range(MAX_LAPSES):
        assert len(world.engine.transact(lambda tx: runner.claim(tx, world.clock.now(), 1))) == 1
        world.clock.move(LEASE)
    world.rest()
    [incident] = world.incidents
    assert (incident.kind, world.open) == ("delivery", [])
    assert incident.message == "Expected to hear of it, but whoever ran it fell silent 10 times."
    world.retry(incident)
    world.rest()
    assert (world.open, world.wrong()) == (["u"], [])


@pytest.mark.parametrize("way", ["signal", "message"])
def test_what_cannot_start_its_process_is_seen_until_it_can(world: World, way: str) -> None:
    def started(times: str) -> str:
        trigger = {"signal": 'signalRef="sig_g"', "message": 'messageRef="msg_m"'}[way]
        handler = event_subprocess("late", timer(times), '<endEvent id="le"/>', "late_s le")
        event = f'<startEvent id="s"><{way}EventDefinition {trigger}/></startEvent>'
        return process(f'{event}{handler}<userTask id="u"/><endEvent id="e"/>', "s u e")

    if way == "message":
        world.do(messages.publish, "m", {"n": 1}, "case-1", time_to_live=timedelta(days=1))
    world.deploy(started("${unknown}"))
    if way == "signal":
        world.do(signals.broadcast, "g", {"n": 1}, "case-1")
    world.rest()
    for _ in range(retry.ATTEMPTS + 1):
        [failing] = world.see(starts.failing)
        assert (failing.definition_id, failing.element_id) == ("P:1", "s")
        assert "Expected a variable 'unknown'" in failing.error
        before = failing.attempts
        world.advance(minutes=5)
        assert world.see(starts.failing)[0].attempts > before
    world.deploy(started("PT1H"))
    world.advance(minutes=5)
    assert world.see(starts.failing) == []
    assert [each.business_key for each in world.user_tasks()] == ["case-1"]


def test_one_that_ended_before_the_signal_came_is_left_in_peace(world: World) -> None:
    world.deploy(CATCHER)
    instance = world.start("C")
    world.do(signals.broadcast, "g")
    world.cancel(instance, "it was withdrawn")
    world.advance(days=1)
    assert world.incidents == []
    assert world.status(instance) == "cancelled"


# Many receivers


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dealing, "PAGE", 3)


@pytest.mark.usefixtures("small_pages")
def test_a_signal_is_dealt_out_in_pages_each_in_a_transaction_of_its_own(world: World) -> None:
    world.deploy(CATCHER)
    for number in range(8):
        world.start("C", business_key=str(number))
    assert world.do(signals.broadcast, "g", {"news": 1}) == 8
    assert on_the_way(world) == [signals.PAGE, *[signals.TO_ONE] * 3]
    world.rest()
    assert sorted(each.business_key for each in world.user_tasks()) == [str(number) for number in range(8)]
    assert on_the_way(world) == []
    assert world.wrong() == []


@pytest.mark.usefixtures("small_pages")
def test_who_begins_to_wait_after_a_signal_does_not_get_it_however_long_the_dealing_takes(world: World) -> None:
    twice = process(
        f'<startEvent id="s"/>{CATCH}{SECOND}<userTask id="u"/><endEvent id="e"/>',
        "s c c2 u e",
        key="C",
    )
    world.deploy(twice)
    for number in range(7):
        world.start("C", business_key=str(number))
    world.do(signals.broadcast, "g", {"first": 1})
    late = world.start("C", business_key="late")
    world.rest()
    assert waiting_at(world) == ["c", *["c2"] * 7]
    world.do(signals.broadcast, "g", {"second": 1})
    world.rest()
    assert world.open == ["u"] * 7
    assert waiting_at(world) == ["c2"]
    assert world.variables(late) == {"second": 1}
    assert world.wrong() == []


def waiting_at(world: World) -> list[str]:
    query = sa.select(subscriptions.c.element_id).order_by(subscriptions.c.element_id)
    found = world.see(lambda tx: tx.connection.execute(query).scalars().all())
    return list(found)


@pytest.mark.usefixtures("small_pages")
def test_a_message_for_all_is_dealt_out_in_pages_too(world: World) -> None:
    world.deploy(RECEIVER)
    for number in range(8):
        world.start("R", business_key=str(number))
    assert world.do(messages.broadcast, "m", {"news": 1}) == 8
    assert len(on_the_way(world)) == 4
    world.rest()
    assert len(world.open) == 8
    assert on_the_way(world) == []


# Without end


def test_a_process_that_starts_itself_again_and_again_stops(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cause, "MAX_HOPS", 10)
    body = (
        '<startEvent id="s"><signalEventDefinition signalRef="sig_g"/></startEvent>'
        '<endEvent id="t"><signalEventDefinition signalRef="sig_g"/></endEvent>'
    )
    world.deploy(process(body, "s t"))
    world.do(signals.broadcast, "g")
    world.rest()
    [incident] = world.incidents
    assert (incident.kind, incident.element_id, incident.instance_id) == ("delivery", "t", 11)
    assert "at most 10 messages and signals that set each other off" in incident.message
    world.deploy(process(body.replace("sig_g", "sig_h", 1), "s t"))
    world.retry(incident)
    world.rest()
    assert world.incidents == []
    assert world.wrong() == []


def test_two_that_answer_each_other_for_ever_stop_also_where_messages_wait(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cause, "MAX_HOPS", 10)

    def loop(key: str, caught: str, thrown: str) -> str:
        body = (
            f'<startEvent id="s"/><exclusiveGateway id="x"/><receiveTask id="r" messageRef="{caught}"/>'
            f'<intermediateThrowEvent id="t"><messageEventDefinition messageRef="{thrown}"/></intermediateThrowEvent>'
        )
        return process(body, "s x r t x", key=key)

    world.deploy(a_bpmn=diagram(loop("A", "msg_m", "msg_k")), b_bpmn=diagram(loop("B", "msg_k", "msg_m")))
    world.start("A")
    world.start("B")
    world.message("m")
    world.rest()
    [incident] = world.incidents
    assert incident.kind == "delivery"
    world.retry(incident)
    world.rest()
    assert len(world.incidents) == 1
    assert world.wrong() == []


def test_signals_that_multiply_stop_before_they_are_too_many(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cause, "MAX_COPIES", 20)
    body = (
        '<startEvent id="s"><signalEventDefinition signalRef="sig_g"/></startEvent>'
        '<endEvent id="t"><signalEventDefinition signalRef="sig_g"/></endEvent>'
    )
    world.deploy(a_bpmn=diagram(process(body, "s t", key="A")), b_bpmn=diagram(process(body, "s t", key="B")))
    world.do(signals.broadcast, "g")
    world.rest()
    assert len(world.see(instances.search, InstanceQuery(limit=500))) == 2 + 4 + 8 + 16
    assert len(world.incidents) == 16
    assert "would reach 32" in world.incidents[0].message


def test_one_signal_for_very_many_is_no_loop(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cause, "MAX_COPIES", 2)
    world.deploy(CATCHER)
    for number in range(5):
        world.start("C", business_key=str(number))
    assert world.do(signals.broadcast, "g") == 5
    world.rest()
    assert world.open == ["u"] * 5


def on_the_way(world: World) -> list[str]:
    """The topics of all deliveries."""
    found = world.see(lambda tx: tx.connection.execute(sa.select(jobs.c.topic)).scalars().all())
    return sorted(found, key=lambda topic: (topic != signals.PAGE, topic))
