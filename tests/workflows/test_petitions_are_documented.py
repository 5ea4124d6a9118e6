"""docs/petitions.md names every state, clock, topic and section, and says of the states what the table says."""

from __future__ import annotations

import re
from pathlib import Path

from handlers import HANDLERS
from workflows import vocabulary
from workflows.importing import intake_maps
from workflows.register import states

PAGE = Path(__file__).parents[2].joinpath("docs", "petitions.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`\[*([\w-]+)\]*`", PAGE))


def test_every_clock_topic_and_section_of_a_map_is_documented():
    assert vocabulary.CLOCKS.keys() <= NAMED
    assert HANDLERS.keys() <= NAMED
    assert set(intake_maps.SECTIONS) <= NAMED


def test_the_page_says_of_each_state_what_may_follow():
    rows = re.findall(r"^\| `([\w-]+)` \|[^|]*\|([^|]*)\|$", PAGE, re.MULTILINE)
    said = {state: frozenset(re.findall(r"`([\w-]+)`", after)) for state, after in rows if state in states.NAMES}
    assert said == states.TRANSITIONS
