"""Starts: everything that a process may begin with, and only by its newest version."""

from __future__ import annotations

import pytest

from engine import conditions, instances, messages, signals
from engine.conditions import Begun
from engine.errors import ExecutionFailed, InvalidDefinition, InvalidVariables, NotPermitted
from engine.instances import InstanceQuery
from engine.store import library
from tests.engine.core.case import diagram, process
from tests.engine.world import World

MESSAGE = '<messageEventDefinition messageRef="msg_m"/>'
OTHER_MESSAGE = '<messageEventDefinition messageRef="msg_k"/>'
SIGNAL = '<signalEventDefinition signalRef="sig_g"/>'
HOURLY = "<timerEventDefinition><timeCycle>R2/PT1H</timeCycle></timerEventDefinition>"


def condition(text: str) -> str:
    return f'<conditionalEventDefinition><condition xsi:type="tFormalExpression">{text}</condition></conditionalEventDefinition>'


def begun_by(*triggers: str, key: str = "P", after: str = "u", more: str = "") -> str:
    """A process with one start event, which has these triggers."""
    start = f'<startEvent id="s"{more}>{"".join(triggers)}</startEvent>'
    return process(f'{start}<userTask id="{after}"/><endEvent id="e"/>', f"s {after} e", key=key)


def begun_behind_a_gateway(kind: str) -> str:
    body = (
        f'<eventBasedGateway id="g" instantiate="true" eventGatewayType="{kind}"/>'
        f'<intermediateCatchEvent id="m">{MESSAGE}</intermediateCatchEvent><receiveTask id="r" messageRef="msg_k"/>'
        '<userTask id="u"/><endEvent id="e"/>'
    )
    return process(body, "g m u e", "g r u")


# Messages


def test_a_receive_task_that_instantiates_starts_its_process(world: World) -> None:
    world.deploy(process('<receiveTask id="r" messageRef="msg_m" instantiate="true"/><userTask id="u"/>', "r u"))
    instance = world.message("m", "PJ-1", subject="water")
    assert instance.business_key == "PJ-1"
    assert world.open == ["u"]
    assert world.variables(instance) == {"subject": "water"}


@pytest.mark.parametrize("name", ["m", "k"])
def test_whatever_event_comes_behind_a_gateway_starts_the_process(world: World, name: str) -> None:
    world.deploy(begun_behind_a_gateway("Exclusive"))
    world.message(name)
    assert world.open == ["u"]
    assert world.wrong() == []


def test_a_parallel_gateway_starts_one_instance_which_waits_for_the_rest(world: World) -> None:
    world.deploy(begun_behind_a_gateway("Parallel"))
    first = world.message("k", "a")
    assert world.open == ["u"]
    assert world.message("m", "a").id == first.id
    assert world.open == ["u", "u"]


def test_each_of_several_triggers_starts_an_instance(world: World) -> None:
    world.deploy(begun_by(MESSAGE, OTHER_MESSAGE, SIGNAL, HOURLY))
    world.message("m")
    world.message("k")
    world.do(signals.broadcast, "g")
    world.rest()
    assert len(world.open) == 3
    world.advance(hours=1)
    assert len(world.open) == 4


def test_a_parallel_multiple_start_waits_for_everything_else(world: World) -> None:
    world.deploy(begun_by(MESSAGE, OTHER_MESSAGE, more=' parallelMultiple="true"'))
    first = world.message("k", "a")
    assert world.open == []
    assert world.message("m", "a").id == first.id
    assert world.open == ["u"]


def test_a_message_that_starts_a_process_at_two_places_is_refused(world: World) -> None:
    body = f'<startEvent id="s1">{MESSAGE}</startEvent><startEvent id="s2">{MESSAGE}</startEvent><userTask id="u"/>'
    with pytest.raises(InvalidDefinition, match="The message 'm' starts the process at 's1' already") as wrong:
        world.deploy(process(body, "s1 u", "s2 u"))
    assert [problem.element_id for problem in wrong.value.problems] == ["s2"]


def test_a_version_that_begins_otherwise_is_not_started_by_what_started_the_one_before(world: World) -> None:
    world.deploy(begun_by(SIGNAL, HOURLY, condition("${level > 3}")))
    world.deploy(begun_by(MESSAGE))
    assert world.do(signals.broadcast, "g") == 0
    assert world.do(conditions.start_by_condition, {"level": 5}).started == ()
    world.advance(days=1)
    assert world.open == []


# Without a trigger


def test_a_process_that_no_event_begins_starts_at_what_no_flow_leads_to(world: World) -> None:
    world.deploy(process('<userTask id="a"/><userTask id="b"/><endEvent id="e"/>', "a e", "b e"))
    world.start()
    assert world.open == ["a", "b"]


def test_a_process_that_an_event_begins_starts_by_nothing_else(world: World) -> None:
    world.deploy(begun_by(MESSAGE))
    with pytest.raises(ExecutionFailed, match=r"it has no start event without a trigger; its start events are 's'\."):
        world.start()


def test_a_global_task_can_be_called(world: World) -> None:
    call = process('<startEvent id="s"/><callActivity id="c" calledElement="G"/><userTask id="after"/>', "s c after")
    world.deploy(p_bpmn=diagram(call), g_bpmn=diagram('<globalUserTask id="G" name="Look at it"/>'))
    instance = world.start()
    [user_task] = world.user_tasks()
    assert (user_task.name, user_task.definition_id, user_task.instance_id) == ("Look at it", "G:1", instance.id)
    world.complete(user_task.element_id)
    assert world.open == ["after"]


# Signals


def test_a_signal_starts_every_process_that_begins_with_it(world: World) -> None:
    world.deploy(p_bpmn=diagram(begun_by(SIGNAL, key="P")), q_bpmn=diagram(begun_by(SIGNAL, key="Q", after="v")))
    assert world.do(signals.broadcast, "g", {"news": 1}, "PJ-1") == 2
    assert world.open == []
    world.rest()
    assert sorted((each.element_id, each.business_key) for each in world.user_tasks()) == [("u", "PJ-1"), ("v", "PJ-1")]
    for instance in world.see(instances.search, InstanceQuery()):
        assert world.variables(instance) == {"news": 1}


def test_a_file_of_many_processes_is_read_once_for_all_that_a_signal_starts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = (f'<startEvent id="s{n}">{SIGNAL}</startEvent><userTask id="u{n}"/>' for n in range(20))
    world.deploy(*(process(start, f"s{n} u{n}", key=f"P{n}") for n, start in enumerate(starts)))
    read: list[str] = []
    world.engine.definitions.clear()
    compiling = library.compile_diagram
    monkeypatch.setattr(library, "compile_diagram", lambda *given: read.append(given[1]) or compiling(*given))
    assert world.do(signals.broadcast, "g") == 20
    world.rest()
    assert len(world.open) == 20
    assert read == ["test.bpmn"]


def test_what_a_thrown_signal_starts_has_the_business_key_of_the_thrower(world: World) -> None:
    throw = process(f'<startEvent id="s"/><endEvent id="e">{SIGNAL}</endEvent>', "s e", key="T")
    world.deploy(t_bpmn=diagram(throw), p_bpmn=diagram(begun_by(SIGNAL)))
    world.start("T", business_key="PJ-7")
    world.rest()
    assert [each.business_key for each in world.user_tasks()] == ["PJ-7"]
    assert world.wrong() == []


@pytest.mark.parametrize("parallel", [True, False])
def test_a_signal_that_an_instance_needs_to_begin_with_starts_no_second_one(world: World, parallel: bool) -> None:
    body = (
        f'<eventBasedGateway id="g" instantiate="true" eventGatewayType="{"Parallel" if parallel else "Exclusive"}"/>'
        f'<intermediateCatchEvent id="m">{MESSAGE}</intermediateCatchEvent>'
        f'<intermediateCatchEvent id="n">{SIGNAL}</intermediateCatchEvent><userTask id="a"/><userTask id="b"/>'
    )
    world.deploy(process(body, "g m a", "g n b"))
    world.message("m")
    assert world.do(signals.broadcast, "g") == 1
    world.rest()
    assert world.open == ["a", "b"]
    assert len({each.instance_id for each in world.user_tasks()}) == (1 if parallel else 2)


def broken(trigger: str) -> str:
    """A process that cannot start without a variable that says how long."""
    return begun_by(trigger, key="B").replace("</process>", UNUSABLE)


UNUSABLE = (
    '<subProcess id="never" triggeredByEvent="true"><startEvent id="ns"><timerEventDefinition><timeDuration>${span}'
    '</timeDuration></timerEventDefinition></startEvent><endEvent id="ne"/>'
    '<sequenceFlow id="n" sourceRef="ns" targetRef="ne"/></subProcess></process>'
)
BROKEN = broken(SIGNAL)


def test_a_process_that_cannot_start_keeps_no_other_from_it_and_is_an_incident_of_the_thrower(world: World) -> None:
    throw = process(f'<startEvent id="s"/><endEvent id="e">{SIGNAL}</endEvent>', "s e", key="T")
    world.deploy(t_bpmn=diagram(throw), b_bpmn=diagram(BROKEN), p_bpmn=diagram(begun_by(SIGNAL)))
    thrower = world.start("T")
    world.advance(hours=1)
    assert world.open == ["u"]
    [incident] = world.incidents
    assert (incident.kind, incident.instance_id, incident.element_id) == ("delivery", thrower.id, "e")
    world.deploy(b_bpmn=diagram(begun_by(SIGNAL, key="B", after="mended")))
    world.retry(incident)
    world.rest()
    assert sorted(world.open) == ["mended", "u"]


def test_a_process_that_a_signal_from_outside_cannot_start_is_tried_again_until_it_can(world: World) -> None:
    world.deploy(BROKEN)
    world.do(signals.broadcast, "g")
    world.advance(hours=1)
    assert world.open == []
    world.deploy(begun_by(SIGNAL, key="B", after="mended"))
    world.advance(hours=1)
    assert world.open == ["mended"]
    world.advance(hours=1)
    assert world.open == ["mended"]


# Conditions


def test_a_condition_that_holds_starts_its_process(world: World) -> None:
    world.deploy(
        p_bpmn=diagram(begun_by(condition("${level > 3}"))), q_bpmn=diagram(begun_by(condition("${dry}"), key="Q"))
    )
    assert world.do(conditions.start_by_condition, {"level": 3}) == Begun((), {})
    [started] = world.do(conditions.start_by_condition, {"level": 4}, "PJ-1").started
    assert (started.definition_id, started.business_key) == ("P:1", "PJ-1")
    assert world.variables(started) == {"level": 4}
    both = world.do(conditions.start_by_condition, {"level": 4, "dry": True}).started
    assert [instance.definition_key for instance in both] == ["P", "Q"]


def test_a_condition_that_cannot_be_decided_or_start_says_so_and_keeps_no_other_from_starting(world: World) -> None:
    world.deploy(
        a_bpmn=diagram(begun_by(condition("${1 / level}"), key="A")),
        b_bpmn=diagram(broken(condition("${dry}"))),
        p_bpmn=diagram(begun_by(condition("${dry}"))),
    )
    begun = world.do(conditions.start_by_condition, {"level": "high", "dry": True})
    assert [instance.definition_key for instance in begun.started] == ["P"]
    assert {key: type(error) for key, error in begun.failed.items()} == {"A:1": ExecutionFailed, "B:1": ExecutionFailed}
    assert "Expected to execute 's', but" in str(begun.failed["A:1"])
    with pytest.raises(InvalidVariables):
        world.do(conditions.start_by_condition, {"level": object()})
    assert world.open == ["u"]
    assert world.wrong() == []


def test_who_may_not_start_a_process_starts_it_by_no_condition(make_world: object) -> None:
    world: World = make_world(authorise=lambda _actor, action, target: (action, target) != ("start", "process:P"))  # type: ignore[operator]
    world.deploy(begun_by(condition("${level > 3}")))
    assert world.do(conditions.start_by_condition, {"level": 1}).started == ()
    with pytest.raises(NotPermitted):
        world.do(conditions.start_by_condition, {"level": 4})


def test_variables_that_are_set_let_a_condition_come(world: World) -> None:
    catch = f'<intermediateCatchEvent id="c">{condition("${level > 3}")}</intermediateCatchEvent>'
    world.deploy(process(f'<startEvent id="s"/>{catch}<userTask id="u"/><endEvent id="e"/>', "s c u e"))
    instance = world.start(level=1)
    world.do(instances.set_variables, instance.id, {"level": 2})
    assert world.open == []
    world.do(instances.set_variables, instance.id, {"level": 4})
    assert world.open == ["u"]
    assert world.wrong() == []


def test_a_message_that_is_broadcast_starts_a_process_only_where_nobody_waits(world: World) -> None:
    world.deploy(begun_by(MESSAGE))
    assert world.do(messages.broadcast, "m", {"news": 1}) == 1
    assert world.open == ["u"]
    assert world.do(messages.broadcast, "unheard of") == 0


# Behind a gateway that needs all of its events


def begun_by_both(second: str) -> str:
    """Begins with a message and this event, in whatever order."""
    body = (
        '<eventBasedGateway id="g" instantiate="true" eventGatewayType="Parallel"/>'
        f'<intermediateCatchEvent id="m">{MESSAGE}</intermediateCatchEvent>'
        f'<intermediateCatchEvent id="n">{second}</intermediateCatchEvent><userTask id="a"/><userTask id="b"/>'
    )
    return process(body, "g m a", "g n b")


def test_a_condition_that_an_instance_needs_to_begin_with_starts_no_second_one(world: World) -> None:
    world.deploy(begun_by_both(condition("${level > 3}")))
    begun = world.message("m")
    assert world.do(conditions.start_by_condition, {"level": 4}) == Begun((), {})
    assert world.open == ["a", "b"]
    assert world.variables(begun) == {"level": 4}
    assert [each.definition_key for each in world.do(conditions.start_by_condition, {"level": 4}).started] == ["P"]
    assert world.wrong() == []


def test_a_time_that_an_instance_needs_to_begin_with_starts_no_second_one(world: World) -> None:
    daily = "<timerEventDefinition><timeCycle>R/P1D</timeCycle></timerEventDefinition>"
    world.deploy(begun_by_both(daily))
    world.advance(hours=12)
    world.message("m")
    world.advance(hours=11, minutes=59)
    assert world.open == ["a"]
    world.advance(hours=1)
    assert world.open == ["a"]
    world.advance(hours=11, minutes=1)
    assert world.open == ["a", "b"]
    world.advance(hours=12)
    assert world.open == ["a", "b", "b"]
    assert world.wrong() == []


def test_an_older_version_that_waits_for_the_event_counts_and_other_processes_do_not(world: World) -> None:
    world.deploy(
        p_bpmn=diagram(begun_by_both(SIGNAL)),
        q_bpmn=diagram(begun_by_both(SIGNAL).replace('id="P"', 'id="Q"').replace("msg_m", "msg_k")),
    )
    world.message("m")
    world.deploy(p_bpmn=diagram(begun_by_both(SIGNAL).replace('id="a"', 'id="a" name="A"')))
    assert world.do(signals.broadcast, "g") == 2
    world.rest()
    assert sorted((each.definition_id, each.element_id) for each in world.user_tasks()) == [
        ("P:1", "a"),
        ("P:1", "b"),
        ("Q:1", "b"),
    ]
