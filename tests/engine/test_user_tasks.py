"""User tasks: who sees them in which order, and that one of two people completes one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from engine import instances, user_tasks
from engine.actors import Actor
from engine.errors import InvalidInput, InvalidState, InvalidVariables, NotFound, NotPermitted
from engine.user_tasks import UserTask, UserTaskQuery
from tests.engine.core.case import process
from tests.engine.world import ANNA, BEN, World

CLERKS = process(
    '<startEvent id="s"/><userTask id="u" name="Look" camunda:candidateGroups="clerks" camunda:dueDate="${due}"'
    ' camunda:priority="${priority}" camunda:formRef="look"/><endEvent id="e"/>',
    "s u e",
)


def queue(world: World, **query: object) -> list[str]:
    return [each.business_key for each in world.user_tasks(**query)]


def test_due_soonest_comes_first_then_the_higher_priority_and_what_has_no_due_date_last(world: World) -> None:
    world.deploy(CLERKS)
    for key, due, priority in [("none", None, 90), ("late", "P9D", 50), ("low", "P1D", 10), ("high", "P1D", 80)]:
        world.start(business_key=key, due=due, priority=priority)
    assert queue(world) == ["high", "low", "late", "none"]
    assert queue(world, candidate="anna", groups=frozenset({"clerks"})) == ["high", "low", "late", "none"]
    assert queue(world, groups=frozenset({"others"})) == []


def test_pages_follow_one_another_without_gap_or_repetition(world: World) -> None:
    world.deploy(CLERKS)
    for number in range(7):
        world.start(business_key=str(number), due=None if number % 3 == 0 else f"P{number % 3}D", priority=50)
    every = world.user_tasks()
    for query in ({}, {"groups": frozenset({"clerks"})}):
        seen: list[UserTask] = []
        while page := world.user_tasks(limit=3, after=seen[-1].id if seen else None, **query):
            seen.extend(page)
        assert seen == every


def test_one_who_is_candidate_twice_sees_a_user_task_once(world: World) -> None:
    both = 'camunda:candidateGroups="clerks,staff" camunda:candidateUsers="anna"'
    world.deploy(process(f'<startEvent id="s"/><userTask id="u" {both}/><endEvent id="e"/>', "s u e"))
    world.start()
    query = {"candidate": "anna", "groups": frozenset({"clerks", "staff"})}
    assert queue(world, **query) == ["case-1"]
    assert world.see(user_tasks.count, UserTaskQuery(**query)) == 1  # type: ignore[arg-type]


def test_a_user_task_tells_all_that_its_diagram_says(world: World) -> None:
    world.deploy(CLERKS)
    world.start(due="2026-05-01", priority=70)
    user_task = world.user_task("u")
    assert (user_task.name, user_task.definition_key, user_task.definition_id) == ("Look", "P", "P:1")
    assert (user_task.candidate_groups, user_task.priority, user_task.form_key) == (("clerks",), 70, "look")
    assert user_task.due is not None
    assert user_task.due.isoformat() == "2026-05-01T00:00:00+00:00"
    assert world.see(user_tasks.get, user_task.id) == user_task


def test_what_is_mine_is_what_i_claimed_until_i_give_it_back(world: World) -> None:
    world.deploy(CLERKS)
    world.start(due=None, priority=50)
    user_task = world.user_task("u")
    world.do(user_tasks.claim, user_task.id)
    world.do(user_tasks.claim, user_task.id)
    assert queue(world, assignee="anna") == ["case-1"]
    assert queue(world, groups=frozenset({"clerks"}), unassigned=True) == []
    with pytest.raises(InvalidState, match=r"Expected to claim user task .*, but it is already anna's"):
        world.do(user_tasks.claim, user_task.id, by=BEN)
    world.do(user_tasks.release, user_task.id)
    assert queue(world, groups=frozenset({"clerks"}), unassigned=True) == ["case-1"]
    world.do(user_tasks.assign, user_task.id, "ben")
    assert queue(world, assignee="ben") == ["case-1"]
    with pytest.raises(InvalidInput, match="name of whom"):
        world.do(user_tasks.assign, user_task.id, " ")


def test_a_form_sent_twice_is_refused_with_who_did_it_and_when(world: World) -> None:
    world.deploy(CLERKS)
    instance = world.start(due=None, priority=50)
    user_task = world.user_task("u")
    world.complete("u", by=BEN, verdict="yes")
    with pytest.raises(
        InvalidState, match=r"Expected to complete user task 1-\d+, but it was completed at 09:00 by ben"
    ):
        world.do(user_tasks.complete, user_task.id, {"verdict": "no"})
    assert world.incidents == []
    assert world.status(instance) == "completed"


def test_a_user_task_of_a_cancelled_case_is_refused_with_the_reason(world: World) -> None:
    world.deploy(CLERKS)
    instance = world.start(due=None, priority=50)
    user_task = world.user_task("u")
    world.cancel(instance, "the petition was withdrawn")
    world.clock.move(world.clock.now() - world.clock.now().replace(day=1))
    with pytest.raises(InvalidState, match=r"but it was cancelled .*at 09:00 because the petition was withdrawn"):
        world.do(user_tasks.complete, user_task.id)
    with pytest.raises(InvalidState, match="because the petition was withdrawn"):
        world.do(user_tasks.claim, user_task.id)
    assert world.open == []
    assert world.see(user_tasks.get, user_task.id).status == "cancelled"


def test_of_two_people_at_one_user_task_one_wins_and_the_other_reads_who(world: World) -> None:
    world.deploy(CLERKS)
    world.start(due=None, priority=50)
    user_task = world.user_task("u")
    outcomes: list[str] = []
    at_once = threading.Barrier(8)

    def complete(actor: Actor) -> None:
        at_once.wait()
        try:
            world.do(user_tasks.complete, user_task.id, {"by": actor.id}, by=actor)
            outcomes.append("won")
        except InvalidState as refused:
            outcomes.append(str(refused))

    threads = [threading.Thread(target=complete, args=[Actor(f"p{n}")]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = world.see(user_tasks.get, user_task.id).ended_by
    assert sorted(outcomes, key=len)[0] == "won"
    assert all(f"was completed at 09:00 by {winner}" in refused for refused in outcomes if refused != "won")
    assert outcomes.count("won") == 1


@pytest.mark.parametrize("wrong", ["", "1", "1-", "-1", "1-x", "9-9", "1-1", "１-２", "1-99999999999999999999"])
def test_what_is_no_user_task_is_not_found(world: World, wrong: str) -> None:
    world.deploy(CLERKS)
    world.start(due=None, priority=50)
    with pytest.raises(NotFound, match="user task"):
        world.do(user_tasks.complete, wrong)
    with pytest.raises(NotFound, match="user task"):
        world.see(user_tasks.get, wrong)


def test_values_that_are_no_json_are_refused_all_at_once(world: World) -> None:
    world.deploy(CLERKS)
    world.start(due=None, priority=50)
    with pytest.raises(InvalidVariables) as refused:
        world.complete("u", good=1, bad=object(), worse=float("nan"))
    assert set(refused.value.fields) == {"bad", "worse"}
    assert world.open == ["u"]


def test_who_may_not_is_told_so(make_world: Callable[..., World]) -> None:
    world = make_world(authorise=lambda actor, action, target: action != "complete" or actor == BEN)
    world.deploy(CLERKS)
    world.start(due=None, priority=50)
    with pytest.raises(NotPermitted, match="Expected someone who may complete 1-"):
        world.complete("u", by=ANNA)
    world.complete("u", by=BEN)


def test_ended_user_tasks_can_be_looked_through_too(world: World) -> None:
    world.deploy(CLERKS)
    first = world.start(business_key="a", due=None, priority=50)
    world.start(business_key="b", due=None, priority=50)
    world.complete("u")
    assert world.status(first) == "completed"
    assert queue(world, open=False) == ["a"]
    assert queue(world, open=False, after=world.user_tasks(open=False)[0].id) == []
    assert queue(world) == ["b"]


def test_a_list_is_bounded(world: World) -> None:
    with pytest.raises(InvalidInput, match="limit of 1 to 500, but it is 501"):
        world.user_tasks(limit=501)
    with pytest.raises(NotFound):
        world.user_tasks(after="7-7")


def test_lists_can_be_narrowed_to_a_case_or_a_process(world: World) -> None:
    world.deploy(CLERKS)
    world.deploy(other_bpmn=_other())
    world.start(business_key="a", due=None, priority=50)
    world.start("P_X", business_key="b")
    assert queue(world, business_key="b") == ["b"]
    assert queue(world, definition_key="P") == ["a"]
    assert queue(world, groups=frozenset({"clerks"}), definition_key="P_X") == ["b"]


def _other() -> bytes:
    from tests.engine.core.case import diagram

    body = '<startEvent id="s"/><userTask id="u" camunda:candidateGroups="clerks"/><endEvent id="e"/>'
    return diagram(process(body, "s u e", key="P_X"))


def test_the_second_person_of_a_parallel_pair_is_not_disturbed(world: World) -> None:
    body = (
        '<startEvent id="s"/><parallelGateway id="g"/><userTask id="a"/><userTask id="b"/>'
        '<parallelGateway id="j"/><endEvent id="e"/>'
    )
    world.deploy(process(body, "s g a j e", "g b j"))
    instance = world.start()
    world.complete("a", by=ANNA)
    world.complete("b", by=BEN)
    assert world.see(instances.get, instance.id).status == "completed"


def test_who_comes_second_reads_who_was_first_although_only_one_might(make_world: Callable[..., World]) -> None:
    """The rule of the house: what someone has claimed, nobody else may complete."""

    def only_the_assignee(actor: Actor, action: str, target: object) -> bool:
        return action != "complete" or getattr(target, "assignee", None) == actor.id

    world = make_world(authorise=only_the_assignee)
    world.deploy(CLERKS)
    world.start(due=None, priority=50)
    user_task = world.user_task("u")
    world.do(user_tasks.claim, user_task.id)
    world.complete("u")
    with pytest.raises(InvalidState, match="was completed at 09:00 by anna"):
        world.do(user_tasks.complete, user_task.id, by=BEN)


def test_a_deadline_that_moves_changes_the_order_of_the_queue_and_when_timers_fire(world: World) -> None:
    timer = "<timerEventDefinition><timeDate>${due}</timeDate></timerEventDefinition>"
    drawn = (
        '<startEvent id="s"/><userTask id="u" camunda:candidateGroups="clerks" camunda:dueDate="${due}"/>'
        f'<boundaryEvent id="b" attachedToRef="u">{timer}</boundaryEvent><endEvent id="e"/>'
    )
    world.deploy(process(drawn, "s u e", "b e"))
    first = world.start(business_key="first", due="2026-06-01T00:00:00+00:00")
    second = world.start(business_key="second", due="2026-06-02T00:00:00+00:00")
    old, new = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 9, tzinfo=UTC)
    world.do(instances.move_due_date, first.id, old, new)
    assert queue(world) == queue(world, groups=frozenset({"clerks"})) == ["second", "first"]
    assert world.variables(first)["due"] == new.isoformat()
    world.clock.move(datetime(2026, 6, 5, tzinfo=UTC) - world.clock.now())
    world.rest()
    assert (world.status(first), world.status(second)) == ("active", "completed")
    assert world.wrong() == []


@pytest.mark.parametrize(("interrupting", "then"), [("false", ["help", "u"]), ("true", ["help"])])
def test_a_user_task_that_is_escalated_stays_open_unless_that_ends_it(
    world: World, interrupting: str, then: list[str]
) -> None:
    body = (
        '<startEvent id="s"/><userTask id="u"/><endEvent id="e"/><userTask id="help"/>'
        f'<boundaryEvent id="b" attachedToRef="u" cancelActivity="{interrupting}">'
        '<escalationEventDefinition escalationRef="esc_c"/></boundaryEvent>'
    )
    world.deploy(process(body, "s u e", "b help"))
    instance = world.start()
    user_task = world.user_task("u")
    world.do(user_tasks.escalate, user_task.id, "D")
    assert world.open == ["u"]
    world.do(user_tasks.escalate, user_task.id, "C", {"why": "it is late"})
    assert sorted(world.open) == then
    assert world.variables(instance)["why"] == "it is late"
    assert world.wrong() == []
    if interrupting == "true":
        with pytest.raises(InvalidState, match=r"Expected to escalate user task 1-.*, but it was cancelled at 09:00"):
            world.do(user_tasks.escalate, user_task.id, "C")


def test_who_may_not_escalate_is_told_so(make_world: Callable[..., World]) -> None:
    world = make_world(authorise=lambda _actor, action, _target: action != "escalate")
    world.deploy(process('<startEvent id="s"/><userTask id="u"/>', "s u"))
    world.start()
    with pytest.raises(NotPermitted):
        world.do(user_tasks.escalate, world.user_task("u").id, "C")
