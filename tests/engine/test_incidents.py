"""Incidents: a script or condition that fails keeps its token, and goes on once the cause is mended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine import incidents, instances
from engine.errors import InvalidState, NotFound
from engine.incidents import Group, IncidentQuery
from tests.engine.core.case import process
from tests.engine.world import World

SCRIPT = process(
    '<startEvent id="s"/><userTask id="u"/><scriptTask id="x"><script>half = whole / parts</script></scriptTask>'
    '<userTask id="v"/><endEvent id="e"/>',
    "s u x v e",
)
CONDITION = process(
    '<startEvent id="s"/><exclusiveGateway id="g"/><userTask id="u"/><endEvent id="e"/>',
    "s g u e",
    conditions={"g-u": "${score > 3}"},
)


def test_a_failing_script_keeps_what_the_person_did_and_waits(world: World) -> None:
    world.deploy(SCRIPT)
    instance = world.start(whole=8, parts=0)
    world.complete("u", note=1)
    [incident] = world.incidents
    assert (incident.kind, incident.element_id) == ("execution", "x")
    assert world.variables(instance)["note"] == 1
    assert world.path(instance.id, "P:1").incidents == ("x",)
    world.retry(incident)
    [again] = world.incidents
    assert again.id != incident.id
    world.do(instances.set_variables, instance.id, {"parts": 2})
    world.retry(again)
    assert world.open == ["v"]
    assert world.incidents == []
    assert world.variables(instance)["half"] == 4
    assert world.wrong() == []


def test_a_failing_condition_names_its_flow_and_goes_on_after_a_retry(world: World) -> None:
    world.deploy(CONDITION)
    instance = world.start(score=1)
    [incident] = world.incidents
    assert "g-u" in incident.message
    world.do(instances.set_variables, instance.id, {"score": 5})
    world.retry(incident)
    assert world.open == ["u"]


def test_a_join_that_can_no_longer_be_completed_says_so_and_a_retry_looks_again(world: World) -> None:
    body = (
        '<startEvent id="s"/><exclusiveGateway id="g" default="g-a"/><userTask id="a"/><manualTask id="b"/>'
        '<parallelGateway id="j"/><endEvent id="e"/>'
    )
    world.deploy(process(body, "s g a j e", "g b j", conditions={"g-b": "${never}"}))
    instance = world.start(never=False)
    assert world.incidents == []
    world.complete("a")
    [incident] = world.incidents
    assert (incident.kind, incident.element_id) == ("join", "P")
    assert "'j' has tokens from 'a-j' only" in incident.message
    world.retry(incident)
    [again] = world.incidents
    assert (again.kind, again.message) == ("join", incident.message)
    assert again.id != incident.id
    world.cancel(instance, "it was drawn wrongly")
    assert world.incidents == []
    assert world.wrong() == []


def test_a_complex_gateway_goes_on_after_a_retry_once_its_condition_holds(world: World) -> None:
    body = (
        '<startEvent id="s"/><userTask id="a"/><complexGateway id="g"><activationCondition>'
        'activationCount &gt;= wanted</activationCondition></complexGateway><userTask id="u"/>'
    )
    world.deploy(process(body, "s a g u"))
    instance = world.start(wanted=2)
    world.complete("a")
    [incident] = world.incidents
    assert incident.kind == "join"
    world.do(instances.set_variables, instance.id, {"wanted": 1})
    world.retry(incident)
    assert world.open == ["u"]
    assert world.incidents == []
    assert world.wrong() == []


def test_a_condition_that_can_no_longer_be_decided_waits_for_help(world: World) -> None:
    event = "<conditionalEventDefinition><condition>${10 / level &gt; 3}</condition></conditionalEventDefinition>"
    body = (
        '<startEvent id="s"/><userTask id="u"/><endEvent id="e"/>'
        f'<boundaryEvent id="b" attachedToRef="u">{event}</boundaryEvent><userTask id="low"/>'
    )
    world.deploy(process(body, "s u e", "b low"))
    instance = world.start(level=5)
    world.do(instances.set_variables, instance.id, {"level": 0})
    [incident] = world.incidents
    assert (incident.kind, incident.element_id) == ("condition", "u")
    world.do(instances.set_variables, instance.id, {"level": 2})
    world.retry(incident)
    assert world.open == ["low"]
    assert world.incidents == []
    assert world.wrong() == []


def test_what_was_resolved_is_refused_and_what_never_was_is_not_found(world: World) -> None:
    world.deploy(CONDITION)
    instance = world.start(score=1)
    [incident] = world.incidents
    world.cancel(instance, "it was withdrawn")
    assert world.incidents == []
    with pytest.raises(InvalidState, match="but it was resolved at 09:00 by anna"):
        world.retry(incident)
    for wrong in ("1-99", "7-7", "", "x-y", "1"):
        with pytest.raises(NotFound):
            world.do(incidents.retry, wrong)


def test_incidents_are_listed_oldest_first_in_pages(world: World) -> None:
    world.deploy(CONDITION)
    started = [world.start(business_key=str(number), score=1).id for number in range(5)]
    first = world.see(incidents.find, IncidentQuery(limit=2))
    rest = world.see(incidents.find, IncidentQuery(limit=9, after=first[-1].id))
    assert [each.instance_id for each in (*first, *rest)] == started
    assert world.see(incidents.count) == 5
    assert [each.id for each in world.see(incidents.find, IncidentQuery(instance_id=started[3]))] == [rest[1].id]


def test_incidents_are_narrowed_to_where_they_are_and_what_they_say(world: World) -> None:
    join = (
        '<startEvent id="s"/><exclusiveGateway id="g" default="g-a"/><manualTask id="a"/><manualTask id="b"/>'
        '<parallelGateway id="j"/>'
    )
    world.deploy(process(join, "s g a j", "g b j", key="J", conditions={"g-b": "${never}"}))
    world.deploy(SCRIPT.replace('"x"', '"x" name="Halve it"'))
    world.deploy(
        process(
            '<callActivity id="c" calledElement="J"><extensionElements><camunda:in variables="all"/>'
            "</extensionElements></callActivity>",
            "c",
            key="Q",
        )
    )
    for number in range(3):
        world.start(business_key=f"script-{number}", whole=8, parts=0)
    for _ in range(3):
        world.complete("u")
    world.advance(hours=1)
    world.start("J", "join-1", never=False)
    world.start("Q", "join-2", never=False)

    def found(**query: Any) -> list[str]:
        every = world.see(incidents.find, IncidentQuery(**query))
        assert world.see(incidents.count, IncidentQuery(**query)) == len(every)
        return [each.business_key for each in every]

    scripts, joins = [f"script-{number}" for number in range(3)], ["join-1", "join-2"]
    assert found(definition_id="P:1") == found(element_id="x") == found(kind="execution") == scripts
    assert found(definition_id="J:1") == found(element_id="J") == found(kind="join") == joins
    assert found(says="DIVISOR") == scripts
    assert found(says="di%r") == found(says="d_visor") == found(definition_id="Q:1") == []
    assert found(raised_until=world.clock.now() - timedelta(minutes=1)) == scripts
    assert [each.definition_id for each in world.incidents] == ["P:1"] * 3 + ["J:1"] * 2
    assert world.see(incidents.groups) == [
        Group("P:1", "x", "Halve it", "execution", 3),
        Group("J:1", "J", "J", "join", 2),
    ]


def test_an_ended_instance_takes_no_more_commands(world: World) -> None:
    world.deploy(SCRIPT)
    instance = world.start(whole=8, parts=2)
    world.cancel(instance, "it was withdrawn")
    with pytest.raises(
        InvalidState,
        match="Expected to continue process instance 1, but it was cancelled at 09:00 because it was withdrawn",
    ):
        world.do(instances.set_variables, instance.id, {"parts": 2})
    with pytest.raises(InvalidState):
        world.cancel(instance, "once more")


def test_the_last_variables_of_an_ended_instance_can_still_be_read(world: World) -> None:
    world.deploy(SCRIPT)
    instance = world.start(whole=8, parts=2)
    world.complete("u", note=1)
    world.complete("v", note=2)
    assert world.status(instance) == "completed"
    assert world.variables(instance) == {"whole": 8, "parts": 2, "half": 4, "note": 2}
