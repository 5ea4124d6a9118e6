"""Asynchronous continuations in the shell: what was done before a stop is saved, and what follows is done or undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine import instances, jobs
from engine.errors import InvalidDefinition, InvalidState
from engine.leases import LEASE
from engine.work import continuations, runner
from tests.engine.core.case import process
from tests.engine.world import World

MakeWorld = Callable[..., World]
CYCLE = "<extensionElements><camunda:failedJobRetryTimeCycle>{}</camunda:failedJobRetryTimeCycle></extensionElements>"


def script(where: str, cycle: str = "R3/PT10S", code: str = "half = whole / parts") -> str:
    """A user task, a script that stops its tokens, and another user task."""
    task = f'<scriptTask id="x" {where}>{CYCLE.format(cycle)}<script>{code}</script></scriptTask>'
    return process(f'<startEvent id="s"/><userTask id="u"/>{task}<userTask id="v"/><endEvent id="e"/>', "s u x v e")


BEFORE, AFTER = 'camunda:asyncBefore="true"', 'camunda:asyncAfter="true"'


@pytest.mark.parametrize("where", [BEFORE, AFTER, 'camunda:async="true"', f"{BEFORE} {AFTER}"])
def test_what_follows_a_stop_is_done_by_a_job(world: World, where: str) -> None:
    world.deploy(script(where))
    instance = world.start(whole=8, parts=2)
    world.complete("u")
    assert world.open == []
    assert ("half" in world.variables(instance)) == ("Before" not in where and "async=" not in where)
    [job] = world.see(jobs.find, instance.id)
    assert (job.topic, job.retries) == (":continue", 3)
    world.rest()
    assert world.open == ["v"]
    assert world.variables(instance)["half"] == 4
    assert world.see(jobs.find, instance.id) == []
    assert world.wrong() == []


def test_what_fails_is_undone_back_to_the_stop_tried_again_and_then_an_incident_that_can_be_retried(
    world: World,
) -> None:
    body = (
        f'<startEvent id="s"/><task id="t" {BEFORE}>{CYCLE.format("R3/PT10S")}</task>'
        '<scriptTask id="y"><script>n = n + 1</script></scriptTask>'
        '<scriptTask id="x"><script>half = whole / parts</script></scriptTask><userTask id="v"/><endEvent id="e"/>'
    )
    world.deploy(process(body, "s t y x v e"))
    instance = world.start(whole=8, parts=0, n=0)
    world.rest()
    [job] = world.see(jobs.find, instance.id)
    assert (job.retries, job.attempts) == (2, 1)
    assert job.last_error == "At 'x': Expected a divisor, but it is 0. (in 'half = whole / parts')"
    assert world.variables(instance)["n"] == 0
    assert world.incidents == []
    world.advance(hours=1)
    [incident] = world.incidents
    assert (incident.kind, incident.element_id, incident.message) == ("job", "t", job.last_error)
    assert world.variables(instance)["n"] == 0
    world.do(instances.set_variables, instance.id, {"parts": 2})
    world.retry(incident)
    assert world.open == []
    world.rest()
    assert world.open == ["v"]
    assert world.variables(instance)["n"] == 1
    assert world.incidents == []
    assert world.wrong() == []


def test_a_retry_in_time_needs_no_incident(world: World) -> None:
    world.deploy(script(BEFORE, cycle="R2/PT10S"))
    instance = world.start(whole=8, parts=0)
    world.complete("u")
    world.rest()
    world.do(instances.set_variables, instance.id, {"parts": 4})
    world.advance(seconds=10)
    assert world.open == ["v"]
    assert world.variables(instance)["half"] == 2


def test_a_stop_that_ends_whoever_takes_its_token_on_becomes_an_incident(world: World) -> None:
    world.deploy(script(BEFORE))
    world.start(whole=8, parts=2)
    world.complete("u")
    for _ in range(jobs.MAX_LAPSES):
        assert len(world.engine.transact(lambda tx: runner.claim(tx, world.clock.now(), 1))) == 1
        world.clock.move(LEASE)
    world.rest()
    [incident] = world.incidents
    assert incident.message == "Expected to hear of it, but whoever ran it fell silent 10 times."
    assert world.open == []
    world.retry(incident)
    world.rest()
    assert (world.open, world.wrong()) == (["v"], [])


def test_a_stop_is_left_once_however_many_take_the_token_on(world: World) -> None:
    world.deploy(script(f"{BEFORE} {AFTER}", code="n = n + 1"))
    instance = world.start(n=0)
    world.complete("u")

    def claim() -> Any:
        [found] = world.engine.transact(lambda tx: runner.claim(tx, world.clock.now(), 1))
        return found

    first = claim()
    world.clock.move(LEASE)
    second = claim()
    continuations.run(world.engine, first)
    assert world.variables(instance)["n"] == 0
    continuations.run(world.engine, second)
    assert world.variables(instance)["n"] == 1
    [after] = world.see(jobs.find, instance.id)
    continuations.run(world.engine, second)
    continuations.run(world.engine, first)
    assert world.see(jobs.find, instance.id) == [after]
    world.rest()
    assert world.open == ["v"]
    assert world.wrong() == []


def test_a_stop_whose_activity_is_interrupted_needs_nothing_any_more(world: World) -> None:
    inner = f'<startEvent id="is"/><task id="t" {BEFORE}/><endEvent id="ie"/>'
    body = (
        '<startEvent id="s"/><subProcess id="sub">' + process(inner, "is t ie").split(">", 1)[1].rsplit("<", 1)[0]
    ) + (
        '</subProcess><boundaryEvent id="b" attachedToRef="sub"><messageEventDefinition messageRef="msg_m"/>'
        '</boundaryEvent><userTask id="v"/><endEvent id="e"/><endEvent id="e2"/>'
    )
    world.deploy(process(body, "s sub e", "b v e2"))
    instance = world.start()
    world.message("m")
    assert world.open == ["v"]
    assert world.see(jobs.find, instance.id) == []
    world.rest()
    assert world.open == ["v"]
    assert world.wrong() == []


def test_a_result_of_outside_work_is_none_of_a_stop(world: World) -> None:
    world.deploy(script(BEFORE))
    instance = world.start(whole=1, parts=1)
    world.complete("u")
    [job] = world.see(jobs.find, instance.id)
    token_id = int(job.id.partition("-")[2])
    with pytest.raises(InvalidState):
        world.do(jobs.complete, instance.id, token_id, {})
    world.rest()
    assert world.open == ["v"]


def test_the_priority_of_a_stop_is_the_elements_or_the_processs(world: World) -> None:
    order: list[str] = []
    world.engine.functions["seen"] = lambda name: order.append(name)
    plain = process(f'<startEvent id="s" {BEFORE}/><scriptTask id="x"><script>seen(which)</script></scriptTask>', "s x")
    urgent = plain.replace('id="P"', 'id="U" camunda:jobPriority="70"')
    own = urgent.replace('id="U"', 'id="O"').replace('id="s"', 'id="s" camunda:jobPriority="${10 * 9}"')
    for each in (plain, urgent, own):
        world.deploy(each)
    for key in ("P", "U", "O"):
        world.start(key, business_key=key, which=key)
    while world.engine.next_due() is not None:
        runner.run_due(world.engine, batch=1)
    assert order == ["O", "U", "P"]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (f'<eventBasedGateway id="g" {AFTER}/>', "The event that comes takes over from its gateway"),
        (
            f'<intermediateThrowEvent id="g" {AFTER}><linkEventDefinition name="l"/></intermediateThrowEvent>',
            "the link",
        ),
        (script(BEFORE, cycle="soon"), "'soon' does not say how often and when to retry"),
    ],
)
def test_a_stop_that_nobody_would_come_to_is_refused(world: World, wrong: str, why: str) -> None:
    with pytest.raises(InvalidDefinition, match=why):
        world.deploy(wrong if wrong.startswith("<process") else process(f'<startEvent id="s"/>{wrong}', "s g"))
