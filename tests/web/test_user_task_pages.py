"""The queue and the user task: claimed by one, kept as a draft, sent once."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import bpmn
from engine import deployments, user_tasks
from engine.user_tasks import UserTask
from tests.bureau import CLERK, HOUSING, ROADS, WATER, Bureau
from tests.databases import KINDS
from tests.web.conftest import Visitor
from workflows.papers import drafts

SignIn = Callable[[str], Visitor]

ACCEPT = {"subject": "utilities", "place": "north", "category": "redress", "intake_decision": "accept"}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def number(bureau: Bureau) -> str:
    return bureau.hand_in().case_number


def task_of(bureau: Bureau, number: str, element_id: str = "register") -> UserTask:
    return next(task for task in bureau.open_tasks(number).values() if task.element_id == element_id)


@pytest.fixture
def register(bureau: Bureau, number: str) -> str:
    """The address of the user task that a clerk begins with."""
    return f"/tasks/{task_of(bureau, number).id}"


def to_joint_handling(bureau: Bureau, number: str) -> None:
    bureau.complete(number, CLERK, "register", **ACCEPT)
    bureau.complete(number, CLERK, "route", lead_unit="water", co_units=["roads", "housing"], mode="passed_on")
    bureau.complete(number, WATER, "accept-assignment", assignment_decision="accept")


def test_the_queue_has_what_is_due_soonest_first(bureau, signed_in):
    later = bureau.hand_in().case_number
    bureau.wait(days=3)
    newest = bureau.hand_in().case_number
    page = signed_in("clerk").get("/tasks/?show=groups")
    assert page.index(later) < page.index(newest)
    assert "12 days left" in page


def test_the_filters_are_in_the_address_and_the_way_back_keeps_them(bureau, signed_in, number, register):
    other = bureau.hand_in().case_number
    clerk = signed_in("clerk")
    page = clerk.get(f"/tasks/?show=groups&number={number.lower()}&stage=intake")
    assert number in page
    assert other not in page
    clerk.get(register)
    assert f'govuk-back-link" href="/tasks/?show=groups&number={number.lower()}&stage=intake"' in clerk.page


def test_an_unknown_filter_shows_one_s_own(signed_in):
    assert "Nothing is claimed by you." in signed_in("clerk").get("/tasks/?show=nonsense")


def test_a_long_queue_goes_on_on_a_next_page(bureau, signed_in):
    for _ in range(51):
        bureau.hand_in()
    clerk = signed_in("clerk")
    assert clerk.get("/tasks/?show=groups").count("Register the petition") >= 50
    address = re.search(r'rel="next" href="([^"]+)"', clerk.page)[1]
    assert clerk.get(address).count("PJ-2026-000051") >= 1


def test_nobody_fills_in_what_they_have_not_claimed(signed_in, register):
    clerk = signed_in("clerk")
    assert "Nobody has claimed this yet." in clerk.get(register)
    assert "<fieldset" in clerk.page
    assert "disabled" in clerk.page
    assert 'value="complete"' not in clerk.page
    clerk.post(f"{register}/claim")
    assert 'value="complete"' in clerk.page


def test_whoever_claims_second_is_told_who_was_first(bureau, signed_in, number, register):
    bureau.do(lambda tx: user_tasks.assign(tx, task_of(bureau, number).id, "clerk-2"))
    assert "is already clerk-2's" in signed_in("clerk").post(f"{register}/claim")


def test_a_unit_cannot_open_what_is_not_its_own(signed_in, register):
    water = signed_in("water")
    assert "You may not do this" in water.get(register)
    assert water.answer.status_code == 403
    water.post(register, _do="complete", **ACCEPT)
    assert water.answer.status_code == 403
    water.post(f"{register}/draft", missing="mine now")
    assert water.answer.status_code == 403


def test_a_draft_is_kept_whatever_is_wrong_with_it(bureau, signed_in, number, register):
    clerk = signed_in("clerk")
    clerk.post(f"{register}/claim")
    clerk.post(f"{register}/draft", subject="", intake_decision="supplement", missing="short")
    assert clerk.answer.status_code == 204
    clerk.get(register)
    assert ">\nshort</textarea>" in clerk.page
    saved = bureau.ask(lambda tx: drafts.find(tx, task_of(bureau, number).id), CLERK)
    assert saved.values["missing"] == ["short"]


def test_the_button_without_a_script_saves_the_draft_too(signed_in, register):
    clerk = signed_in("clerk")
    clerk.post(f"{register}/claim")
    assert "Draft saved." in clerk.post(register, _do="save", missing="half a sen")
    assert ">\nhalf a sen</textarea>" in clerk.page


def test_what_is_wrong_is_listed_with_links_and_what_was_typed_is_still_there(signed_in, register):
    clerk = signed_in("clerk")
    clerk.post(f"{register}/claim")
    sent = {**ACCEPT, "subject": "", "intake_decision": "supplement", "missing": "Too short"}
    page = clerk.post(register, _do="complete", **sent)
    assert clerk.answer.status_code == 422
    assert "Subject: An answer is needed." in page
    assert "What is missing: Expected at least 10 characters" in page
    assert 'href="#field-missing"' in clerk.page
    assert ">\nToo short</textarea>" in clerk.page
    assert "<title>Error: " in clerk.page
    assert ">\nToo short</textarea>" in clerk.client.get(register).get_data(as_text=True)


def test_a_sent_form_moves_the_case_on_and_leaves_no_draft(bureau, signed_in, number, register):
    clerk = signed_in("clerk")
    clerk.post(f"{register}/claim")
    clerk.post(f"{register}/draft", **ACCEPT)
    task_id = task_of(bureau, number).id
    page = clerk.post(register, _do="complete", **ACCEPT)
    assert f"Completed “Register the petition” of {number}." in page
    bureau.engine.run_to_rest()
    assert bureau.names(number) == ["route petition-office"]
    assert bureau.ask(lambda tx: drafts.find(tx, task_id), CLERK) is None
    assert "Clerk of the petition office has completed this." in clerk.get(register)


def test_a_draft_that_comes_after_the_form_was_sent_is_not_kept(bureau, signed_in, number, register):
    clerk = signed_in("clerk")
    clerk.post(f"{register}/claim")
    task_id = task_of(bureau, number).id
    bureau.complete(number, CLERK, "register", **ACCEPT)
    clerk.post(f"{register}/draft", missing="Which house?")
    assert clerk.answer.status_code == 409
    assert bureau.ask(lambda tx: drafts.find(tx, task_id), CLERK) is None


def test_what_is_saved_too_late_is_shown_once_more(bureau, signed_in, number, register):
    clerk = signed_in("clerk")
    clerk.post(f"{register}/claim")
    bureau.complete(number, CLERK, "register", **ACCEPT)
    page = clerk.post(register, _do="save", missing="Which house?")
    assert clerk.answer.status_code == 409
    assert "but it was completed at 09:00 by clerk" in page
    assert "Which house?" in page


def test_a_user_task_without_a_form_is_completed_as_it_is(bureau, signed_in):
    drawn = (Path(bpmn.__path__[0]) / "intake.bpmn").read_bytes()
    formless = drawn.replace(b' camunda:formRef="register" camunda:formRefBinding="latest"', b"")
    bureau.do(lambda tx: deployments.deploy(tx, {"intake.bpmn": formless}))
    number = bureau.hand_in().case_number
    register = f"/tasks/{task_of(bureau, number).id}"
    clerk = signed_in("clerk")
    clerk.post(f"{register}/claim")
    assert "Completed “Register the petition”" in clerk.post(register, _do="complete")


def test_the_next_of_mine_opens_by_itself(bureau, signed_in, number, register):
    other = bureau.hand_in().case_number
    clerk = signed_in("clerk")
    clerk.post(f"/tasks/{task_of(bureau, other).id}/claim")
    clerk.post(f"{register}/claim")
    clerk.post(register, _do="complete", **ACCEPT)
    assert f"<title>Register the petition, {other}" in clerk.page


def test_whoever_sends_second_sees_who_was_first_and_what_they_typed(bureau, signed_in, number, register):
    clerk = signed_in("clerk")
    clerk.post(f"{register}/claim")
    bureau.complete(number, CLERK, "register", **ACCEPT)
    page = clerk.post(register, _do="complete", missing="The number of the house is missing.")
    assert clerk.answer.status_code == 409
    assert "but it was completed at 09:00 by clerk" in page
    assert "The number of the house is missing." in page


def test_a_released_user_task_can_be_claimed_by_others(bureau, signed_in, number, register):
    clerk = signed_in("clerk")
    clerk.post(f"{register}/claim")
    assert "Released" in clerk.post(f"{register}/release")
    assert task_of(bureau, number).assignee is None


def test_a_day_that_no_calendar_has_is_refused(bureau, signed_in, number):
    to_joint_handling(bureau, number)
    address = f"/tasks/{task_of(bureau, number, 'investigate').id}"
    water = signed_in("water")
    water.post(f"{address}/claim")
    heard = {"heard_on-day": "31", "heard_on-month": "2", "heard_on-year": "2026"}
    sent = {"no_direct_interest": "true", "petitioner_heard": "in_person", "findings": "The pipe is of 1962 and rusts."}
    page = water.post(address, _do="complete", **sent, **heard)
    assert "Heard on: Expected a date of the calendar, but February 2026 has 28 days, not 31." in page
    assert 'name="heard_on-day" type="text" inputmode="numeric" value="31"' in water.page


def test_a_page_hides_what_does_not_apply(signed_in, register):
    clerk = signed_in("clerk")
    clerk.post(f"{register}/claim")
    clerk.post(f"{register}/conditions", intake_decision="refuse", category="redress")
    hidden = clerk.answer.get_json()["hidden"]
    assert "missing" in hidden
    assert "refusal_reason" not in hidden


def test_a_decision_is_made_anew_when_a_reply_comes_back(bureau, signed_in, number):
    to_joint_handling(bureau, number)
    bureau.complete(number, WATER, "investigate", findings="The pipe is of 1962 and rusts.")
    bureau.complete(number, ROADS, "co-unit-opinion", opinion="The road can be opened.")
    bureau.complete(number, HOUSING, "co-unit-opinion", opinion="The houses have new pipes.")
    reply = {"outcome": "explain", "reply": "The pipe is replaced next year.", "legal_basis": "Article 32"}
    for _ in range(2):
        bureau.complete(number, WATER, "draft-reply", **reply)
        checker = signed_in("checker")
        address = f"/tasks/{task_of(bureau, number, 'check-reply').id}"
        checker.post(f"{address}/claim")
        assert "The pipe is replaced next year." in checker.text
        assert "checked" not in checker.page
        remarks = {"check_verdict": "back", "check_remarks": "Name the rule as well."}
        assert "Completed" in checker.post(address, _do="complete", **remarks)
        bureau.engine.run_to_rest()


@pytest.mark.parametrize("task_id", ["1-999", "nonsense", "1-1"])
def test_a_user_task_that_is_not_there_is_not_found(signed_in, task_id):
    clerk = signed_in("clerk")
    clerk.get(f"/tasks/{task_id}")
    assert clerk.answer.status_code == 404
