"""Deployments: versions that never change, all or nothing, and every problem at once."""

from __future__ import annotations

import pytest

from engine import deployments, incidents, instances
from engine.errors import InvalidDefinition, InvalidInput, NotFound, NotPermitted
from engine.store import library
from tests.engine.core.case import diagram, process
from tests.engine.world import World

ONE = process('<startEvent id="s"/><userTask id="u"/><endEvent id="e"/>', "s u e")
TWO = process('<startEvent id="s"/><userTask id="u2"/><endEvent id="e"/>', "s u2 e")
WRONG = process('<startEvent id="s"/><intermediateCatchEvent id="c"/><endEvent id="e"/>', "s c e", key="W")


def test_a_changed_diagram_is_the_next_version_and_the_same_one_is_not(world: World) -> None:
    assert world.deploy(ONE).new == {"P:1"}
    again = world.deploy(ONE)
    assert again.new == frozenset()
    assert [each.id for each in again.definitions] == ["P:1"]
    assert world.deploy(TWO).new == {"P:2"}
    assert world.deploy(ONE).new == {"P:3"}
    assert [each.id for each in world.see(deployments.versions, "P")] == ["P:3", "P:2", "P:1"]
    assert [each.id for each in world.see(deployments.list_definitions)] == ["P:3"]


def test_running_instances_are_counted_up_to_a_bound(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.deploy(process('<startEvent id="s"/><userTask id="u"/>', "s u"))
    for number in range(3):
        world.start(business_key=str(number))
    monkeypatch.setattr(deployments, "MOST_COUNTED", 2)
    assert world.see(deployments.running, ["P:1"]) == {"P:1": 2}


def test_running_instances_stay_on_their_version(world: World) -> None:
    world.deploy(ONE)
    old = world.start()
    world.deploy(TWO)
    new = world.start()
    assert (old.definition_id, new.definition_id) == ("P:1", "P:2")
    assert sorted(world.open) == ["u", "u2"]
    assert world.see(deployments.running, ["P:1", "P:2"]) == {"P:1": 1, "P:2": 1}
    world.complete("u")
    assert world.see(deployments.running, ["P:1", "P:2"]) == {"P:1": 0, "P:2": 1}
    assert world.see(instances.get, old.id).definition_id == "P:1"


def test_an_instance_runs_by_the_version_that_it_calls_too_and_counts_there_once(world: World) -> None:
    caller = process(
        '<startEvent id="s"/><callActivity id="c" calledElement="C"><multiInstanceLoopCharacteristics>'
        "<loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></callActivity>"
        '<endEvent id="e"/>',
        "s c e",
    )
    called = process('<startEvent id="s"/><userTask id="u"/><endEvent id="e"/>', "s u e", key="C")
    world.deploy(p_bpmn=diagram(caller), c_bpmn=diagram(called))
    world.start()
    assert world.open == ["u", "u"]
    assert world.see(deployments.running, ["P:1", "C:1"]) == {"P:1": 1, "C:1": 1}


def test_the_source_is_what_was_handed_in(world: World) -> None:
    world.deploy(ONE)
    assert world.see(deployments.source, "P:1") == diagram(ONE)
    assert world.see(deployments.model, "P:1").key == "P"
    assert world.see(deployments.definition, "P:1").deployed_by == "anna"


def test_one_wrong_file_keeps_the_others_out_too(world: World) -> None:
    with pytest.raises(InvalidDefinition) as wrong:
        world.deploy(a_bpmn=diagram(ONE), b_bpmn=diagram(WRONG))
    assert [problem.element_id for problem in wrong.value.problems] == ["c"]
    assert world.see(deployments.list_definitions) == []


def test_the_problems_of_every_file_are_named_at_once(world: World) -> None:
    with pytest.raises(InvalidDefinition) as wrong:
        world.deploy(a_bpmn=b"<not", b_bpmn=diagram(WRONG))
    assert {text for problem in wrong.value.problems for text in ("[a.bpmn]", "[b.bpmn]") if text in problem.wrong} == {
        "[a.bpmn]",
        "[b.bpmn]",
    }


def test_two_files_with_the_same_process_are_refused(world: World) -> None:
    with pytest.raises(InvalidDefinition, match=r"The process 'P' is in 'a\.bpmn' already"):
        world.deploy(a_bpmn=diagram(ONE), b_bpmn=diagram(TWO))


def test_a_file_of_an_unknown_kind_is_refused(world: World) -> None:
    with pytest.raises(InvalidInput, match=r"ends in \.bpmn, \.dmn, \.form, but it is called 'a\.exe'"):
        world.deploy(a_exe=b"MZ")
    with pytest.raises(InvalidInput, match="at least one file"):
        world.deploy()


def test_a_message_starts_one_process_only(world: World) -> None:
    start = '<startEvent id="s"><messageEventDefinition messageRef="msg_m"/></startEvent><endEvent id="e"/>'
    world.deploy(process(start, "s e", key="A"))
    with pytest.raises(InvalidDefinition, match="The message 'm' starts the process 'A' already"):
        world.deploy(process(start, "s e", key="B"))


def test_every_problem_of_what_starts_a_process_is_told_at_once(world: World) -> None:
    def begun(number: int, event: str) -> str:
        return f'<startEvent id="s{number}">{event}</startEvent>'

    def signal(name: str) -> str:
        return f'<signal id="sig_{name}" name="${{{name}}}"/>'

    named = begun(1, '<signalEventDefinition signalRef="sig_x"/>') + begun(
        2, '<signalEventDefinition signalRef="sig_y"/>'
    )
    drawn = process(f'{named}<userTask id="u"/>', "s1 u", "s2 u")
    with pytest.raises(InvalidDefinition) as wrong:
        deployments.prepare({"p.bpmn": diagram(signal("x"), signal("y"), drawn)}, {})
    assert [problem.element_id for problem in wrong.value.problems] == ["s1", "s2"]
    assert {problem.right for problem in wrong.value.problems} == {"A start event can use no variables."}
    timed = "".join(
        begun(number, f"<timerEventDefinition><timeDate>${{{text}}}</timeDate></timerEventDefinition>")
        for number, text in ((1, "missing"), (2, "lost"))
    )
    first = process(f'{timed}<userTask id="u"/>', "s1 u", "s2 u", key="A")
    gone = begun(3, "<timerEventDefinition><timeDate>${gone}</timeDate></timerEventDefinition>")
    second = process(f'{gone}<userTask id="v"/>', "s3 v", key="B")
    with pytest.raises(InvalidDefinition) as wrong:
        world.deploy(a_bpmn=diagram(first), b_bpmn=diagram(second))
    assert [problem.element_id for problem in wrong.value.problems] == ["s1", "s2", "s3"]
    assert world.see(deployments.list_definitions) == []


def test_what_is_prepared_before_is_not_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = deployments.prepare({"t.bpmn": diagram(ONE)}, world.engine.functions)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("it was compiled while others waited")

    monkeypatch.setattr(deployments, "compile_diagram", refuse)
    monkeypatch.setattr(library, "compile_diagram", refuse)
    assert world.do(deployments.deploy, prepared).new == {"P:1"}
    world.start()
    assert len(world.open) == 1


def test_what_a_failed_deployment_compiled_is_forgotten(world: World) -> None:
    def deploy_then_fail(tx: object) -> None:
        deployments.deploy(tx, {"t.bpmn": diagram(ONE)})  # type: ignore[arg-type]
        instances.start(tx, "P")  # type: ignore[arg-type]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        world.engine.transact(deploy_then_fail)
    assert world.deploy(TWO).new == {"P:1"}
    world.start()
    assert world.open == ["u2"]


def test_a_call_may_be_bound_to_the_newest_or_to_its_own_deployment(world: World) -> None:
    def calling(binding: str) -> str:
        call = f'<callActivity id="call" calledElement="C" camunda:calledElementBinding="{binding}"/>'
        return process(f'<startEvent id="s"/>{call}<endEvent id="e"/>', "s call e", key="P")

    called = process('<startEvent id="s"/><userTask id="old"/><endEvent id="e"/>', "s old e", key="C")
    newer = process('<startEvent id="s"/><userTask id="new"/><endEvent id="e"/>', "s new e", key="C")
    world.deploy(p_bpmn=diagram(calling("deployment")), c_bpmn=diagram(called))
    world.deploy(c_bpmn=diagram(newer))
    world.start()
    assert world.open == ["old"]
    world.deploy(p_bpmn=diagram(calling("latest")))
    world.start()
    assert world.open == ["old", "new"]


def test_what_is_not_deployed_is_not_found(world: World) -> None:
    with pytest.raises(NotFound, match="Expected to find process definition 'nowhere'"):
        world.start("nowhere")
    with pytest.raises(NotFound):
        world.see(deployments.source, "P:9")
    with pytest.raises(NotFound):
        world.see(deployments.definition, "P:9")


def test_only_who_may_deploys(make_world: object) -> None:
    world = make_world(authorise=lambda actor, action, target: action != "deploy")  # type: ignore[operator]
    with pytest.raises(NotPermitted, match="Expected someone who may deploy"):
        world.deploy(ONE)


def test_a_retry_cycle_that_says_nothing_is_refused_with_its_element(world: World) -> None:
    cycle = (
        "<extensionElements><camunda:failedJobRetryTimeCycle>soon</camunda:failedJobRetryTimeCycle></extensionElements>"
    )
    job = f'<serviceTask id="j" camunda:type="external" camunda:topic="t">{cycle}</serviceTask>'
    with pytest.raises(InvalidDefinition, match="'soon' does not say how often and when to retry") as wrong:
        world.deploy(process(f'<startEvent id="s"/>{job}<endEvent id="e"/>', "s j e"))
    assert [problem.element_id for problem in wrong.value.problems] == ["j"]


def test_a_running_case_keeps_the_stages_it_began_with(world: World) -> None:
    def stage(element_id: str) -> bytes:
        return diagram(process(f'<startEvent id="s"/><userTask id="{element_id}"/>', f"s {element_id}", key="C"))

    main = process(
        '<startEvent id="s"/><userTask id="first"/><callActivity id="call" calledElement="C"/>', "s first call"
    )
    world.deploy(main_bpmn=diagram(main), stage_bpmn=stage("old"))
    world.start(business_key="before")
    world.deploy(stage_bpmn=stage("new"))
    world.start(business_key="after")
    for _ in range(2):
        world.complete("first")
    assert {task.business_key: task.element_id for task in world.user_tasks()} == {"before": "old", "after": "new"}
    assert world.wrong() == []


def test_a_stage_that_was_missing_is_taken_once_it_is_deployed(world: World) -> None:
    world.deploy(process('<startEvent id="s"/><callActivity id="call" calledElement="C"/>', "s call"))
    world.start()
    (incident,) = world.incidents
    world.deploy(stage_bpmn=diagram(process('<startEvent id="s"/><userTask id="u"/>', "s u", key="C")))
    world.retry(incident)
    assert world.open == ["u"]


def begun_by(key: str, message: str) -> bytes:
    start = f'<startEvent id="s"><messageEventDefinition messageRef="msg_{message}"/></startEvent>'
    return diagram(process(f'{start}<userTask id="{key}_u"/>', f"s {key}_u", key=key))


def test_two_processes_may_swap_the_messages_that_start_them(world: World) -> None:
    world.deploy(a_bpmn=begun_by("A", "m"), b_bpmn=begun_by("B", "k"))
    world.deploy(a_bpmn=begun_by("A", "k"), b_bpmn=begun_by("B", "m"))
    assert world.message("m").definition_id == "B:2"


@pytest.mark.parametrize(
    ("binding", "called"),
    [
        ('"version" camunda:calledElementVersion="1"', "old"),
        ('"version" camunda:calledElementVersion="${number}"', "new"),
        ('"versionTag" camunda:calledElementVersionTag="first"', "old"),
    ],
)
def test_a_call_may_be_bound_to_a_version_or_a_tag(world: World, binding: str, called: str) -> None:
    for name in ("old", "new"):
        body = f'<startEvent id="s"/><userTask id="{name}"/>'
        tag = ' camunda:versionTag="first"' if name == "old" else ""
        world.deploy(process(body, f"s {name}", key="C").replace("<process", f"<process{tag}", 1))
    call = f'<callActivity id="c" calledElement="C" camunda:calledElementBinding={binding}/>'
    world.deploy(process(f'<startEvent id="s"/>{call}', "s c"))
    world.start(number=2)
    assert world.open == [called]


@pytest.mark.parametrize("wanted", ["version", "versionTag"])
@pytest.mark.parametrize("value", ["9" * 30, "³", None])
def test_a_call_of_a_version_that_never_was_is_an_incident(world: World, wanted: str, value: str | None) -> None:
    attribute = {"version": "calledElementVersion", "versionTag": "calledElementVersionTag"}[wanted]
    call = (
        f'<callActivity id="c" calledElement="P" camunda:calledElementBinding="{wanted}" camunda:{attribute}="${{v}}"/>'
    )
    world.deploy(process(f'<startEvent id="s"/>{call}', "s c"))
    world.start(v=value)
    assert [wanted in each.message for each in world.see(incidents.find)] == [True]
