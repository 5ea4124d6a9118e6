"""Two at once: whoever publishes and whoever begins to wait, two that fire timers, many that send the same message."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine import instances, journal, messages, suspension
from engine.errors import NotFound
from engine.instances import InstanceQuery
from engine.messages import Receipt
from engine.store.database import Transaction
from engine.store.tables import buffered_messages, jobs
from engine.work import timers
from tests.engine.core.case import process
from tests.engine.test_buffer import AGAIN, DAY, RECEIVER, STARTED, count
from tests.engine.test_starts import begun_behind_a_gateway
from tests.engine.test_timers import BOUNDARY
from tests.engine.world import World

PATIENCE = 30.0
"""Seconds after which a test fails rather than to wait on."""


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


class Held:
    """A transaction that has done its work, and is written when it is let go."""

    def __init__(self, world: World, pool: ThreadPoolExecutor, work: Callable[[Transaction], Any]) -> None:
        self._done, self._go = threading.Event(), threading.Event()

        def hold(tx: Transaction) -> Any:
            found = work(tx)
            self._done.set()
            assert self._go.wait(PATIENCE)
            return found

        self._result = pool.submit(world.engine.transact, hold)
        assert self._done.wait(PATIENCE)

    def go(self) -> Any:
        """Let it go; what it came to."""
        self._go.set()
        return self._result.result(PATIENCE)

    def before(self, other: Future[Any]) -> tuple[Any, Any]:
        """Let it go before another one, which has to wait for that; what both came to."""
        with pytest.raises(TimeoutError):
            other.result(timeout=0.3)
        return self.go(), other.result(PATIENCE)


def start(tx: Transaction, key: str = "R") -> Any:
    return instances.start(tx, key, business_key="case-1")


def publish(tx: Transaction, name: str = "m", **options: Any) -> Receipt:
    return messages.publish(tx, name, {"news": name}, "case-1", **options)


def test_who_is_just_beginning_to_wait_is_found(world: World, pool: ThreadPoolExecutor) -> None:
    world.deploy(RECEIVER)
    opening = Held(world, pool, start)
    publishing = pool.submit(world.do, publish, time_to_live=DAY)
    instance, receipt = opening.before(publishing)
    assert receipt == Receipt("taken", instance.id)
    assert world.open == ["u"]
    assert count(world, buffered_messages) == 0
    assert world.wrong() == []


def test_what_is_just_being_put_into_the_buffer_is_found(world: World, pool: ThreadPoolExecutor) -> None:
    world.deploy(RECEIVER)
    publishing = Held(world, pool, lambda tx: publish(tx, time_to_live=DAY))
    opening = pool.submit(world.do, start)
    receipt, instance = publishing.before(opening)
    assert receipt.outcome == "buffered"
    world.rest()
    assert world.variables(instance) == {"news": "m"}
    assert count(world, buffered_messages) == count(world, jobs) == 0
    assert world.wrong() == []


def test_who_is_just_being_suspended_leaves_a_message_to_whoever_waits_too(
    world: World, pool: ThreadPoolExecutor
) -> None:
    world.deploy(RECEIVER)
    first, second = (world.start("R", business_key=str(number)).id for number in range(2))
    suspending = Held(world, pool, lambda tx: suspension.suspend(tx, first, "it is looked into"))
    _, receipt = suspending.before(pool.submit(world.do, messages.publish, "m", {}, None))
    assert receipt == Receipt("taken", second)


def test_of_two_messages_for_one_receiver_the_second_is_too_late(world: World, pool: ThreadPoolExecutor) -> None:
    world.deploy(RECEIVER)
    world.start("R")
    first = Held(world, pool, publish)
    receipt, waits = first.before(pool.submit(world.do, publish, time_to_live=DAY))
    assert (receipt.outcome, waits.outcome) == ("taken", "buffered")
    world.start("R")
    world.rest()
    world.start("R")
    first = Held(world, pool, publish)
    second = pool.submit(world.do, publish)
    with pytest.raises(NotFound):
        first.before(second)
    assert world.open == ["u"] * 3
    assert world.wrong() == []


def test_of_two_that_an_instance_needs_to_begin_with_one_begins_it(world: World, pool: ThreadPoolExecutor) -> None:
    world.deploy(begun_behind_a_gateway("Parallel"))
    first = Held(world, pool, publish)
    begun, taken = first.before(pool.submit(world.do, publish, "k"))
    assert (begun.outcome, taken.outcome) == ("started", "taken")
    assert begun.instance_id == taken.instance_id
    assert world.open == ["u", "u"]
    assert world.wrong() == []


def test_of_many_that_send_one_message_one_is_heard(world: World, pool: ThreadPoolExecutor) -> None:
    world.deploy(AGAIN)
    instance = world.start("A")
    for message_id in ("1", "2", "3"):
        receipts = _sent_by_eight(world, pool, message_id=message_id)
        assert {(each.outcome, each.instance_id) for each in receipts} == {("taken", instance.id)}
    assert sorted(world.open) == ["r", "r", "r", "u"]
    assert world.wrong() == []


def test_of_many_that_send_the_message_of_a_process_one_starts_it(world: World, pool: ThreadPoolExecutor) -> None:
    world.deploy(STARTED)
    for message_id in ("1", "2", "3"):
        assert {each.outcome for each in _sent_by_eight(world, pool, message_id=message_id)} == {"started"}
    assert world.open == ["first"] * 3


def test_of_many_that_send_a_message_too_early_one_waits_and_when_it_is_forgotten_another(
    world: World, pool: ThreadPoolExecutor
) -> None:
    for number in range(1, 4):
        receipts = _sent_by_eight(world, pool, message_id="1", time_to_live=DAY)
        assert {each.outcome for each in receipts} == {"buffered"}
        assert count(world, buffered_messages) == number
        world.clock.move(messages.REMEMBERED)


def _sent_by_eight(world: World, pool: ThreadPoolExecutor, **options: Any) -> list[Receipt]:
    """What eight are told that send a message at the same moment; all but one that it came twice."""
    together = threading.Barrier(8)

    def send() -> Receipt:
        together.wait(PATIENCE)
        receipt: Receipt = world.do(publish, **options)
        return receipt

    receipts = [each.result(PATIENCE) for each in [pool.submit(send) for _ in range(8)]]
    assert sorted(each.is_duplicate for each in receipts) == [False, *[True] * 7]
    return receipts


def test_each_message_finds_its_receiver_whoever_comes_first(world: World, pool: ThreadPoolExecutor) -> None:
    world.deploy(RECEIVER)
    keys = [f"case-{number}" for number in range(40)]
    work: list[Callable[[], Any]] = []
    for key in keys:
        work.append(lambda key=key: world.start("R", business_key=key))  # type: ignore[misc]
        work.append(lambda key=key: world.do(messages.publish, "m", {"for": key}, key, time_to_live=DAY))  # type: ignore[misc]
    random.Random(4).shuffle(work)
    for each in [pool.submit(each) for each in [*work, *[world.rest] * 4]]:
        each.result(PATIENCE)
    world.rest()
    assert {
        each.business_key: world.variables(each) for each in world.see(instances.search, InstanceQuery(limit=99))
    } == {key: {"for": key} for key in keys}
    assert count(world, buffered_messages) == count(world, jobs) == 0
    assert world.incidents == []
    assert world.wrong() == []


def test_two_that_fire_timers_keep_the_order_and_fire_each_once(
    make_world: Callable[..., World], pool: ThreadPoolExecutor
) -> None:
    world, other = make_world(), make_world()
    wait = (
        '<intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>${wait}</timeDuration>'
        "</timerEventDefinition></intermediateCatchEvent>"
    )
    send = '<serviceTask id="j" camunda:type="external" camunda:topic="send"/>'
    world.deploy(process(f'<startEvent id="s"/>{wait}{send}<endEvent id="e"/>', "s t j e"))
    minutes = list(range(1, 31))
    random.Random(4).shuffle(minutes)
    due = {world.start(business_key=str(minute), wait=f"PT{minute}M").id: minute for minute in minutes}
    world.clock.move(timedelta(hours=1))
    fired = [pool.submit(timers.fire_due, each.engine) for each in (world, other) * 2]
    assert sum(each.result(PATIENCE) for each in fired) <= 30
    timers.fire_due(world.engine)
    # A job is made in the transaction that fires, so that their numbers say in which order that was.
    order = world.see(
        lambda tx: tx.connection.execute(sa.select(jobs.c.instance_id).order_by(jobs.c.id)).scalars().all()
    )
    assert [due[instance_id] for instance_id in order] == sorted(minutes)
    for instance_id in due:
        entries = Counter(entry.command[0] for entry in world.see(journal.entries, instance_id))
        assert entries == {"StartInstance": 1, "FireTimer": 1}
    assert world.wrong() == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_fires_timers_leaves_them_to_whoever_is_at_that(world: World, pool: ThreadPoolExecutor) -> None:
    world.deploy(BOUNDARY)
    for wait in ("PT1M", "PT2M"):
        world.start(business_key=wait, wait=wait)
    world.clock.move(timedelta(hours=1))
    now = world.clock.now()
    firing = Held(world, pool, lambda tx: timers._fire_earliest(now, [], tx))
    assert timers.fire_due(world.engine) == 0
    assert world.open == ["u", "u"]
    firing.go()
    assert timers.fire_due(world.engine) == 1
    assert world.open == ["late", "late"]
