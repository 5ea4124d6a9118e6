"""A petition from the hand-in to the last word of its petitioner, as the people of an office drive it."""

from __future__ import annotations

import pytest
from bureau import CHECKER, CLERK, HOUSING, ROADS, WATER, WATER_HEAD, Bureau

from engine.errors import InvalidState, InvalidVariables, NotFound
from workflows.handling import extensions
from workflows.petitioning import supplements, withdrawals
from workflows.register import states
from workflows.register.cases import Receipt
from workflows.time.calendars import local_day

HANDLING = ["co-unit-opinion unit:housing", "co-unit-opinion unit:roads", "investigate unit:water"]


def test_a_dissatisfied_petitioner_is_answered_once_more_after_every_unit_has_looked_again(bureau: Bureau):
    receipt = bureau.hand_in()
    number = receipt.case_number
    assert bureau.names(number) == ["register intake-clerks"]
    bureau.register(receipt)
    assert bureau.names(number) == ["route petition-office"]
    bureau.route(receipt)
    assert bureau.names(number) == ["accept-assignment unit:water"]
    bureau.accept(receipt)
    assert bureau.names(number) == HANDLING

    bureau.complete(number, ROADS, "co-unit-opinion", opinion="The lane may be opened.")
    bureau.complete(number, WATER, "investigate", findings="Rust in the new pipe.")
    assert bureau.names(number) == ["co-unit-opinion unit:housing"], "nothing goes on without the second co-unit"
    bureau.complete(number, HOUSING, "co-unit-opinion", opinion="The houses are sound.")

    draft = {"outcome": "explain", "reply": "It is the season.", "legal_basis": "Section 1"}
    bureau.complete(number, WATER, "draft-reply", **draft)
    bureau.complete(number, CHECKER, "check-reply", check_verdict="back", check_remarks="Which section?")
    assert bureau.names(number) == ["draft-reply unit:water"], "sent back"
    bureau.complete(number, WATER, "draft-reply", **{**draft, "legal_basis": "Water Act, section 4"})
    bureau.complete(number, CHECKER, "check-reply", check_verdict="ok")
    bureau.complete(number, WATER_HEAD, "approve-reply", approval="approved")
    served = "It is the season.\n\nLegal basis: Water Act, section 4"
    assert bureau.follow(receipt).reply == served

    bureau.rate(receipt, "dissatisfied", "It is not the season.")
    bureau.complete(number, CLERK, "call-back", reached="yes", called_on="2026-03-02", call_back_notes="Called.")
    assert bureau.names(number) == HANDLING, "the second round asks every unit again"
    bureau.complete(number, WATER, "investigate", findings="The pipe it is.")
    bureau.complete(number, HOUSING, "co-unit-opinion", opinion="As before.")
    assert bureau.names(number) == ["co-unit-opinion unit:roads"], "the second round waits for both co-units"
    bureau.complete(number, ROADS, "co-unit-opinion", opinion="As before.")
    bureau.reply(receipt, "The pipe is laid anew.")

    bureau.rate(receipt, "satisfied")
    assert bureau.state(number) == states.CLOSED
    assert bureau.names(number) == []
    file = bureau.read(number)
    assert [(rating.round, rating.rating) for rating in file.ratings] == [(1, "dissatisfied"), (2, "satisfied")]
    assert {clock.state for clock in file.clocks} == {"stopped"}
    assert file.case.close_reason == "concluded"
    followed = bureau.follow(receipt)
    replies = [notice.words for notice in followed.notices if notice.kind == "reply"]
    assert replies == [served, followed.reply], "both replies can be read"
    assert followed.reply == "The pipe is laid anew.\n\nLegal basis: Water Act, section 4"
    asked = [notice.kind for notice in followed.notices if notice.kind.startswith("survey")]
    assert asked == ["survey", "survey-again"]
    assert bureau.problems() == []


def test_whoever_stays_dissatisfied_is_told_of_the_review_and_the_case_is_closed(bureau: Bureau):
    receipt = bureau.bring_to_handling()
    number = receipt.case_number
    for _ in range(2):
        bureau.investigate(receipt)
        bureau.reply(receipt)
        bureau.rate(receipt, "dissatisfied")
        if bureau.names(number):
            bureau.complete(number, CLERK, "call-back", reached="no", called_on="2026-03-02", call_back_notes="Nobody.")
    assert bureau.state(number) == states.CLOSED
    assert "You may ask for a review" in [notice.title for notice in bureau.follow(receipt).notices]


def test_a_withdrawal_in_the_middle_of_parallel_handling_leaves_nothing_open(bureau: Bureau):
    receipt = bureau.bring_to_handling()
    number = receipt.case_number
    bureau.complete(number, ROADS, "co-unit-opinion", opinion="The lane may be opened.")
    bureau.withdraw(receipt, "We have moved away.")
    assert bureau.names(number) == []
    assert bureau.state(number) == states.CLOSED
    file = bureau.read(number)
    assert file.case.close_reason == "withdrawn"
    assert {clock.state for clock in file.clocks} == {"stopped"}
    assert [notice.recipient for notice in file.notices if notice.kind == "withdrawn"] == [
        "unit:water",
        "unit:housing",
        "unit:roads",
    ]
    assert bureau.engine.next_due() is None, "no timer, no job and no clock is left"
    assert bureau.problems() == []


def test_a_petition_can_be_withdrawn_before_anybody_has_looked_at_it(bureau: Bureau):
    receipt = bureau.hand_in()
    bureau.withdraw(receipt)
    assert bureau.state(receipt.case_number) == states.CLOSED
    assert bureau.names(receipt.case_number) == []


def test_a_closed_petition_cannot_be_withdrawn(bureau: Bureau):
    receipt = bureau.hand_in()
    bureau.withdraw(receipt)
    with pytest.raises(InvalidState, match="Expected to withdraw case PJ-2026-000001, but it is closed"):
        bureau.withdraw(receipt)


def test_a_closed_petition_cannot_be_withdrawn_while_its_breach_is_still_looked_into(bureau: Bureau):
    receipt = bureau.hand_in()
    bureau.wait(days=20)
    bureau.register(receipt, intake_decision="refuse", refusal_ground="statutory-path", refusal_reason="In court.")
    with pytest.raises(InvalidState, match="but it is closed"):
        bureau.withdraw(receipt)
    assert bureau.names(receipt.case_number) == ["look-into-breach role:supervisor"]
    assert bureau.read(receipt.case_number).case.close_reason == "not_accepted"


def test_a_withdrawal_waits_for_the_petitioners_own_free_will(bureau: Bureau):
    receipt = bureau.hand_in()
    with pytest.raises(InvalidVariables, match="your own free will"):
        bureau.do(
            lambda tx: withdrawals.hand_in(tx, receipt.case_number, of_free_will=False), bureau.petitioner(receipt)
        )
    assert bureau.state(receipt.case_number) == states.RECEIVED


def test_a_refused_petition_is_closed_with_its_reason(bureau: Bureau):
    receipt = bureau.hand_in()
    bureau.register(
        receipt,
        intake_decision="refuse",
        refusal_ground="statutory-path",
        refusal_reason="A court has it already.",
    )
    case = bureau.follow(receipt)
    assert (case.state, case.close_reason) == (states.CLOSED, "not_accepted")
    (refusal,) = [notice for notice in case.notices if notice.kind == "refusal"]
    assert refusal.words == "A court has it already."


def test_what_is_missing_is_asked_for_and_handed_in_while_the_offices_time_stands_still(bureau: Bureau):
    receipt = bureau.hand_in()
    number = receipt.case_number
    bureau.register(receipt, intake_decision="supplement", missing="Which house?")
    assert bureau.clock_of(number, "notify").state == "paused"
    assert bureau.follow(receipt).may == {"supplement", "withdraw"}
    bureau.wait(days=10)
    bureau.do(lambda tx: supplements.hand_in(tx, number, "Number 3."), bureau.petitioner(receipt))
    assert bureau.names(number) == ["register intake-clerks"]
    assert bureau.due_on(number, "notify") == "2026-03-27", "15 days from 2 March, and 10 more"
    (register,) = bureau.open_tasks(number).values()
    assert str(local_day(register.due)) == "2026-03-27", "the clerk sees the new day"
    bureau.register(receipt)
    assert bureau.state(number) == states.REGISTERED


def test_a_supplement_that_never_comes_lapses_the_petition(bureau: Bureau):
    receipt = bureau.hand_in()
    bureau.register(receipt, intake_decision="supplement", missing="Which house?")
    bureau.wait_until("2026-03-17", "23:59")
    assert bureau.state(receipt.case_number) == states.AWAITING_SUPPLEMENT
    bureau.wait_until("2026-03-18")
    assert bureau.state(receipt.case_number) == states.CLOSED
    assert bureau.follow(receipt).close_reason == "not_accepted"
    with pytest.raises(InvalidState, match="does not wait for a supplement now"):
        bureau.do(lambda tx: supplements.hand_in(tx, receipt.case_number, "Number 3."), bureau.petitioner(receipt))


def test_a_survey_nobody_answers_lapses_and_the_case_is_closed_as_not_rated(bureau: Bureau):
    receipt = bureau.bring_to_handling()
    bureau.investigate(receipt)
    bureau.reply(receipt)
    assert bureau.follow(receipt).may == {"rate", "withdraw"}
    bureau.wait(days=16)
    assert bureau.state(receipt.case_number) == states.CLOSED
    assert [rating.rating for rating in bureau.read(receipt.case_number).ratings] == ["none"]
    with pytest.raises(InvalidState, match="does not ask for a rating now"):
        bureau.rate(receipt, "satisfied")


def _ask_for_more_time(bureau: Bureau, receipt: Receipt) -> None:
    bureau.do(lambda tx: extensions.request(tx, receipt.case_number, "The ground is frozen."), WATER)
    granted = {"extension_decision": "grant", "extension_remarks": "The ground is frozen until May."}
    bureau.complete(receipt.case_number, WATER_HEAD, "decide-extension", **granted)


@pytest.mark.parametrize(("days", "due_on"), [(59, "2026-05-31"), (60, "2026-05-31"), (61, "2026-05-01")])
def test_an_extension_is_granted_up_to_the_sixtieth_day(bureau: Bureau, days: int, due_on: str):
    receipt = bureau.bring_to_handling()
    number = receipt.case_number
    assert bureau.due_on(number, "resolve") == "2026-05-01"
    bureau.wait(days=days)
    _ask_for_more_time(bureau, receipt)
    assert bureau.due_on(number, "resolve") == due_on
    investigate = bureau.open_tasks(number)["investigate unit:water"]
    assert str(local_day(investigate.due)) == due_on, "who works on it sees the new day"
    told = [notice for notice in bureau.follow(receipt).notices if notice.kind == "extension"]
    assert [notice.words for notice in told] == (["The ground is frozen until May."] if days <= 60 else [])
    assert bureau.problems() == []


def test_time_is_extended_once_only(bureau: Bureau):
    receipt = bureau.bring_to_handling()
    _ask_for_more_time(bureau, receipt)
    _ask_for_more_time(bureau, receipt)
    assert bureau.due_on(receipt.case_number, "resolve") == "2026-05-31"
    kinds = [notice.kind for notice in bureau.read(receipt.case_number).notices]
    assert kinds.count("extension") == 1
    assert kinds.count("extension-refused") == 1


def test_more_time_is_asked_for_while_the_case_is_investigated_only(bureau: Bureau):
    receipt = bureau.hand_in()
    bureau.register(receipt)
    bureau.route(receipt)
    with pytest.raises(InvalidState, match="is not being investigated"):
        bureau.do(lambda tx: extensions.request(tx, receipt.case_number, "Frozen."), WATER)


def test_an_objection_on_the_fifth_working_day_across_a_public_holiday_is_in_time(bureau: Bureau):
    bureau.wait_until("2026-09-29")
    receipt = bureau.hand_in()
    number = receipt.case_number
    bureau.register(receipt)
    bureau.route(receipt)
    assert bureau.due_on(number, "objection") == "2026-10-12", "1 to 7 October are off, Saturday the 10th is worked"
    bureau.wait_until("2026-10-12", "17:00")
    bureau.complete(
        number, WATER, "accept-assignment", assignment_decision="object", objection_reason="The pipe is the roads'."
    )
    assert bureau.names(number) == ["decide-objection petition-office"]
    bureau.complete(number, CLERK, "decide-objection", objection_decision="upheld", objection_ruling="So it is.")
    bureau.route(receipt, lead="roads", co_units=["housing"])
    assert bureau.names(number) == ["accept-assignment unit:roads"]
    with pytest.raises(NotFound):
        bureau.read(number, WATER)


def test_a_unit_that_says_nothing_until_the_sixth_working_day_has_accepted(bureau: Bureau):
    bureau.wait_until("2026-09-29")
    receipt = bureau.hand_in()
    bureau.register(receipt)
    bureau.route(receipt)
    bureau.wait_until("2026-10-13")
    assert bureau.names(receipt.case_number) == HANDLING
    assert bureau.state(receipt.case_number) == states.HANDLING


def test_one_petition_is_due_on_different_days_by_the_rules_of_different_jurisdictions(bureau: Bureau):
    due = {}
    for profile in ("cn-2022", "zhejiang-2016"):
        receipt = bureau.hand_in(jurisdiction_profile=profile)
        notify = bureau.due_on(receipt.case_number, "notify")
        bureau.register(receipt)
        bureau.route(receipt)
        bureau.accept(receipt)
        due[profile] = (notify, bureau.due_on(receipt.case_number, "resolve"))
    assert due == {
        "cn-2022": ("2026-03-17", "2026-05-01"),
        "zhejiang-2016": ("2026-03-09", "2026-04-01"),
    }


def test_a_late_co_unit_is_reminded_and_still_waited_for(bureau: Bureau):
    receipt = bureau.bring_to_handling()
    number = receipt.case_number
    bureau.complete(number, ROADS, "co-unit-opinion", opinion="The lane may be opened.")
    bureau.wait(days=31)
    late = [notice.recipient for notice in bureau.read(number).notices if notice.kind == "opinion-late"]
    assert late == ["unit:housing"]
    assert bureau.names(number) == ["co-unit-opinion unit:housing", "investigate unit:water"]


def test_the_office_is_warned_as_its_time_runs_out_and_a_breach_is_looked_into(bureau: Bureau):
    receipt = bureau.hand_in()
    number = receipt.case_number
    bureau.wait(days=20)
    notices = bureau.read(number).notices
    assert [notice.title for notice in notices if notice.kind == "clock-warning"] == [
        "50 % of the time is used",
        "80 % of the time is used",
        "100 % of the time is used",
    ]
    assert [notice.recipient for notice in notices if notice.kind == "clock-breached"] == [
        "unit:petition-office",
        "role:supervisor",
    ]
    assert bureau.names(number) == ["look-into-breach role:supervisor", "register intake-clerks"]
    assert bureau.clock_of(number, "notify").breached_at is not None
    bureau.wait(days=300)
    assert len(bureau.read(number).notices) == len(notices), "a breach is said once"


def test_what_a_person_wrote_or_is_called_is_in_no_variable_and_no_journal(bureau: Bureau):
    receipt = bureau.bring_to_handling()
    bureau.investigate(receipt)
    bureau.reply(receipt)
    bureau.rate(receipt, "dissatisfied", "Ming Example is not content with the brown water.")
    journal = bureau.journal_text()
    assert receipt.case_number in journal
    for words in (
        "Ming",
        "Example",
        "0579-1234567",
        "Well Lane",
        "brown",
        "Rust",
        "rust",
        "pipe",
        "Nothing stands",
        "section 4",
    ):
        assert words not in journal
    assert receipt.query_code not in journal
