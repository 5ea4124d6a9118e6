"""Whatever form a designer draws, what was typed into it goes to the case file and to nowhere else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bureau import CLERK, Bureau

from engine import deployments, instances, user_tasks
from engine.actors import Actor
from engine.errors import InvalidVariables
from engine.user_tasks import UserTaskQuery
from workflows.papers import submissions, texts
from workflows.register import cases

ANYBODY = Actor("anybody", frozenset({"role:caseworker"}))

FORM = {
    "type": "default",
    "id": "odd",
    "schemaVersion": 18,
    "components": [
        {"type": "textfield", "key": "person.name", "label": "Name", "id": "f1"},
        {"type": "select", "key": "person.role", "label": "Role", "id": "f2", "values": [{"value": "w", "label": "W"}]},
        {"type": "checklist", "key": "ticks", "label": "Ticks", "id": "f3", "values": [{"value": "a", "label": "A"}]},
        {
            "type": "dynamiclist",
            "path": "witnesses",
            "label": "Witnesses",
            "id": "f4",
            "components": [
                {"type": "textfield", "key": "name", "label": "Name", "id": "f5"},
                {"type": "datetime", "key": "heard", "dateLabel": "Heard", "subtype": "date", "id": "f6"},
            ],
        },
        {"type": "number", "key": "count", "label": "Count", "id": "f7"},
    ],
}
DIAGRAM = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:test"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="d"><process id="odd" isExecutable="true">
    <startEvent id="s"/><userTask id="u" {form}/><userTask id="v"/>
    <sequenceFlow id="a" sourceRef="s" targetRef="u"/><sequenceFlow id="b" sourceRef="u" targetRef="v"/>
    </process></definitions>"""
FILLED: dict[str, Any] = {
    "person": {"name": "Wu Example", "role": "w"},
    "ticks": ["a"],
    "witnesses": [{"name": "Li Example", "heard": "2026-03-01"}, {"name": "", "heard": None}],
    "count": 3,
}


def _odd_task(bureau: Bureau, form: str = 'camunda:formRef="odd"') -> tuple[str, int]:
    """A case number and the instance that begins with the odd user task."""
    number = bureau.hand_in().case_number
    files = {"odd.bpmn": DIAGRAM.format(form=form).encode(), "odd.form": json.dumps(FORM).encode()}
    bureau.do(lambda tx: deployments.deploy(tx, files))
    return number, bureau.do(lambda tx: instances.start(tx, "odd", business_key=number)).id


def _submit(bureau: Bureau, instance_id: int, values: dict[str, Any]) -> dict[str, Any]:
    found = bureau.ask(lambda tx: user_tasks.find(tx, UserTaskQuery(definition_key="odd")))
    bureau.do(lambda tx: submissions.submit(tx, found[0].id, values), ANYBODY)
    return bureau.ask(lambda tx: instances.variables(tx, instance_id))


def test_free_text_is_filed_wherever_in_a_form_it_stands_and_codes_stay(bureau: Bureau):
    number, instance_id = _odd_task(bureau)
    seen = _submit(bureau, instance_id, FILLED)
    assert "Example" not in json.dumps(seen)
    assert "Example" not in bureau.journal_text()
    assert seen["person"]["role"] == "w"
    assert seen["ticks"] == ["a"]
    assert seen["witnesses"][0]["heard"] == "2026-03-01"
    assert seen["witnesses"][1] == {"name": "", "heard": None}
    assert seen["count"] == 3
    assert bureau.ask(lambda tx: texts.resolve(tx, seen)) == FILLED
    filed = {(text.kind, text.body) for text in bureau.ask(lambda tx: texts.of_case(tx, number))}
    assert {("person.name", "Wu Example"), ("witnesses.name", "Li Example")} <= filed


def test_what_a_form_does_not_know_is_taken_for_free_text(bureau: Bureau):
    _, instance_id = _odd_task(bureau)
    seen = _submit(bureau, instance_id, {"person": {"nickname": "Wu Example"}, "secret": "Li Example"})
    assert texts.is_reference(seen["person"]["nickname"])
    assert texts.is_reference(seen["secret"])


def test_a_user_task_without_a_form_takes_no_values(bureau: Bureau):
    _, instance_id = _odd_task(bureau, form="")
    with pytest.raises(InvalidVariables, match="words: expected no values, for this user task has no form"):
        _submit(bureau, instance_id, {"words": "Wu Example"})
    assert _submit(bureau, instance_id, {}) == {}


def test_words_that_were_not_changed_stay_the_same_text(bureau: Bureau):
    receipt = bureau.hand_in()
    before = bureau.variables(receipt.case_number)["claims"]
    shown = bureau.ask(lambda tx: texts.resolve(tx, before))
    bureau.register(receipt, claims=shown)
    assert bureau.variables(receipt.case_number)["claims"] == before
    assert bureau.ask(lambda tx: cases.get(tx, receipt.case_number), CLERK).state == "registered"
