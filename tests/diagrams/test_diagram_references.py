"""Whatever a diagram names is there: forms, decision tables, called processes; and nothing lies about unused."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from lxml import etree

CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"
ROOTS = {
    path.name: etree.fromstring(path.read_bytes())
    for path in files("bpmn").iterdir()
    if path.name.endswith((".bpmn", ".dmn"))
}
FORMS: dict[str, Any] = {
    path.name.removesuffix(".form"): json.loads(path.read_text("utf-8"))
    for path in files("bpmn").iterdir()
    if path.name.endswith(".form")
}


def named(attribute: str) -> set[str]:
    return {node.get(attribute) for root in ROOTS.values() for node in root.iter() if node.get(attribute)}


def keys(tag: str) -> set[str]:
    return {node.get("id") for root in ROOTS.values() for node in root.iter("{*}" + tag)}


def test_every_user_task_has_its_form_and_every_form_its_user_task() -> None:
    assert named(f"{CAMUNDA}formRef") == set(FORMS)
    assert {name: form["id"] for name, form in FORMS.items()} == {name: name for name in FORMS}


def test_every_decision_table_is_asked_and_there() -> None:
    assert named(f"{CAMUNDA}decisionRef") == keys("decision")


def test_every_called_process_is_there_and_every_stage_is_called() -> None:
    assert named("calledElement") | {"petition"} == keys("process")


def test_user_tasks_have_candidates() -> None:
    lonely = [
        task.get("id")
        for root in ROOTS.values()
        for task in root.iter("{*}userTask")
        if not task.get(f"{CAMUNDA}candidateGroups")
    ]
    assert lonely == []


def test_free_text_goes_to_the_case_file() -> None:
    """Nothing that a person writes freely may reach a variable, and so the journal, except as a reference."""
    kept_apart = {
        (name, field["key"])
        for name, form in FORMS.items()
        for field in form["components"]
        if field["type"] in ("textarea", "textfield") and field.get("properties", {}).get("store") != "case-file"
    }
    assert kept_apart == set()


def test_form_fields_have_labels_and_texts_have_bounds() -> None:
    for name, form in FORMS.items():
        for field in form["components"]:
            assert field.get("label") or field.get("dateLabel") or field["type"] == "text", (name, field)
            if field["type"] == "textarea" and not field.get("readonly"):
                assert field["validate"]["maxLength"] <= 20_000, (name, field["key"])
