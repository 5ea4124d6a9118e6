"""docs/engine.md says what the engine runs and writes down."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from engine.core import facts
from engine.core.behaviours import BEHAVIOURS, multi_instance
from engine.core.execution import MAX_DEPTH, MAX_WORK
from engine.core.reading.reader import MAX_CODE
from engine.core.reading.xml import MAX_ATTRIBUTES, MAX_BYTES, MAX_ELEMENTS
from engine.core.run import MAX_STEPS

PAGE = Path(__file__).parents[3].joinpath("docs", "engine.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`(\w+)`", PAGE))


def test_every_fact_is_documented() -> None:
    assert {fact.__name__ for fact in get_args(facts.Fact)} <= NAMED


def test_every_kind_of_element_is_documented() -> None:
    assert set(BEHAVIOURS) - {"process", "startEvent"} <= NAMED


def test_every_bound_is_documented() -> None:
    for bound in (MAX_BYTES, MAX_DEPTH, MAX_STEPS, MAX_WORK, multi_instance.MAX_ITEMS):
        assert f"| {bound:,}" in PAGE or f"{bound:,} bytes" in PAGE
    for bound, of in ((MAX_ELEMENTS, "XML elements"), (MAX_ATTRIBUTES, "attributes"), (MAX_CODE, "characters")):
        assert f"{bound:,} {of}" in PAGE
