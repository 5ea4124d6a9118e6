"""Migration in the shell: what is proposed, checked, tried out, written; and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from engine import deployments, history, instances, journal, migration, signals, suspension
from engine.core import facts
from engine.errors import InvalidChange, InvalidInput, InvalidState, NotFound, NotPermitted
from engine.migration import Plan, RunningQuery
from tests.engine.core.case import END, MESSAGE, SIGNAL, START, boundary, diagram, event_subprocess, process, timer
from tests.engine.world import ANNA, BEN, World


def drawn(*, more: str = "", group: str = "clerks", name: str = "a") -> str:
    body = (
        START
        + f'<userTask id="{name}" name="{more or "Look"}" camunda:candidateGroups="{group}"/>'
        + boundary("late", name, timer("PT2H"))
        + boundary("note", name, SIGNAL, interrupting=False)
        + '<userTask id="b"/><userTask id="c"/><parallelGateway id="f"/><parallelGateway id="j"/>'
        + '<endEvent id="ne"/>'
        + END
        + (f'<userTask id="{more}"/>' if more else "")
        + event_subprocess("off", MESSAGE, '<userTask id="wait"/><endEvent id="oe"/>', "off_s wait oe")
    )
    return process(body, f"s f {name} j {more} c e", "f b j", "late e", "note ne")


@pytest.fixture
def versions(world: World) -> World:
    """Two versions of P, of which the first runs once."""
    world.deploy(drawn())
    world.start(n=1)
    world.deploy(drawn(more="check", group="leaders"))
    return world


def plan(world: World, **elements: str) -> Plan:
    found: Plan = world.see(migration.propose, "P:1", "P:2")
    return replace(found, elements={**found.elements, **elements})


def test_an_instance_goes_on_by_the_new_version(versions: World) -> None:
    (instance_id,) = versions.see(migration.running, RunningQuery("P:1"))
    versions.complete("b")
    versions.do(migration.migrate, plan(versions), instance_id, "a check was missing")
    instance = versions.see(instances.get, instance_id)
    assert (instance.definition_id, instance.definition_key) == ("P:2", "P")
    assert versions.see(deployments.running, ["P:1", "P:2"]) == {"P:1": 0, "P:2": 1}
    task = versions.user_task("a")
    assert (task.definition_id, task.name, task.candidate_groups) == ("P:2", "check", ("clerks",))
    assert versions.wrong() == []
    versions.complete("a")
    assert versions.open == ["check"]
    versions.complete("check")
    versions.complete("c")
    assert versions.status(instance) == "completed"
    assert versions.wrong() == []


def test_a_user_task_that_is_set_up_anew_is_in_the_queue_of_the_new_group(versions: World) -> None:
    (instance_id,) = versions.see(migration.running, RunningQuery("P:1"))
    versions.do(migration.migrate, replace(plan(versions), renewed=frozenset({"a"})), instance_id, "why")
    assert [each.element_id for each in versions.user_tasks(groups=frozenset({"leaders"}))] == ["a"]
    assert versions.user_tasks(groups=frozenset({"clerks"})) == []
    assert versions.wrong() == []


def test_timers_messages_and_signals_come_to_the_new_version(versions: World) -> None:
    (instance_id,) = versions.see(migration.running, RunningQuery("P:1"))
    versions.do(migration.migrate, plan(versions), instance_id, "why")
    versions.message("m")
    assert versions.open == ["wait"]
    assert versions.wrong() == []
    second = versions.start(business_key="case-2")
    assert second.definition_id == "P:2"
    versions.advance(hours=3)
    assert versions.wrong() == []


def test_what_has_ended_stays_where_it_ran(versions: World) -> None:
    (instance_id,) = versions.see(migration.running, RunningQuery("P:1"))
    versions.complete("b")
    versions.do(migration.migrate, plan(versions), instance_id, "why")
    ways = {each.element_id: each.definition_id for each in versions.see(history.activities_of, instance_id)}
    assert (ways["b"], ways["a"], ways["P"]) == ("P:1", "P:2", "P:2")


def test_elements_that_change_places_change_them_in_every_row(world: World) -> None:
    world.deploy(drawn(name="a"))
    instance = world.start()
    world.deploy(drawn(name="x"))
    found = world.see(migration.propose, "P:1", "P:2")
    assert found.elements["a"] == "x", "the only one of that name"
    world.do(migration.migrate, found, instance.id, "why")
    assert sorted(world.open) == ["b", "x"]
    assert world.wrong() == []
    world.advance(hours=3)
    assert "x" not in world.open


def test_a_suspended_instance_is_migrated_and_stays_suspended(versions: World) -> None:
    (instance_id,) = versions.see(migration.running, RunningQuery("P:1"))
    versions.do(suspension.suspend, instance_id, "until it is migrated")
    versions.do(migration.migrate, plan(versions), instance_id, "why")
    assert versions.see(instances.get, instance_id).status == "suspended"
    assert versions.wrong() == []
    versions.advance(hours=3)
    assert "a" in versions.open
    versions.do(suspension.resume, instance_id, "it is migrated")
    versions.rest()
    assert "a" not in versions.open
    assert versions.wrong() == []


def test_who_moved_it_why_and_by_which_plan_is_in_the_journal(versions: World) -> None:
    (instance_id,) = versions.see(migration.running, RunningQuery("P:1"))
    versions.do(migration.migrate, plan(versions), instance_id, "a check was missing", by=BEN)
    entry = versions.see(journal.entries, instance_id)[-1]
    assert (entry.actor, entry.command[0]) == ("ben", "MigrateInstance")
    said = entry.command[1]
    assert (said["source"], said["target"], said["reason"]) == ("P:1", "P:2", "a check was missing")
    assert said["elements"]["a"] == "a"


def test_a_rehearsal_tells_what_would_happen_and_changes_nothing(versions: World) -> None:
    (instance_id,) = versions.see(migration.running, RunningQuery("P:1"))
    before = versions.see(instances.state, instance_id)
    (would,) = versions.see(migration.rehearse, plan(versions), instance_id)
    assert isinstance(would, facts.ProcessMigrated)
    assert versions.see(instances.state, instance_id) == before


def test_what_is_in_the_way_is_told_for_the_plan_and_for_each_instance(versions: World) -> None:
    (first,) = versions.see(migration.running, RunningQuery("P:1"))
    lacking = plan(versions)
    lacking = replace(lacking, elements={name: to for name, to in lacking.elements.items() if name not in "bc"})
    found = versions.see(migration.check, lacking, [first, 99])
    assert found.of_plan == ()
    assert "Expected a counterpart of 'b'" in found.of_instances[first][0]
    assert "there is none" in found.of_instances[99][0]
    wrong = versions.see(migration.check, plan(versions, b="f"), [first])
    assert "Expected 'f' to be what 'b' is" in wrong.of_plan[0]
    assert versions.see(migration.check, plan(versions), [first]) == migration.Check((), {})


def test_what_is_refused_changes_nothing(versions: World) -> None:
    (instance_id,) = versions.see(migration.running, RunningQuery("P:1"))
    entries = versions.see(journal.entries, instance_id)
    for wanted, reason, error in (
        (plan(versions, b="f"), "why", InvalidChange),
        (plan(versions), "", InvalidInput),
        (Plan("P:2", "P:1", {}), "why", InvalidState),
        (Plan("P:1", "P:9", {}), "why", NotFound),
    ):
        with pytest.raises(error):
            versions.do(migration.migrate, wanted, instance_id, reason)
    assert versions.see(journal.entries, instance_id) == entries


def test_who_migrates_is_asked(make_world: Callable[..., World]) -> None:
    world = make_world(authorise=lambda actor, action, target: actor == ANNA)
    world.deploy(drawn())
    instance = world.start()
    world.deploy(drawn(more="check"))
    with pytest.raises(NotPermitted, match="migrate"):
        world.do(migration.migrate, plan(world), instance.id, "why", by=BEN)


def test_what_it_calls_is_of_the_deployment_of_its_new_version(world: World) -> None:
    calls = process(START + '<userTask id="a"/><callActivity id="call" calledElement="Q"/>' + END, "s a call e")
    called = process('<startEvent id="qs"/><userTask id="q"/><endEvent id="qe"/>', "qs q qe", key="Q")
    world.deploy(p_bpmn=diagram(calls), q_bpmn=diagram(called))
    instance = world.start()
    again = called.replace('"q"', '"r"').replace("qs-q", "f").replace("q-qe", "g")
    world.deploy(p_bpmn=diagram(calls.replace('"a"/>', '"a" name="A"/>')), q_bpmn=diagram(again))
    world.do(migration.migrate, plan(world), instance.id, "why")
    world.complete("a")
    assert world.open == ["r"]
    world.deploy(q_bpmn=diagram(called))
    assert world.wrong() == []


def test_a_called_process_is_migrated_where_it_stands(world: World) -> None:
    calls = process(START + '<callActivity id="call" calledElement="Q"/>' + END, "s call e")
    called = process('<startEvent id="qs"/><userTask id="q"/><endEvent id="qe"/>', "qs q qe", key="Q")
    world.deploy(p_bpmn=diagram(calls), q_bpmn=diagram(called))
    instance = world.start()
    world.deploy(q_bpmn=diagram(called.replace('"q"', '"r"').replace("qs-q", "f").replace("q-qe", "g")))
    assert world.see(migration.running, RunningQuery("Q:1")) == [instance.id]
    found = world.see(migration.propose, "Q:1", "Q:2")
    world.do(migration.migrate, replace(found, elements={**found.elements, "q": "r"}), instance.id, "why")
    assert world.user_task("r").definition_id == "Q:2"
    assert world.see(instances.get, instance.id).definition_id == "P:1"
    assert world.wrong() == []
    world.complete("r")
    assert world.status(instance) == "completed"


def test_what_has_come_so_far_for_an_event_that_needs_more_goes_with_it(world: World) -> None:
    picks = (
        '<extensionElements><camunda:inputOutput><camunda:outputParameter name="first">${one}</camunda:outputParameter>'
        "</camunda:inputOutput></extensionElements>"
    )

    def version(name: str) -> str:
        triggers = f'{picks}<signalEventDefinition signalRef="sig_h"/>{MESSAGE}'
        catch = f'<intermediateCatchEvent id="{name}" name="Both" parallelMultiple="true">{triggers}</intermediateCatchEvent>'
        return process(f'{START}{catch}<userTask id="u"/>{END}', f"s {name} u e")

    world.deploy(version("k"))
    instance = world.start()
    world.do(signals.broadcast, "h", {"one": 1})
    world.rest()
    world.deploy(version("both"))
    proposed = world.see(migration.propose, "P:1", "P:2")
    assert proposed.elements["k"] == "both"
    world.do(migration.migrate, proposed, instance.id, "it has a better id")
    world.message("m")
    assert world.open == ["u"]
    assert world.variables(instance)["first"] == 1
    assert world.wrong() == []
