"""People at browsers: petitioners who hand in and rate, staff who work through their queues, over HTTP as it is spoken.

They use nothing of ours. What a form wants is answered by the names of its fields; the same answers fit every form.
"""

from __future__ import annotations

import html
import http.client
import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

PASSWORD = "a word between us"

ANSWERS = {
    "subject": "utilities",
    "place": "north",
    "category": "redress",
    "category_override_reason": "It asks for something of one's own.",
    "intake_decision": "accept",
    "lead_unit": "water",
    "co_units": ["roads", "housing"],
    "mode": "assigned",
    "override_reason": "The pipe is theirs.",
    "assignment_decision": "accept",
    "no_direct_interest": "true",
    "petitioner_heard": "by_phone",
    "interviews": "Called, and asked what colour the water has.",
    "evidence": "A bottle of it.",
    "findings": "The new pipe lets rust into the water.",
    "opinion": "Nothing stands against it.",
    "outcome": "explain",
    "reply": "Dear Ming Example, the pipe in Well Lane will be laid anew before the winter, at the cost of the county.",
    "legal_basis": "Water Act, section 4",
    "check_verdict": "ok",
    "approval": "approved",
    "rating": "satisfied",
    "office_score": "4",
    "unit_score": "4",
}
PETITION = {
    "facts": "Since the spring the water is brown.",
    "place": "north",
    "subject": "utilities",
    "name": "Ming Example",
    "address": "3 Well Lane",
    "_do": "submit",
}


class Unreachable(Exception):
    """Nobody answered, or not to the end."""


@dataclass
class Browser:
    """One visit: cookies, the page that was looked at last, and every answer that no visitor should get."""

    address: str
    page: str = ""
    status: int = 0
    shocking: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies)

    def get(self, path: str) -> str:
        return self._send(urllib.request.Request(self.address + path))

    def post(self, path: str, fields: dict[str, Any]) -> str:
        marks = re.findall(r'name="csrf-token" content="([^"]+)"', self.page)
        sent = {"csrf_token": marks[0] if marks else "", **fields}
        body = urllib.parse.urlencode(sent, doseq=True).encode()
        return self._send(urllib.request.Request(self.address + path, body, {"Origin": self.address}))

    def _send(self, request: urllib.request.Request) -> str:
        try:
            self.status, body = self._answer(request)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{request.selector}: {error}") from error
        self.page = html.unescape(body.decode())
        if self.status >= 500:
            self.shocking.append(
                f"{request.get_method()} {request.selector} was answered with {self.status}: {self.text}"
            )
        return self.text

    def _answer(self, request: urllib.request.Request) -> tuple[int, bytes]:
        try:
            with self._opener.open(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    @property
    def text(self) -> str:
        main = self.page.partition("<main")[2].partition(">")[2].partition("</main>")[0]
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main)).strip()


def sign_in(browser: Browser, name: str) -> None:
    browser.get("/sign-in")
    browser.post("/sign-in", {"name": name, "password": PASSWORD})


def waiting(browser: Browser) -> Sequence[str]:
    """The addresses of the user tasks that a member of staff may do."""
    found: list[str] = []
    for show in ("mine", "groups"):
        browser.get(f"/tasks/?show={show}")
        found += re.findall(r'href="(/tasks/[0-9]+-[0-9]+)"', browser.page)
    return list(dict.fromkeys(found))


def do(browser: Browser, task: str) -> str:
    """Claim a user task and complete it; what the page says at the end."""
    browser.get(task)
    if "Claim and start" in browser.page:
        browser.post(f"{task}/claim", {})
    if 'value="complete"' not in browser.page:
        return browser.text
    return browser.post(task, {**ANSWERS, "_do": "complete"})


def hand_in(browser: Browser, words: str) -> tuple[str, str] | None:
    """Number and query code of the petition, where it was taken."""
    browser.get("/petition/new")
    browser.post("/petition/new", {**PETITION, "claims": words})
    number = re.search(r"PJ-\d{4}-\d{6}", browser.text)
    code = re.search(r'query-code">([^<]+)<', browser.page)
    return (number[0], code[1]) if number and code else None


def rate(browser: Browser, number: str, code: str) -> bool:
    """Follow a petition and rate it where that is asked for; whether it is closed."""
    browser.get("/follow")
    browser.post("/follow", {"number": number, "code": code})
    if "Send my rating" in browser.page:
        browser.post("/petition/rate", ANSWERS)
    return "Closed on" in browser.page
