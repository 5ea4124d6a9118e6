"""The case page, for those who may see it: what is known, its people behind a purpose, and what one may do now."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from engine import instances, journal, user_tasks
from tests.bureau import CLERK, ROADS, SUPERVISOR, WATER, WATER_HEAD, Bureau
from tests.databases import KINDS
from web import cases

REASON = "The laboratory needs four more weeks for the samples."


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def number(bureau: Bureau) -> str:
    """A case in joint handling: water leads, roads and housing give their opinions."""
    number = bureau.hand_in().case_number
    accept = {"subject": "utilities", "place": "north", "category": "redress", "intake_decision": "accept"}
    bureau.complete(number, CLERK, "register", **accept)
    bureau.complete(number, CLERK, "route", lead_unit="water", co_units=["roads", "housing"], mode="passed_on")
    bureau.complete(number, WATER, "accept-assignment", assignment_decision="accept")
    return number


@contextmanager
def counted() -> Iterator[list[str]]:
    """Every SQL statement that is sent meanwhile."""
    said: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", hear)


def notes(bureau: Bureau, number: str) -> list[tuple[str, dict[str, str]]]:
    def work(tx):
        entries = journal.entries(tx, instances.find(tx, number).id)
        return [entry.command for entry in entries if entry.kind == "note"]

    return bureau.ask(work)


def test_the_page_says_what_is_to_do_with_whom_and_until_when(signed_in, number):
    page = signed_in("clerk").get(f"/cases/{number}")
    assert "Investigate Water Bureau 1 May 2026 60 days left" in page
    assert page.count("Give an opinion") >= 2
    assert "Handle and reply 1 May 2026" in page
    assert "60 calendar days" in page


def test_the_time_line_says_who_did_what_and_what_changed(signed_in, number):
    page = signed_in("clerk").get(f"/cases/{number}")
    assert "Clerk of the petition office Completed “Register the petition”" in page
    assert "Now to do: Investigate (Water Bureau)" in page
    assert "Intake decision: accept" in page
    assert "Claims: text 1" in page


def test_the_time_line_calls_people_by_their_names(bureau, signed_in, number):
    task = next(task for task in bureau.open_tasks(number).values() if task.element_id == "investigate")
    bureau.do(lambda tx: user_tasks.assign(tx, task.id, "water"), SUPERVISOR)
    bureau.do(lambda tx: user_tasks.assign(tx, task.id, "water-head"), SUPERVISOR)
    page = signed_in("clerk").get(f"/cases/{number}")
    assert "Gave “Investigate” to Head, Water Bureau, who takes it over from Water Bureau" in page


def test_a_long_time_line_begins_with_the_newest(signed_in, number, monkeypatch):
    monkeypatch.setattr(cases, "EVENTS", 2)
    clerk = signed_in("clerk")
    page = clerk.get(f"/cases/{number}")
    assert "Notify the acceptance" in page
    assert "The petition came in" not in page
    assert re.search(r"Show all \d+ entries", page)
    assert "The petition came in" in clerk.get(f"/cases/{number}?all=1")


def test_each_process_is_there_as_a_picture_and_as_a_table(signed_in, number):
    clerk = signed_in("clerk")
    clerk.get(f"/cases/{number}")
    assert clerk.page.count('class="pj-diagram"') == 4
    assert "Joint handling version 1 here" in clerk.text
    views = [json.loads(view) for view in re.findall(r'type="application/json"[^>]*>([^<]+)<', clerk.page)]
    assert {"co-unit-opinion", "investigate"} <= set(views[3]["active"])
    assert set(views[1]["active"]) == set()
    assert b"<bpmn:process" in clerk.client.get(f"/cases/{number}/diagrams/intake:1.bpmn").data


def test_people_stay_hidden_until_one_says_what_for_and_that_is_written_down(bureau, signed_in, number):
    clerk = signed_in("clerk")
    assert "3 Well Lane, North township" not in clerk.get(f"/cases/{number}")
    assert "3 Well Lane, North township" in clerk.post(f"/cases/{number}/people", purpose="inquiry")
    assert ["people opened", {"purpose": "inquiry"}] in [list(note) for note in notes(bureau, number)]
    assert "3 Well Lane, North township" not in signed_in("clerk").get(f"/cases/{number}")


def test_the_people_opened_last_are_shown_whatever_was_opened_before(bureau, signed_in, number):
    clerk = signed_in("clerk")
    clerk.get("/cases/")
    for _ in range(20):
        clerk.post(f"/cases/{bureau.hand_in().case_number}/people", purpose="handling")
    assert "3 Well Lane, North township" in clerk.post(f"/cases/{number}/people", purpose="inquiry")


def test_a_page_reads_a_case_once_however_much_there_is_of_it(bureau, signed_in, number):
    clerk = signed_in("clerk")
    with counted() as said:
        clerk.get(f"/cases/{number}")
    assert len([text for text in said if "FROM journal" in text and "facts" in text]) == 1
    before = len(said)
    bureau.complete(number, ROADS, "co-unit-opinion", opinion="The road can be opened.")
    with counted() as said:
        clerk.get(f"/cases/{number}")
    assert len(said) == before


def test_people_are_not_opened_for_a_purpose_that_is_none(bureau, signed_in, number):
    clerk = signed_in("clerk")
    clerk.post(f"/cases/{number}/people", purpose="curiosity")
    assert clerk.answer.status_code == 400
    assert "people opened" not in [kind for kind, _ in notes(bureau, number)]


def test_to_open_a_case_is_written_into_its_journal(bureau, signed_in, number):
    before = len(notes(bureau, number))
    signed_in("water").get(f"/cases/{number}")
    assert notes(bureau, number)[before][0] == "case read"


@pytest.mark.parametrize("path", ["", "/diagrams/petition:1.bpmn"])
def test_a_case_of_others_is_not_there(signed_in, number, path):
    parks = signed_in("parks")
    parks.get(f"/cases/{number}{path}")
    assert parks.answer.status_code == 404
    parks.post(f"/cases/{number}/people", purpose="handling")
    assert parks.answer.status_code == 404


def test_the_list_has_only_what_one_may_see(bureau, signed_in, number):
    other = bureau.hand_in(place="south").case_number
    assert number in signed_in("roads").get("/cases/")
    assert other not in signed_in("roads").get("/cases/")
    assert "No case fits." in signed_in("parks").get("/cases/")
    assert other in signed_in("clerk").get("/cases/?state=received")
    assert number not in signed_in("clerk").get("/cases/?state=received")


def test_a_list_of_open_cases_says_that_it_is_one(bureau, signed_in, number):
    clerk = signed_in("clerk")
    assert number in clerk.get("/cases/?open=yes")
    assert '<option value="yes" selected>Open</option>' in clerk.page
    assert "Clear" in clerk.text
    assert number not in clerk.get("/cases/?open=no")


def test_a_whole_number_leads_straight_to_its_case(signed_in, number):
    clerk = signed_in("clerk")
    clerk.get(f"/cases/?number={number.lower()}")
    assert clerk.answer.request.path == f"/cases/{number}"
    assert "No case has this number" in clerk.get("/cases/?number=PJ-2026-999999")


def test_the_lead_unit_asks_for_more_time_and_its_head_decides(bureau, signed_in, number):
    water = signed_in("water")
    assert "Ask for more time" in water.get(f"/cases/{number}")
    assert "More time is asked for." in water.post(f"/cases/{number}/extension", reason=REASON)
    head = signed_in("water-head")
    assert "Decide on the extension" in head.get(f"/tasks/?show=groups&number={number}")
    granted = {"extension_decision": "grant", "extension_remarks": "The samples take longer."}
    bureau.complete(number, WATER_HEAD, "decide-extension", **granted)
    assert "extended by 30 calendar days" in water.get(f"/cases/{number}")


def test_more_time_needs_a_reason(signed_in, number):
    water = signed_in("water")
    water.get(f"/cases/{number}")
    assert "expected a reason" in water.post(f"/cases/{number}/extension", reason=" ").lower()
    assert water.answer.status_code == 422


def test_others_than_the_lead_unit_do_not_ask_for_more_time(signed_in, number):
    roads = signed_in("roads")
    assert "Ask for more time" not in roads.get(f"/cases/{number}")
    roads.post(f"/cases/{number}/extension", reason=REASON)
    assert roads.answer.status_code == 403
