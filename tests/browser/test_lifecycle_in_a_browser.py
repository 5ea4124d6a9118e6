"""Petitions from end to end, by the people who have to do with them, each at a browser of their own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Server
from tests.browser.desk import Caseworker, Petition, Petitioner, in_sight

pytestmark = pytest.mark.browser

SignIn = Callable[[str], Caseworker]

FINDINGS = "The pipe in Temple Lane is of 1962 and rusts; the samples show iron above the limit."
REPLY = "Your petition is justified. The pipe in Temple Lane is replaced, and the water is tested once more afterwards."


@dataclass
class Office:
    """Everybody who has to do with a petition about water in the north."""

    clerk: Caseworker
    lead: Caseworker
    roads: Caseworker
    housing: Caseworker
    checker: Caseworker
    head: Caseworker

    def take_up(self, petition: Petition) -> None:
        """Intake and assignment, up to joint handling."""
        self.clerk.complete(petition, "Register the petition", {"category": "redress", "intake_decision": "accept"})
        self.clerk.claim(petition, "Route the petition")
        for code in ("roads", "housing"):
            expect(self.clerk.page.locator(f"[name=co_units][value={code}]")).to_be_checked()
        self.clerk.send(petition, "Route the petition")
        self.lead.complete(petition, "Accept or object", {"assignment_decision": "accept"})

    def investigate(self, petition: Petition) -> None:
        answers = {"no_direct_interest": True, "petitioner_heard": "by_phone", "findings": FINDINGS}
        self.lead.complete(petition, "Investigate", answers)

    def reply(self, petition: Petition) -> None:
        """Response: drafted, sent back once by the check, drafted again, checked, approved."""
        answers = {
            "outcome": "support",
            "reply": REPLY,
            "legal_basis": "Regulations, article 32",
            "remedy": "Replace the pipe and test the water.",
            "remedy_by": "2027-03-31",
        }
        self.lead.complete(petition, "Draft the reply", answers)
        remarks = {"check_verdict": "back", "check_remarks": "Name the rule on drinking water as well."}
        self.checker.complete(petition, "Check the reply", remarks)
        self.lead.claim(petition, "Draft the reply")
        expect(self.lead.page.get_by_text("Name the rule on drinking water as well.").first).to_be_visible()
        expect(self.lead.page.locator("[name=reply]")).to_have_value(REPLY)
        self.lead.send(petition, "Draft the reply")
        self.checker.complete(petition, "Check the reply", {"check_verdict": "ok"})
        self.head.complete(petition, "Approve the reply", {"approval": "approved"})


@pytest.fixture
def office(sign_in: SignIn) -> Office:
    return Office(*map(sign_in, ("clerk", "water", "roads", "housing", "checker", "water-head")))


def test_dissatisfaction_leads_to_a_second_round_that_waits_for_both_co_units(
    petitioner: Petitioner, office: Office
) -> None:
    petition = petitioner.hand_in("We ask that the pipe in Temple Lane be replaced.")
    office.take_up(petition)
    handle_jointly(office, petition)
    office.reply(petition)
    petitioner.rate(petition, "Dissatisfied", "The pipe is still there.")
    call = {"reached": "yes", "called_on": "2026-11-20", "call_back_notes": "The old pipe still carries the water."}
    office.clerk.complete(petition, "Call the petitioner back", call)

    handle_jointly(office, petition)
    office.reply(petition)
    petitioner.rate(petition, "Satisfied")

    in_sight(
        office.clerk.page, lambda: office.clerk.page.get_by_text("Closed", exact=True), f"/cases/{petition.number}"
    )
    assert office.clerk.to_do(petition) == []
    petitioner.follow(petition)
    expect(petitioner.page.get_by_text("concluded").first).to_be_visible()


def handle_jointly(office: Office, petition: Petition) -> None:
    """The lead unit and one co-unit are done: nothing goes on until the other co-unit is done as well."""
    office.investigate(petition)
    office.roads.complete(petition, "Give an opinion", {"opinion": "The road above the pipe can be opened in March."})
    assert office.clerk.to_do(petition) == ["Give an opinion"]
    assert not office.lead.has(petition, "Draft the reply")
    office.housing.complete(petition, "Give an opinion", {"opinion": "The houses' own pipes were renewed last year."})
    in_sight(
        office.clerk.page,
        lambda: office.clerk.page.locator("section[aria-labelledby=now]").get_by_text("Draft the reply"),
        f"/cases/{petition.number}",
    )


def test_a_withdrawal_in_the_middle_of_joint_handling_leaves_nothing_open(
    petitioner: Petitioner, office: Office, sign_in: SignIn
) -> None:
    petition = petitioner.hand_in("We ask that the well in Temple Lane be opened again.")
    office.take_up(petition)
    office.roads.complete(petition, "Give an opinion", {"opinion": "The well stands clear of the road."})
    office.lead.claim(petition, "Investigate")
    office.lead.fill({"findings": FINDINGS})
    petitioner.withdraw(petition)

    office.lead.page.get_by_role("button", name="Complete").click()
    expect(office.lead.page.get_by_role("alert")).to_contain_text("was cancelled")
    expect(office.lead.page.get_by_text(FINDINGS).first).to_be_visible()
    in_sight(
        office.clerk.page, lambda: office.clerk.page.get_by_text("Closed", exact=True), f"/cases/{petition.number}"
    )
    assert office.clerk.to_do(petition) == []
    expect(office.clerk.page.locator("section[aria-labelledby=clocks]")).to_contain_text("None is running.")
    supervisor = sign_in("supervisor")
    supervisor.page.goto(f"/tasks/?show=all&number={petition.number}")
    expect(supervisor.page.get_by_text("Nothing fits this filter.")).to_be_visible()
    supervisor.page.goto(f"/supervision/cases/{petition.number}")
    expect(supervisor.page.get_by_text("fit together")).to_be_visible()


def test_verify_finds_one_changed_byte(petitioner: Petitioner, server: Server) -> None:
    petition = petitioner.hand_in("We ask that the lamp in Temple Lane be lit again.")
    whole = server.run("verify")
    assert whole.returncode == 0, whole.stderr
    assert "are whole" in whole.stdout
    change_one_byte(server, petition)
    broken = server.run("verify")
    assert broken.returncode == 1
    assert "expected its hash to fit its content" in broken.stderr


def change_one_byte(server: Server, petition: Petition) -> None:
    """As somebody would who has the file: past every door of ours."""
    with sqlite3.connect(server.database) as connection:
        query = "SELECT id FROM process_instances WHERE business_key = ?"
        (instance_id,) = connection.execute(query, [petition.number]).fetchone()
        changed = (
            "UPDATE journal SET facts = replace(facts, 'utilities', 'Utilities') WHERE instance_id = ? AND seq = 1"
        )
        assert connection.execute(changed, [instance_id]).rowcount == 1
