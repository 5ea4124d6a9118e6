"""Designers find everything they may write in docs/language.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.core.expressions import FUNCTIONS
from engine.core.reading.dialect import VENDOR_ATTRIBUTES, VENDOR_ONLY
from engine.decisions.functions import FEEL_FUNCTIONS
from engine.decisions.hit_policies import AGGREGATIONS, HIT_POLICIES
from engine.forms.fields import INPUTS, SHOWN

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, *FEEL_FUNCTIONS, *HIT_POLICIES, *AGGREGATIONS, *INPUTS, *SHOWN}))
def test_a_name_of_the_language_is_documented(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize(
    "name",
    sorted({*VENDOR_ATTRIBUTES["task"], *VENDOR_ATTRIBUTES["parallelGateway"], "exclusive", "failedJobRetryTimeCycle"}),
)
def test_what_stops_a_token_is_documented_with_its_values(name: str) -> None:
    [row] = [line for line in PAGE.splitlines() if line.startswith("|") and f"`camunda:{name}`" in line]
    assert all(f"`{value}`" in row for value in VENDOR_ONLY.get(name, ()))
