"""The decision tables of the petition say what the rules say."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from engine.core.expressions import ExpressionError

# fmt: off
SUBJECTS = [
    "housing", "transport", "finance", "welfare", "immigration", "sanitation", "safety", "parks", "government",
    "environment", "legal", "utilities", "education", "health", "economy", "consumer", "culture", "ageing",
    "land", "labour", "youth", "rights", "veterans", "other",
]
PLACES = ["north", "south", "east", "west", "central", "county"]
UNITS = {
    "petition-office", "water", "roads", "housing", "sanitation", "environment", "education", "health", "welfare",
    "police", "finance", "parks", "labour",
    "town-north", "town-south", "town-east", "town-west", "town-central",
}
# fmt: on


def rows(lifecycle: Any, table: str, **inputs: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lifecycle.decisions[table].evaluate(inputs)[0]
    return found


def only(lifecycle: Any, table: str, **inputs: Any) -> dict[str, Any]:
    found = rows(lifecycle, table, **inputs)
    assert len(found) == 1, f"{table} of {inputs}: {found}"
    return dict(found[0])


@pytest.mark.parametrize(("subject", "place"), list(itertools.product(SUBJECTS, PLACES)))
def test_every_subject_in_every_place_has_one_lead_unit(lifecycle: Any, subject: str, place: str) -> None:
    found = only(lifecycle, "jurisdiction", subject=subject, place=place)
    assert {found["lead_unit"], *found["co_units"]} <= UNITS
    assert found["lead_unit"] not in found["co_units"]
    assert len(set(found["co_units"])) == len(found["co_units"])


@pytest.mark.parametrize("place", [*PLACES, ""])
@pytest.mark.parametrize("subject", ["", "noise", None])
def test_a_subject_that_is_not_listed_goes_to_the_petition_office(
    lifecycle: Any, subject: str | None, place: str
) -> None:
    assert only(lifecycle, "jurisdiction", subject=subject, place=place) == {
        "lead_unit": "petition-office",
        "co_units": [],
    }


def test_a_town_leads_in_its_own_streets(lifecycle: Any) -> None:
    assert only(lifecycle, "jurisdiction", subject="sanitation", place="east")["lead_unit"] == "town-east"
    assert only(lifecycle, "jurisdiction", subject="sanitation", place="county")["lead_unit"] == "sanitation"


def test_a_broken_pipe_concerns_water_roads_and_housing(lifecycle: Any) -> None:
    found = only(lifecycle, "jurisdiction", subject="utilities", place="central")
    assert found == {"lead_unit": "water", "co_units": ["roads", "housing"]}


@pytest.mark.parametrize(
    ("profile", "notify", "objection", "resolve", "extension"),
    [
        ("cn-2022", (15, "calendar"), (5, "working"), (60, "calendar"), (30, "calendar")),
        ("zhejiang-2016", (5, "working"), (5, "working"), (30, "calendar"), (60, "calendar")),
    ],
)
def test_a_profile_has_the_lengths_of_its_rules(
    lifecycle: Any, profile: str, notify: Any, objection: Any, resolve: Any, extension: Any
) -> None:
    found = only(lifecycle, "deadline-profile", jurisdiction_profile=profile)
    lengths = {kind: (found[f"{kind}_length"], found[f"{kind}_unit"]) for kind in ("notify", "objection", "resolve")}
    assert lengths == {"notify": notify, "objection": objection, "resolve": resolve}
    assert (found["extension_length"], found["extension_unit"]) == extension
    assert len(found) == 16


def test_an_unknown_profile_has_no_deadlines_rather_than_somebody_elses(lifecycle: Any) -> None:
    with pytest.raises(ExpressionError, match=r"'deadline-profile', but: Expected one of .* but found 'atlantis'"):
        rows(lifecycle, "deadline-profile", jurisdiction_profile="atlantis")


@pytest.mark.parametrize(
    ("subject", "channel", "petitioners", "category", "urgency"),
    [
        ("housing", "online", 1, "redress", "ordinary"),
        ("", "letter", 1, "redress", "ordinary"),
        ("safety", "phone", 1, "redress", "urgent"),
        ("government", "letter", 4, "accusation", "ordinary"),
        ("government", "letter", 5, "accusation", "urgent"),
        ("parks", "visit", 9, "suggestion", "ordinary"),
        ("parks", "visit", 10, "suggestion", "urgent"),
        ("labour", "visit", 4, "redress", "ordinary"),
        ("labour", "visit", 5, "redress", "urgent"),
        ("labour", "online", 9, "redress", "ordinary"),
        ("labour", "online", 10, "redress", "urgent"),
    ],
)
def test_a_category_and_an_urgency_are_proposed(
    lifecycle: Any, subject: str, channel: str, petitioners: int, category: str, urgency: str
) -> None:
    found = only(lifecycle, "category", subject=subject, channel=channel, petitioner_count=petitioners)
    assert found == {"category": category, "urgency": urgency}


@pytest.mark.parametrize(
    ("category", "channel", "identity_clear", "anonymous", "surveyed"),
    [
        ("redress", "online", True, False, True),
        ("suggestion", "letter", True, False, True),
        ("accusation", "online", True, False, False),
        ("redress", "import", True, False, False),
        ("redress", "letter", False, False, False),
        ("redress", "online", True, True, False),
    ],
)
def test_whoever_can_be_asked_in_public_is_asked(
    lifecycle: Any, category: str, channel: str, identity_clear: bool, anonymous: bool, surveyed: bool
) -> None:
    inputs = {"category": category, "channel": channel, "identity_clear": identity_clear, "anonymous": anonymous}
    assert only(lifecycle, "survey", **inputs) == {"surveyed": surveyed}
