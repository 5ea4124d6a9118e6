"""Incidents mended by hand: retried with other variables, skipped with a reason, cancelled; and what is known of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine import history, incidents, instances, jobs, journal
from engine.core.commands import FireTimer
from engine.errors import BpmnError, InvalidChange, InvalidInput, InvalidState, InvalidVariables, NotFound
from engine.incidents import Circumstances, Incident
from tests.engine.core.case import diagram, process
from tests.engine.world import World

MakeWorld = Callable[..., World]

SCRIPT = '<scriptTask id="x"><script>half = whole / parts</script></scriptTask>'
ONCE = "<camunda:failedJobRetryTimeCycle>R1/PT1S</camunda:failedJobRetryTimeCycle>"
BAD_MESSAGE = '<message id="msg_bad" name="${1 // parts}"/>'


def output(value: str, more: str = "") -> str:
    parameter = f'<camunda:outputParameter name="total">${{{value}}}</camunda:outputParameter>'
    return f"<extensionElements><camunda:inputOutput>{parameter}</camunda:inputOutput>{more}</extensionElements>"


def service(value: str) -> str:
    inside = output(value, ONCE)
    return f'<serviceTask id="x" camunda:type="external" camunda:topic="send">{inside}</serviceTask>'


def around(element: str) -> str:
    return process(f'<startEvent id="s"/><userTask id="u"/>{element}<userTask id="v"/><endEvent id="e"/>', "s u x v e")


def stuck(world: World, element: str, **variables: Any) -> Incident:
    """An instance that has stopped at element x, behind user task u and before v."""
    world.deploy(test_bpmn=diagram(BAD_MESSAGE, around(element)))
    world.start(**variables)
    world.complete("u")
    world.rest()
    [incident] = world.incidents
    return incident


def now(world: World) -> dict[str, Any]:
    return dict(world.see(instances.variables, 1))


def last_command(world: World) -> tuple[str, dict[str, Any]]:
    command: tuple[str, dict[str, Any]] = world.see(journal.entries, 1)[-1].command
    return command


def test_an_incident_keeps_what_its_token_saw_and_what_a_handler_said_and_where(make_world: MakeWorld) -> None:
    def send(*, n: int) -> None:
        try:
            assert not n, "Wang Fang"
        except AssertionError as error:
            raise ValueError("no such street: Bridge Street") from error

    world = make_world(handlers={"send": send})
    incident = stuck(world, service("1"), street="Bridge Lane", n=1)
    world.do(instances.set_variables, 1, {"n": 2})
    known = world.see(incidents.circumstances, incident.id)
    assert known.variables == {"street": "Bridge Lane", "n": 1}
    assert known.trace is not None
    assert known.trace.startswith("ValueError: no such street: Bridge Street\n")
    assert "tests/engine/test_mending.py:" in known.trace
    assert " in send" in known.trace
    assert "caused by AssertionError" in known.trace
    assert "Wang Fang" not in known.trace
    assert incident.message == "Expected it to go well, but it raised ValueError."
    journalled = str(world.see(journal.entries, 1))
    assert "Bridge Street" not in journalled + str(world.see(instances.state, 1))
    assert "test_mending.py" not in journalled
    assert world.wrong() == []
    with pytest.raises(NotFound):
        world.see(incidents.circumstances, "1-99")
    assert world.wrong() == []


def test_an_incident_of_a_script_keeps_the_line_the_statement_and_what_it_said(world: World) -> None:
    script = SCRIPT.replace("half =", "n = 1;\n  # the share\n  half =")
    incident = stuck(world, script, whole=8, parts=0)
    known = world.see(incidents.circumstances, incident.id)
    assert known.trace == f"{incident.message}\n  x, line 3 of the script: half = whole / parts"
    assert known.variables == {"whole": 8, "parts": 0}
    world.retry(incident)
    [again] = world.incidents
    assert world.see(incidents.circumstances, again.id).trace == known.trace
    assert world.wrong() == []


def test_an_incident_of_a_condition_or_a_mapping_keeps_the_element(world: World) -> None:
    incident = stuck(world, service("missing").replace("outputParameter", "inputParameter"))
    known = world.see(incidents.circumstances, incident.id)
    assert known.trace == f"{incident.message}\n  x"
    assert "'missing'" in incident.message


def test_what_a_function_raises_is_told_with_its_calls_and_is_not_in_the_journal(make_world: MakeWorld) -> None:
    def street() -> str:
        try:
            raise KeyError("Wang Fang")
        except KeyError as error:
            raise ValueError("no such street: Bridge Street") from error

    world = make_world(functions={"street": street})
    incident = stuck(world, SCRIPT.replace("whole / parts", "street()"))
    assert incident.message == "Expected street() to give a value, but it raised ValueError. (in 'half = street()')"
    first, *calls = world.see(incidents.circumstances, incident.id).trace.splitlines()
    assert first == incident.message
    assert calls[:2] == ["  x, line 1 of the script: half = street()", "ValueError: no such street: Bridge Street"]
    assert any("test_mending.py" in call and call.endswith(" in street") for call in calls)
    assert "caused by KeyError" in calls
    assert "Wang Fang" not in "".join(calls)
    assert "Bridge Street" not in str(world.see(journal.entries, 1)) + str(world.see(instances.state, 1))


def test_a_modelled_error_that_nothing_catches_is_told_with_the_calls_that_led_to_it(make_world: MakeWorld) -> None:
    def send() -> None:
        raise BpmnError("WRONG_UNIT", "unit 7")

    incident = stuck(make_world(handlers={"send": send}), service("1"))
    first, *calls = make_world().see(incidents.circumstances, incident.id).trace.splitlines()
    assert first == "BpmnError: WRONG_UNIT: unit 7"
    assert any("test_mending.py" in call and call.endswith(" in send") for call in calls)


def test_what_failed_behind_a_stop_is_told_as_it_is_without_one(world: World) -> None:
    stop = '<manualTask id="x" camunda:asyncAfter="true"/>'
    script = SCRIPT.replace('id="x"', 'id="y"')
    world.deploy(process(f'<startEvent id="s"/><userTask id="u"/>{stop}{script}<endEvent id="e"/>', "s u x y e"))
    world.start(whole=8, parts=0)
    world.complete("u")
    world.advance(hours=1)
    [incident] = world.incidents
    assert incident.element_id == "x"
    trace = world.see(incidents.circumstances, incident.id).trace
    assert trace.splitlines()[1:] == ["  y, line 1 of the script: half = whole / parts"]


def _by_a_job(make_world: MakeWorld, _patch: pytest.MonkeyPatch) -> World:
    def send(*, parts: int) -> None:
        assert parts, "no parts"

    world = make_world(handlers={"send": send})
    stuck(world, service("1"), parts=0)
    return world


def _by_a_script(make_world: MakeWorld, _patch: pytest.MonkeyPatch) -> World:
    world = make_world()
    stuck(world, SCRIPT, whole=8, parts=0)
    return world


def _by_a_join(make_world: MakeWorld, _patch: pytest.MonkeyPatch) -> World:
    wanted = "<activationCondition>activationCount == parts</activationCondition>"
    world = make_world()
    stuck(world, f'<complexGateway id="x">{wanted}</complexGateway>', parts=0)
    return world


def _by_a_condition(make_world: MakeWorld, _patch: pytest.MonkeyPatch) -> World:
    event = "<conditionalEventDefinition><condition>4 / parts == 2</condition></conditionalEventDefinition>"
    world = make_world()
    world.deploy(around(f'<intermediateCatchEvent id="x">{event}</intermediateCatchEvent>'))
    world.start(parts=1)
    world.complete("u")
    world.do(instances.set_variables, 1, {"parts": 0})
    return world


def _by_a_timer(make_world: MakeWorld, patch: pytest.MonkeyPatch) -> World:
    """Firing fails as long as there are no parts, by a defect of the engine."""
    event = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    world, execute = make_world(), instances.execute

    def fails(tx: Any, each: int, command: Any) -> Any:
        if isinstance(command, FireTimer) and not instances.variables(tx, each)["parts"]:
            raise OSError("Bridge Street")
        return execute(tx, each, command)

    patch.setattr(instances, "execute", fails)
    world.deploy(around(f'<intermediateCatchEvent id="x">{event}</intermediateCatchEvent>'))
    world.start(parts=0)
    world.complete("u")
    world.advance(hours=2)
    return world


@pytest.mark.parametrize(
    ("kind", "stop"),
    [
        ("job", _by_a_job),
        ("execution", _by_a_script),
        ("join", _by_a_join),
        ("condition", _by_a_condition),
        ("timer", _by_a_timer),
    ],
)
def test_whatever_stopped_tells_what_it_knew_and_goes_on_when_it_is_retried_with_what_was_missing(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch, kind: str, stop: Callable[..., World]
) -> None:
    world = stop(make_world, monkeypatch)
    [incident] = world.incidents
    known = world.see(incidents.circumstances, incident.id)
    assert (incident.kind, known.variables["parts"], bool(known.trace)) == (kind, 0, kind != "join")
    world.retry(incident)
    world.advance(hours=1)
    [incident] = world.incidents
    world.do(incidents.retry, incident.id, {"parts": 1 if kind == "join" else 2})
    world.rest()
    assert (world.open, world.incidents) == (["v"], [])
    assert "Bridge Street" not in str(world.see(journal.entries, 1))
    assert world.wrong() == []


def test_a_delivery_tells_what_it_carries_and_takes_no_variables_when_it_is_retried(world: World) -> None:
    parameter = '<camunda:inputParameter name="news">good</camunda:inputParameter>'
    carries = f"<extensionElements><camunda:inputOutput>{parameter}</camunda:inputOutput></extensionElements>"
    throw = '<messageEventDefinition messageRef="msg_m"/>'
    world.deploy(around(f'<intermediateThrowEvent id="x">{carries}{throw}</intermediateThrowEvent>'))
    world.start()
    world.complete("u")
    world.advance(hours=2)
    [incident] = world.incidents
    assert incident.kind == "delivery"
    assert world.see(incidents.circumstances, incident.id) == Circumstances(None, {"news": "good"})
    with pytest.raises(InvalidInput, match="is a delivery, which uses none"):
        world.do(incidents.retry, incident.id, {"news": "bad"})
    assert [each.id for each in world.incidents] == [incident.id]


def test_a_retry_with_changed_variables_is_one_command(world: World) -> None:
    incident = stuck(world, SCRIPT, whole=8, parts=0)
    with pytest.raises(InvalidVariables):
        world.do(incidents.retry, incident.id, {"parts": object()})
    world.do(incidents.retry, incident.id, {"parts": 2})
    assert world.open == ["v"]
    assert now(world)["half"] == 4
    number = int(incident.id.partition("-")[2])
    assert last_command(world) == ("RetryIncident", {"id": number, "variables": {"parts": 2}})
    assert world.wrong() == []


def test_a_script_that_is_skipped_counts_as_done_with_what_is_given(world: World) -> None:
    incident = stuck(world, SCRIPT.replace("<script>", output("half * 2") + "<script>"), whole=8, parts=0)
    world.do(incidents.skip, incident.id, "reckoned by hand", {"half": 3})
    assert world.open == ["v"]
    assert now(world)["total"] == 6
    name, said = last_command(world)
    assert (name, said["reason"], said["variables"]) == ("SkipIncident", "reckoned by hand", {"half": 3})
    done = [each.element_id for each in world.see(history.activities_of, 1) if each.outcome == "completed"]
    assert done == ["s", "u", "x"]
    assert world.wrong() == []


def test_a_job_that_is_skipped_gives_its_outputs_as_its_handler_would(make_world: MakeWorld) -> None:
    runs: list[int] = []

    def send() -> None:
        runs.append(1)
        raise ValueError

    world = make_world(handlers={"send": send})
    incident = stuck(world, service("pages + 1"))
    world.do(incidents.skip, incident.id, "sent by post", {"pages": 4})
    world.rest()
    assert world.open == ["v"]
    assert now(world) == {"total": 5}
    assert world.see(jobs.find, 1) == []
    assert runs == [1]
    assert world.wrong() == []


def test_outputs_that_fail_are_replaced_by_what_is_given(make_world: MakeWorld) -> None:
    world = make_world(handlers={"send": lambda: {"pages": 0}})
    incident = stuck(world, service("1 // pages"))
    assert incident.kind == "execution"
    world.do(incidents.skip, incident.id, "the total is known", {"total": 9})
    assert world.open == ["v"]
    assert now(world) == {"total": 9}
    assert world.wrong() == []


STOPPED = 'camunda:asyncBefore="true"'
RETRIED_ONCE = f"<extensionElements>{ONCE}</extensionElements>"
INSIDE = (
    '<startEvent id="is"/><scriptTask id="y"><script>half = whole / parts</script></scriptTask><endEvent id="ie"/>'
    '<sequenceFlow id="f1" sourceRef="is" targetRef="y"/><sequenceFlow id="f2" sourceRef="y" targetRef="ie"/>'
)
HAVE_WORK = {
    "a stop": f'<scriptTask id="x" {STOPPED}>{RETRIED_ONCE}<script>half = whole / parts</script></scriptTask>',
    "a call": '<callActivity id="x" calledElement="Nobody"/>',
    "a stop before a sub-process": f'<subProcess id="x" {STOPPED}>{RETRIED_ONCE}{INSIDE}</subProcess>',
    "many": '<userTask id="x"><multiInstanceLoopCharacteristics><loopCardinality>1 // parts</loopCardinality>'
    "</multiInstanceLoopCharacteristics></userTask>",
    "a receive task": '<receiveTask id="x" messageRef="msg_bad"/>',
    "a thrown message": '<intermediateThrowEvent id="x"><messageEventDefinition messageRef="msg_bad"/>'
    "</intermediateThrowEvent>",
    "a timer": '<intermediateCatchEvent id="x"><timerEventDefinition><timeDuration>${parts}</timeDuration>'
    "</timerEventDefinition></intermediateCatchEvent>",
    "a user task": '<userTask id="x" camunda:dueDate="${1 // parts}"/>',
}


@pytest.mark.parametrize("what", HAVE_WORK)
def test_whatever_has_work_can_be_skipped(world: World, what: str) -> None:
    incident = stuck(world, HAVE_WORK[what], whole=8, parts=0)
    world.do(incidents.skip, incident.id, "done by hand", {"answer": 1})
    world.rest()
    assert world.open == ["v"]
    assert world.incidents == []
    assert now(world)["answer"] == 1
    assert world.wrong() == []


def test_a_gateway_cannot_be_skipped_and_says_why(world: World) -> None:
    body = '<startEvent id="s"/><exclusiveGateway id="g"/><userTask id="u"/><endEvent id="e"/>'
    world.deploy(process(body, "s g u e", conditions={"g-u": "${score > 3}"}))
    world.start(score=1)
    [incident] = world.incidents
    with pytest.raises(InvalidState, match="is at 'g', a exclusiveGateway: nobody can know which way it would go"):
        world.do(incidents.skip, incident.id, "impatience")
    assert world.incidents == [incident]


def test_without_a_reason_nothing_is_skipped_or_cancelled(world: World) -> None:
    incident = stuck(world, SCRIPT, whole=8, parts=0)
    for verb in (incidents.skip, incidents.cancel):
        with pytest.raises(InvalidInput, match="Expected a reason"):
            world.do(verb, incident.id, "  ")
    assert world.incidents == [incident]


def test_a_cancelled_token_ends_and_the_rest_goes_on(world: World) -> None:
    body = f'<startEvent id="s"/><parallelGateway id="g"/>{SCRIPT}<userTask id="v"/><endEvent id="e"/>'
    world.deploy(process(body, "s g x e", "g v e"))
    instance = world.start(whole=8, parts=0)
    [incident] = world.incidents
    world.do(incidents.cancel, incident.id, "not needed")
    assert world.incidents == []
    assert world.open == ["v"]
    world.complete("v")
    assert world.status(instance) == "completed"
    assert world.wrong() == []


def test_what_is_all_that_is_left_is_cancelled_as_an_instance(world: World) -> None:
    incident = stuck(world, SCRIPT, whole=8, parts=0)
    with pytest.raises(InvalidChange, match="Cancel the instance instead"):
        world.do(incidents.cancel, incident.id, "not needed")
    assert world.incidents == [incident]


def test_two_deliveries_of_one_thrower_that_fail_are_two_incidents(world: World) -> None:
    throw = (
        '<intermediateThrowEvent id="x"><messageEventDefinition messageRef="msg_m"/>'
        '<messageEventDefinition messageRef="msg_k"/></intermediateThrowEvent>'
    )
    world.deploy(around(throw))
    world.start()
    world.complete("u")
    world.advance(days=2)
    found = world.incidents
    assert [(each.kind, each.element_id) for each in found] == [("delivery", "x")] * 2
    assert len({each.id for each in found}) == 2
    with pytest.raises(InvalidState, match="whose thrower has gone on"):
        world.do(incidents.cancel, found[1].id, "not needed")
    with pytest.raises(InvalidInput, match="delivery, which gives none"):
        world.do(incidents.skip, found[0].id, "nobody needs it", {"n": 1})
    world.do(incidents.skip, found[0].id, "nobody needs it")
    assert world.incidents == [found[1]]
    assert world.wrong() == []


def test_an_event_with_several_definitions_throws_all_of_them_or_none(world: World) -> None:
    throw = (
        '<intermediateThrowEvent id="x"><signalEventDefinition signalRef="sig_g"/>'
        '<messageEventDefinition messageRef="msg_bad"/></intermediateThrowEvent>'
    )
    heard = '<startEvent id="s"><signalEventDefinition signalRef="sig_g"/></startEvent><userTask id="heard"/>'
    world.deploy(heard_bpmn=diagram(process(heard, "s heard", key="H")))
    stuck(world, throw, parts=0)
    for parts in (0, 1):
        [incident] = world.incidents
        world.rest()
        assert world.open == []
        world.do(incidents.retry, incident.id, {"parts": parts})
    world.rest()
    assert sorted(world.open) == ["heard", "v"]
    assert world.wrong() == []
