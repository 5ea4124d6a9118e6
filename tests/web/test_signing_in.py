"""Signing in, and what guards every page: headers, marks on forms, limits, pages for what goes wrong."""

from __future__ import annotations

import html
import re

import pytest

from engine.errors import ExecutionFailed, InvalidState, InvalidVariables, OutcomeUnknown, Unavailable
from tests.web.conftest import Visitor
from web import security
from web.app import create_app
from web.settings import load
from workflows.organisation import accounts


def test_a_wrong_password_and_a_wrong_name_are_told_alike(visitor):
    assert "Name or password is wrong." in visitor.sign_in("clerk", "not the password")
    assert visitor.answer.status_code == 422
    assert "Name or password is wrong." in visitor.sign_in("nobody", "not the password")


def test_signing_in_leads_to_where_one_wanted_to_go(visitor):
    assert "Staff sign-in" in visitor.get("/cases/?place=north")
    assert "next=/cases/?place=north" in visitor.answer.request.full_path.replace("%2F", "/").replace(
        "%3F", "?"
    ).replace("%3D", "=")
    assert "Every subject" in visitor.sign_in("clerk", onwards="/cases/")


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "/a\r\nb"])
def test_signing_in_never_leads_to_another_place(visitor, target):
    visitor.get("/sign-in")
    visitor.client.post("/sign-in", data={})
    token = re.search(r'csrf-token" content="([^"]+)"', visitor.page)[1]
    sent = {"csrf_token": token, "name": "clerk", "password": "pujiang-demo", "next": target}
    assert visitor.client.post("/sign-in", data=sent).headers["Location"] == "/tasks/"


def test_signing_out_ends_the_session(signed_in):
    clerk = signed_in("clerk")
    assert "You are signed out." in clerk.post("/sign-out")
    assert "Staff sign-in" in clerk.get("/tasks/")


def test_an_account_that_is_disabled_is_signed_out_at_once(bureau, signed_in):
    clerk = signed_in("clerk")
    bureau.do(lambda tx: accounts.disable(tx, "clerk"))
    assert "Staff sign-in" in clerk.get("/tasks/")


def test_who_tries_too_many_passwords_has_to_wait(bureau, tmp_path, app):
    limited = load({"PUJIANG_DATA_DIR": str(tmp_path), "PUJIANG_SIGN_IN_LIMIT": "3 per minute"})
    visitor = Visitor(create_app(limited, bureau.engine).test_client())
    for _ in range(3):
        visitor.sign_in("clerk", "wrong")
    assert "Too many tries" in visitor.sign_in("clerk")
    assert visitor.answer.status_code == 429


def test_where_what_counts_tries_cannot_be_reached_each_process_counts_for_itself(bureau, tmp_path, app):
    lost = {"PUJIANG_LIMITS_STORAGE": "redis://127.0.0.1:1", "PUJIANG_SIGN_IN_LIMIT": "3 per minute"}
    visitor = Visitor(create_app(load({"PUJIANG_DATA_DIR": str(tmp_path), **lost}), bureau.engine).test_client())
    for _ in range(3):
        visitor.sign_in("clerk", "wrong")
        assert visitor.answer.status_code == 422
    visitor.sign_in("clerk")
    assert visitor.answer.status_code == 429


def test_what_counts_tries_may_be_lost_in_the_middle_of_one(bureau, tmp_path, app, monkeypatch):
    def lose(*_given, **_more):
        raise ConnectionError

    visitor = Visitor(create_app(load({"PUJIANG_DATA_DIR": str(tmp_path)}), bureau.engine).test_client())
    monkeypatch.setattr(security.limiter.storage, "incr", lose)
    visitor.sign_in("clerk", "wrong")
    assert visitor.answer.status_code == 422


def test_an_office_that_signs_in_from_one_address_need_not_wait(bureau, tmp_path, app):
    limited = load({"PUJIANG_DATA_DIR": str(tmp_path), "PUJIANG_SIGN_IN_LIMIT": "3 per minute"})
    app = create_app(limited, bureau.engine)
    for _ in range(5):
        assert "My tasks" in Visitor(app.test_client()).sign_in("clerk")


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nowhere", "/static/nothing.css"])
def test_every_answer_says_what_a_browser_may_do_with_it(visitor, path):
    visitor.get(path)
    for name, value in security.HEADERS.items():
        assert visitor.answer.headers[name] == value
    assert "unsafe-eval" not in security.CONTENT_SECURITY_POLICY
    assert "script-src" not in security.CONTENT_SECURITY_POLICY  # so that default-src 'self' is in force for scripts


def test_a_form_of_another_site_is_refused(visitor):
    visitor.get("/")
    answer = visitor.client.post("/sign-out", headers={"Origin": "https://evil.example"}, data={"reason": "theirs"})
    assert answer.status_code == 400
    assert "theirs" not in answer.get_data(as_text=True)


def test_what_was_typed_into_a_page_of_an_ended_session_can_be_sent_again(visitor):
    visitor.get("/follow")
    visitor.client.delete_cookie("session")
    assert "nothing is lost" in visitor.post("/follow", number="PJ-2026-000001", code="X")
    assert 'name="number" value="PJ-2026-000001"' in visitor.page


def test_what_was_typed_before_being_signed_out_can_be_sent_again(bureau, signed_in):
    clerk = signed_in("clerk")
    bureau.hand_in()
    bureau.do(lambda tx: accounts.disable(tx, "clerk"))
    assert "You are signed out." in clerk.post("/tasks/1-1", missing="The address is missing.")
    assert "The address is missing." in clerk.text
    assert clerk.answer.status_code == 401


def test_a_page_that_is_not_there_says_so_with_a_reference(visitor):
    assert "There is nothing here" in visitor.get("/nowhere")
    assert visitor.answer.headers["X-Request-ID"] in visitor.text


def test_what_nobody_expected_is_logged_under_the_reference_that_the_page_shows(app, visitor, monkeypatch, log):
    said = "the disk is on fire"

    def broken(*_args, **_kwargs):
        raise RuntimeError(said)

    monkeypatch.setitem(app.view_functions, "public.home", broken)
    assert "Something went wrong on our side" in visitor.get("/")
    assert "fire" not in visitor.text
    reference = visitor.answer.headers["X-Request-ID"]
    assert reference in visitor.text
    assert f"ERROR pujiang.web GET / request={reference}" in log.getvalue()
    assert "\nRuntimeError\n" in log.getvalue()
    assert "fire" not in log.getvalue()


def test_a_process_that_could_not_go_on_is_in_the_log_with_its_cause(app, visitor, monkeypatch, log):
    def stuck(*_args, **_kwargs):
        try:
            raise ZeroDivisionError
        except ZeroDivisionError as cause:
            raise ExecutionFailed("count", "division by zero") from cause

    monkeypatch.setitem(app.view_functions, "public.home", stuck)
    assert "The process could not go on" in visitor.get("/")
    assert visitor.answer.headers["X-Request-ID"] in log.getvalue()
    assert re.search(r"ExecutionFailed\n\nwhich came of\n\n.*\n.*\nZeroDivisionError\n", log.getvalue())


def test_wrong_values_are_named_in_the_log_by_their_fields_alone(app, visitor, monkeypatch, log):
    def wrong(*_args, **_kwargs):
        raise InvalidVariables({"phone": "expected a phone number, but found '12 Temple Lane'"})

    monkeypatch.setitem(app.view_functions, "public.home", wrong)
    visitor.get("/")
    assert f"GET /: InvalidVariables: phone request={visitor.answer.headers['X-Request-ID']}" in log.getvalue()
    assert "Temple Lane" not in log.getvalue()


def test_a_database_that_is_gone_still_leaves_a_reference(bureau, signed_in, monkeypatch):
    def gone(*_args, **_kwargs):
        raise OSError("the disk is gone")

    clerk = signed_in("clerk")
    monkeypatch.setattr(bureau.engine, "read", gone)
    answer = clerk.client.get("/tasks/")
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (
            Unavailable("Expected to reach the database, but it does not answer."),
            "Nothing was changed. Try again soon.",
        ),
        (OutcomeUnknown(), "Look at the case before you send it again."),
    ],
)
def test_what_the_database_could_not_do_is_told_with_or_without_it(
    app, bureau, visitor, signed_in, monkeypatch, error, advice
):
    def fail(*_args, **_kwargs):
        raise error

    clerk = signed_in("clerk")
    monkeypatch.setitem(app.view_functions, "public.home", fail)
    visitor.get("/")
    assert visitor.answer.status_code == 503
    assert advice in visitor.text
    assert str(error) in visitor.text
    monkeypatch.setattr(bureau.engine, "read", fail)
    answer = clerk.client.get("/")
    assert answer.status_code == 503
    assert advice in answer.get_data(as_text=True)
    assert answer.headers["X-Request-ID"] in answer.get_data(as_text=True)


def test_what_met_a_database_that_was_away_is_sent_again_by_a_button(bureau, visitor, monkeypatch):
    typed = {
        "claims": "Mend the water main, please",
        "facts": "It <b>burst</b>",
        "place": "north",
        "name": "Li",
        "address": "1 Road",
    }
    visitor.get("/petition/new")

    def fail(*_args, **_kwargs):
        raise Unavailable("Expected to reach the database, but it does not answer.")

    with monkeypatch.context() as away:
        away.setattr(bureau.engine, "transact", fail)
        visitor.post("/petition/new", typed, _do="submit")
    assert visitor.answer.status_code == 503
    assert "Mend the water main, please" in visitor.text
    form = re.search(r'<form method="post" action="/petition/new">(.*?)Send again', visitor.page, flags=re.DOTALL)
    kept = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[1]))
    assert {name: html.unescape(value) for name, value in kept.items() if name != "csrf_token"} == {
        **typed,
        "_do": "submit",
    }
    assert "Your petition was received" in visitor.post("/petition/new", typed, _do="submit")


def test_who_is_signed_in_gets_a_page_while_the_database_is_away(bureau, signed_in, monkeypatch):
    supervisor = signed_in("supervisor")
    supervisor.get("/supervision/processes")
    asked = []

    def fail(*_args, **_kwargs):
        asked.append(1)
        raise Unavailable("Expected to reach the database, but it does not answer.")

    with monkeypatch.context() as away:
        away.setattr(bureau.engine, "read", fail)
        away.setattr(bureau.engine, "transact", fail)
        page = supervisor.get("/supervision/incidents/?kind=job&says=a%26b")
        assert supervisor.answer.status_code == 503
        assert "Nothing was changed." in page
        again = re.search(r'href="([^"]+)">Try again<', supervisor.page)[1]
        assert again == "/supervision/incidents/?kind=job&says=a%26b"
        assert "Staff sign-in" not in supervisor.page
        assert "My tasks" in supervisor.page
        assert len(asked) == 1
        assert "There is nothing here" in supervisor.get("/nowhere")
        page = supervisor.post("/supervision/processes/petition/1/suspend", reason="it is wrong")
        assert supervisor.answer.status_code == 503
        assert "it is wrong" in page
        assert "Send again" in page
        assert "Try again<" not in supervisor.page
    assert "0 incidents with this filter." in supervisor.get(again)


def test_a_password_is_not_kept_to_be_sent_again(bureau, visitor, monkeypatch):
    visitor.get("/sign-in")

    def fail(*_args, **_kwargs):
        raise Unavailable("Expected to reach the database, but it does not answer.")

    monkeypatch.setattr(bureau.engine, "read", fail)
    monkeypatch.setattr(bureau.engine, "transact", fail)
    visitor.post("/sign-in", name="clerk", password="a secret of mine")
    assert visitor.answer.status_code == 503
    assert "Send again" not in visitor.text
    assert "a secret of mine" not in visitor.page


def test_what_is_too_large_is_refused_with_a_page(visitor):
    visitor.get("/petition/new")
    assert "This is too large to be taken" in visitor.post("/petition/new", claims="x" * 3_000_000)
    assert visitor.answer.status_code == 413
    assert "At most 2,048 KiB are taken at once." in visitor.answer.get_data(as_text=True)


def test_an_error_of_the_engine_says_what_was_expected_and_what_is(app, visitor, monkeypatch):
    def late(*_args, **_kwargs):
        raise InvalidState("user task", 42, "complete", "was completed at 14:03 by clerk-2")

    monkeypatch.setitem(app.view_functions, "public.home", late)
    assert "Expected to complete user task 42, but it was completed at 14:03 by clerk-2." in visitor.get("/")
    assert visitor.answer.status_code == 409


def test_a_petitioner_of_one_case_is_no_member_of_staff(visitor, bureau):
    receipt = bureau.hand_in()
    visitor.get("/follow")
    visitor.post("/follow", number=receipt.case_number, code=receipt.query_code)
    for path in ("/tasks/", "/cases/", f"/cases/{receipt.case_number}", "/supervision/", "/designer/"):
        assert "Staff sign-in" in visitor.get(path)
