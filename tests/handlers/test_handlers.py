"""Handlers: one for each topic of the diagrams, plain, and harmless when they run twice."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import bureau as bureau_module
import pytest
from bureau import CLERK, SUPERVISOR, WATER, WATER_HEAD, Bureau
from lxml import etree

from engine.errors import BpmnError, NotFound
from engine.store.database import Transaction
from handlers import HANDLERS
from workflows.handling import extensions
from workflows.office import Office
from workflows.papers import notices
from workflows.time import decrees
from workflows.time.calendars import Decree


def _topics() -> set[str]:
    """Every topic that a service or send task of a bundled diagram names."""
    files = [entry for entry in resources.files("bpmn").iterdir() if entry.name.endswith(".bpmn")]
    roots = [etree.fromstring(file.read_bytes()) for file in files]
    return {str(topic) for root in roots for topic in root.xpath("//@*[local-name() = 'topic']")}


def test_every_topic_of_a_diagram_has_one_handler_and_every_handler_a_topic():
    assert set(HANDLERS) == _topics()


@pytest.mark.parametrize("topic", sorted(HANDLERS))
def test_a_handler_is_a_plain_function_with_named_parameters_named_after_its_topic(topic: str):
    function = HANDLERS[topic]
    assert function.__name__ == topic.replace("-", "_")
    parameters = inspect.signature(function).parameters.values()
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters)
    assert {"office", "job_id", "case_number"} <= {parameter.name for parameter in parameters}
    assert function.__doc__


@pytest.fixture
def office(bureau: Bureau) -> Office:
    desk = bureau.engine.services["office"]
    assert isinstance(desk, Office)
    return desk


def test_a_handler_that_runs_twice_for_one_job_sends_one_notice(bureau: Bureau, office: Office):
    number = bureau.hand_in().case_number
    for _ in range(2):
        HANDLERS["explain-review"](
            office=office,
            job_id="1-1",
            case_number=number,
            served_at="2026-03-02T17:30:00+00:00",
            review_length=30,
            review_unit="calendar",
        )
    (notice,) = bureau.ask(lambda tx: notices.of_case(tx, number))
    assert notice.kind == "review-right"
    assert "by 2 Apr 2026" in notice.body, "the reply was served on 3 March in the county"


def _every_way(bureau: Bureau) -> dict[str, list[str]]:
    """Cases that between them run every handler; what each was told, and the clocks and ratings it has."""
    lapsed, refused, moved = bureau.hand_in(), bureau.hand_in(), bureau.hand_in()
    bureau.register(lapsed, intake_decision="supplement", missing="Which house?")
    bureau.register(refused, intake_decision="refuse", refusal_ground="statutory-path", refusal_reason="In court.")
    handled = bureau.bring_to_handling()
    for _ in range(2):
        bureau.do(lambda tx: extensions.request(tx, handled.case_number, "The ground is frozen."), WATER)
        granted = {"extension_decision": "grant", "extension_remarks": "The ground is frozen."}
        bureau.complete(handled.case_number, WATER_HEAD, "decide-extension", **granted)
    off = frozenset({date(2026, 3, 5), date(2026, 3, 6)})
    bureau.register(moved)
    bureau.route(moved)
    bureau.do(lambda tx: decrees.enter(tx, Decree(2026, "Two days off", off, frozenset())), SUPERVISOR)
    bureau.wait(days=100)
    for _ in range(2):
        bureau.investigate(handled)
        bureau.reply(handled)
        bureau.rate(handled, "dissatisfied", "Still brown.")
        if "call-back petition-office" in bureau.names(handled.case_number):
            called = {"reached": "no", "called_on": "2026-06-10", "call_back_notes": "Nobody."}
            bureau.complete(handled.case_number, CLERK, "call-back", **called)
    bureau.withdraw(moved)
    assert bureau.problems() == []
    seen = {}
    for receipt in (lapsed, refused, moved, handled):
        file = bureau.read(receipt.case_number)
        told = [f"{notice.recipient} {notice.title} {notice.body}" for notice in file.notices]
        ran = [f"{clock.kind} {clock.state} {clock.due_at} {clock.extended_by}" for clock in file.clocks]
        seen[receipt.case_number] = [*told, *ran, *(f"{rating.round} {rating.rating}" for rating in file.ratings)]
    return seen


def test_every_handler_may_run_twice_for_one_job_and_nothing_happens_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As after a crash between the work of a job and the note of its result."""
    once = Bureau(f"sqlite:///{tmp_path / 'once.db'}")
    expected = _every_way(once)
    once.close()
    ran: set[str] = set()

    def twice(topic: str) -> Callable[..., dict[str, Any]]:
        function = HANDLERS[topic]

        @functools.wraps(function)
        def run(**variables: Any) -> dict[str, Any]:
            ran.add(topic)
            outcome: list[Any] = []
            for _ in range(2):
                try:
                    outcome.append(function(**variables))
                except BpmnError as error:
                    outcome.append(error.code)
                    refused = error
            assert outcome[0] == outcome[1]
            if not isinstance(outcome[0], dict):
                raise refused
            return outcome[0]

        return run

    monkeypatch.setattr(bureau_module, "HANDLERS", {topic: twice(topic) for topic in HANDLERS})
    doubled = Bureau(f"sqlite:///{tmp_path / 'twice.db'}")
    assert _every_way(doubled) == expected
    doubled.close()
    assert ran == set(HANDLERS)


def test_a_case_is_handed_to_units_that_exist_only(bureau: Bureau, office: Office):
    receipt = bureau.hand_in()
    bureau.register(receipt)
    with pytest.raises(NotFound, match="Expected to find unit 'moon', but there is none"):
        HANDLERS["hand-over"](
            office=office,
            job_id="1-2",
            case_number=receipt.case_number,
            lead_unit="water",
            co_units=["moon"],
            objection_length=5,
            objection_unit="working",
        )
    assert bureau.read(receipt.case_number).case.units == ()


def test_a_unit_named_twice_is_told_once_and_asked_once(bureau: Bureau):
    receipt = bureau.hand_in()
    bureau.register(receipt)
    bureau.route(receipt, lead="water", co_units=["water", "roads", "roads"])
    found = bureau.read(receipt.case_number)
    assert found.case.units == ("water", "roads")
    assert [notice.recipient for notice in found.notices if notice.kind == "assignment"] == ["unit:water", "unit:roads"]
    bureau.accept(receipt)
    assert bureau.names(receipt.case_number) == ["co-unit-opinion unit:roads", "investigate unit:water"]


def test_a_warning_goes_to_whoever_has_the_case(bureau: Bureau):
    bureau.bring_to_handling()
    bureau.wait(days=31)

    def inbox(tx: Transaction) -> list[str]:
        return [notice.kind for notice in notices.to_unit(tx, "water")]

    assert "clock-warning" in bureau.ask(inbox, WATER)
