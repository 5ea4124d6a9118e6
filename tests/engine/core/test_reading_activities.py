"""Activities, gateways and beginnings as they are read (BPMN 2.0, 10.3, 10.5.2 and 10.6)."""

from __future__ import annotations

import pytest

from engine.core import compile
from engine.core.model import (
    AdHocSpec,
    ComplexGatewaySpec,
    EventGatewaySpec,
    JobSpec,
    LoopEvent,
    MultiInstance,
    ProcessModel,
    ScriptSpec,
    SignalDefinition,
    StandardLoop,
)
from engine.errors import InvalidDefinition, Problem
from tests.engine.core.case import END, START, diagram, flows, log, process


def model(body: str, *paths: str, file: str = "") -> ProcessModel:
    return compile(diagram(file, process(body, *paths)), functions={"log"})[0]


def problems(body: str, *paths: str) -> tuple[Problem, ...]:
    with pytest.raises(InvalidDefinition) as caught:
        compile(diagram(process(body, *paths)), functions={"log"})
    return caught.value.problems


def wrong(body: str, *paths: str) -> str:
    (problem,) = problems(body, *paths)
    assert problem.right
    return problem.wrong


class TestBeginnings:
    def test_a_scope_begins_at_its_start_event(self) -> None:
        sub = f'<subProcess id="sub"><startEvent id="s2"/><task id="t"/>{flows("s2 t")}</subProcess>'
        found = model(START + sub, "s sub")
        assert found.elements["P"].entries == ("s",)
        assert found.elements["sub"].entries == ("s2",)
        assert found.starts == ("s",)

    def test_a_scope_without_one_begins_at_all_that_no_flow_leads_to(self) -> None:
        host = f'<userTask id="a"/><userTask id="b"/><userTask id="c"/>{flows("a b")}'
        handler = '<startEvent id="i"><errorEventDefinition/></startEvent><endEvent id="o"/>' + flows("i o")
        events = f'<subProcess id="es" triggeredByEvent="true">{handler}</subProcess>'
        for kind in ("subProcess", "transaction", "adHocSubProcess"):
            sub = f'<{kind} id="sub">{host}{events}</{kind}>'
            found = model(START + sub, "s sub").elements["sub"]
            assert found.entries == ("a", "c")
            assert found.event_subprocesses == ("es",)

    def test_a_process_may_begin_without_one(self) -> None:
        found = model('<userTask id="a"/>' + END, "a e")
        assert found.elements["P"].entries == ("a",)
        assert found.starts == ()

    def test_what_compensates_and_what_a_link_leads_to_is_no_beginning(self) -> None:
        link = '<linkEventDefinition name="L"/>'
        body = (
            '<userTask id="a"/><boundaryEvent id="b" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>'
            '<userTask id="undo" isForCompensation="true"/>'
            f'<intermediateThrowEvent id="t">{link}</intermediateThrowEvent>'
            f'<intermediateCatchEvent id="k">{link}</intermediateCatchEvent>'
            '<association id="as" sourceRef="b" targetRef="undo"/>'
        )
        assert model(body, "a t").elements["P"].entries == ("a",)

    def test_beside_a_start_event_all_must_be_reached(self) -> None:
        assert "nothing ever gets there" in wrong(START + '<userTask id="a"/>' + END, "s e")

    def test_a_task_of_no_kind_that_nothing_is_connected_with_is_a_note(self) -> None:
        assert "note" in model(START + '<task id="note" name="mind the gap"/>' + END, "s e").elements

    def test_a_receive_task_may_begin_the_process(self) -> None:
        found = model('<receiveTask id="r" messageRef="msg_m" instantiate="true"/>' + END, "r e")
        assert found.starts == ("r",)
        assert found.elements["P"].entries == ()
        assert "where the process begins" in wrong(
            START + '<receiveTask id="r" messageRef="msg_m" instantiate="true"/>', "s r"
        )

    @pytest.mark.parametrize("parallel", [True, False])
    def test_an_event_gateway_may_begin_the_process_with_what_follows_it(self, parallel: bool) -> None:
        kind = "Parallel" if parallel else "Exclusive"
        body = (
            f'<eventBasedGateway id="g" instantiate="true" eventGatewayType="{kind}"/>'
            '<receiveTask id="r" messageRef="msg_m"/><intermediateCatchEvent id="k"><signalEventDefinition '
            'signalRef="sig_g"/></intermediateCatchEvent>'
        )
        found = model(body, "g k", "g r")
        assert found.starts == ("k", "r")
        assert found.elements["g"].spec == EventGatewaySpec(parallel)
        assert found.elements["g"].instantiates

    def test_a_parallel_event_gateway_begins_a_process(self) -> None:
        gateway = '<eventBasedGateway id="g" eventGatewayType="Parallel"/><receiveTask id="r" messageRef="msg_m"/>'
        assert "begins no process" in wrong(START + gateway, "s g r")

    def test_a_process_alone_is_begun_by_a_message(self) -> None:
        sub = '<subProcess id="sub"><receiveTask id="r" messageRef="msg_m" instantiate="true"/></subProcess>'
        found = [problem.wrong for problem in problems(START + sub, "s sub")]
        assert any('instantiate="true" in a sub-process' in each for each in found)


class TestMarkers:
    def loop(self, marker: str, file: str = "") -> object:
        return model(START + f'<userTask id="u">{marker}</userTask>', "s u", file=file).elements["u"].loop

    def test_a_standard_loop(self) -> None:
        marker = (
            '<standardLoopCharacteristics testBefore="1" loopMaximum="3"><loopCondition>go</loopCondition>'
            "</standardLoopCharacteristics>"
        )
        loop = self.loop(marker)
        assert isinstance(loop, StandardLoop)
        assert (loop.maximum, loop.tests_before, loop.condition and loop.condition.text) == (3, True, "go")
        assert self.loop('<standardLoopCharacteristics loopMaximum="2"/>') == StandardLoop(None, 2, False)

    @pytest.mark.parametrize(
        ("marker", "found"),
        [
            ("<standardLoopCharacteristics/>", "Nothing says when the loop ends"),
            ('<standardLoopCharacteristics loopMaximum="0"/>', "loopMaximum is 0"),
            ('<standardLoopCharacteristics loopMaximum="-3"/>', "loopMaximum is -3"),
            ("<multiInstanceLoopCharacteristics/>", "a collection or a number"),
            (
                "<multiInstanceLoopCharacteristics><loopDataInputRef>xs</loopDataInputRef>"
                '<inputDataItem id="one" name="x"/><outputDataItem id="two"/></multiInstanceLoopCharacteristics>',
                "need each other",
            ),
        ],
    )
    def test_a_marker_says_how_often(self, marker: str, found: str) -> None:
        assert found in wrong(START + f'<userTask id="u">{marker}</userTask>', "s u")

    def test_an_item_has_one_name(self) -> None:
        marker = (
            '<multiInstanceLoopCharacteristics camunda:collection="xs" camunda:elementVariable="x">'
            '<inputDataItem id="one" name="y"/></multiInstanceLoopCharacteristics>'
        )
        assert "'x' and 'y'" in wrong(START + f'<userTask id="u">{marker}</userTask>', "s u")

    SHARED = '<signalEventDefinition id="sd" signalRef="sig_g"/><timerEventDefinition id="td"/>'

    def events(self, attributes: str, inner: str = "") -> tuple[LoopEvent, ...]:
        marker = f"<multiInstanceLoopCharacteristics {attributes}><loopCardinality>3</loopCardinality>{inner}"
        loop = self.loop(f"{marker}</multiInstanceLoopCharacteristics>", self.SHARED)
        assert isinstance(loop, MultiInstance)
        return loop.events

    def test_what_is_thrown_when_instances_complete(self) -> None:
        assert self.events("") == self.events('behavior="All"') == ()
        (each,) = self.events('behavior="None" noneBehaviorEventRef="sd"')
        assert isinstance(each.definition, SignalDefinition)
        assert (each.first_only, each.condition) == (False, None)
        (first,) = self.events('behavior="One" oneBehaviorEventRef="sd"')
        assert first.first_only
        definition = (
            "<complexBehaviorDefinition><condition>n > 1</condition><event><signalEventDefinition "
            'signalRef="sig_g"/><escalationEventDefinition escalationRef="esc_c"/></event></complexBehaviorDefinition>'
        )
        two = self.events('behavior="Complex"', definition)
        assert [event.condition and event.condition.text for event in two] == ["n > 1", "n > 1"]

    @pytest.mark.parametrize(
        ("attributes", "inner", "found"),
        [
            ('behavior="None"', "", "noneBehaviorEventRef names no event definition"),
            ('behavior="One" oneBehaviorEventRef="sig_g"', "", "oneBehaviorEventRef names no event definition"),
            ('behavior="Complex"', "", "Nothing says what is thrown"),
            (
                'behavior="Complex"',
                "<complexBehaviorDefinition><condition>a</condition></complexBehaviorDefinition>",
                "throws nothing",
            ),
            (
                'behavior="Complex"',
                "<complexBehaviorDefinition><condition>a</condition><event><terminateEventDefinition/></event>"
                "</complexBehaviorDefinition>",
                "a terminate cannot be thrown",
            ),
            ('oneBehaviorEventRef="sd"', "", 'its behavior is "All"'),
        ],
    )
    def test_what_cannot_be_thrown_then_is_a_problem(self, attributes: str, inner: str, found: str) -> None:
        marker = f"<multiInstanceLoopCharacteristics {attributes}><loopCardinality>3</loopCardinality>{inner}"
        body = START + f'<userTask id="u">{marker}</multiInstanceLoopCharacteristics></userTask>'
        assert found in wrong(body, "s u")


class TestScopes:
    def test_an_ad_hoc_sub_process(self) -> None:
        inner = '<userTask id="a"/>'
        spec = model(START + f'<adHocSubProcess id="x">{inner}</adHocSubProcess>', "s x").elements["x"].spec
        assert spec == AdHocSpec()
        attributes = 'ordering="Sequential" cancelRemainingInstances="false"'
        condition = "<completionCondition>done</completionCondition>"
        body = f'<adHocSubProcess id="x" {attributes}>{inner}{condition}</adHocSubProcess>'
        spec = model(START + body, "s x").elements["x"].spec
        assert isinstance(spec, AdHocSpec)
        assert (spec.sequential, spec.cancels_remaining) == (True, False)
        assert spec.completion_condition is not None

    def test_a_transaction_is_compensated(self) -> None:
        inner = '<userTask id="a"/>'
        found = model(START + f'<transaction id="x" method="##Compensate">{inner}</transaction>', "s x")
        assert found.elements["x"].kind == "transaction"
        assert "##Image" in wrong(START + f'<transaction id="x" method="##Image">{inner}</transaction>', "s x")


class TestTasks:
    @pytest.mark.parametrize("kind", ["serviceTask", "sendTask", "businessRuleTask"])
    def test_work_without_a_topic_is_for_the_handler_of_its_id(self, kind: str) -> None:
        spec = model(START + f'<{kind} id="pay" implementation="urn:any"/>', "s pay").elements["pay"].spec
        assert isinstance(spec, JobSpec)
        assert spec.topic.evaluate({}) == "pay"

    @pytest.mark.parametrize("kind", ["serviceTask", "sendTask"])
    def test_work_by_an_operation_is_for_the_handler_of_its_name(self, kind: str) -> None:
        operation = (
            '<interface id="int" name="n"><operation id="op" name="pay"><inMessageRef>msg_m</inMessageRef></operation>'
            "</interface>"
        )
        spec = model(START + f'<{kind} id="x" operationRef="op"/>', "s x", file=operation).elements["x"].spec
        assert isinstance(spec, JobSpec)
        assert spec.topic.evaluate({}) == "pay"

    def test_work_that_is_said_in_half_is_a_problem(self) -> None:
        for attributes in ('camunda:topic="pay"', 'camunda:type="external"', 'camunda:type="mail" camunda:topic="pay"'):
            assert "does not say in full" in wrong(START + f'<serviceTask id="x" {attributes}/>', "s x")

    def test_an_operation_that_is_not_there_is_a_problem(self) -> None:
        assert "there is no 'op'" in wrong(START + '<serviceTask id="x" operationRef="op"/>', "s x")

    def test_quantities_are_numbers_from_one_on(self) -> None:
        found = model(START + '<userTask id="u" startQuantity="2" completionQuantity="3"/>', "s u").elements["u"]
        assert (found.start_quantity, found.completion_quantity) == (2, 3)
        for name in ("startQuantity", "completionQuantity"):
            assert f"{name} is 0" in wrong(START + f'<userTask id="u" {name}="0"/>', "s u")

    def test_a_script_is_text(self) -> None:
        found = [
            problem.wrong
            for problem in problems(START + '<scriptTask id="x"><script>x = 1<b/></script></scriptTask>', "s x")
        ]
        assert any("XML elements" in each for each in found)

    def test_a_complex_gateway(self) -> None:
        condition = "<activationCondition>activationCount > 1</activationCondition>"
        spec = model(START + f'<complexGateway id="x">{condition}</complexGateway>', "s x").elements["x"].spec
        assert isinstance(spec, ComplexGatewaySpec)
        assert spec.activation is not None
        assert model(START + '<complexGateway id="x"/>', "s x").elements["x"].spec == ComplexGatewaySpec()


class TestGlobalTasks:
    def test_each_is_a_process_of_one_task(self) -> None:
        script = "<script>x = 1</script>"
        tasks = f'<globalScriptTask id="G" name="Count">{script}</globalScriptTask><globalManualTask id="M"/>'
        count, manual = compile(diagram(tasks))
        assert (count.key, count.name, count.starts) == ("G", "Count", ())
        assert count.elements["G"].entries == ("G.task",)
        task = count.elements["G.task"]
        assert (task.kind, task.scope) == ("scriptTask", "G")
        assert isinstance(task.spec, ScriptSpec)
        assert manual.elements["M.task"].kind == "manualTask"

    def test_they_stand_beside_processes(self) -> None:
        models = compile(
            diagram('<globalTask id="G"/>', process(START + '<callActivity id="c" calledElement="G"/>', "s c"))
        )
        assert [each.key for each in models] == ["G", "P"]
        assert models[0].elements["G.task"].kind == "task"

    def test_what_is_wrong_in_one_is_a_problem(self) -> None:
        with pytest.raises(InvalidDefinition) as caught:
            compile(diagram('<globalScriptTask id="G"/>'))
        (problem,) = caught.value.problems
        assert (problem.element_id, "no script" in problem.wrong) == ("G", True)


def test_an_unconditional_flow_is_fine_where_all_that_hold_are_taken() -> None:
    for kind in ("inclusiveGateway", "complexGateway", "userTask"):
        body = START + f'<{kind} id="x"/>' + log("A") + log("B")
        found = model(body, "s x A", "x B").elements["x"]
        assert [flow.condition for flow in found.outgoing] == [None, None]


@pytest.mark.parametrize("kind", ["startEvent", "parallelGateway"])
def test_what_does_not_choose_has_no_conditions(kind: str) -> None:
    body = '<startEvent id="s"/><parallelGateway id="p"/><userTask id="u"/>'
    source = "s-p" if kind == "startEvent" else "p-u"
    with pytest.raises(InvalidDefinition) as caught:
        compile(diagram(process(body, "s p u", conditions={source: "v"})))
    assert f"a {kind} does not choose" in caught.value.problems[0].wrong
