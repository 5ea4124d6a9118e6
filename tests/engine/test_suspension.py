"""Suspend and resume: what stands still, what is refused and told, and what comes afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from engine import conditions, deployments, instances, journal, signals, suspension, user_tasks
from engine.errors import InvalidInput, InvalidState, NotPermitted, Suspended
from engine.instances import Instance, InstanceQuery
from tests.engine.core.case import END, MESSAGE, SIGNAL, START, diagram, event, process, timer
from tests.engine.world import BEN, World

WAITING = process(
    START
    + '<parallelGateway id="f"/><userTask id="u"/>'
    + event("intermediateCatchEvent", "late", timer("PT2H"))
    + event("intermediateCatchEvent", "early", timer("PT1H"))
    + event("intermediateCatchEvent", "m", MESSAGE)
    + event("intermediateCatchEvent", "g", SIGNAL)
    + '<scriptTask id="note_late"><script>order = order + ["late"]</script></scriptTask>'
    + '<scriptTask id="note_early"><script>order = order + ["early"]</script></scriptTask>'
    + '<endEvent id="e1"/><endEvent id="e2"/><endEvent id="e3"/><endEvent id="e4"/><endEvent id="e5"/>',
    "s f u e1",
    "f late note_late e2",
    "f early note_early e3",
    "f m e4",
    "f g e5",
)
JOB = process(START + '<serviceTask id="work" camunda:type="external" camunda:topic="work"/>' + END, "s work e")
SENDS = process(
    START
    + '<intermediateThrowEvent id="t"><messageEventDefinition messageRef="msg_m"/></intermediateThrowEvent>'
    + '<intermediateThrowEvent id="t2"><signalEventDefinition signalRef="sig_g"/></intermediateThrowEvent>'
    + END,
    "s t t2 e",
    key="SENDS",
)


def deploy(world: World, *processes: str) -> None:
    """Each in a file of its own, so that they may use the same ids."""
    world.deploy(**{f"file{place}_bpmn": diagram(each) for place, each in enumerate(processes)})


def suspended(world: World, instance: Instance, reason: str = "the file is with the court") -> None:
    world.do(suspension.suspend, instance.id, reason)


def resumed(world: World, instance: Instance) -> None:
    world.do(suspension.resume, instance.id, "it is back")


@pytest.fixture
def waiting(world: World) -> Instance:
    deploy(world, WAITING, SENDS)
    return world.start(order=[])


def test_a_suspended_instance_says_since_when_by_whom_and_why(world: World, waiting: Instance) -> None:
    suspended(world, waiting)
    told: Instance = world.see(instances.get, waiting.id)
    assert (told.status, told.suspended_by, told.suspend_reason) == ("suspended", "anna", "the file is with the court")
    with pytest.raises(Suspended, match=r"was suspended at 09:00 by anna because the file is with the court"):
        world.complete("u")
    assert world.wrong() == []


@pytest.mark.parametrize(
    "command",
    [
        lambda world, instance: world.complete("u"),
        lambda world, instance: world.do(user_tasks.claim, world.user_task("u").id),
        lambda world, instance: world.message("m"),
        lambda world, instance: world.do(instances.set_variables, instance.id, {"n": 1}),
        lambda world, instance: world.do(suspension.suspend, instance.id, "once more"),
    ],
)
def test_a_suspended_instance_takes_nothing(world: World, waiting: Instance, command: Callable[..., Any]) -> None:
    suspended(world, waiting)
    before = world.see(instances.state, waiting.id)
    with pytest.raises(Suspended):
        command(world, waiting)
    assert world.see(instances.state, waiting.id) == before


def test_its_user_tasks_stay_to_be_seen_and_are_marked(world: World, waiting: Instance) -> None:
    assert not world.user_task("u").is_suspended
    suspended(world, waiting)
    assert world.user_task("u").is_suspended
    assert world.see(user_tasks.open_of, waiting.id)[0].is_suspended
    resumed(world, waiting)
    assert not world.user_task("u").is_suspended
    world.complete("u")


def test_its_overdue_timers_fire_after_it_was_resumed_in_the_order_of_their_due_time(
    world: World, waiting: Instance
) -> None:
    suspended(world, waiting)
    world.advance(hours=3)
    assert world.variables(waiting)["order"] == []
    assert world.engine.next_due() is None
    resumed(world, waiting)
    world.rest()
    assert world.variables(waiting)["order"] == ["early", "late"]
    assert world.wrong() == []


def test_a_timer_that_is_not_due_yet_is_due_as_before(world: World, waiting: Instance) -> None:
    due = world.engine.next_due()
    suspended(world, waiting)
    resumed(world, waiting)
    assert world.engine.next_due() == due


def test_a_deadline_that_changes_meanwhile_holds_afterwards(world: World, waiting: Instance) -> None:
    due = world.engine.next_due()
    assert due is not None
    suspended(world, waiting)
    world.do(instances.move_due_date, waiting.id, due, due + timedelta(hours=4))
    assert world.engine.next_due() is None
    assert world.wrong() == []
    resumed(world, waiting)
    assert world.engine.next_due() == due + timedelta(hours=1)
    world.advance(hours=2)
    assert world.variables(waiting)["order"] == ["late"]


def test_its_jobs_run_after_it_was_resumed(make_world: Callable[..., World]) -> None:
    ran: list[str] = []
    world = make_world(handlers={"work": lambda *, job_id: ran.append(job_id)})
    deploy(world, JOB)
    instance = world.start()
    suspended(world, instance)
    world.rest()
    assert ran == []
    resumed(world, instance)
    world.rest()
    assert ran == [f"{instance.id}-{3}"]
    assert world.status(instance) == "completed"
    assert world.wrong() == []


def test_a_handler_that_was_at_work_runs_again_after_it_was_resumed(make_world: Callable[..., World]) -> None:
    ran: list[str] = []

    def work(*, job_id: str) -> dict[str, int]:
        ran.append(job_id)
        if len(ran) == 1:
            suspended(world, instance)
        return {"n": len(ran)}

    world = make_world(handlers={"work": work})
    deploy(world, JOB)
    instance = world.start()
    world.rest()
    assert world.status(instance) == "suspended"
    assert "n" not in world.variables(instance)
    resumed(world, instance)
    world.advance(hours=1)
    world.rest()
    assert len(set(ran)) == 1
    assert (len(ran), world.variables(instance)["n"]) == (2, 2)
    assert world.wrong() == []


def test_a_handler_that_fails_meanwhile_starts_nothing_by_its_failure(make_world: Callable[..., World]) -> None:
    ran: list[str] = []

    def work(*, job_id: str) -> None:
        ran.append(job_id)
        if len(ran) == 1:
            suspended(world, instance)
            raise OSError("no line")

    world = make_world(handlers={"work": work})
    deploy(world, JOB)
    instance = world.start()
    world.rest()
    world.advance(hours=1)
    assert len(ran) == 1
    resumed(world, instance)
    world.advance(hours=1)
    world.rest()
    assert (len(ran), world.status(instance)) == (2, "completed")


def test_what_others_send_it_waits_until_it_is_resumed(world: World, waiting: Instance) -> None:
    suspended(world, waiting)
    world.start("SENDS")
    world.rest()
    world.advance(hours=1)
    assert world.incidents == []
    standing = {token.element_id for token in world.see(instances.state, waiting.id).tokens.values()}
    assert {"m", "g"} <= standing
    resumed(world, waiting)
    world.advance(minutes=5)
    world.rest()
    standing = {token.element_id for token in world.see(instances.state, waiting.id).tokens.values()}
    assert not {"m", "g"} & standing
    assert world.wrong() == []


def test_what_it_has_thrown_itself_goes_on(world: World, waiting: Instance) -> None:
    sender = world.start("SENDS", business_key="case-1")
    assert world.status(sender) == "completed"
    world.rest()
    assert "m" not in {token.element_id for token in world.see(instances.state, waiting.id).tokens.values()}


def test_a_suspended_instance_can_be_cancelled(world: World, waiting: Instance) -> None:
    suspended(world, waiting)
    world.cancel(waiting, "it was a mistake")
    assert world.status(waiting) == "cancelled"
    assert world.open == []
    assert world.wrong() == []


def test_an_instance_that_is_not_suspended_is_not_resumed(world: World, waiting: Instance) -> None:
    with pytest.raises(InvalidState, match="is not suspended"):
        resumed(world, waiting)
    world.cancel(waiting, "withdrawn")
    with pytest.raises(InvalidState, match="was cancelled"):
        suspended(world, waiting)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_reason_is_given(world: World, waiting: Instance, reason: str) -> None:
    with pytest.raises(InvalidInput, match="Expected a reason"):
        suspended(world, waiting, reason)


def test_who_suspends_is_asked(make_world: Callable[..., World]) -> None:
    world = make_world(authorise=lambda actor, action, target: actor != BEN)
    deploy(world, WAITING)
    instance = world.start(order=[])
    with pytest.raises(NotPermitted, match="suspend"):
        world.do(suspension.suspend, instance.id, "why", by=BEN)
    with pytest.raises(NotPermitted, match="suspend"):
        world.do(suspension.suspend_definition, "P:1", "why", by=BEN)


def test_who_suspended_and_resumed_it_and_why_is_in_the_journal(world: World, waiting: Instance) -> None:
    suspended(world, waiting)
    world.do(suspension.resume, waiting.id, "it is back", by=BEN)
    *_, first, second = world.see(journal.entries, waiting.id)
    assert (first.actor, first.command) == ("anna", ("SuspendInstance", {"reason": "the file is with the court"}))
    assert (second.actor, second.command) == ("ben", ("ResumeInstance", {"reason": "it is back"}))


# Definitions

BY_EVENT = (
    process('<startEvent id="s">' + MESSAGE + "</startEvent>" + END, "s e", key="BY_MESSAGE"),
    process('<startEvent id="s">' + SIGNAL + "</startEvent>" + END, "s e", key="BY_SIGNAL"),
    process('<startEvent id="s">' + timer("PT1H") + "</startEvent>" + END, "s e", key="BY_TIMER"),
    process(
        '<startEvent id="s"><conditionalEventDefinition><condition>n > 3</condition></conditionalEventDefinition>'
        "</startEvent>" + END,
        "s e",
        key="BY_CONDITION",
    ),
)


def by_condition(world: World) -> None:
    for error in world.do(conditions.start_by_condition, {"n": 4}).failed.values():
        raise error


@pytest.mark.parametrize(
    ("key", "start"),
    [
        ("P", lambda world: world.start()),
        ("BY_MESSAGE", lambda world: world.message("m", "none")),
        ("BY_CONDITION", lambda world: by_condition(world)),
    ],
)
def test_a_suspended_definition_starts_nothing(world: World, key: str, start: Callable[..., Any]) -> None:
    deploy(world, WAITING.replace("order + ", ""), *BY_EVENT)
    world.do(suspension.suspend_definition, f"{key}:1", "it is wrong")
    with pytest.raises(Suspended, match=f"{key}:1, but it was suspended at 09:00 by anna because it is wrong"):
        start(world)
    assert world.see(instances.search, InstanceQuery()) == []
    world.do(suspension.resume_definition, f"{key}:1", "it is mended")
    start(world)
    assert len(world.see(instances.search, InstanceQuery(definition_key=key))) == 1


def test_a_timer_that_starts_a_suspended_definition_does_so_when_it_is_resumed(world: World) -> None:
    deploy(world, *BY_EVENT)
    world.do(suspension.suspend_definition, "BY_TIMER:1", "why")
    world.advance(hours=2)
    assert world.see(instances.search, InstanceQuery()) == []
    world.do(suspension.resume_definition, "BY_TIMER:1", "it is mended")
    world.rest()
    assert [each.definition_id for each in world.see(instances.search, InstanceQuery())] == ["BY_TIMER:1"]


def test_a_signal_starts_a_suspended_definition_once_it_is_resumed(world: World) -> None:
    deploy(world, *BY_EVENT)
    world.do(suspension.suspend_definition, "BY_SIGNAL:1", "why")
    world.do(signals.broadcast, "g")
    world.rest()
    world.advance(hours=1)
    found = {each.definition_key for each in world.see(instances.search, InstanceQuery())}
    assert "BY_SIGNAL" not in found
    world.do(suspension.resume_definition, "BY_SIGNAL:1", "it is mended")
    world.advance(minutes=5)
    world.rest()
    found = {each.definition_key for each in world.see(instances.search, InstanceQuery())}
    assert "BY_SIGNAL" in found


def test_instances_of_a_suspended_definition_go_on_and_call_it(world: World) -> None:
    calls = process(START + '<callActivity id="call" calledElement="P"/>' + END, "s call e", key="CALLS")
    deploy(world, process(START + '<userTask id="u"/>' + END, "s u e"), calls)
    running = world.start()
    world.do(suspension.suspend_definition, "P:1", "why")
    world.start("CALLS", business_key="case-2")
    assert len(world.open) == 2
    world.complete("u")
    assert world.status(running) == "completed"


def test_every_version_is_suspended_and_one_deployed_later_is_not(world: World) -> None:
    simple = process(START + '<userTask id="u"/>' + END, "s u e")
    deploy(world, simple)
    deploy(world, simple.replace('"u"/>', '"u" name="v2"/>'))
    found = world.do(suspension.suspend_all_versions, "P", "why")
    assert [each.id for each in found] == ["P:2", "P:1"]
    with pytest.raises(InvalidState, match="was suspended"):
        world.do(suspension.suspend_definition, "P:1", "why")
    deploy(world, simple.replace('"u"/>', '"u" name="v3"/>'))
    assert world.start().definition_id == "P:3"
    told = {each.id: each.suspend_reason for each in world.see(deployments.versions, "P")}
    assert told == {"P:3": None, "P:2": "why", "P:1": "why"}
    with pytest.raises(InvalidInput, match="Expected a reason"):
        world.do(suspension.resume_all_versions, "P", "")
    assert len(world.do(suspension.resume_all_versions, "P", "it is mended")) == 2
    with pytest.raises(InvalidState, match="is not suspended"):
        world.do(suspension.resume_definition, "P:1", "it is mended")


def test_a_definition_says_when_by_whom_and_why_it_was_last_suspended_or_resumed(world: World) -> None:
    deploy(world, process(START + '<userTask id="u"/>' + END, "s u e"))
    world.do(suspension.suspend_definition, "P:1", "it is wrong")
    with pytest.raises(InvalidInput, match="Expected a reason"):
        world.do(suspension.resume_definition, "P:1", " ")
    world.advance(hours=1)
    world.do(suspension.resume_definition, "P:1", "it was right", by=BEN)
    found = world.see(deployments.definition, "P:1")
    assert (found.suspended_at, found.suspended_by, found.suspend_reason) == (None, None, None)
    assert (found.resumed_at, found.resumed_by, found.resume_reason) == (world.clock.now(), "ben", "it was right")
    world.do(suspension.suspend_definition, "P:1", "it is wrong after all")
    found = world.see(deployments.definition, "P:1")
    assert (found.suspend_reason, found.resumed_at, found.resume_reason) == ("it is wrong after all", None, None)
