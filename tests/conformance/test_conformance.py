"""The runner itself: what it makes of what an engine does, and what it tells."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.cases import Case, Unreadable, load, read
from tests.conformance.command import ENGINES, main
from tests.conformance.drawing import (
    after,
    boundary,
    case,
    catch,
    end,
    error,
    log,
    message,
    process,
    script,
    signal,
    start,
    user,
)
from tests.conformance.running import Refused, failure

BODY = start() + user("u") + log("A") + end()
USER_TASK = process(BODY, "s u A e")
PLAIN = case("plain", USER_TASK, steps=[("complete", "u"), ("expect_completed", True)], expect="A")


class FakeEngine:
    """An engine that answers what a test says and keeps what it was asked."""

    def __init__(self, trace: str = "", incidents: tuple[str, ...] = (), refuses: str = "", left: int = 1) -> None:
        self.trace, self._incidents, self._refuses, self._open = list(trace), incidents, refuses, left
        self.asked: list[tuple[Any, ...]] = []

    def __getattr__(self, verb: str) -> Any:
        def do(*values: Any) -> int:
            self.asked.append((verb, *values))
            return self._open

        return do

    def deploy(self, _xml: bytes) -> None:
        if self._refuses:
            raise Refused(self._refuses)

    def incidents(self) -> tuple[str, ...]:
        return self._incidents

    def close(self) -> None:
        self.asked.append(("close",))


def of(outcome: str, expect: str = "", *steps: tuple[Any, ...], variables: Mapping[str, Any] | None = None) -> Case:
    return case("a case", USER_TASK, outcome=outcome, expect=expect, steps=steps, **(variables or {}))


@pytest.mark.parametrize(
    ("wanted", "engine"),
    [
        (of("ok", "ABA"), FakeEngine("AAB")),
        (of("incident", "A"), FakeEngine("A", incidents=("no flow",))),
        (of("rejected"), FakeEngine(refuses="no such task")),
        (of("rejected_or_incident"), FakeEngine(refuses="no such task")),
        (of("rejected_or_incident"), FakeEngine(incidents=("no flow",))),
        (of("any", "A"), FakeEngine("A", incidents=("no flow",))),
        (of("any", "A"), FakeEngine("A")),
    ],
)
def test_a_case_passes_where_trace_and_outcome_are_as_expected(wanted: Case, engine: FakeEngine) -> None:
    assert failure(wanted, lambda: engine) is None
    assert engine.asked[-1] == ("close",)


@pytest.mark.parametrize(
    ("wanted", "engine", "told"),
    [
        (
            of("ok", "AB"),
            FakeEngine("AAB"),
            "expected 'ok' with trace [A, B], but it came to 'ok' with trace [A, A, B]",
        ),
        (of("ok", "A"), FakeEngine("A", incidents=("no\nflow",)), "but it came to 'incident' (no flow)"),
        (of("ok", "A"), FakeEngine("A", refuses="no such task"), "but the model was rejected: no such task"),
        (of("any", "A"), FakeEngine("A", refuses="no such task"), "but the model was rejected: no such task"),
        (of("incident"), FakeEngine(), "expected 'incident' with trace [], but it came to 'ok'"),
        (of("rejected"), FakeEngine(), "expected 'rejected' with trace [], but it came to 'ok'"),
        (of("ok", "", ("complete", "u")), FakeEngine(left=0), "step 1, complete 'u': expected open work, but there is"),
        (of("ok", "A", ("expect_trace", [])), FakeEngine("A"), "step 1, expect_trace []: the trace so far is [A]"),
        (of("ok", "", ("expect_user_tasks", 2)), FakeEngine(), "step 1, expect_user_tasks 2: 1 are open"),
        (of("ok", "", ("expect_completed", True)), FakeEngine(left=0), "expect_completed True: an instance still runs"),
    ],
)
def test_a_case_that_fails_says_what_was_expected_and_what_came(wanted: Case, engine: FakeEngine, told: str) -> None:
    why = failure(wanted, lambda: engine)
    assert why is not None
    assert told in why
    assert "\n" not in why


def test_completing_what_is_not_open_is_no_error_where_the_step_says_so() -> None:
    assert failure(of("ok", "", ("complete_if_open", "u")), lambda: FakeEngine(left=0)) is None


def test_the_steps_reach_the_engine_in_their_order() -> None:
    engine = FakeEngine()
    steps = [("message", "m", {"k": 1}), ("correlate", "m", {"k": 2}), ("set", {"n": 1}), ("advance", 5)]
    assert failure(of("ok", "", *steps, ("broadcast", "m"), variables={"v": 7}), lambda: engine) is None
    assert engine.asked == [("start", "P", {"v": 7}), *steps, ("broadcast", "m", {"v": 7}), ("close",)]


def test_an_engine_that_breaks_fails_the_case_and_is_closed() -> None:
    class Broken(FakeEngine):
        def start(self, *_values: Any) -> None:
            raise RuntimeError("out of\norder")

    engine = Broken()
    why = failure(of("ok"), lambda: engine)
    assert why == "expected 'ok' with trace [], but RuntimeError was raised: out of order"
    assert engine.asked == [("close",)]


def test_a_case_that_goes_on_and_on_is_cut() -> None:
    class Endless(FakeEngine):
        def start(self, *_values: Any) -> None:
            for _ in itertools.count():
                pass

    assert failure(of("ok"), Endless, seconds=0.01) == "expected an end within 0.01 s, but it went on"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "plain",
    [
        PLAIN,
        case("timer", process(start() + catch("k", after("PT5S")) + log("A") + end(), "s k A e"), expect="A",
             steps=[("advance", 3), ("expect_trace", []), ("advance", 3)]),
        case("boundary", process(BODY + boundary("b", "u", message()) + log("H"), "s u A e", "b H e"), expect="H",
             steps=[("broadcast", "m"), ("complete_if_open", "u")]),
        case("signal", process(start() + catch("k", signal()) + log("A") + end(), "s k A e"), start=["P", "P"],
             steps=[("signal", "g"), ("expect_completed", True)], expect="AA"),
        case("message start", process(start("s", message()) + log("A") + end(), "s A e"), start=[],
             steps=[("broadcast", "m"), ("broadcast", "m")], expect="AA"),
        case("timer start", process(start("s", after("PT5S")) + log("A") + end(), "s A e"), start=[],
             steps=[("advance", 9), ("advance", 9)], expect="A"),
        case("message start with variables", process(start("s", message()) + script("A", "log(n)") + end(), "s A e"),
             start=[], steps=[("broadcast", "m")], expect=["1"], n=1),
        case("variables", process(start() + script("A", "log(n + 1)") + end(), "s A e"), expect=["2"], n=1),
        case("script that fails", process(start() + script("A", "log(n)") + end(), "s A e"), outcome="incident"),
    ],
    ids=lambda plain: plain.name,
)  # fmt: skip
def test_both_engines_do_what_is_plain(plain: Case, engine: str) -> None:
    assert failure(plain, ENGINES[engine]) is None


@pytest.mark.parametrize(
    "wanted",
    [
        case("rejected", process(start() + script("A", "log(") + end(), "s A e"), outcome="rejected"),
        case("modelled error", process(start() + script("A", "throw_error('X')") + boundary("b", "A", error("x"))
             + log("H", "B") + end(), "s A B e", "b H e"), expect="H"),
        case("what is set", process(start() + user("u") + script("A", "log(n)") + end(), "s u A e"), expect=["7"],
             steps=[("set", {"n": 7}), ("complete", "u")], n=1),
        case("variables that are not set back", process(start() + script("A", "n = 2") + catch("k", message())
             + script("B", "log(n)") + end(), "s A k B e"), steps=[("broadcast", "m")], expect=["2"], n=1),
        case("one of two", process(start() + catch("k", message()) + log("A") + end(), "s k A e"), start=["P", "P"],
             steps=[("message", "m", {}), ("expect_completed", False)], expect="A"),
        case("ended by an error", process(start() + log("A") + end("e", error("x")), "s A e"), expect="A",
             outcome="incident"),
        case("no plain start", process(start("s", message()) + end(), "s e"), outcome="incident"),
        case("more than one page of user tasks", process(start() + user("u") + end(), "s u e"), start=["P"] * 60,
             steps=[("expect_user_tasks", 60), ("complete", "u"), ("expect_completed", True)]),
    ],
    ids=lambda wanted: wanted.name,
)  # fmt: skip
def test_the_engine_of_this_repository_takes_every_step(wanted: Case) -> None:
    assert failure(wanted, ENGINES["pujiang"]) is None


def written(path: Path, *entries: Mapping[str, Any]) -> str:
    path.write_text(json.dumps(entries))
    return str(path)


ENTRY = {"name": "a case", "xml": PLAIN.xml.decode(), "start": ["P"], "steps": [["complete", "u"]], "expect": ["A"]}


def test_the_command_ends_with_how_many_passed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([written(tmp_path / "cases.json", ENTRY, {**ENTRY, "name": "another"})]) == 0
    assert capsys.readouterr().out == "2 passed, 0 failed\n"


def test_the_command_prints_a_line_for_each_case_that_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([written(tmp_path / "cases.json", ENTRY, {**ENTRY, "name": "wrong", "expect": ["B"]})]) == 1
    wrong, last = capsys.readouterr().out.splitlines()
    assert wrong == "wrong: expected 'ok' with trace [B], but it came to 'ok' with trace [A]"
    assert last == "1 passed, 1 failed"


def test_the_command_runs_the_cases_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path / "cases.json", ENTRY, {**ENTRY, "name": "wrong", "expect": ["B"]})
    assert main([file, "-k", "case", "--engine", "spiffworkflow"]) == 0
    assert capsys.readouterr().out == "1 passed, 0 failed\n"
    assert main([file, "-k", "nothing"]) == 2
    assert "Expected a case with 'nothing' in its name" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "Expected JSON"),
        ("{}", "Expected a list of cases"),
        ("[1]", "Expected an object as case 1, but it is a int"),
        ('[{"xml": ""}]', "Expected 'name' of case 1 to be a str, but it is missing"),
    ],
)
def test_a_file_of_another_form_is_named(text: str, told: str, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "cases.json"
    path.write_text(text)
    assert main([str(path)]) == 2
    assert told in capsys.readouterr().out


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"Expected a file of cases at .*none\.json, but it cannot be read"):
        load(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ({"steps": [["dance"]]}, "as a step of case 'a case', but it is \\['dance'\\]"),
        ({"steps": [["advance", "soon"]]}, "Expected the step 'advance' of case 'a case' to have int | float behind"),
        ({"steps": [["message", "m"]]}, "Expected the step 'message' of case 'a case' to have str, dict behind it"),
        ({"outcome": "perhaps"}, "as the outcome of case 'a case', but it is 'perhaps'"),
        ({"variables": []}, "Expected 'variables' of case 'a case' to be a dict, but it is a list"),
    ],
)
def test_a_case_of_another_form_is_named(part: Mapping[str, Any], told: str) -> None:
    with pytest.raises(Unreadable, match=told):
        read({**ENTRY, **part})
