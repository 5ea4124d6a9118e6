"""The log: who asked for what, under which id; and never a name or a word of anybody."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest
from flask import Flask

from engine.errors import InvalidInput, InvalidState, NotFound, Unavailable
from engine.observing import about
from tests.bureau import Bureau
from tests.web.conftest import Visitor
from web import logs, settings
from web.app import create_app

NAME, STREET, WORDS = "Ming Unmistakable", "12 Temple Lane", "The water is brown since Easter"


def record(message: str, *arguments: object, error: BaseException | None = None) -> logging.LogRecord:
    info = None if error is None else (type(error), error, error.__traceback__)
    return logging.LogRecord("pujiang.test", logging.INFO, "test.py", 1, message, arguments, info)


def test_a_line_tells_what_it_is_about() -> None:
    with about(job="5-3"), about(case="2026-000001"):
        line = logs.Lines().format(record("It was %s.", "done"))
    assert line.endswith("INFO pujiang.test It was done. job=5-3 case=2026-000001")


def test_json_is_one_object_a_line() -> None:
    try:
        raise ValueError(NAME)
    except ValueError as error:
        with about(request="abcdefgh"):
            line = logs.Json().format(record("Failed\nbadly", error=error))
    told = json.loads(line)
    assert "\n" not in line
    assert (told["message"], told["request"], told["level"]) == ("Failed\nbadly", "abcdefgh", "INFO")
    assert told["trace"].endswith("ValueError")
    assert NAME not in line


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError(NAME), "ValueError"),
        (InvalidInput(f"Expected a number, but it is '{NAME}'."), "InvalidInput"),
        (NotFound("case", NAME), "NotFound: case"),
        (InvalidState("case", 1, "withdraw", f"was cancelled because {NAME}"), "InvalidState: withdraw case"),
        (Unavailable("It is away."), "Unavailable: It is away."),
        (FileNotFoundError(2, "No such file", NAME), "FileNotFoundError: No such file"),
    ],
)
def test_an_error_is_told_without_what_it_quotes(error: Exception, expected: str) -> None:
    assert logs.said(error) == expected
    assert logs.Lines().format(record("It failed: %s", error)).endswith(f"It failed: {expected}")


def test_a_request_is_told_with_its_id_its_case_and_who_asked(app: Flask, bureau: Bureau, signed_in, log) -> None:
    receipt = bureau.hand_in()
    clerk = signed_in("clerk")
    clerk.get(f"/cases/{receipt.case_number}")
    line = next(line for line in log.getvalue().splitlines() if "GET /cases/<number> 200 in " in line)
    assert f"request={clerk.answer.headers['X-Request-ID']} actor=clerk case={receipt.case_number}" in line


@pytest.mark.parametrize(
    ("proxies", "given", "is_taken"),
    [("1", "trace-0123456789", True), ("1", "no spaces, please", False), ("0", "trace-0123456789", False)],
)
def test_an_id_is_taken_from_a_trusted_proxy_alone(app, bureau, tmp_path, proxies, given, is_taken) -> None:
    chosen = settings.load({"PUJIANG_DATA_DIR": str(tmp_path), "PUJIANG_PROXIES": proxies})
    answer = create_app(chosen, bureau.engine).test_client().get("/healthz", headers={"X-Request-ID": given})
    assert (answer.headers["X-Request-ID"] == given) == is_taken


def test_nobodys_name_or_words_are_ever_in_the_log(app: Flask, bureau: Bureau, signed_in, log: io.StringIO) -> None:
    visitor = Visitor(app.test_client())
    visitor.get("/petition/new")
    sent = {"name": NAME, "address": STREET, "phone": "1", "claims": WORDS, "subject": "utilities", "place": "north"}
    visitor.post("/petition/new", sent)
    visitor.post("/petition/new", {**sent, "subject": NAME, "place": WORDS})
    visitor.post("/follow", case_number=NAME, query_code=WORDS)
    visitor.sign_in(NAME, WORDS)
    receipt = bureau.hand_in(claims=WORDS)
    clerk = signed_in("clerk")
    for path in (f"/cases/{NAME}", f"/cases/?number={NAME}", f"/{NAME}", f"/tasks/{NAME}"):
        clerk.get(path)
    [task] = bureau.open_tasks(receipt.case_number).values()
    clerk.post(f"/tasks/{task.id}", {"subject": NAME, "note": WORDS})
    supervisor = signed_in("supervisor")
    supervisor.get(f"/supervision/?because={WORDS}")
    bureau.withdraw(receipt, WORDS)
    clerk.post(f"/tasks/{task.id}", {"subject": "utilities"})
    written = log.getvalue()
    assert written.count("\n") > 10
    assert [text for text in (NAME, STREET, WORDS, *NAME.split()) if text in written] == []


def test_a_handler_that_fails_is_told_by_type_and_place(bureau: Bureau, log: io.StringIO) -> None:
    from engine.handlers import read

    def broken(*, business_key: str) -> dict[str, str]:
        raise ValueError(f"{NAME} lives at {STREET}")

    replaced = dict.fromkeys(bureau.engine.handlers, broken)
    bureau.engine.handlers = read(replaced)
    bureau.hand_in()
    assert "ValueError" in log.getvalue()
    assert "in broken" in log.getvalue()
    assert NAME not in log.getvalue()
    assert "Temple" not in log.getvalue().replace('raise ValueError(f"{NAME} lives at {STREET}")', "")


def test_it_goes_to_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    level = root.level
    logs.set_up("json", logging.WARNING)
    [handler] = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    assert handler.stream is sys.stderr
    assert isinstance(handler.formatter, logs.Json)
    root.setLevel(level)
