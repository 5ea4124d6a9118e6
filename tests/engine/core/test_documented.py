"""docs/engine.md says what the engine runs and writes down."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from engine.core import facts
from engine.core.behaviours import BEHAVIOURS, multi_instance
from engine.core.execution import MAX_DEPTH, MAX_WORK
from engine.core.reading import dialect
from engine.core.reading.reader import MAX_CODE
from engine.core.reading.xml import MAX_ATTRIBUTES, MAX_BYTES, MAX_ELEMENTS
from engine.core.run import MAX_STEPS
from tests import bpmn_page

PAGE = Path(__file__).parents[3].joinpath("docs", "engine.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`(\w+)`", PAGE))


def test_every_fact_is_documented() -> None:
    assert {fact.__name__ for fact in get_args(facts.Fact)} <= NAMED


def test_the_page_of_what_runs_is_that_of_the_tables() -> None:
    assert bpmn_page.PAGE.read_text("utf-8") == bpmn_page.page(), "run make docs"


def test_every_element_that_is_read_has_a_behaviour() -> None:
    assert set(dialect.FLOW_NODES) | {"process"} == set(BEHAVIOURS)


def test_every_bound_is_documented() -> None:
    for bound in (MAX_BYTES, MAX_DEPTH, MAX_STEPS, MAX_WORK, multi_instance.MAX_ITEMS):
        assert f"| {bound:,}" in PAGE or f"{bound:,} bytes" in PAGE
    for bound, of in ((MAX_ELEMENTS, "XML elements"), (MAX_ATTRIBUTES, "attributes"), (MAX_CODE, "characters")):
        assert f"{bound:,} {of}" in PAGE
