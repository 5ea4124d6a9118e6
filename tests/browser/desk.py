"""The people of a petition at their browsers: what they see is found by its words, as they would find it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Browser, Locator, Page, expect

PASSWORD = "pujiang-demo"
PATIENCE = 20_000
"""Milliseconds in which the process must have gone on to what a person waits for."""

Answers = dict[str, str | list[str] | bool]


@dataclass
class Petition:
    """What a petitioner keeps."""

    number: str
    code: str


def in_sight(page: Page, find: Callable[[], Locator], address: str) -> Locator:
    """What the process brings about a moment later: the page is asked for again until it is there."""
    for _ in range(PATIENCE // 250):
        page.goto(address)
        found = find()
        if found.count():
            return found
        page.wait_for_timeout(250)
    raise AssertionError(
        f"Expected {found} at {address}, but it did not come. The page says:\n{page.inner_text('main')}"
    )


class Petitioner:
    """Somebody without an account."""

    def __init__(self, browser: Browser, base: str) -> None:
        self.page = browser.new_page(base_url=base)
        self.page.set_default_timeout(PATIENCE)

    def hand_in(self, claims: str) -> Petition:
        page = self.page
        page.goto("/")
        page.get_by_role("button", name="Hand in a petition").click()
        page.get_by_label("What do you ask for?").fill(claims)
        page.get_by_label("What happened?").fill("Since the spring the water has tasted of iron. We asked twice.")
        page.get_by_label("Where is it?").select_option("north")
        page.get_by_label("What is it mostly about?").select_option("utilities")
        page.get_by_label("Name", exact=True).fill("Petra Example")
        page.get_by_label("Address", exact=True).fill("12 Temple Lane, North township")
        page.get_by_role("button", name="Hand in", exact=True).last.click()
        expect(page.get_by_role("heading", name="Your petition was received")).to_be_visible()
        return Petition(page.locator("#case-number").inner_text(), page.locator("#query-code").inner_text())

    def follow(self, petition: Petition) -> None:
        page = self.page
        page.goto("/follow")
        page.get_by_label("Number of the petition").fill(petition.number)
        page.get_by_label("Query code").fill(petition.code.lower().replace("-", " "))
        page.get_by_role("button", name="Show my petition").click()
        expect(page.get_by_role("heading", name=petition.number)).to_be_visible()

    def rate(self, petition: Petition, rating: str, reasons: str = "") -> None:
        page = self.page
        self.follow(petition)
        in_sight(page, lambda: page.get_by_role("button", name="Send my rating"), "/petition")
        page.get_by_label(rating, exact=True).check()
        page.get_by_role("group", name="petition office").get_by_label("4").check()
        page.get_by_role("group", name="unit that handled it").get_by_label("2").check()
        page.get_by_label("What are your reasons?").fill(reasons)
        page.get_by_role("button", name="Send my rating").click()
        expect(page.get_by_text("Thank you for your rating.")).to_be_visible()

    def withdraw(self, petition: Petition) -> None:
        page = self.page
        self.follow(petition)
        page.get_by_role("link", name="Withdraw this petition").click()
        page.get_by_role("button", name="Withdraw my petition").click()
        expect(page.get_by_role("alert")).to_contain_text("free will")
        page.get_by_label("Why do you withdraw it?").fill("It was mended meanwhile.")
        page.get_by_label("of my own free will").check()
        page.get_by_role("button", name="Withdraw my petition").click()
        expect(page.get_by_text("Your petition is withdrawn.").first).to_be_visible()


class Caseworker:
    """Somebody with an account, signed in for the whole test."""

    def __init__(self, browser: Browser, base: str, name: str) -> None:
        self.name = name
        self.page = browser.new_page(base_url=base)
        self.page.set_default_timeout(PATIENCE)
        self.page.goto("/sign-in")
        self.page.get_by_label("Name", exact=True).fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).first.click()
        expect(self.page.get_by_role("heading", name="My tasks")).to_be_visible()

    def queue(self, petition: Petition) -> str:
        return f"/tasks/?show=groups&number={petition.number}"

    def claim(self, petition: Petition, step: str) -> None:
        """Take a user task out of the groups' queue; its form opens."""
        page = self.page
        row = in_sight(page, lambda: page.get_by_role("row").filter(has_text=step), self.queue(petition))
        row.get_by_role("button", name="Claim").click()
        expect(page.get_by_role("heading", name=step)).to_be_visible()

    def fill(self, answers: Answers) -> None:
        for name, value in answers.items():
            self._answer(name, value)

    def complete(self, petition: Petition, step: str, answers: Answers) -> None:
        self.claim(petition, step)
        self.fill(answers)
        self.send(petition, step)

    def send(self, petition: Petition, step: str) -> None:
        self.page.get_by_role("button", name="Complete").click()
        expect(self.page.get_by_text(f"Completed “{step}” of {petition.number}.")).to_be_visible()

    def has(self, petition: Petition, step: str) -> bool:
        """Whether the step waits in the groups' queue now."""
        self.page.goto(self.queue(petition))
        return self.page.get_by_role("row").filter(has_text=step).count() > 0

    def to_do(self, petition: Petition) -> list[str]:
        """What the case page says is to be done now."""
        self.page.goto(f"/cases/{petition.number}")
        cells = self.page.locator("section[aria-labelledby=now] td[data-label='To do']")
        return sorted(cells.all_inner_texts())

    def state(self, petition: Petition) -> str:
        self.page.goto(f"/cases/{petition.number}")
        return self.page.locator("h1 .govuk-tag").inner_text()

    def _answer(self, name: str, value: str | list[str] | bool) -> None:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)):
            for part, text in zip(("year", "month", "day"), str(value).split("-"), strict=True):
                self.page.locator(f"[name='{name}-{part}']").fill(text)
            return
        field = self.page.locator(f"[name='{name}']")
        kind = field.first.evaluate("field => field.type || field.tagName")
        if kind in ("radio", "checkbox"):
            wanted = value if isinstance(value, list) else ["true" if value is True else str(value)]
            for one in wanted:
                self.page.locator(f"[name='{name}'][value='{one}']").check()
        elif kind == "select-one":
            field.select_option(str(value))
        else:
            field.fill(str(value))
