"""What cannot be run is refused at deployment, every problem at once, with element and line."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core import compile
from engine.core.model import Element
from engine.core.reading import checks
from engine.core.reading.reader import Reader
from engine.core.reading.xml import MAX_ATTRIBUTES, MAX_BYTES, MAX_ELEMENTS
from engine.errors import InvalidDefinition, Problem
from tests.engine.core.case import HEADER, diagram, flows, log, process

PLAIN = '<startEvent id="s"/><task id="t"/><endEvent id="e"/>'


def problems(xml: bytes | str) -> tuple[Problem, ...]:
    with pytest.raises(InvalidDefinition) as caught:
        compile(xml.encode() if isinstance(xml, str) else xml, "test.bpmn", {"log"})
    return caught.value.problems


def test_every_problem_is_named_at_once_with_element_and_line() -> None:
    xml = diagram(
        "\n"
        + process(
            '<startEvent id="s"/>\n<transaction id="t" method="##Store"><startEvent id="in"/><endEvent id="out"/>'
            '<sequenceFlow id="in-out" sourceRef="in" targetRef="out"/></transaction>\n'
            '<serviceTask id="j" camunda:topic="work"/>\n<exclusiveGateway id="x"/>\n<userTask id="lonely"/>\n',
            "s t j x",
            conditions={"t-j": "a +"},
        )
    )
    found = {problem.element_id: problem for problem in problems(xml)}
    assert found["t"].line == 3
    assert "##Store" in found["t"].wrong
    assert "##Compensate" in found["t"].right
    assert found["j"].line == 4
    assert "who does the work" in found["j"].wrong
    assert found["lonely"].line == 6
    assert "nothing ever gets there" in found["lonely"].wrong
    assert found["t-j"].line == 7


@pytest.mark.parametrize(
    ("xml", "wrong"),
    [
        (b"", "not well-formed"),
        (b"<definitions", "not well-formed"),
        (b"\x00\xff\xfe", "not well-formed"),
        (b"<html/>", "The root element is 'html'"),
        (b"<a>" * 300 + b"</a>" * 300, "not well-formed"),
        (HEADER.encode() + b"<process/></definitions>", "no executable process"),
        (diagram('<process id="P" isExecutable="true"><startEvent/><frog/></process>'), "frog"),
        (diagram(process(PLAIN.replace('id="t"', 'id="s"'), "s e")), "The id is used in line 1 already."),
    ],
)
def test_what_is_no_diagram_is_refused(xml: bytes, wrong: str) -> None:
    assert any(wrong in problem.wrong for problem in problems(xml)), problems(xml)


def test_a_file_with_more_than_anyone_draws_is_refused_before_it_is_checked() -> None:
    (problem,) = problems(diagram(process(PLAIN + "<task/>" * MAX_ELEMENTS, "s t e")))
    assert "elements" in problem.wrong
    (problem,) = problems(diagram(process(PLAIN + '<task id="many"' + attributes(MAX_ATTRIBUTES) + "/>", "s t e")))
    assert "attributes" in problem.wrong


def attributes(count: int) -> str:
    return "".join(f' a{number}=""' for number in range(count))


def test_expressions_are_read_up_to_a_bound_for_all_of_them() -> None:
    scripts = "".join(f'<scriptTask id="t{n}"><script>{"x = 1;" * 400}</script></scriptTask>' for n in range(150))
    steps = " ".join(f"t{n}" for n in range(150))
    (problem,) = problems(diagram(process(f'<startEvent id="s"/>{scripts}', f"s {steps}")))
    assert "more than 250,000 characters" in problem.wrong
    lists = "".join(f'<userTask id="u{n}" camunda:candidateGroups="{"a," * 5_000}"/>' for n in range(10))
    (problem,) = problems(diagram(process(f'<startEvent id="s"/>{lists}', "s " + " ".join(f"u{n}" for n in range(10)))))
    assert "more than 250,000 characters" in problem.wrong


class Counting(dict[str, Element]):
    """Elements by id, which know how often somebody went through all of them."""

    rounds = 0

    def values(self) -> Any:
        self.rounds += 1
        return super().values()


def test_many_subprocesses_are_checked_without_looking_at_all_elements_for_each() -> None:
    inner = f'<startEvent id="{{0}}s"/><endEvent id="{{0}}e"/>{flows("{0}s {0}e")}'
    names = [f"n{number}" for number in range(50)]
    body = "".join(f'<subProcess id="{name}">{inner.format(name)}</subProcess>' for name in names)
    (model,) = compile(diagram(process(f'<startEvent id="s"/>{body}', f"s {' '.join(names)}")))
    elements = Counting(model.elements)
    checks.check(Reader((), {}), elements, {})
    assert elements.rounds < 5


def test_an_oversized_file_is_refused_before_it_is_read() -> None:
    (problem,) = problems(b" " * (MAX_BYTES + 1))
    assert "10,000,001 bytes" in problem.wrong


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE d [<!ENTITY a "AAAA"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE d SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        "<!DOCTYPE definitions>",
    ],
)
def test_a_document_type_is_refused_and_nothing_is_fetched_or_expanded(doctype: str) -> None:
    found = problems(doctype + diagram(process(PLAIN.replace('id="t"', 'id="t" name="&x;"'), "s t e")).decode())
    assert any("DOCTYPE" in problem.wrong or "well-formed" in problem.wrong for problem in found)
    assert "root:" not in str(found)


_EXTENSION = '<task id="x"><extensionElements>{}</extensionElements></task>'
UNSUPPORTED = {
    "camunda:class": '<serviceTask id="x" camunda:class="a.B"/>',
    "camunda:delegateExpression": '<serviceTask id="x" camunda:delegateExpression="${b}"/>',
    "camunda:asyncBefore": '<task id="x"/><sequenceFlow id="f" sourceRef="x" targetRef="x" camunda:asyncBefore="true"/>',
    "camunda:asyncAfter": '<task id="x"><standardLoopCharacteristics camunda:asyncAfter="true"/></task>',
    "camunda:executionListener": _EXTENSION.format("<camunda:executionListener/>"),
    "camunda:formData": '<userTask id="x"><extensionElements><camunda:formData/></extensionElements></userTask>',
    "camunda:variableName": '<intermediateCatchEvent id="x"><conditionalEventDefinition camunda:variableName="a">'
    "<condition>a</condition></conditionalEventDefinition></intermediateCatchEvent>",
    "camunda:resultVariable": '<businessRuleTask id="x" camunda:resultVariable="a"/>',
    "camunda:topic": '<businessRuleTask id="x" camunda:decisionRef="d" camunda:type="external" camunda:topic="t"/>',
    "is meant for Flowable": '<userTask id="x" flowable:assignee="ann" xmlns:flowable="http://flowable.org/bpmn"/>',
    "is meant for Zeebe": _EXTENSION.format('<z:userTask xmlns:z="http://camunda.org/schema/zeebe/1.0"/>'),
    "scriptFormat": '<scriptTask id="x" scriptFormat="groovy"><script>a = 1</script></scriptTask>',
    'language="urn:FEEL"': '<exclusiveGateway id="x"/><task id="y"/><sequenceFlow id="f" sourceRef="x" targetRef="y">'
    '<conditionExpression xsi:type="tFormalExpression" language="urn:FEEL">a = 1</conditionExpression></sequenceFlow>',
    "isImmediate": '<task id="x"/><task id="y"/><sequenceFlow id="f" sourceRef="x" targetRef="y" isImmediate="false"/>',
    'xsi:type="tUserTask"': '<task id="x" xsi:type="tUserTask"/>',
    "'flowElement'": '<task id="x"/><flowElement xsi:type="tUserTask" id="y"/>',
    "'implicitThrowEvent'": '<task id="x"/><implicitThrowEvent id="y"/>',
    "'event' is": '<task id="x"/><event xsi:type="tEndEvent" id="y"/>',
    "'choreographyTask'": '<task id="x"/><choreographyTask id="y" initiatingParticipantRef="a">'
    "<participantRef>a</participantRef><participantRef>b</participantRef><messageFlowRef>f</messageFlowRef>"
    "</choreographyTask>",
    "'whileExecutingInputRefs'": '<task id="x"><ioSpecification><dataInput id="i"/><inputSet><whileExecutingInputRefs>i'
    "</whileExecutingInputRefs></inputSet><outputSet/></ioSpecification></task>",
    "2 sets of data": '<task id="x"><ioSpecification><inputSet/><inputSet/><outputSet/></ioSpecification></task>',
    "'resourceParameterBinding'": '<userTask id="x"><potentialOwner><resourceRef>r</resourceRef><resourceParameterBinding '
    'parameterRef="p"><formalExpression>1</formalExpression></resourceParameterBinding></potentialOwner></userTask>',
}


@pytest.mark.parametrize("what", UNSUPPORTED)
def test_nothing_that_cannot_be_run_is_dropped_silently(what: str) -> None:
    found = problems(diagram(process(f'<startEvent id="s"/>{UNSUPPORTED[what]}', "s x")))
    assert any(what in problem.wrong for problem in found), found


def test_of_a_script_in_another_language_it_is_told_which_one_is_run() -> None:
    found = problems(diagram(process(f'<startEvent id="s"/>{UNSUPPORTED["scriptFormat"]}', "s x")))
    assert [problem.right for problem in found] == ["Leave it out, or write python; no other language is run."]


WRONG = {
    "There is no function 'shout'": '<scriptTask id="x"><script>shout(1)</script></scriptTask>',
    "It names no message": '<receiveTask id="x"/>',
    "there is no 'gone'": '<receiveTask id="x" messageRef="gone"/>',
    "Its condition is empty": '<intermediateCatchEvent id="x"><conditionalEventDefinition><condition/>'
    "</conditionalEventDefinition></intermediateCatchEvent>",
    "is no activity, gateway or event": '<task id="x"/><sequenceFlow id="f" sourceRef="x" targetRef="gone"/>',
    "is the default and has a condition": '<task id="x" default="f"/><task id="y"/><sequenceFlow id="f" sourceRef="x" '
    'targetRef="y"><conditionExpression>a</conditionExpression></sequenceFlow>',
    "has 0 times": '<intermediateCatchEvent id="x"><timerEventDefinition/></intermediateCatchEvent>',
    "but 'tomorrow' is none": '<intermediateCatchEvent id="x"><timerEventDefinition><timeDate>tomorrow</timeDate>'
    "</timerEventDefinition></intermediateCatchEvent>",
    "has no trigger": '<intermediateCatchEvent id="x"/>',
    "has no script": '<scriptTask id="x"/>',
    "names no process": '<callActivity id="x"/>',
    "needs a collection": '<task id="x"><multiInstanceLoopCharacteristics/></task>',
    "has no start event, and nothing else": '<subProcess id="x"/>',
    "2 start events without": '<subProcess id="x"><startEvent id="s2"/><startEvent id="s3"/></subProcess>',
    "No event follows": '<eventBasedGateway id="x"/>',
    "is a task": '<eventBasedGateway id="x"/><task id="y"/><sequenceFlow id="f" sourceRef="x" targetRef="y"/>',
    "is no activity beside it": '<task id="x"/><boundaryEvent id="b" attachedToRef="s"><messageEventDefinition '
    'messageRef="msg_m"/></boundaryEvent><endEvent id="e"/><sequenceFlow id="f" sourceRef="b" targetRef="e"/>',
    "An error event always interrupts": '<task id="x"/><boundaryEvent id="b" attachedToRef="x" cancelActivity="false">'
    '<errorEventDefinition/></boundaryEvent><endEvent id="e"/><sequenceFlow id="f" sourceRef="b" targetRef="e"/>',
    "does not choose": '<parallelGateway id="x"/><task id="y"/><sequenceFlow id="f" sourceRef="x" targetRef="y">'
    "<conditionExpression>a</conditionExpression></sequenceFlow>",
    "has no condition and is not the default": '<exclusiveGateway id="x"/><task id="y"/><task id="z"/>'
    '<sequenceFlow id="f" sourceRef="x" targetRef="y"/><sequenceFlow id="g" sourceRef="x" targetRef="z"/>',
    "default flow 's-x' does not leave it": '<task id="x" default="s-x"/>',
    "not in one scope": '<subProcess id="x"><startEvent id="s2"/></subProcess><task id="y"/>'
    '<sequenceFlow id="f" sourceRef="s2" targetRef="y"/>',
    "A flow leads out of it": '<endEvent id="x"/><task id="y"/><sequenceFlow id="f" sourceRef="x" targetRef="y"/>',
    "without a trigger": '<task id="x"/><subProcess id="es" triggeredByEvent="true"><startEvent id="s2"/></subProcess>',
    "has no id": '<task id="x"/><parallelGateway id="y"/><sequenceFlow sourceRef="s" targetRef="y"/>',
    "has a marker or boundary events": '<eventBasedGateway id="x"/><receiveTask id="y" messageRef="msg_m">'
    '<multiInstanceLoopCharacteristics camunda:collection="xs"/></receiveTask>'
    '<sequenceFlow id="f" sourceRef="x" targetRef="y"/>',
    "The error end event throws no error": '<endEvent id="x"><errorEventDefinition/></endEvent>',
}


@pytest.mark.parametrize("what", WRONG)
def test_a_diagram_that_makes_no_sense_is_refused(what: str) -> None:
    found = problems(diagram(process(f'<startEvent id="s"/>{WRONG[what]}', "s x")))
    assert any(what in problem.wrong for problem in found), found


def test_a_process_needs_something_to_begin_with() -> None:
    round_about = '<userTask id="a"/><userTask id="b"/>'
    assert "no start event" in problems(diagram(process(round_about, "a b a")))[0].wrong
    two = '<startEvent id="s"/><startEvent id="s2"/><task id="t"/>'
    assert "2 start events without a trigger" in problems(diagram(process(two, "s t", "s2 t")))[0].wrong


def test_a_wrong_condition_is_one_problem() -> None:
    split = '<startEvent id="s"/><exclusiveGateway id="x" default="x-a"/><task id="a"/><task id="b"/>'
    (problem,) = problems(diagram(process(split, "s x a", "x b", conditions={"x-b": "a +"})))
    assert problem.element_id == "x-b"


def test_a_problem_names_the_element_that_the_diagram_shows() -> None:
    wait = '<intermediateCatchEvent id="k"><timerEventDefinition id="hidden"/></intermediateCatchEvent>'
    (problem,) = problems(diagram(process(f'<startEvent id="s"/>{wait}', "s k")))
    assert problem.element_id == "k"


def test_what_several_elements_refer_to_is_one_problem() -> None:
    shared = '<signalEventDefinition id="shared" signalRef="gone"/>'
    waits = "".join(
        f'<intermediateCatchEvent id="{name}"><eventDefinitionRef>shared</eventDefinitionRef></intermediateCatchEvent>'
        for name in "ab"
    )
    (problem,) = problems(diagram(shared, process(f'<startEvent id="s"/>{waits}', "s a b")))
    assert "there is no 'gone'" in problem.wrong


DEFINITIONS = {
    "'import'": '<import namespace="urn:x" location="x.bpmn" importType="urn:bpmn"/>',
    "'relationship'": '<relationship type="t"><source>d</source><target>d</target></relationship>',
    "'choreography'": '<choreography id="c"/>',
    "no executable process": '<process id="Q"><task id="x"/></process><globalTask id="G"/>',
}


@pytest.mark.parametrize("what", DEFINITIONS)
def test_what_a_file_holds_beside_its_processes_is_understood_or_a_problem(what: str) -> None:
    executable = process(PLAIN, "s t e") if "executable" not in what else ""
    # The schema wants imports first, and relationships last.
    xml = diagram(executable).decode()
    written = DEFINITIONS[what]
    first, last = xml.index("<message"), xml.index("</definitions>")
    place = first if "import" in what else last
    found = problems(xml[:place] + written + xml[place:])
    assert any(what in problem.wrong for problem in found), found


def test_what_is_wrong_in_a_process_is_said_before_it_is_marked_as_executable() -> None:
    unmarked = diagram('<process id="P"><startEvent id="s"/><userTask id="t"/></process>')
    found = [(problem.element_id, problem.wrong) for problem in problems(unmarked)]
    assert ("d", "The file has no executable process.") in found
    assert ("t", "No flow leads to it, so nothing ever gets there.") in found


def test_an_expression_language_for_all_of_a_file_is_ours_or_a_problem() -> None:
    xml = diagram(process(PLAIN, "s t e")).decode()
    for language in ("http://www.w3.org/1999/XPath", "python"):
        assert compile(xml.replace('id="d"', f'id="d" expressionLanguage="{language}"', 1).encode())
    (problem,) = problems(xml.replace('id="d"', 'id="d" expressionLanguage="urn:FEEL"', 1))
    assert "urn:FEEL" in problem.wrong


def test_several_processes_of_one_file_are_compiled_and_others_are_left_to_the_reader() -> None:
    drawn = '<process id="Customer" isExecutable="false"><frobnicate/></process>'.replace(
        "<frobnicate/>", "<task id='c'/>"
    )
    models = compile(
        diagram(process(PLAIN, "s t e"), process(PLAIN.replace('id="', 'id="q'), "qs qt qe", key="Q"), drawn)
    )
    assert [model.key for model in models] == ["P", "Q"]


def test_what_only_a_person_reads_is_no_problem() -> None:
    lanes = '<laneSet id="ls"><lane id="l"><flowNodeRef>t</flowNodeRef></lane></laneSet>'
    note = '<textAnnotation id="n"><text>mind the gap</text></textAnnotation><association id="a" sourceRef="t" targetRef="n"/>'
    described = process("<documentation>Why.</documentation>" + lanes + PLAIN, "s t e").replace(
        "</process>", note + "</process>"
    )
    (model,) = compile(diagram(described))
    assert model.documentation == "Why."
    assert set(model.elements) == {"P", "s", "t", "e"}
    assert dict(model.drawn) == {"ls": "laneSet", "l": "lane", "n": "textAnnotation", "a": "association"}


def test_operaton_attributes_mean_what_camunda_attributes_mean() -> None:
    xml = diagram(process('<startEvent id="s"/><userTask id="u" camunda:assignee="ann"/>' + log("A"), "s u A")).replace(
        b"http://camunda.org/schema/1.0/bpmn", b"http://operaton.org/schema/1.0/bpmn"
    )
    (model,) = compile(xml, functions={"log"})
    spec = model.elements["u"].spec
    assert spec is not None
    assert spec.assignee.evaluate({}) == "ann"


def test_flows_keep_the_order_in_which_they_are_drawn() -> None:
    body = '<startEvent id="s"/><parallelGateway id="g"/><task id="a"/><task id="b"/>' + flows("g b", "g a")
    (model,) = compile(diagram(process(body, "s g")))
    assert [flow.target for flow in model.elements["g"].outgoing] == ["b", "a"]


@pytest.mark.parametrize("head", ["<script>", "<script>\n\n", "<script><![CDATA[\n"])
def test_what_is_wrong_in_a_script_is_found_with_its_line_in_the_file(head: str) -> None:
    lines = ["a = 1", "b = nothing(a)", "c = (", "1 +", "len())"]
    end = "]]></script>" if "CDATA" in head else "</script>"
    for wrong, line in (("b = nothing(a)", 2), ("b = list.size()", 2), ("a = 1\n\nb = = 2", 3)):
        script = "\n".join([lines[0], *wrong.split("\n")[wrong.count("a = 1") :]])
        file = diagram(process(f'<startEvent id="s"/>\n<scriptTask id="t">\n{head}{script}{end}</scriptTask>', "s t"))
        (problem,) = problems(file)
        before = file[: file.index(b"a = 1")].count(b"\n")
        assert (problem.element_id, problem.line) == ("t", before + line)


@pytest.mark.parametrize("attribute", ["camunda:assignee", "camunda:dueDate", "camunda:candidateGroups"])
@pytest.mark.parametrize("wrong", ["${", "${a b}", "${len()}", "${nothing()}", "${a.size()}", "${1 +&#10; + }"])
def test_a_wrong_expression_is_found_at_its_element(attribute: str, wrong: str) -> None:
    body = f'<startEvent id="s"/>\n\n<userTask id="t" {attribute}="{wrong}"/>'
    (problem,) = problems(diagram(process(body, "s t")))
    assert (problem.element_id, problem.line) == ("t", 3)
