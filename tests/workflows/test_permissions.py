"""Who may do what, and that lists and single cases agree about it."""

from __future__ import annotations

import pytest
from bureau import CHECKER, CLERK, HOUSING, ROADS, SUPERVISOR, WATER, WATER_HEAD, Bureau, staff

from engine import user_tasks
from engine.actors import SYSTEM, Actor
from engine.errors import NotFound, NotPermitted
from engine.user_tasks import UserTask, UserTaskQuery
from workflows import permissions
from workflows.handling import extensions
from workflows.permissions import PUBLIC
from workflows.petitioning import ratings
from workflows.petitioning.ratings import Rating
from workflows.reading import case_files
from workflows.register import cases
from workflows.register.case_lists import CaseQuery

DESIGNER = Actor("designer", frozenset({"role:designer"}))
FINANCE = staff("finance", "unit:finance")
EVERYBODY = (CLERK, WATER, WATER_HEAD, ROADS, HOUSING, CHECKER, SUPERVISOR, DESIGNER, FINANCE, PUBLIC, SYSTEM)


def test_whoever_finds_a_case_in_a_list_may_read_it_and_nobody_else(bureau: Bureau):
    handled = bureau.bring_to_handling()
    fresh = bureau.hand_in()
    every = bureau.ask(lambda tx: cases.find(tx, CaseQuery()))
    assert {case.case_number for case in every} == {handled.case_number, fresh.case_number}
    for actor in (*EVERYBODY, bureau.petitioner(handled)):
        found = bureau.ask(lambda tx: cases.find(tx, CaseQuery()), actor)
        wanted = "follow" if actor.id.startswith("petitioner") else "read"
        assert list(found) == [case for case in every if permissions.decide(actor, wanted, case)], actor.id


def test_a_unit_sees_the_cases_it_leads_or_is_asked_about_and_no_others(bureau: Bureau):
    receipt = bureau.bring_to_handling()
    bureau.hand_in()
    for actor, count in ((WATER, 1), (ROADS, 1), (HOUSING, 1), (FINANCE, 0), (PUBLIC, 0), (DESIGNER, 0), (CLERK, 2)):
        assert len(bureau.ask(lambda tx: cases.find(tx, CaseQuery()), actor)) == count
    with pytest.raises(NotFound, match="Expected to find case 'PJ-2026-000001', but there is none"):
        bureau.ask(lambda tx: cases.get(tx, receipt.case_number), FINANCE)


def test_a_petitioner_sees_their_own_case_alone(bureau: Bureau):
    mine, other = bureau.hand_in(), bureau.hand_in()
    me = bureau.petitioner(mine)
    assert [case.case_number for case in bureau.ask(lambda tx: cases.find(tx, CaseQuery()), me)] == [mine.case_number]
    with pytest.raises(NotPermitted):  # opinions, findings and drafts are the office's
        bureau.do(lambda tx: case_files.read(tx, mine.case_number, "inquiry"), me)
    with pytest.raises(NotFound):
        bureau.do(lambda tx: ratings.give(tx, other.case_number, Rating("satisfied")), me)


def test_nobody_rates_for_the_petitioner(bureau: Bureau):
    receipt = bureau.bring_to_handling()
    for actor in (CLERK, WATER, SUPERVISOR):
        with pytest.raises(NotPermitted):
            bureau.do(lambda tx: ratings.give(tx, receipt.case_number, Rating("satisfied")), actor)


def test_the_lead_unit_alone_asks_for_more_time(bureau: Bureau):
    receipt = bureau.bring_to_handling()
    for actor in (ROADS, CLERK):
        with pytest.raises(NotPermitted):
            bureau.do(lambda tx: extensions.request(tx, receipt.case_number, "Frozen."), actor)


def _user_task(**changes: object) -> UserTask:
    values = dict.fromkeys(UserTask.__dataclass_fields__)
    values |= {"assignee": None, "candidate_users": (), "candidate_groups": ("unit:water",)}
    return UserTask(**{**values, **changes})


@pytest.mark.parametrize(
    ("actor", "assignee", "may"),
    [
        (WATER, None, {"read", "complete", "escalate", "claim"}),
        (WATER, "water", {"read", "complete", "escalate", "claim", "release"}),
        (WATER, "water-head", {"read", "claim"}),
        (ROADS, None, set()),
        (SUPERVISOR, "water", {"read", "release", "assign"}),
        (DESIGNER, None, set()),
        (PUBLIC, None, set()),
    ],
)
def test_what_a_page_offers_for_a_user_task_is_what_its_commands_permit(actor: Actor, assignee: str | None, may: set):
    assert permissions.actions(actor, _user_task(assignee=assignee)) == may


def test_a_user_task_that_names_no_candidates_is_any_caseworkers():
    free = _user_task(candidate_groups=())
    assert permissions.decide(FINANCE, "complete", free)
    assert not permissions.decide(DESIGNER, "complete", free)


@pytest.mark.parametrize(
    ("actor", "query", "may"),
    [
        (WATER, UserTaskQuery(assignee="water"), True),
        (WATER, UserTaskQuery(candidate="water", groups=frozenset({"unit:water"})), True),
        (WATER, UserTaskQuery(groups=frozenset({"unit:roads"})), False),
        (WATER, UserTaskQuery(candidate="roads"), False),
        (WATER, UserTaskQuery(assignee="roads"), False),
        (WATER, UserTaskQuery(), False),
        (WATER, UserTaskQuery(business_key="PJ-2026-000001"), False),
        (CLERK, UserTaskQuery(), True),
        (SUPERVISOR, UserTaskQuery(assignee="water"), True),
    ],
)
def test_people_list_their_own_user_tasks(bureau: Bureau, actor: Actor, query: UserTaskQuery, may: bool):
    assert permissions.decide(actor, "list user tasks", query) is may
    if not may:
        with pytest.raises(NotPermitted):
            bureau.ask(lambda tx: user_tasks.find(tx, query), actor)


@pytest.mark.parametrize(
    ("action", "target", "who"),
    [
        ("deploy", "deployment", {"designer"}),
        ("move", "clock", {"supervisor"}),
        ("list", "incidents", {"supervisor"}),
        ("send", "message:withdrawal", {"supervisor"}),
        ("enter", "calendar", {"supervisor"}),
        ("import", "petitions", {"supervisor", "clerk"}),
        ("fly", "to the moon", set()),
    ],
)
def test_what_has_no_rule_is_refused_and_what_has_one_is_for_its_people(action: str, target: str, who: set):
    may = {actor.id for actor in EVERYBODY if permissions.decide(actor, action, target)}
    assert may - {"system"} == who
    assert "system" in may
