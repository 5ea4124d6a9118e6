"""What became of things."""

from __future__ import annotations

from dataclasses import replace

from engine import history, incidents, instances, migration
from tests.engine.core.case import diagram, process
from tests.engine.world import BEN, World

LOOP = process(
    '<startEvent id="s"/><userTask id="u"/><exclusiveGateway id="g"/><userTask id="v"/><endEvent id="e"/>',
    "s u g u",
    "g v e",
    conditions={"g-v": "${done}"},
).replace('id="g"', 'id="g" default="g-u"')


def test_a_path_counts_every_flow_and_element_and_says_where_it_stands(world: World) -> None:
    world.deploy(LOOP)
    instance = world.start()
    for done in (False, False, True):
        world.complete("u", done=done)
    path = world.path(instance.id, "P:1")
    assert path.flows == {"s-u": 1, "u-g": 3, "g-u": 2, "g-v": 1}
    assert path.elements == {"s": 1, "u": 3, "g": 3, "v": 1}
    assert path.active == ("v",)
    assert path.incidents == ()


def test_a_called_process_has_a_path_of_its_own(world: World) -> None:
    caller = process('<startEvent id="s"/><callActivity id="c" calledElement="C"/><endEvent id="e"/>', "s c e")
    called = process('<startEvent id="s"/><userTask id="u"/><endEvent id="e"/>', "s u e", key="C")
    world.deploy(p_bpmn=diagram(caller), c_bpmn=diagram(called))
    instance = world.start()
    assert world.user_task("u").definition_id == "C:1"
    outside, inside = (world.path(instance.id, each) for each in ("P:1", "C:1"))
    assert (outside.active, outside.flows) == (("c",), {"s-c": 1})
    assert (inside.active, inside.flows) == (("u",), {"s-u": 1})
    world.complete("u")
    assert world.path(instance.id, "P:1").flows == {"s-c": 1, "c-e": 1}


def test_what_went_on_by_another_version_has_a_path_in_both(world: World) -> None:
    drawn = '<startEvent id="s"/><userTask id="u"/><userTask id="v"/><userTask id="w"/><endEvent id="e"/>'
    inside = '<startEvent id="si"/><userTask id="ui"/>'
    sub = f'<subProcess id="sub">{inside}<sequenceFlow id="si-ui" sourceRef="si" targetRef="ui"/></subProcess>'
    world.deploy(process(drawn + sub, "s u v sub w e"))
    instance = world.start()
    world.complete("u")
    world.complete("v")
    other = (drawn.replace('"v"', '"x"') + sub).replace('"ui"', '"yi"').replace("si-ui", "si-yi")
    world.deploy(process(other, "s u x w sub e"))
    plan = world.see(migration.propose, "P:1", "P:2")
    world.advance(hours=1)
    world.do(migration.migrate, replace(plan, elements={**plan.elements, "ui": "yi"}), instance.id, "why")
    world.advance(hours=1)
    world.complete("yi")
    old, new = (world.path(instance.id, each) for each in ("P:1", "P:2"))
    assert (old.flows, new.flows) == ({"s-u": 1, "u-v": 1, "v-sub": 1, "si-ui": 1}, {"sub-e": 1})
    assert old.elements == {"s": 1, "u": 1, "v": 1, "sub": 1, "si": 1, "ui": 1}
    assert new.elements == {"sub": 1, "yi": 1, "e": 1}
    assert (old.active, new.active) == ((), ())
    assert (old.before, new.before) == ((), ("P:1",))
    assert (old.left, new.left) == ({"sub": 1, "ui": 1}, {})
    assert world.wrong() == []


def test_activities_say_when_they_began_and_ended_and_by_whom(world: World) -> None:
    world.deploy(LOOP)
    instance = world.start()
    world.advance(hours=2)
    world.cancel(instance, "it was withdrawn")
    activities = world.see(history.activities_of, instance.id)
    assert [(each.element_id, each.kind, each.outcome) for each in activities] == [
        ("P", "process", "terminated"),
        ("s", "startEvent", "completed"),
        ("u", "userTask", "terminated"),
    ]
    assert activities[2].ended_at is not None
    assert (activities[2].ended_at - activities[2].started_at).total_seconds() == 7200
    assert (activities[2].ended_by, activities[2].reason) == ("anna", "it was withdrawn")
    assert [each.element_id for each in world.see(history.activities_of, instance.id, after=1, limit=1)] == ["s"]


def test_items_of_a_multi_instance_activity_are_told_apart(world: World) -> None:
    many = '<multiInstanceLoopCharacteristics camunda:collection="${units}" camunda:elementVariable="unit"/>'
    task = f'<userTask id="u" camunda:candidateGroups="unit:${{unit}}">{many}</userTask>'
    world.deploy(process(f'<startEvent id="s"/>{task}<endEvent id="e"/>', "s u e"))
    instance = world.start(units=["roads", "water"])
    items = [each for each in world.see(history.activities_of, instance.id) if each.item is not None]
    assert [each.item for each in items] == [0, 1]
    assert [each.candidate_groups for each in world.user_tasks()] == [("unit:roads",), ("unit:water",)]


def test_who_completed_a_user_task_is_remembered_where_its_outputs_failed(world: World) -> None:
    outputs = (
        '<extensionElements><camunda:inputOutput><camunda:outputParameter name="half">${1 / parts}'
        "</camunda:outputParameter></camunda:inputOutput></extensionElements>"
    )
    world.deploy(process(f'<startEvent id="s"/><userTask id="u">{outputs}</userTask><endEvent id="e"/>', "s u e"))
    instance = world.start(parts=0)
    world.complete("u")
    assert world.open == []
    [incident] = world.incidents
    assert incident.element_id == "u"
    world.do(instances.set_variables, instance.id, {"parts": 2})
    world.do(incidents.retry, incident.id, by=BEN)
    [ended] = world.user_tasks(open=False)
    assert (ended.status, ended.ended_by) == ("completed", "anna")
