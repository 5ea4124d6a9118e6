"""Values that no database takes, or that no calendar holds: refused with what was expected, and nothing is written."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from engine import batches, conditions, external, instances, messages, migration, modification, signals, suspension
from engine.core.correlation import MAX_NAME
from engine.errors import InvalidInput, NotFound
from engine.migration import RunningQuery
from engine.store.database import Transaction
from tests.engine.core.case import process
from tests.engine.test_messages import RECEIVER
from tests.engine.world import World

DAY = timedelta(days=1)
LONG = "".join(random.Random(4).choices(string.ascii_letters, k=20_000))
HALF = "\ud800"
HUGE = 10**20

Work = Callable[[Transaction], Any]


def publish(name: str = "m", key: str = "k", **options: Any) -> Work:
    return lambda tx: messages.publish(tx, name, {}, key, **{"time_to_live": DAY, **options})


def batch(operation: str, target: str = "1", reason: str = "it is wrong", **parameters: Any) -> Work:
    return lambda tx: batches.create(tx, operation, [target], reason, parameters)


REFUSED: Mapping[str, Work] = {
    "a time to live beyond the calendar": publish(time_to_live=timedelta.max),
    "a time to live of centuries": publish(time_to_live=timedelta(days=365 * 9000), message_id="1"),
    "a time to live of less than nothing": publish(time_to_live=-DAY),
    "a long message name": publish(name=LONG),
    "a long message key": publish(key=LONG),
    "a long message id": publish(message_id=LONG),
    "half a character in a key": publish(key=HALF),
    "half a character in a name": publish(name=HALF),
    "a long name to all": lambda tx: messages.broadcast(tx, LONG),
    "a long key to start by": lambda tx: messages.start_by_message(tx, "m", LONG),
    "a long signal": lambda tx: signals.broadcast(tx, LONG),
    "a signal's long business key": lambda tx: signals.broadcast(tx, "g", business_key=LONG),
    "a condition's long business key": lambda tx: conditions.start_by_condition(tx, {}, LONG),
    "a long business key": lambda tx: instances.start(tx, "R", business_key=LONG),
    "half a character in a business key": lambda tx: instances.start(tx, "R", business_key=HALF),
    "a cancellation without a reason": lambda tx: instances.cancel(tx, 1, " "),
    "a cancellation with a book of a reason": lambda tx: instances.cancel(tx, 1, LONG),
    "an instance beyond the database": lambda tx: suspension.suspend(tx, HUGE, "it is wrong"),
    "a repair beyond the database": lambda tx: modification.modify(tx, HUGE, [], "it is wrong"),
    "a batch beyond the database": lambda tx: batches.get(tx, HUGE),
    "a place beyond the database": lambda tx: migration.running(tx, RunningQuery("R:1", after=HUGE)),
    "half a character in a target": batch("cancel", target=HALF),
    "half a character in a reason": batch("cancel", reason=HALF),
    "a plan of numbers": batch("migrate", source=1, target="R:1", elements={}),
    "a plan that maps to numbers": batch("migrate", source="R:1", target="R:1", elements={"a": 1}),
    "variables without names": batch("set variables", variables=[1]),
}


@pytest.mark.parametrize("work", REFUSED.values(), ids=REFUSED)
def test_what_nobody_can_keep_is_refused(world: World, work: Work) -> None:
    world.deploy(RECEIVER)
    world.start("R")
    with pytest.raises(InvalidInput, match="Expected "):
        world.do(work)
    world.rest()
    assert world.see(batches.find) == []
    assert world.wrong() == []


def test_names_may_be_as_long_as_they_may_be(world: World) -> None:
    world.deploy(RECEIVER)
    longest = "名" * MAX_NAME
    world.start("R", business_key=longest)
    assert world.do(publish(key=longest, message_id=longest)).outcome == "taken"
    assert world.do(publish(name=longest, key=longest, message_id=longest)).outcome == "buffered"
    assert world.do(publish(name=longest, key=longest, message_id=longest)).is_duplicate


@pytest.mark.parametrize("job_id", ["99999999999999999999-1", "1-99999999999", "²-1", "٣-٣", "-1-1", "1-", "1"])
def test_a_job_that_cannot_be_is_not_found(make_world: Callable[..., World], job_id: str) -> None:
    world = make_world(external_topics=("scan",))
    with pytest.raises(NotFound):
        world.do(external.complete, job_id)


def test_a_key_that_comes_of_variables_and_is_too_long_keeps_what_was_there(world: World) -> None:
    asked = (
        '<startEvent id="s"/><userTask id="u"/><receiveTask id="r" messageRef="msg_m"><extensionElements>'
        '<camunda:properties><camunda:property name="correlationKey" value="${key}"/></camunda:properties>'
        '</extensionElements></receiveTask><endEvent id="e"/>'
    )
    world.deploy(process(asked, "s u r e"))
    world.start()
    world.complete("u", key=LONG)
    [incident] = world.incidents
    assert (incident.element_id, incident.kind) == ("r", "execution")
    assert str(MAX_NAME) in incident.message
    world.do(instances.set_variables, 1, {"key": "short"})
    world.retry(incident)
    assert world.do(publish(key="short")).outcome == "taken"
    assert world.wrong() == []


@pytest.mark.parametrize("priority", [2**31, -(2**31), 10**12])
def test_a_priority_that_no_queue_holds_is_an_incident(world: World, priority: int) -> None:
    job = 'camunda:type="external" camunda:topic="x" camunda:taskPriority="${wanted}"'
    for kind, attributes in (("userTask", 'camunda:priority="${wanted}"'), ("serviceTask", job)):
        task = f'<{kind} id="t" {attributes}/>'
        world.deploy(process(f'<startEvent id="s"/>{task}<endEvent id="e"/>', "s t e", key=kind))
        instance = world.start(kind, wanted=priority)
        [incident] = [each for each in world.incidents if each.instance_id == instance.id]
        assert (incident.element_id, incident.kind) == ("t", "execution")
