"""What becomes of a petition, told by the diagrams alone."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core import facts
from engine.errors import BpmnError

ACCEPT = {"subject": "utilities", "place": "central", "category": "redress", "intake_decision": "accept"}
CO_UNITS = ["roads", "housing"]


def assigned(case: Any, **variables: Any) -> Any:
    """A petition that water leads, with roads and housing as co-units."""
    case.hand_in(**variables).complete("register", **ACCEPT)
    case.complete("route", lead_unit="water", co_units=CO_UNITS, mode="assigned")
    return case.complete("accept-assignment", assignment_decision="accept")


def handled(case: Any) -> Any:
    """The joint handling of one round, co-units in the order in which they were not asked."""
    case.complete("investigate", findings={"text": 10})
    for number, unit in enumerate(reversed(CO_UNITS)):
        case.complete("co-unit-opinion", f"unit:{unit}", opinion={"text": number, "unit": unit})
    return case


def replied(case: Any) -> Any:
    case.complete("draft-reply", outcome="support", reply={"text": 20}, legal_basis={"text": 21})
    return case.complete("check-reply", check_verdict="ok").complete("approve-reply", approval="approved")


def rated(case: Any, rating: str, **variables: Any) -> Any:
    return case.message("satisfaction-given", rating=rating, office_score=4, unit_score=2, **variables)


def closings(case: Any) -> list[str]:
    return [variables["closed_as"] for topic, variables in case.done if topic == "close-case"]


def test_a_petition_is_registered_routed_investigated_answered_rated_and_closed(case: Any) -> None:
    rated(replied(handled(assigned(case))), "satisfied")
    assert case.ended == "completed"
    assert closings(case) == ["concluded"]
    assert case.topics == [
        "start-clocks",
        "acknowledge",
        "hand-over",
        "send-acceptance-notice",
        "serve-reply",
        "open-survey",
        "record-rating",
        "close-case",
    ]


def test_the_lead_unit_and_each_co_unit_work_at_the_same_time(case: Any) -> None:
    assigned(case)
    assert case.groups_at("investigate") == ["unit:water"]
    assert case.groups_at("co-unit-opinion") == ["unit:housing", "unit:roads"]


def test_opinions_are_kept_in_the_order_of_the_co_units(case: Any) -> None:
    handled(assigned(case))
    assert [opinion["unit"] for opinion in case.variables["opinions"]] == CO_UNITS


def test_a_lead_unit_without_co_units_waits_for_nobody(case: Any) -> None:
    case.hand_in().complete("register", **ACCEPT).complete("route", lead_unit="water", co_units=[], mode="assigned")
    case.complete("accept-assignment", assignment_decision="accept").complete("investigate", findings={"text": 1})
    assert case.open_tasks == ["draft-reply"]


def test_every_late_co_unit_is_reminded_and_still_awaited(case: Any) -> None:
    assigned(case).time_is_over("opinion-late")
    reminded = [variables["co_unit"] for topic, variables in case.done if topic == "remind-co-unit"]
    assert reminded == CO_UNITS
    assert case.open_tasks.count("co-unit-opinion") == 2


def test_whoever_is_dissatisfied_is_called_back_and_a_second_round_waits_for_every_co_unit(case: Any) -> None:
    rated(replied(handled(assigned(case))), "dissatisfied")
    assert case.open_tasks == ["call-back"]
    case.complete("call-back", reached="yes")
    assert case.topics[-1] == "reopen-case"
    assert case.open_tasks == ["co-unit-opinion", "co-unit-opinion", "investigate"]
    case.complete("investigate", findings={"text": 11})
    case.complete("co-unit-opinion", "unit:roads", opinion={"text": 12})
    assert case.open_tasks == ["co-unit-opinion"]
    case.complete("co-unit-opinion", "unit:housing", opinion={"text": 13})
    assert case.open_tasks == ["draft-reply"]


def test_a_second_round_is_the_last_and_ends_with_the_way_to_a_review(case: Any) -> None:
    rated(replied(handled(assigned(case))), "dissatisfied").complete("call-back", reached="no")
    rated(replied(handled(case)), "dissatisfied")
    assert case.ended == "completed"
    assert case.topics[-2:] == ["explain-review", "close-case"]
    assert case.variables["review_route"] == "review"


def test_the_second_round_knows_what_was_wrong_with_the_first_and_is_rated_anew(case: Any) -> None:
    rated(replied(handled(assigned(case))), "dissatisfied", reasons={"text": 30})
    case.complete("call-back", reached="yes", call_back_notes={"text": 31})
    assert (case.variables["reasons"], case.variables["call_back_notes"]) == ({"text": 30}, {"text": 31})
    replied(handled(case)).time_is_over("survey-lapsed")
    recorded = [variables for topic, variables in case.done if topic == "record-rating"]
    assert [(one["round"], one["rating"], one["reasons"]) for one in recorded] == [
        (1, "dissatisfied", {"text": 30}),
        (2, "none", None),
    ]
    assert case.ended == "completed"


def test_a_petition_that_nobody_rates_in_time_is_closed_without_a_rating(case: Any) -> None:
    replied(handled(assigned(case))).time_is_over("survey-lapsed")
    assert case.ended == "completed"
    assert case.variables["rating"] == "none"
    assert "record-rating" in case.topics


def test_an_accusation_is_answered_and_nobody_is_asked_to_rate_it(case: Any) -> None:
    case.hand_in().complete("register", **{**ACCEPT, "category": "accusation"})
    case.complete("route", lead_unit="water", co_units=[], mode="assigned")
    case.complete("accept-assignment", assignment_decision="accept").complete("investigate", findings={"text": 1})
    replied(case)
    assert case.ended == "completed"
    assert "open-survey" not in case.topics
    assert case.variables["review_route"] == "none"


def test_a_withdrawal_in_the_middle_of_joint_handling_leaves_nothing_open(case: Any) -> None:
    assigned(case).message("extension-requested", reason={"text": 5}, requested_by="water")
    case.message("withdrawal")
    assert case.ended == "completed"
    assert closings(case) == ["withdrawn"]
    assert case.state.tokens == {}
    assert case.state.waits == {}


def test_what_is_missing_is_asked_for_and_the_clerk_registers_again_when_it_came(case: Any) -> None:
    case.hand_in().complete("register", **{**ACCEPT, "intake_decision": "supplement"}, missing={"text": 2})
    assert case.topics[-1] == "request-supplement"
    case.message("supplement-received", supplement={"text": 3})
    assert case.open_tasks == ["register"]
    case.complete("register", **ACCEPT)
    assert case.open_tasks == ["route"]


def test_a_petition_that_stays_incomplete_lapses(case: Any) -> None:
    case.hand_in().complete("register", **{**ACCEPT, "intake_decision": "supplement"}, missing={"text": 2})
    case.time_is_over("supplement-lapsed")
    assert case.ended == "completed"
    assert closings(case) == ["not_accepted"]
    assert [variables["refusal"] for topic, variables in case.done if topic == "notify-refusal"] == ["lapsed"]


def test_a_refused_petition_is_closed_and_the_petitioner_told(case: Any) -> None:
    case.hand_in().complete("register", **{**ACCEPT, "intake_decision": "refuse"}, refusal_reason={"text": 2})
    assert closings(case) == ["not_accepted"]
    assert [variables["refusal"] for topic, variables in case.done if topic == "notify-refusal"] == ["refused"]


def test_an_imported_petition_with_subject_and_place_goes_straight_to_its_unit(case: Any) -> None:
    case.hand_in(source="import", channel="import", subject="sanitation", place="north")
    assert case.open_tasks == ["accept-assignment"]
    assert case.groups_at("accept-assignment") == ["unit:town-north"]


@pytest.mark.parametrize("missing", ["subject", "place"])
def test_an_imported_petition_with_a_gap_goes_to_the_clerk(case: Any, missing: str) -> None:
    case.hand_in(source="import", channel="import", **{"subject": "housing", "place": "north", missing: ""})
    assert case.open_tasks == ["register"]


def test_silence_of_the_unit_counts_as_acceptance(case: Any) -> None:
    case.hand_in(source="import", channel="import").time_is_over("objection-lapsed")
    assert case.topics[-1] == "send-acceptance-notice"
    assert "investigate" in case.open_tasks


@pytest.mark.parametrize(("decision", "then"), [("upheld", "route"), ("dismissed", "investigate")])
def test_an_objection_is_decided_and_leads_back_to_routing_where_it_is_upheld(
    case: Any, decision: str, then: str
) -> None:
    case.hand_in(source="import", channel="import", subject="transport")
    case.complete("accept-assignment", assignment_decision="object", objection_reason={"text": 4})
    case.complete("decide-objection", objection_decision=decision, objection_ruling={"text": 5})
    assert case.open_tasks == [then]


def test_a_reply_goes_back_to_the_draft_until_it_is_checked_and_approved(case: Any) -> None:
    handled(assigned(case))
    case.complete("draft-reply", outcome="explain", reply={"text": 1}).complete("check-reply", check_verdict="back")
    case.complete("draft-reply", outcome="explain", reply={"text": 2}).complete("check-reply", check_verdict="ok")
    assert case.groups_at("approve-reply") == ["head:water"]
    case.complete("approve-reply", approval="back")
    assert case.open_tasks == ["draft-reply"]
    replied(case)
    assert case.topics.count("serve-reply") == 1


def test_a_granted_extension_moves_the_time_to_resolve(case: Any) -> None:
    assigned(case).message("extension-requested", reason={"text": 5}, requested_by="water")
    assert case.groups_at("decide-extension") == ["head:water"]
    before = case.variables["resolve_due"]
    case.complete("decide-extension", extension_decision="grant", extension_remarks={"text": 6})
    assert case.topics[-2:] == ["extend-clock", "notify-extension"]
    assert case.done[-1][1]["reason"] == {"text": 6}
    handled(case)
    assert case.variables["resolve_due"] > before


def test_an_extension_that_comes_too_late_is_refused(case: Any) -> None:
    def too_late(_: dict[str, Any]) -> dict[str, Any]:
        raise BpmnError("EXTENSION_REFUSED", "The time to resolve is over.")

    case.answers["extend-clock"] = too_late
    assigned(case).message("extension-requested", reason={"text": 5}, requested_by="water")
    case.complete("decide-extension", extension_decision="grant")
    assert case.topics[-2:] == ["extend-clock", "notify-extension-refused"]
    assert case.incidents == []


def test_the_head_of_the_unit_may_refuse_an_extension(case: Any) -> None:
    assigned(case).message("extension-requested", reason={"text": 5}, requested_by="water")
    case.complete("decide-extension", extension_decision="refuse")
    assert case.topics[-1] == "notify-extension-refused"
    assert "extend-clock" not in case.topics


def test_every_breach_keeps_its_own_clock_until_the_supervisor_has_looked_into_it(case: Any) -> None:
    assigned(case)
    case.message("clock-breached", clock="notify", due="2026-03-17").message(
        "clock-breached", clock="resolve", due="2026-05-01"
    )
    assert case.groups_at("look-into-breach") == ["role:supervisor", "role:supervisor"]
    seen = [variables["clock"] for topic, variables in case.done if topic == "record-breach"]
    assert seen == ["notify", "resolve"]
    assert "investigate" in case.open_tasks


def test_a_warning_stops_nothing(case: Any) -> None:
    assigned(case).message("clock-warning", clock="resolve", percent=50, due="2026-05-01")
    assert case.topics[-1] == "warn-unit"
    assert "investigate" in case.open_tasks


def test_a_new_calendar_computes_open_clocks_anew(case: Any) -> None:
    assigned(case).signal("calendar-changed")
    assert case.topics[-1] == "recompute-clocks"


def test_urgent_petitions_come_before_others(case: Any) -> None:
    case.hand_in(subject="safety")
    opened = [fact for fact in case.history if isinstance(fact, facts.UserTaskOpened)]
    assert opened[0].priority > 50


def test_user_tasks_are_due_when_their_clock_is(case: Any) -> None:
    replied(handled(assigned(case)))
    due = {fact.form_key: fact.due for fact in case.history if isinstance(fact, facts.UserTaskOpened)}
    assert {form for form, moment in due.items() if moment is None} == set()
