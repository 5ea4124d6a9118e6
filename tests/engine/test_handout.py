"""Handing out: rows go to a broker after the commit and are taken over from it once, whatever is lost or doubled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from engine import jobs, leases
from engine.engine import Engine
from engine.leases import LEASE, PATIENCE, Lent
from engine.work import handout
from engine.work.handout import HandOut, hand_out, hand_out_anew, run_handed
from tests.engine.core.case import process
from tests.engine.world import World

SEND = process(
    '<startEvent id="s"/><serviceTask id="job" camunda:type="external" camunda:topic="send"/>'
    '<userTask id="after"/><endEvent id="e"/>',
    "s job after e",
)


class Broker:
    """Keeps messages until a worker asks for them; down where told."""

    def __init__(self) -> None:
        self.messages: list[Lent] = []
        self.is_down = False
        self.sent = threading.Event()

    def publish(self, lent: Lent) -> None:
        if self.is_down:
            raise ConnectionError("nobody there")
        self.messages.append(lent)
        self.sent.set()

    def deliver(self, engine: Engine) -> list[bool]:
        """Every message to a worker; whether each had something to run."""
        messages, self.messages = self.messages, []
        return [run_handed(engine, each.row_id) for each in messages]


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def runs() -> list[str]:
    return []


@pytest.fixture
def world(make_world: Callable[..., World], runs: list[str]) -> World:
    def send(*, job_id: str) -> dict[str, Any]:
        runs.append(job_id)
        return {"sent": len(runs)}

    world = make_world(handlers={"send": send})
    world.deploy(SEND)
    return world


def test_what_is_due_is_handed_out_once_and_run_by_who_gets_the_message(
    world: World, broker: Broker, runs: list[str]
) -> None:
    instance = world.start()
    assert hand_out(world.engine, broker.publish) == 1
    assert hand_out(world.engine, broker.publish) == 0
    assert [each.topic for each in broker.messages] == ["send"]
    assert broker.deliver(world.engine) == [True]
    assert world.open == ["after"]
    assert runs == [f"{instance.id}-3"]
    assert world.wrong() == []


def test_what_was_handed_out_is_not_run_by_others(world: World, broker: Broker, runs: list[str]) -> None:
    world.start()
    hand_out(world.engine, broker.publish)
    world.rest()
    assert runs == []


def test_a_message_that_comes_twice_is_run_once(world: World, broker: Broker, runs: list[str]) -> None:
    world.start()
    hand_out(world.engine, broker.publish)
    broker.messages *= 3
    assert broker.deliver(world.engine) == [True, False, False]
    assert len(runs) == 1


def test_a_message_that_comes_while_its_job_runs_does_nothing(make_world: Callable[..., World], broker: Broker) -> None:
    came: list[bool] = []

    def send() -> None:
        came.extend(broker.deliver(world.engine))

    world = make_world(handlers={"send": send})
    world.deploy(SEND)
    world.start()
    hand_out(world.engine, broker.publish)
    broker.messages *= 2
    [first, second] = broker.messages
    broker.messages = [second]
    assert run_handed(world.engine, first.row_id)
    assert came == [False]


def test_a_message_that_comes_before_a_retry_is_due_does_nothing(
    make_world: Callable[..., World], broker: Broker
) -> None:
    def send() -> None:
        raise ConnectionError

    world = make_world(handlers={"send": send})
    world.deploy(SEND)
    instance = world.start()
    hand_out(world.engine, broker.publish)
    broker.messages *= 2
    assert broker.deliver(world.engine) == [True, False]
    [job] = world.see(jobs.find, instance.id)
    assert (job.attempts, job.retries) == (1, 2)


def test_a_message_that_is_lost_is_made_up_for_after_a_while(world: World, broker: Broker) -> None:
    world.start()
    hand_out(world.engine, broker.publish)
    broker.messages.clear()
    hand_out_anew(world.engine, broker.publish)
    assert broker.messages == []
    world.clock.move(PATIENCE)
    hand_out_anew(world.engine, broker.publish)
    assert broker.deliver(world.engine) == [True]
    assert world.open == ["after"]


def test_a_job_of_a_worker_that_died_is_handed_out_again_after_its_lease(
    world: World, broker: Broker, runs: list[str]
) -> None:
    world.start()
    hand_out(world.engine, broker.publish)
    world.engine.transact(lambda tx: leases.take_over(tx, broker.messages[0].row_id))
    assert broker.deliver(world.engine) == [False]
    world.clock.move(LEASE)
    hand_out_anew(world.engine, broker.publish)
    assert broker.deliver(world.engine) == [True]
    assert len(runs) == 1


def test_what_the_broker_did_not_take_is_free_again(world: World, broker: Broker, runs: list[str]) -> None:
    for number in range(3):
        world.start(business_key=f"case-{number}")

    def publish(lent: Lent) -> None:
        broker.is_down = bool(broker.messages)
        broker.publish(lent)

    with pytest.raises(ConnectionError):
        hand_out(world.engine, publish)
    assert len(broker.messages) == 1
    world.rest()
    assert len(runs) == 2
    assert broker.deliver(world.engine) == [True]
    assert len(runs) == 3


def test_a_handed_out_attempt_counts_once(world: World, broker: Broker) -> None:
    instance = world.start()
    for _ in range(3):
        hand_out(world.engine, broker.publish)
        world.clock.move(PATIENCE)
        hand_out_anew(world.engine, broker.publish)
    [job] = world.see(jobs.find, instance.id)
    assert job.attempts == 0


def test_deliveries_go_the_same_way(world: World, broker: Broker) -> None:
    signal = '<signalEventDefinition signalRef="sig_g"/>'
    catch = f'<startEvent id="s"/><intermediateCatchEvent id="c">{signal}</intermediateCatchEvent><userTask id="u"/>'
    world.deploy(process(catch, "s c u", key="C"))
    world.deploy(process(f'<startEvent id="s"/><endEvent id="t">{signal}</endEvent>', "s t", key="T"))
    world.start("C")
    world.start("T", business_key="thrower")
    for topic in (":signal", ":signal-to-one"):
        assert hand_out(world.engine, broker.publish) == 1
        assert broker.messages[0].topic == topic
        assert broker.deliver(world.engine) == [True]
    assert world.open == ["u"]


def test_the_clock_waits_for_what_the_broker_has(world: World, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    world.start()
    hand_out(world.engine, broker.publish)
    assert world.see(jobs.held).id.endswith("-3")
    broker.deliver(world.engine)
    assert world.see(jobs.held) is None


def test_the_thread_hands_out_when_woken_and_goes_on_when_the_broker_is_back(
    world: World, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handout, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(handout, "LONGEST_PAUSE", 0.01)
    thread = HandOut(world.engine, broker.publish)
    thread.start()
    world.start(business_key="first")
    thread.wake()
    assert broker.sent.wait(10)
    broker.sent.clear()
    broker.is_down = True
    world.start(business_key="second")
    thread.wake()
    thread.settle()
    assert len(broker.messages) == 1
    broker.is_down = False
    assert broker.sent.wait(10)
    thread.drain()
    assert thread.wait(PATIENCE)
    assert broker.deliver(world.engine) == [True, True]
