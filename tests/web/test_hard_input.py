"""What nobody sends by accident: every address tried by strangers and without a mark, and values made to break."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from databases import KINDS
from flask import Flask

PUBLIC = {
    *("/", "/sign-in", "/sign-out", "/follow", "/petition", "/petition/new", "/petition/new/conditions"),
    *("/petition/receipt", "/petition/withdraw", "/petition/supplement", "/petition/rate", "/petition/leave"),
    *("/healthz", "/readyz"),
}
TOO_LONG = ["9" * 10, "9" * 18, "9" * 19, "9" * 30, "9" * 5000]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


def requests(app: Flask) -> Iterator[tuple[str, str]]:
    """Every method and address that there is, with something for each part of it."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            one_of = re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule)
            address = re.sub(r"<[^>]+>", "1-1", re.sub(r"<int:[^>]+>", "1", one_of))
            yield from ((method, address) for method in rule.methods - {"HEAD", "OPTIONS"})


def test_no_address_but_the_petitioners_lets_a_stranger_in(app):
    app.config["WTF_CSRF_ENABLED"] = False
    stranger = app.test_client()
    for method, address in requests(app):
        answer = stranger.open(address, method=method)
        if address not in PUBLIC:
            assert answer.status_code == 302, (method, address)
            assert answer.location.startswith("/sign-in"), (method, address)


def test_nothing_is_changed_by_a_request_without_a_mark(app, signed_in):
    client = signed_in("supervisor").client
    for method, address in requests(app):
        if method != "GET":
            assert client.open(address, method=method).status_code == 400, (method, address)


def test_what_supervisors_and_designers_do_is_refused_to_caseworkers(app, signed_in):
    clerk = signed_in("clerk")
    clerk.get("/tasks/")
    for method, address in requests(app):
        if address.startswith("/supervision") or (address.startswith("/designer") and method == "POST"):
            if method == "POST":
                clerk.post(address, days="1")
            else:
                clerk.get(address)
            assert clerk.answer.status_code in (403, 404), (method, address)


@pytest.mark.parametrize("number", TOO_LONG)
def test_a_number_that_no_database_takes_is_not_found(bureau, signed_in, number):
    bureau.hand_in()
    supervisor = signed_in("supervisor")
    for address in (
        f"/supervision/breaches?after={number}",
        f"/supervision/incidents/?after={number}-1",
        f"/tasks/?show=all&after={number}-1",
        f"/supervision/incidents/?after=1-{number}",
        f"/tasks/{number}-1",
        f"/tasks/1-{number}",
        f"/designer/petition/{number}",
    ):
        supervisor.get(address)
        assert supervisor.answer.status_code in (200, 404), address[:40]
    supervisor.post(f"/supervision/incidents/1-{number}", do="retry")
    assert supervisor.answer.status_code == 404


def test_a_character_that_no_text_has_is_refused(bureau, signed_in, visitor):
    """PostgreSQL takes no NUL, wherever it comes from."""
    number = bureau.hand_in().case_number
    clerk = signed_in("clerk")
    for address in ("/cases/?number=%00", "/cases/%00", "/tasks/?show=all&after=%00", f"/cases/{number}?reason=%00"):
        clerk.get(address)
        assert clerk.answer.status_code in (200, 400, 404, 422), address
    clerk.get("/petition/new")
    sent = {"claims": "water\0", "name": "Ming\0Example", "subject": "utilities", "place": "north", "_do": "hand-in"}
    clerk.post("/petition/new", **sent)
    assert clerk.answer.status_code in (200, 400, 422)
    for address, fields in (
        ("/sign-in", {"name": "clerk\0", "password": "x\0"}),
        ("/follow", {"number": f"{number}\0", "code": "\0"}),
    ):
        visitor.get(address)
        visitor.post(address, **fields)
        assert visitor.answer.status_code in (200, 400, 401, 404, 422), address


@pytest.mark.parametrize("number", TOO_LONG)
def test_a_number_that_no_one_means_is_a_wrong_value(signed_in, visitor, number):
    supervisor = signed_in("supervisor")
    supervisor.get("/supervision/clock")
    assert "Expected 1 to 366 days" in supervisor.post("/supervision/clock", days=number)
    visitor.get("/petition/new")
    visitor.post("/petition/new", **{f"others.{number}.name": "Somebody", "_do": f"remove:others:{number}"})
    assert visitor.answer.status_code == 200


@pytest.mark.parametrize("name", [".", "..", "/", "x.BPMN"])
def test_a_file_may_be_called_anything(signed_in, name):
    designer = signed_in("designer")
    designer.get("/designer/")
    for action in ("open", "deploy"):
        designer.post(f"/designer/{action}", file=(io.BytesIO(b"<x/>"), name))
        assert designer.answer.status_code in (200, 400, 422)
