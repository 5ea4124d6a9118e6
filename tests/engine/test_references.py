"""What a diagram names and is not there."""

from __future__ import annotations

from pathlib import Path

from engine import deployments, references
from engine.core.compile import compile as compile_diagram
from engine.engine import Engine

DIAGRAM = b"""<?xml version="1.0"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
             id="file" targetNamespace="x">
  <process id="letter" isExecutable="true">
    <startEvent id="start"/>
    <sequenceFlow id="f1" sourceRef="start" targetRef="write"/>
    <userTask id="write" camunda:formRef="letter-form" camunda:assignee="ann"/>
    <sequenceFlow id="f2" sourceRef="write" targetRef="send"/>
    <serviceTask id="send" camunda:type="external" camunda:topic="send-letter"/>
    <sequenceFlow id="f3" sourceRef="send" targetRef="file-away"/>
    <callActivity id="file-away" calledElement="archive"/>
    <sequenceFlow id="f4" sourceRef="file-away" targetRef="weigh"/>
    <businessRuleTask id="weigh" camunda:decisionRef="postage" camunda:resultVariable="price"
                      camunda:mapDecisionResult="singleEntry"/>
    <sequenceFlow id="f5" sourceRef="weigh" targetRef="end"/>
    <endEvent id="end"/>
  </process>
</definitions>"""


def send_letter() -> dict[str, object]:
    return {}


def missing(engine: Engine) -> dict[str | None, str]:
    models = compile_diagram(DIAGRAM, "letter.bpmn")
    return {problem.element_id: problem.wrong for problem in engine.read(lambda tx: references.missing(tx, models))}


def engine_in(folder: Path, **handlers: object) -> Engine:
    engine = Engine(f"sqlite:///{folder}/pujiang.db", handlers=handlers)  # type: ignore[arg-type]
    engine.upgrade()
    return engine


def test_every_name_that_nothing_has_is_found_at_its_element(tmp_path: Path) -> None:
    assert missing(engine_in(tmp_path)) == {
        "write": "The form 'letter-form' that it names is not there.",
        "send": "The handler 'send-letter' that it names is not there.",
        "file-away": "The process 'archive' that it names is not there.",
        "weigh": "The decision 'postage' that it names is not there.",
    }


def test_what_is_there_is_not_found(tmp_path: Path) -> None:
    engine = engine_in(tmp_path, **{"send-letter": send_letter})
    archive = DIAGRAM.replace(b'id="letter"', b'id="archive"')
    engine.transact(lambda tx: deployments.deploy(tx, {"archive.bpmn": archive}))
    assert set(missing(engine)) == {"write", "weigh"}
