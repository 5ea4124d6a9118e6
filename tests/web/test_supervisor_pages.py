"""The supervisor's pages."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from engine import incidents
from engine.store.tables import journal
from tests.bureau import Bureau
from tests.databases import KINDS
from web import supervision
from workflows.papers import notices


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


def change_a_byte(bureau: Bureau) -> None:
    changing = sa.update(journal).where(journal.c.seq == 1).values(actor="somebody")
    bureau.engine.transact(lambda tx: tx.connection.execute(changing))


def test_the_clock_moves_on_and_what_falls_due_happens(bureau, signed_in):
    number = bureau.hand_in().case_number
    supervisor = signed_in("supervisor")
    assert "It is 2 Mar 2026" in supervisor.get("/supervision/clock")
    page = supervisor.post("/supervision/clock", days="20")
    assert "The clock moved on by 20 days: it is now 22 Mar 2026." in page
    assert "Demonstration: the clock stands at 22 Mar 2026, 20 days ahead." in supervisor.page
    assert "Look into the breach" in supervisor.get("/tasks/?show=groups")
    assert number in supervisor.get("/supervision/breaches")
    assert "1 clock ran out" in supervisor.get("/supervision/")


def test_the_clock_does_not_take_what_is_no_number_of_days(signed_in):
    supervisor = signed_in("supervisor")
    supervisor.get("/supervision/clock")
    for days in ("", "-3", "1.5", "tomorrow", "367"):
        assert "Expected 1 to 366 days" in supervisor.post("/supervision/clock", days=days)
        assert supervisor.answer.status_code == 422


def test_supervision_is_for_supervisors(signed_in):
    clerk = signed_in("clerk")
    assert "Supervision" not in clerk.get("/cases/")
    for path in ("", "incidents/", "breaches", "clock"):
        clerk.get(f"/supervision/{path}")
        assert clerk.answer.status_code == 403
    clerk.post("/supervision/clock", days="1")
    assert clerk.answer.status_code == 403


def test_an_audit_shows_who_read_the_case_and_that_nothing_was_changed(bureau, signed_in):
    number = bureau.hand_in().case_number
    signed_in("clerk").get(f"/cases/{number}")
    page = signed_in("supervisor").get(f"/supervision/cases?number={number.lower()}")
    assert "fit together" in page
    assert "Case read" in page
    assert "Clerk of the petition office" in page


def test_a_long_journal_goes_on_on_a_next_page(bureau, signed_in, monkeypatch):
    monkeypatch.setattr(supervision, "ENTRIES", 2)
    number = bureau.hand_in().case_number
    supervisor = signed_in("supervisor")
    assert "All 3 entries fit together" in supervisor.get(f"/supervision/cases/{number}")
    assert "Case read" not in supervisor.text
    assert "Case read" in supervisor.get(re.search(r'rel="next" href="([^"]+)"', supervisor.page)[1])


def test_an_audit_finds_what_was_changed(bureau, signed_in):
    number = bureau.hand_in().case_number
    change_a_byte(bureau)
    page = signed_in("supervisor").get(f"/supervision/cases/{number}")
    assert "The chain is broken." in page
    assert "Entry 1: expected its hash to fit its content" in page


def test_what_is_stuck_is_tried_again_once_its_cause_is_mended(bureau, signed_in, monkeypatch):
    monkeypatch.setitem(notices.WORDING, "receipt", ("{nothing}", ""))
    number = bureau.hand_in().case_number
    accept = {"subject": "utilities", "place": "north", "category": "redress", "intake_decision": "accept"}
    clerk, supervisor = signed_in("clerk"), signed_in("supervisor")
    address = f"/tasks/{next(iter(bureau.open_tasks(number).values())).id}"
    clerk.post(f"{address}/claim")
    clerk.post(address, _do="complete", **accept)
    bureau.wait(days=2)
    assert f"Acknowledge receipt of {number} handler, intake:1" in supervisor.get("/supervision/incidents/")
    assert "1 stuck" in supervisor.get("/supervision/")
    case = clerk.get(f"/cases/{number}")
    assert "The case is stuck and waits for a supervisor" in case
    assert "waits for the petitioner" not in case
    monkeypatch.undo()
    incident = bureau.ask(incidents.find)[0].id
    assert "Tried again." in supervisor.post(f"/supervision/incidents/{incident}", do="retry")
    bureau.engine.run_to_rest()
    assert "Nothing is stuck." in supervisor.get("/supervision/incidents/")
    assert "was resolved" in supervisor.post(f"/supervision/incidents/{incident}", do="retry")
