"""Handing in, numbering, finding and moving cases."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from bureau import CLERK, MING, ROADS, SUPERVISOR, WATER, Bureau

from engine.actors import Actor
from engine.errors import InvalidState, InvalidVariables, NotFound
from workflows.people import query_codes
from workflows.people.petitioners import Person
from workflows.register import cases, states
from workflows.register.case_lists import CaseQuery
from workflows.register.cases import Case, Totals
from workflows.time import clocks
from workflows.time.calendars import LOCAL


def test_cases_are_numbered_year_by_year_in_the_order_they_come(bureau: Bureau):
    numbers = [bureau.hand_in().case_number for _ in range(2)]
    bureau.wait_until("2027-01-01", "00:30")
    numbers.append(bureau.hand_in().case_number)
    assert numbers == ["PJ-2026-000001", "PJ-2026-000002", "PJ-2027-000001"]


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"claims": "  "}, "claims", "expected what the petition asks for, but it is empty"),
        ({"claims": "x" * 20_001}, "claims", "expected at most 20000 characters, but it has 20001"),
        ({"channel": "pigeon"}, "channel", "expected one of online, letter"),
        ({"place": "moon"}, "place", "expected one of north, south"),
        ({"subject": "stars"}, "subject", "but it is 'stars'"),
        ({"people": ()}, "name", "expected a name"),
        (
            {"people": (MING,) * 6, "channel": "visit"},
            "people",
            "expected at most 5 people for a group, but there are 6",
        ),
        ({"received_at": datetime(2026, 3, 3, tzinfo=LOCAL)}, "received_at", "expected a day that has come"),
    ],
)
def test_what_is_wrong_with_a_petition_is_said_field_by_field(bureau: Bureau, changes: dict, field: str, message: str):
    with pytest.raises(InvalidVariables) as refusal:
        bureau.hand_in(**changes)
    assert list(refusal.value.fields) == [field]
    assert message in refusal.value.fields[field]
    assert bureau.ask(cases.totals) == Totals(open=0, closed=0)


def test_a_petition_may_be_handed_in_without_a_name(bureau: Bureau):
    receipt = bureau.hand_in(people=(), anonymous=True)
    seen = bureau.variables(receipt.case_number)
    assert (seen["anonymous"], seen["identity_clear"], seen["petitioner_count"]) == (True, False, 1)


def test_an_identity_is_clear_with_name_and_address(bureau: Bureau):
    receipt = bureau.hand_in(people=(Person("Ming Example"), MING))
    assert bureau.variables(receipt.case_number)["identity_clear"] is False
    assert bureau.variables(receipt.case_number)["petitioner_count"] == 2


def test_cases_are_found_by_what_is_asked_and_paged_the_last_received_first(bureau: Bureau):
    days = [bureau.clock.now() - timedelta(days=days) for days in (3, 1, 2)]
    places = ("north", "south", "north")
    by_day = [bureau.hand_in(received_at=day, place=place) for day, place in zip(days, places, strict=True)]
    expected = [by_day[index].case_number for index in (1, 2, 0)]
    first = bureau.ask(lambda tx: cases.find(tx, CaseQuery(limit=2)))
    rest = bureau.ask(lambda tx: cases.find(tx, CaseQuery(limit=2, after=first[-1].case_number)))
    assert [case.case_number for case in (*first, *rest)] == expected
    for query, count in (
        (CaseQuery(place="north"), 2),
        (CaseQuery(subject="utilities"), 3),
        (CaseQuery(subject="health"), 0),
        (CaseQuery(state=states.RECEIVED, open=True), 3),
        (CaseQuery(open=False), 0),
        (CaseQuery(number=" pj-2026-000002 "), 1),
        (CaseQuery(unit="water"), 0),
        (CaseQuery(category="redress"), 0),
    ):
        assert bureau.ask(lambda tx, query=query: len(cases.find(tx, query))) == count


def test_every_way_to_narrow_a_list_leaves_the_cases_it_says_in_their_order_page_by_page(bureau: Bureau):
    for number in range(6):
        place, subject = ("north", "south")[number % 2], ("utilities", "transport", "housing")[number % 3]
        receipt = bureau.hand_in(
            place=place, subject=subject, received_at=bureau.clock.now() - timedelta(days=number % 4)
        )
        if number % 2:
            bureau.withdraw(receipt)
        else:
            bureau.register(receipt, place=place, subject=subject)
            if number % 4:
                bureau.route(receipt, co_units=("roads",))
    every = bureau.ask(lambda tx: cases.find(tx, CaseQuery()))
    assert [case.received_at for case in every] == sorted((case.received_at for case in every), reverse=True)
    choices = itertools.product(
        (None, "closed", "assigned"), (None, "roads"), (None, "transport"), (None, "north"), (None, True, False)
    )
    for state, unit, subject, place, is_open in choices:
        query = CaseQuery(state=state, unit=unit, subject=subject, place=place, open=is_open, limit=2)
        for actor in (CLERK, WATER, ROADS):
            seen = bureau.ask(lambda tx: cases.find(tx, CaseQuery()), actor)
            wanted = [case for case in seen if _fits(case, query)]
            assert _paged(bureau, query, actor) == wanted, (query, actor.id)


def _fits(case: Case, query: CaseQuery) -> bool:
    asked = {"state": query.state, "subject": query.subject, "place": query.place, "is_open": query.open}
    is_asked = all(value is None or getattr(case, name) == value for name, value in asked.items())
    return is_asked and (query.unit is None or query.unit in case.units)


def _paged(bureau: Bureau, query: CaseQuery, actor: Actor) -> list[Case]:
    found: list[Case] = []
    while page := bureau.ask(partial(cases.find, query=query), actor):
        found += page
        query = replace(query, after=page[-1].case_number)
    return found


def test_the_whole_register_is_told_in_numbers(bureau: Bureau):
    open_one, closed = bureau.hand_in(), bureau.hand_in()
    bureau.withdraw(closed)
    assert bureau.ask(cases.totals) == Totals(open=1, closed=1)
    bureau.wait(days=20)
    breached = bureau.ask(lambda tx: clocks.find_breached(tx), SUPERVISOR)
    assert [clock.case_number for clock in breached] == [open_one.case_number]
    assert bureau.ask(clocks.count_breached, SUPERVISOR) == 1


def test_a_case_goes_from_state_to_state_only_as_the_table_says(bureau: Bureau):
    number = bureau.hand_in().case_number
    with pytest.raises(InvalidState, match="Expected to bring to 'replied' case PJ-2026-000001, but it is 'received'"):
        bureau.do(lambda tx: cases.move(tx, number, states.REPLIED))
    with pytest.raises(NotFound):
        bureau.do(lambda tx: cases.move(tx, "PJ-2026-999999", states.CLOSED))


def test_every_state_leads_to_the_closed_one_and_the_closed_one_nowhere():
    assert all(states.CLOSED in targets for state, targets in states.TRANSITIONS.items() if state != states.CLOSED)
    assert not states.TRANSITIONS[states.CLOSED]
    assert states.NAMES.keys() == states.TRANSITIONS.keys()


def test_a_query_code_is_read_as_people_write_it():
    salt = query_codes.new_salt()
    digest = query_codes.digest("A0B1-C1D2-E3F4", salt)
    assert query_codes.matches("aobl ciD2 e3f4", salt, digest)
    assert not query_codes.matches("A0B1-C1D2-E3F5", salt, digest)


def test_no_two_query_codes_are_alike():
    assert len({query_codes.new_code() for _ in range(1000)}) == 1000
