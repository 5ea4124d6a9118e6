"""The project's own cases are what a designer could have drawn, and the engine does what they expect."""

from __future__ import annotations

from collections import Counter

import pytest
from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnValidator

from tests.conformance import own
from tests.conformance.cases import Case
from tests.conformance.pujiang import PujiangUnderTest
from tests.conformance.running import failure


def test_every_model_is_valid_against_the_schema() -> None:
    validator = BpmnValidator()
    for case in own.CASES:
        validator.validate(etree.fromstring(case.xml), case.name)


def test_every_case_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(case.name for case in own.CASES).items() if count > 1] == []


@pytest.mark.parametrize("case", own.CASES, ids=lambda case: case.name)
def test_what_was_drawn_happens(case: Case) -> None:
    assert failure(case, PujiangUnderTest) is None
