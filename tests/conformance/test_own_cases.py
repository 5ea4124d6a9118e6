"""The project's own cases are what a designer could have drawn."""

from __future__ import annotations

from collections import Counter

from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnValidator

from tests.conformance import own


def test_every_model_is_valid_against_the_schema() -> None:
    validator = BpmnValidator()
    for case in own.CASES:
        validator.validate(etree.fromstring(case.xml), case.name)


def test_every_case_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(case.name for case in own.CASES).items() if count > 1] == []
