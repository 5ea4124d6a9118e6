"""The forms of the lifecycle ask for what the rules want, and only then."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest

from engine import forms
from engine.errors import InvalidVariables
from workflows import vocabulary

FORMS = {
    path.name.removesuffix(".form"): forms.read(path.read_bytes(), path.name)
    for path in files("bpmn").iterdir()
    if path.name.endswith(".form")
}
REGISTERED = {"subject": "utilities", "place": "north", "category": "redress", "intake_decision": "accept"}
PROPOSED = {"proposed_category": "redress", "proposed_lead_unit": "water", "units": ["water", "roads", "housing"]}


def refused(form: str, submitted: dict[str, Any], **variables: Any) -> set[str]:
    """The fields that are not accepted as they are."""
    try:
        FORMS[form].validate(submitted, {**PROPOSED, **variables})
    except InvalidVariables as error:
        return set(error.fields)
    return set()


def test_an_untouched_proposal_needs_no_reason() -> None:
    assert refused("register", REGISTERED) == set()
    assert refused("route", {"lead_unit": "water", "mode": "assigned"}) == set()


def test_another_category_than_proposed_needs_a_reason() -> None:
    changed = {**REGISTERED, "category": "suggestion"}
    assert refused("register", changed) == {"category_override_reason"}
    assert refused("register", {**changed, "category_override_reason": "It is about the budget."}) == set()


def test_another_lead_unit_than_proposed_needs_a_reason_unless_that_one_has_objected() -> None:
    changed = {"lead_unit": "roads", "mode": "assigned"}
    assert refused("route", changed) == {"override_reason"}
    assert refused("route", changed, objection_reason={"text": 1}) == set()


@pytest.mark.parametrize(
    ("decision", "needed"),
    [("accept", set()), ("supplement", {"missing"}), ("refuse", {"refusal_ground", "refusal_reason"})],
)
def test_what_is_missing_and_why_it_is_refused_is_asked_where_it_was_decided(decision: str, needed: set[str]) -> None:
    assert refused("register", {**REGISTERED, "intake_decision": decision}) == needed


@pytest.mark.parametrize(
    ("form", "submitted", "needed"),
    [
        ("accept-assignment", {"assignment_decision": "object"}, {"objection_reason"}),
        ("check-reply", {"check_verdict": "back"}, {"check_remarks"}),
        ("approve-reply", {"approval": "back"}, {"approval_remarks"}),
        ("decide-extension", {"extension_decision": "grant"}, {"extension_remarks"}),
        ("accept-assignment", {"assignment_decision": "accept"}, set()),
        ("check-reply", {"check_verdict": "ok"}, set()),
        ("approve-reply", {"approval": "approved"}, set()),
        ("decide-extension", {"extension_decision": "refuse"}, set()),
    ],
)
def test_whoever_says_no_says_why(form: str, submitted: dict[str, str], needed: set[str]) -> None:
    assert refused(form, submitted) == needed


def test_what_is_supported_says_what_will_be_done_and_by_when() -> None:
    reply = {"outcome": "support", "reply": "The pipe will be mended. " * 3, "legal_basis": "Water Law, article 1"}
    assert refused("draft-reply", reply) == {"remedy", "remedy_by"}
    assert refused("draft-reply", {**reply, "outcome": "explain"}) == set()


def test_nobody_investigates_a_matter_of_their_own() -> None:
    found = {"petitioner_heard": "in_person", "findings": "The pipe has been broken since the first of March."}
    assert refused("investigate", found) == {"no_direct_interest"}
    assert refused("investigate", {**found, "no_direct_interest": "on"}) == set()


@pytest.mark.parametrize(
    ("form", "key", "words"),
    [
        ("register", "subject", vocabulary.SUBJECTS),
        ("register", "place", vocabulary.PLACES),
        ("register", "category", vocabulary.CATEGORIES),
        ("draft-reply", "outcome", vocabulary.OUTCOMES),
        ("breach", "clock", vocabulary.CLOCKS),
    ],
)
def test_choices_are_the_codes_that_cases_are_sorted_by(form: str, key: str, words: dict[str, str]) -> None:
    [field] = [field for field in FORMS[form].fields if field.key == key]
    assert {option.value for option in field.options} == set(words)
