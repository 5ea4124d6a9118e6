"""What only a browser shows: pages without JavaScript, drafts that save themselves, and whether everybody can use them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from engine import deployments, instances, migration
from engine.actors import SYSTEM
from engine.store.database import Transaction
from handlers import HANDLERS
from tests.browser.conftest import Server
from tests.browser.desk import PASSWORD, Caseworker, Petition, Petitioner, in_sight
from workflows.office import open_to_read
from workflows.time.calendars import LOCAL

pytestmark = pytest.mark.browser

SignIn = Callable[[str], Caseworker]

PUBLIC_PAGES = ("/", "/petition/new", "/follow", "/sign-in", "/nowhere")
STAFF_PAGES = ("/tasks/", "/tasks/?show=groups", "/cases/", "/cases/PJ-2026-000006")
SUPERVISOR_PAGES = (
    "/supervision/",
    "/supervision/incidents/",
    "/supervision/breaches",
    "/supervision/clock",
    "/supervision/cases/PJ-2026-000007",
    "/supervision/cases/PJ-2026-000006/repair",
    "/supervision/processes",
    "/supervision/batches/",
)


def check(page: Page, path: str) -> None:
    """No finding of axe, in the light and in the dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto(path)
        results = Axe().run(page)
        assert results.violations_count == 0, f"{path} ({scheme}):\n{results.generate_report()}"


@pytest.mark.parametrize("path", PUBLIC_PAGES)
def test_everybody_can_use_the_public_pages(chromium: Browser, server: Server, path: str) -> None:
    check(chromium.new_page(base_url=server.address), path)


def test_everybody_can_use_the_pages_of_caseworkers_and_supervisors(sign_in: SignIn) -> None:
    clerk, supervisor = sign_in("clerk"), sign_in("supervisor")
    for path in STAFF_PAGES:
        check(clerk.page, path)
    for path in SUPERVISOR_PAGES:
        check(supervisor.page, path)


def test_everybody_can_use_the_form_of_a_user_task(petitioner: Petitioner, sign_in: SignIn) -> None:
    petition = petitioner.hand_in("We ask that the gutter in Temple Lane be mended.")
    clerk = sign_in("clerk")
    clerk.claim(petition, "Register the petition")
    clerk.page.get_by_role("button", name="Complete").click()
    expect(clerk.page.get_by_role("alert")).to_be_visible()
    results = Axe().run(clerk.page)
    assert results.violations_count == 0, results.generate_report()
    clerk.page.get_by_role("link", name="What happens now").click()
    expect(clerk.page.locator("[name=intake_decision]").first).to_be_focused()


def test_a_draft_saves_itself_and_fields_come_and_go_with_the_answers(petitioner: Petitioner, sign_in: SignIn) -> None:
    petition = petitioner.hand_in("We ask that the bench in Temple Lane be mended.")
    clerk = sign_in("clerk")
    clerk.claim(petition, "Register the petition")
    reason = clerk.page.get_by_label("Reason told to the petitioner")
    expect(reason).to_be_hidden()
    clerk.page.get_by_label("Do not accept it").check()
    expect(reason).to_be_visible()
    reason.fill("Half a sen")
    saved = clerk.page.get_by_text("Draft saved at")
    expect(saved).to_be_visible()
    just_now = (datetime.now(LOCAL) - timedelta(minutes=minutes) for minutes in range(3))
    assert saved.inner_text() in [f"Draft saved at {moment:%H:%M}" for moment in just_now]
    clerk.page.reload()
    expect(clerk.page.get_by_label("Reason told to the petitioner")).to_have_value("Half a sen")


def test_a_draft_that_is_not_taken_says_why(petitioner: Petitioner, sign_in: SignIn) -> None:
    petition = petitioner.hand_in("We ask that the steps in Temple Lane be mended.")
    clerk = sign_in("clerk")
    clerk.claim(petition, "Register the petition")
    clerk.page.context.clear_cookies()
    clerk.page.get_by_label("Ask the petitioner for what is missing").check()
    expect(clerk.page.locator("[data-draft-status]")).to_contain_text("you are signed out")
    clerk.page.get_by_role("button", name="Save draft").last.click()
    expect(clerk.page.get_by_role("heading", level=1)).to_contain_text("nothing is lost")


def test_a_petition_is_handed_in_and_registered_without_a_script(chromium: Browser, server: Server) -> None:
    context = chromium.new_context(base_url=server.address, java_script_enabled=False)
    page = context.new_page()
    page.goto("/petition/new")
    page.get_by_role("button", name="Add a row").click()
    expect(page.locator("[name='others.0.name']")).to_be_in_viewport()
    answers = {
        "claims": "We ask for a lamp in Temple Lane.",
        "facts": "It is dark.",
        "name": "Petra",
        "address": "Here",
    }
    for name, text in answers.items():
        page.locator(f"[name={name}]").fill(text)
    page.locator("[name=place]").select_option("north")
    page.get_by_role("button", name="Hand in", exact=True).last.click()
    petition = Petition(page.locator("#case-number").inner_text(), page.locator("#query-code").inner_text())

    page.goto("/sign-in")
    page.get_by_label("Name", exact=True).fill("clerk")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).first.click()
    address = f"/tasks/?show=groups&number={petition.number}"
    in_sight(page, lambda: page.get_by_role("button", name="Claim"), address).click()
    page.locator("[name=subject]").select_option("utilities")
    page.get_by_label("Accept the petition").check()
    page.get_by_role("button", name="Save draft").last.click()
    expect(page.get_by_text("Draft saved.")).to_be_visible()
    page.get_by_role("button", name="Complete").click()
    expect(page.get_by_text(f"Completed “Register the petition” of {petition.number}.")).to_be_visible()
    page.goto(f"/cases/{petition.number}")
    expect(page.locator(".pj-diagram").first).to_be_hidden()
    page.locator("summary").filter(has_text="Steps as a table").first.click()
    expect(page.get_by_role("row").filter(has_text="Petition received").first).to_be_visible()
    context.close()


def test_the_case_shows_its_diagrams_with_their_watermark(sign_in: SignIn) -> None:
    page = sign_in("clerk").page
    page.goto("/cases/PJ-2026-000006")
    drawing = page.locator(".pj-diagram").first
    expect(drawing).to_have_attribute("data-ready", "true")
    expect(drawing.locator(".bjs-powered-by")).to_be_visible()
    expect(drawing.locator(".pj-active")).not_to_have_count(0)


def test_a_case_that_went_on_by_another_version_shows_its_way_in_both(
    petitioner: Petitioner, sign_in: SignIn, server: Server
) -> None:
    petition = petitioner.hand_in("We ask that the fence in Temple Lane be mended.")
    clerk = sign_in("clerk")
    clerk.claim(petition, "Register the petition")
    move_to_a_version_without_what_was_done(server, petition)
    page = clerk.page
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.goto(f"/cases/{petition.number}")
    for version, here in ((1, 0), (2, 1)):
        summary = page.locator("summary").filter(has_text="Intake").filter(has_text=f"version {version}")
        block = page.locator("details").filter(has=summary)
        if block.get_attribute("open") is None:
            summary.click()
        drawing = block.locator(".pj-diagram")
        expect(drawing).to_have_attribute("data-ready", "true")
        expect(drawing.locator(".pj-active")).to_have_count(here)
        # What the new version has as well is drawn into it too.
        expect(drawing.locator(".djs-connection.pj-taken")).to_have_count(6 if version == 1 else 4)
    assert wrong == []


def move_to_a_version_without_what_was_done(server: Server, petition: Petition) -> None:
    engine = open_to_read(f"sqlite:///{server.database}", HANDLERS)
    old = engine.read(lambda tx: deployments.source(tx, "intake:1"), SYSTEM)
    new = old.replace(b"start-clocks", b"begin-clocks").replace(b'topic="begin-clocks"', b'topic="start-clocks"')

    def move(tx: Transaction) -> None:
        deployments.deploy(tx, {"intake.bpmn": new})
        plan = migration.propose(tx, "intake:1", "intake:2")
        migration.migrate(tx, plan, instances.find(tx, petition.number).id, "a better drawing")

    engine.transact(move, SYSTEM)
    engine.stop()
