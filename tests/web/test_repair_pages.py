"""The supervisor's repairs: one case, versions of processes, and batches."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from engine import batches, deployments, instances, migration, suspension, user_tasks
from engine.actors import Actor
from engine.migration import RunningQuery
from tests.bureau import SUPERVISOR, Bureau
from tests.engine.core.case import diagram, process
from tests.web.conftest import Visitor
from web.batches import _NAMES

DESIGNER = Actor("designer", frozenset({"role:designer"}))
PLAN = {"source": "petition:1", "target": "petition:2", "elements": {}}


@pytest.fixture
def number(bureau: Bureau) -> str:
    return bureau.hand_in().case_number


@pytest.fixture
def supervisor(signed_in) -> Visitor:
    return signed_in("supervisor")


def instance_of(bureau: Bureau, number: str) -> instances.Instance:
    return bureau.ask(lambda tx: instances.find(tx, number))


def standing(bureau: Bureau, number: str) -> list[str]:
    """The open user tasks of the case."""
    found = bureau.ask(lambda tx: user_tasks.open_of(tx, instances.find(tx, number).id))
    return [each.element_id for each in found]


def address(number: str, verb: str = "") -> str:
    return f"/supervision/cases/{number}/repair{verb and '/'}{verb}"


def token_of(bureau: Bureau, number: str, element_id: str) -> int:
    tokens = bureau.ask(lambda tx: instances.state(tx, instances.find(tx, number).id)).tokens.values()
    return next(token.id for token in tokens if token.element_id == element_id)


def test_a_case_is_suspended_and_goes_on(bureau, number, supervisor, signed_in):
    assert "Where it stands" in supervisor.get(address(number))
    page = supervisor.post(address(number, "suspend"), reason="the file is with the court")
    assert "Nothing in it moves until it is resumed." in page
    assert "Suspended 2 Mar 2026, 09:00 by supervisor: the file is with the court" in page
    clerk = signed_in("clerk")
    (task,) = bureau.ask(lambda tx: user_tasks.open_of(tx, instances.find(tx, number).id))
    assert "suspended" in clerk.get("/tasks/?show=groups")
    page = clerk.get(f"/cases/{number}")
    assert "Suspended 2 Mar 2026, 09:00 by Supervisor: the file is with the court. Nothing in it moves" in page
    assert "nothing can be done here until a supervisor resumes it" in clerk.get(f"/tasks/{task.id}")
    assert "was suspended at 09:00 by supervisor because the file is with the court" in clerk.post(
        f"/tasks/{task.id}/claim"
    )
    assert "The case goes on." in supervisor.post(address(number, "resume"), reason="it is back")
    assert "Nothing in it moves" not in clerk.get(f"/cases/{number}")
    assert instance_of(bureau, number).status == "active"
    assert "Suspended: the file is with the court" in supervisor.get(f"/supervision/cases/{number}")


def test_a_reason_is_asked_for_and_what_was_typed_stays(bureau, number, supervisor):
    supervisor.get(address(number))
    assert "Expected a reason" in supervisor.post(address(number, "suspend"), reason=" ")
    assert supervisor.answer.status_code == 422
    assert instance_of(bureau, number).status == "active"
    before = standing(bureau, number)
    page = supervisor.post(address(number), start=before[0], variables="n = 1\nno line", reason="why it was")
    assert "Expected variables as 'name = value', a line each, but found 'no line'" in page
    assert supervisor.answer.status_code == 422
    assert 'value="why it was"' in supervisor.page
    assert "no line</textarea>" in supervisor.page
    assert re.search(rf'<option value="{before[0]}" selected>', supervisor.page)
    assert standing(bureau, number) == before


@pytest.mark.parametrize("value", ['{"score":', '"half', "[" * 10_000])
def test_a_value_that_is_half_of_json_is_refused(bureau, number, supervisor, value):
    (before,) = standing(bureau, number)
    supervisor.get(address(number))
    page = supervisor.post(address(number), start=before, variables=f"score = {value}", reason="why")
    assert f"Expected a value in JSON, but found '{value[:60]}'." in page
    assert supervisor.answer.status_code == 422
    assert standing(bureau, number) == [before]


def test_a_token_is_taken_away_and_another_put_down(bureau, number, supervisor):
    (before,) = standing(bureau, number)
    token = token_of(bureau, number, before)
    page = supervisor.get(address(number))
    assert f'name="cancel" value="{token}"' in supervisor.page
    page = supervisor.post(address(number), start=before, cancel=str(token), variables='note = "x"', reason="once more")
    assert "This is where the case stands now." in page
    assert standing(bureau, number) == [before]
    assert token_of(bureau, number, before) != token
    page = supervisor.get(f"/supervision/cases/{number}")
    assert "Repaired by hand: once more" in page
    assert "nothing is missing" in page


def test_places_are_told_apart_by_their_process(number, supervisor):
    supervisor.get(address(number))
    groups = re.findall(r'<optgroup label="([^"]+)">(.*?)</optgroup>', supervisor.page, flags=re.DOTALL)
    both = [name for name, places in groups if "Petition received (start)" in places]
    assert both == ["Petition, version 1", "Intake, version 1"]


def test_what_cannot_be_done_is_told_and_nothing_is(bureau, number, supervisor):
    before = standing(bureau, number)
    supervisor.get(address(number))
    for sent, why in (
        ({"reason": "why"}, "nothing is asked"),
        ({"start": "nowhere", "reason": "why"}, "Expected 'nowhere' to be in a process that is alive"),
        ({"cancel": "999999", "reason": "why"}, "Expected token 999999 to be alive"),
        ({"start": before[0]}, "Expected a reason"),
    ):
        assert why in supervisor.post(address(number), sent)
        assert supervisor.answer.status_code == 422
    assert standing(bureau, number) == before


MANY = (
    '<startEvent id="s"/><subProcess id="m" name="Ask"><multiInstanceLoopCharacteristics camunda:collection="${them}" '
    'camunda:elementVariable="unit"/><startEvent id="ms"/><userTask id="mu"/><userTask id="mv"/>'
    '<sequenceFlow id="f1" sourceRef="ms" targetRef="mu"/><sequenceFlow id="f2" sourceRef="mu" targetRef="mv"/>'
    "</subProcess>"
)


def test_of_what_is_there_many_times_one_is_chosen_or_a_new_one(bureau, supervisor):
    bureau.engine.transact(
        lambda tx: deployments.deploy(tx, {"m.bpmn": diagram(process(MANY, "s m", key="many"))}), DESIGNER
    )
    given = {"them": ["water", "roads"]}
    bureau.do(lambda tx: instances.start(tx, "many", business_key="M-1", variables=given), SUPERVISOR)
    page = supervisor.get(address("M-1"))
    assert 'number 2, unit = "roads"' in page
    scopes = dict(re.findall(r'<option value="(\d+)">\s*(.*?) \(token \d+\)</option>', supervisor.page))
    named = {label.strip("\xa0"): number for number, label in scopes.items()}
    page = supervisor.post(address("M-1"), start="mv", reason="why")
    assert "several are alive" in page
    assert "Name one of them" in page
    supervisor.post(address("M-1"), start="mv", reason="why", scope=named['Ask, number 2, unit = "roads"'])
    assert standing(bureau, "M-1") == ["mu", "mu", "mv"]
    new = named["Ask: a new one beside its 2"]
    page = supervisor.post(address("M-1"), start="mv", reason="why", scope=new)
    assert "Expected 'unit', which holds the item, among the variables" in page
    page = supervisor.post(address("M-1"), start="mv", reason="why", scope=new, variables="unit = housing")
    assert 'number 3, unit = "housing"' in page
    assert standing(bureau, "M-1") == ["mu", "mu", "mv", "mv"]


def test_a_case_is_cancelled(bureau, number, supervisor):
    supervisor.get(address(number))
    assert "Expected a reason" in supervisor.post(address(number, "cancel"), reason="")
    assert "there is nothing left to repair" in supervisor.post(address(number, "cancel"), reason="handed in twice")
    assert instance_of(bureau, number).end_reason == "handed in twice"


@pytest.mark.parametrize("path", ["processes", "batches/", "batches/1", "processes/petition/1/move"])
def test_repairs_are_not_for_clerks(number, signed_in, path):
    clerk = signed_in("clerk")
    clerk.get(f"/supervision/{path}")
    assert clerk.answer.status_code in (403, 404)
    clerk.get(address(number))
    assert clerk.answer.status_code == 403
    clerk.post(address(number, "suspend"), reason="why")
    assert clerk.answer.status_code == 403


def second_version(bureau: Bureau, name: str = "once more") -> tuple[str, str]:
    """Another version of the process that cases run by; both ids."""
    (first,) = {each.definition_id for each in bureau.ask(lambda tx: instances.search(tx, instances.InstanceQuery()))}
    before = bureau.ask(lambda tx: deployments.definition(tx, first))
    xml = bureau.ask(lambda tx: deployments.source(tx, first))
    changed = xml.replace(b"</bpmn:definitions>", f"<!-- {name} --></bpmn:definitions>".encode())
    changed = changed.replace(b"</definitions>", f"<!-- {name} --></definitions>".encode())
    assert changed != xml
    files = {before.resource: changed}
    bureau.do(lambda tx: deployments.deploy(tx, files))
    return first, f"{before.key}:{before.version + 1}"


def test_cases_are_moved_to_another_version_by_a_batch(bureau, number, supervisor):
    other = bureau.hand_in().case_number
    source, target = second_version(bureau)
    key, version = source.split(":")
    page = supervisor.get("/supervision/processes")
    assert "Move its cases" in page
    path = f"/supervision/processes/{key}/{version}/move"
    assert "Propose a plan" in supervisor.get(path)
    page = supervisor.get(f"{path}?to={target}")
    assert number in page
    assert "not checked yet" in page
    fields = dict(
        re.findall(
            r'<select class="govuk-select" id="map-\d+" name="(map-[^"]+)">.*?value="([^"]*)" selected', supervisor.page
        )
    )
    assert len(fields) > 10
    fields |= {"to": target, "case": str(instance_of(bureau, number).id)}
    page = supervisor.post(path, fields, _do="check")
    assert "Nothing is in the way of any case that is listed." in page
    assert "2 cases of this version." in page
    state = bureau.ask(lambda tx: instances.state(tx, instance_of(bureau, number).id))
    standing_at = next(each.element_id for each in state.tokens.values() if each.scope_id == each.process_id == 1)
    lacking = {name: value for name, value in fields.items() if name != f"map-{standing_at}"}
    page = supervisor.post(path, lacking, _do="check")
    assert "There is a problem 2 cases cannot be moved so." in page
    assert 'href="#cases"' in supervisor.page
    assert f"Expected a counterpart of '{standing_at}'" in page
    assert "Expected a reason" in supervisor.post(path, fields, _do="run", reason="")
    assert supervisor.answer.status_code == 422
    assert "Expected a reason" in supervisor.post(path, fields, _do="rehearse", reason=" ")
    page = supervisor.post(path, lacking, _do="rehearse", which="all", reason="what if")
    assert "Batch 1: Try out moving cases to another version" in page
    bureau.engine.run_to_rest()
    page = supervisor.get("/supervision/batches/1")
    assert "Failed 2" in page
    assert page.count(f"Expected a counterpart of '{standing_at}'") == 2
    assert instance_of(bureau, number).definition_id == source
    supervisor.get(f"{path}?to={target}")
    page = supervisor.post(path, fields, _do="run", which="some", reason="a better one")
    assert "Batch 2: Move cases to another version" in page
    bureau.engine.run_to_rest()
    assert "Done 1 of 1" in supervisor.get("/supervision/batches/2")
    assert instance_of(bureau, number).definition_id == target
    assert instance_of(bureau, other).definition_id == source
    page = supervisor.post(path, fields, _do="run", which="all", reason="all of them")
    bureau.engine.run_to_rest()
    assert instance_of(bureau, other).definition_id == target
    assert "a better one" in supervisor.get("/supervision/batches")
    assert "Went on by another version of the process: a better one" in supervisor.get(f"/supervision/cases/{number}")
    supervisor.get(f"/cases/{number}")
    views = [
        json.loads(text) for text in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', supervisor.page)
    ]
    moved, before = (next(view for view in views if f"/{name}.bpmn" in view["source"]) for name in (target, source))
    assert moved["flows"] == before["flows"] != {}
    assert moved["elements"] == before["elements"]
    assert set(moved["elements"].values()) == {1}


def test_a_case_is_still_in_the_stage_whose_version_it_was_moved_to(bureau, number, signed_in):
    before = bureau.ask(lambda tx: deployments.latest(tx, "intake")).id
    again = bureau.ask(lambda tx: deployments.source(tx, before)) + b"<!-- once more -->"
    bureau.engine.transact(lambda tx: deployments.deploy(tx, {"intake.bpmn": again}), DESIGNER)
    plan = bureau.ask(lambda tx: migration.propose(tx, before, "intake:2"))
    instance_id = instance_of(bureau, number).id
    bureau.engine.transact(lambda tx: migration.migrate(tx, plan, instance_id, "why"), SUPERVISOR)
    assert "Intake the case is here" in signed_in("clerk").get(f"/cases/{number}")


def test_cases_to_be_moved_are_found_by_a_filter(bureau, supervisor, monkeypatch):
    first, second, third = (bureau.hand_in().case_number for _ in range(3))
    bureau.wait(days=3)
    later = bureau.hand_in().case_number
    source, target = second_version(bureau)
    path = "/supervision/processes/{}/{}/move".format(*source.split(":"))
    supervisor.get(f"{path}?to={target}")
    ids = {instance_of(bureau, each).id: each for each in (first, second, third, later)}

    def found(**fields: str) -> list[str]:
        supervisor.post(path, to=target, _do="check", **fields)
        listed = [ids[int(each)] for each in re.findall(r'name="listed" value="(\d+)"', supervisor.page)]
        assert f" {len(listed)} case" in supervisor.text
        return listed

    assert found() == [first, second, third, later]
    assert found(numbers=f"{second}, {later} PJ-0") == [second, later]
    assert found(began_from="2026-03-03") == [later]
    assert found(began_until="2026-03-02", numbers=f"{later} {third}") == [third]
    assert found(element="intake") == [first, second, third, later]
    assert found(element="response") == []
    for field, wrong in (
        ("began_from", "soon"),
        ("began_until", "0001-01-01"),
        ("numbers", " ".join(map(str, range(1_001)))),
    ):
        page = supervisor.post(path, to=target, _do="run", reason="why", which="all", **{field: wrong})
        assert "Expected a" in page  # day, or at most so many
        assert supervisor.answer.status_code == 422
    assert "Nothing was done to many" in supervisor.get("/supervision/batches/")

    monkeypatch.setattr("web.moves.MOST", 2)
    supervisor.get(f"{path}?to={target}")
    page = supervisor.post(path, to=target, case=str(instance_of(bureau, first).id))
    assert first in page
    assert third not in page
    behind = re.search(r'name="after" value="(\d+)"', supervisor.page)[1]
    page = supervisor.post(path, to=target, after=behind)
    assert third in page
    assert first not in page
    page = supervisor.post(path, {"from": behind}, to=target, _do="run", reason="")
    assert third in page
    assert first not in page


def test_what_was_tried_out_is_moved_from_there(bureau, number, supervisor):
    handled = bureau.bring_to_handling().case_number
    source = "petition:1"
    _, target = second_version(bureau)
    plan = bureau.ask(lambda tx: migration.propose(tx, source, target))
    tokens = bureau.ask(lambda tx: instances.state(tx, instance_of(bureau, handled).id)).tokens.values()
    stands_at = {token.element_id for token in tokens if token.process_id == 1}
    elements = {name: other for name, other in plan.elements.items() if name not in stands_at or name == "petition"}
    parameters = batches.parameters_of(replace(plan, elements=elements))
    every = RunningQuery(source)
    bureau.do(lambda tx: batches.create(tx, "rehearse", every, "what if", parameters), SUPERVISOR)
    page = supervisor.get("/supervision/batches/1")
    assert "Done 1 of 2" in page
    assert "Move the 1 case that nothing is in the way of" in page
    assert "Expected a reason" in supervisor.post("/supervision/batches/1/move", reason=" ")
    page = supervisor.post("/supervision/batches/1/move", reason="it fits")
    assert "Batch 2: Move cases to another version" in page
    bureau.engine.run_to_rest()
    assert "Done 1 of 1" in supervisor.get("/supervision/batches/2")
    assert instance_of(bureau, number).definition_id == target
    assert instance_of(bureau, handled).definition_id == source
    assert "is migrate, done" in supervisor.post("/supervision/batches/2/move", reason="once more")


def test_a_version_and_its_cases_are_suspended_and_resumed(bureau, number, supervisor):
    definition_id = instance_of(bureau, number).definition_id
    key, version = definition_id.split(":")
    supervisor.get("/supervision/processes")
    path = f"/supervision/processes/{key}/{version}"
    assert "Expected a reason" in supervisor.post(f"{path}/suspend", reason="")
    assert "starts no case from now on" in supervisor.post(f"{path}/suspend", reason="it is wrong")
    assert instance_of(bureau, number).status == "active"
    assert "it is wrong" in supervisor.get("/supervision/processes")
    assert "Expected a reason" in supervisor.post(f"{path}/cases/suspend", reason="")
    assert "Batch 1: Suspend cases" in supervisor.post(f"{path}/cases/suspend", reason="it is wrong")
    bureau.engine.run_to_rest()
    assert instance_of(bureau, number).status == "suspended"
    supervisor.get("/supervision/processes")
    assert "but there is none" in supervisor.post(f"{path}/cases/suspend", reason="once more")
    assert "Expected a reason" in supervisor.post(f"{path}/resume", reason=" ")
    assert "starts cases again" in supervisor.post(f"{path}/resume", reason="mended")
    assert ", supervisor: mended" in supervisor.get("/supervision/processes")
    assert "Batch 2: Resume cases" in supervisor.post(f"{path}/cases/resume", reason="mended")
    bureau.engine.run_to_rest()
    assert instance_of(bureau, number).status == "active"
    supervisor.get("/supervision/processes")
    supervisor.post("/supervision/processes/intake/1/cases/suspend", reason="the stage is wrong")
    bureau.engine.run_to_rest()
    assert instance_of(bureau, number).status == "suspended"


def test_a_designer_moves_cases_and_leaves_what_repairs_them_to_supervisors(bureau, number, supervisor, signed_in):
    key, version = instance_of(bureau, number).definition_id.split(":")
    path = f"/supervision/processes/{key}/{version}/suspend"
    designer = signed_in("designer")
    designer.get("/supervision/processes")
    assert "Suspend the cases in it" not in designer.text
    designer.post(f"/supervision/processes/{key}/{version}/cases/suspend", reason="it is wrong")
    assert designer.answer.status_code == 403
    designer.get("/supervision/processes")
    assert "starts no case from now on" in designer.post(path, reason="it is wrong")
    assert "Suspend the cases in it" in supervisor.get("/supervision/processes")
    of_supervisor, own = (
        bureau.engine.transact(lambda tx, by=by: batches.create(tx, "migrate", [99], "why", PLAN), by).id
        for by in (SUPERVISOR, DESIGNER)
    )
    for batch, code in ((of_supervisor, 403), (own, 200)):
        page = designer.get(f"/supervision/batches/{batch}")
        assert ("Pause" in page) == (code == 200)
        designer.post(f"/supervision/batches/{batch}/pause")
        assert designer.answer.status_code == code
    supervisor.get(f"/supervision/batches/{own}")
    assert "Go on" in supervisor.page
    supervisor.post(f"/supervision/batches/{own}/resume")
    assert "Pause" in supervisor.page


def test_every_operation_of_a_batch_has_a_name_on_its_page():
    assert set(_NAMES) == set(batches.OPERATIONS)


def test_a_batch_is_steered_and_tells_what_failed(bureau, number, supervisor):
    instance = instance_of(bureau, number)
    bureau.engine.transact(lambda tx: suspension.suspend(tx, instance.id, "alone"), SUPERVISOR)
    bureau.engine.transact(lambda tx: batches.create(tx, "suspend", [instance.id], "why"), SUPERVISOR)
    assert "Pause" in supervisor.get("/supervision/batches/1")
    assert "Go on" in supervisor.post("/supervision/batches/1/pause")
    assert "is paused" in supervisor.post("/supervision/batches/1/pause")
    supervisor.post("/supervision/batches/1/resume")
    bureau.engine.run_to_rest()
    page = supervisor.get("/supervision/batches/1")
    assert "What could not be done" in page
    assert f"/supervision/cases/{number}/repair" in supervisor.page
    assert "was suspended at 09:00 by supervisor because alone" in page
    bureau.engine.transact(lambda tx: suspension.resume(tx, instance.id, "again"), SUPERVISOR)
    supervisor.post("/supervision/batches/1/retry_failed")
    bureau.engine.run_to_rest()
    assert "Done 1 of 1" in supervisor.get("/supervision/batches/1")
    supervisor.get("/supervision/batches/99")
    assert supervisor.answer.status_code == 404
