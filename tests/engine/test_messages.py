"""Messages: one receiver, or a process that they start, or a clear refusal."""

from __future__ import annotations

import pytest

from engine import journal, messages
from engine.errors import InvalidState, InvalidVariables, NotFound
from tests.engine.core.case import diagram, process
from tests.engine.world import World

RECEIVER = process(
    '<startEvent id="s"/><receiveTask id="r" messageRef="msg_m"/><userTask id="u"/><endEvent id="e"/>',
    "s r u e",
    key="R",
)
STARTED = process(
    '<startEvent id="s"><messageEventDefinition messageRef="msg_m"/></startEvent><userTask id="first"/><endEvent id="e"/>',
    "s first e",
    key="S",
)


def thrower(key: str = "${target}") -> str:
    inside = (
        f'<extensionElements><camunda:properties><camunda:property name="correlationKey" value="{key}"/>'
        '</camunda:properties><camunda:inputOutput><camunda:inputParameter name="news">${news}</camunda:inputParameter>'
        "</camunda:inputOutput></extensionElements>"
    )
    throw = (
        f'<intermediateThrowEvent id="t">{inside}<messageEventDefinition messageRef="msg_m"/></intermediateThrowEvent>'
    )
    return process(f'<startEvent id="s"/>{throw}<userTask id="next"/><endEvent id="e"/>', "s t next e", key="T")


def test_a_message_goes_to_the_one_that_waits_with_its_key(world: World) -> None:
    world.deploy(RECEIVER)
    world.start("R", business_key="a")
    other = world.start("R", business_key="b")
    assert world.message("m", "b", news="good").id == other.id
    assert [(each.business_key, each.element_id) for each in world.user_tasks()] == [("b", "u")]
    assert world.variables(other)["news"] == "good"


def test_a_message_that_nobody_waits_for_says_so(world: World) -> None:
    world.deploy(RECEIVER)
    world.start("R", business_key="a")
    with pytest.raises(
        NotFound, match="Expected to find someone who waits for message 'm' with key 'b', but there is none"
    ):
        world.message("m", "b")
    world.message("m", "a")
    with pytest.raises(NotFound):
        world.message("m", "a")


def test_a_message_starts_the_newest_version_under_its_key(world: World) -> None:
    world.deploy(STARTED)
    world.deploy(STARTED.replace("first", "newer"))
    instance = world.message("m", "PJ-1", subject="water")
    assert (instance.business_key, instance.definition_id) == ("PJ-1", "S:2")
    assert world.open == ["newer"]
    assert world.variables(instance) == {"subject": "water"}


def test_who_waits_comes_before_what_would_start(world: World) -> None:
    world.deploy(s_bpmn=diagram(STARTED), r_bpmn=diagram(RECEIVER))
    waiting = world.start("R")
    assert world.message("m").id == waiting.id
    assert world.message("m").definition_key == "S"
    world.start("R", business_key="other")
    started = world.do(messages.start_by_message, "m", "other")
    assert started.definition_key == "S"


def test_a_message_that_starts_nothing_is_not_found(world: World) -> None:
    with pytest.raises(NotFound, match="process that starts with message 'm'"):
        world.do(messages.start_by_message, "m", "k")


def test_a_message_that_two_wait_for_is_refused(world: World) -> None:
    world.deploy(RECEIVER)
    world.start("R")
    world.start("R")
    with pytest.raises(InvalidState, match="but it is waited for more than once, in instances 1, 2"):
        world.message("m")


def test_a_message_carries_json_only(world: World) -> None:
    world.deploy(RECEIVER)
    world.start("R")
    with pytest.raises(InvalidVariables):
        world.message("m", bad=object())


def test_a_thrown_message_is_delivered_after_the_commit(world: World) -> None:
    world.deploy(t_bpmn=diagram(thrower()), r_bpmn=diagram(RECEIVER))
    receiver = world.start("R", business_key="b")
    world.start("T", business_key="a", target="b", news="good")
    assert world.open == ["next"]
    world.rest()
    assert sorted(world.open) == ["next", "u"]
    assert world.variables(receiver)["news"] == "good"
    assert world.wrong() == []


def test_an_instance_may_send_itself_a_message(world: World) -> None:
    body = (
        '<startEvent id="s"/><parallelGateway id="g"/><receiveTask id="r" messageRef="msg_m"/>'
        '<intermediateThrowEvent id="t"><messageEventDefinition messageRef="msg_m"/></intermediateThrowEvent>'
        '<parallelGateway id="j"/><endEvent id="e"/>'
    )
    world.deploy(process(body, "s g r j e", "g t j"))
    instance = world.start()
    world.rest()
    assert world.status(instance) == "completed"


def test_a_thrown_message_that_nobody_takes_is_retried_and_then_an_incident(world: World) -> None:
    world.deploy(t_bpmn=diagram(thrower()), r_bpmn=diagram(RECEIVER))
    thrown = world.start("T", business_key="a", target="b", news="good")
    world.rest()
    assert world.incidents == []
    world.advance(hours=1)
    [incident] = world.incidents
    assert (incident.kind, incident.instance_id, incident.element_id) == ("delivery", thrown.id, "t")
    assert "someone who waits for message 'm' with key 'b'" in incident.message
    receiver = world.start("R", business_key="b")
    world.retry(incident)
    world.rest()
    assert world.incidents == []
    assert world.variables(receiver)["news"] == "good"
    notes = [entry.command[0] for entry in world.see(journal.entries, thrown.id) if entry.kind == "note"]
    assert notes == ["delivery failed", "delivery retried"]
    assert world.wrong() == []


def test_a_receiver_that_comes_within_the_retries_is_early_enough(world: World) -> None:
    world.deploy(t_bpmn=diagram(thrower()), r_bpmn=diagram(RECEIVER))
    world.start("T", business_key="a", target="b", news="good")
    world.rest()
    world.start("R", business_key="b")
    world.advance(minutes=1)
    assert sorted(world.open) == ["next", "u"]
    assert world.incidents == []


def test_a_message_thrown_at_the_end_outlives_its_instance(world: World) -> None:
    end = '<endEvent id="e"><messageEventDefinition messageRef="msg_m"/></endEvent>'
    world.deploy(t_bpmn=diagram(process(f'<startEvent id="s"/>{end}', "s e", key="T")), r_bpmn=diagram(RECEIVER))
    thrown = world.start("T")
    assert world.status(thrown) == "completed"
    world.advance(hours=1)
    [incident] = world.incidents
    world.start("R")
    world.retry(incident)
    world.rest()
    assert world.open == ["u"]
