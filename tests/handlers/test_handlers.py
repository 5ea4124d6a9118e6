"""Handlers: one for each topic of the diagrams, plain, and harmless when they run twice."""

from __future__ import annotations

import inspect
from importlib import resources

import pytest
from bureau import WATER, Bureau
from lxml import etree

from engine.database import Transaction
from engine.errors import NotFound
from handlers import HANDLERS
from workflows import notices
from workflows.office import Office


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
        HANDLERS["explain-review"](office=office, job_id="77-1", case_number=number)
    assert [notice.kind for notice in bureau.ask(lambda tx: notices.of_case(tx, number))] == ["review-right"]


def test_a_case_is_handed_to_units_that_exist_only(bureau: Bureau, office: Office):
    receipt = bureau.hand_in()
    bureau.register(receipt)
    with pytest.raises(NotFound, match="Expected to find unit 'moon', but there is none"):
        HANDLERS["hand-over"](
            office=office,
            job_id="77-2",
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
