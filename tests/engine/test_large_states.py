"""States that are too large for one row: what a step reads and writes does not grow with all else that is alive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine import external, incidents, instances, jobs, journal, migration, modification, suspension, user_tasks
from engine.core import parts
from engine.core.commands import CancelToken, StartBefore
from engine.core.facts import ProcessMigrated
from engine.core.parts import join
from engine.errors import InvalidState
from engine.instances import Instance
from engine.store import states
from engine.store.tables import process_instances, state_parts
from engine.user_tasks import UserTask, UserTaskQuery
from tests.engine.core.case import COMPENSATE, END, START, boundary, condition, process, scope, timer
from tests.engine.world import World

ITEMS = list(range(7))
OUTPUT = '<loopDataOutputRef>opinions</loopDataOutputRef><outputDataItem id="o" name="opinion"/>'


def marker(attributes: str = "", inside: str = "") -> str:
    return (
        '<multiInstanceLoopCharacteristics camunda:collection="units" camunda:elementVariable="unit" '
        f"{attributes}>{inside}</multiInstanceLoopCharacteristics>"
    )


def asked(attributes: str = "", inside: str = OUTPUT, beside: str = "", *paths: str) -> str:
    """A user task for each unit, then another one."""
    task = f'<userTask id="ask" camunda:candidateGroups="clerks">{marker(attributes, inside)}</userTask>'
    return process(START + task + beside + '<userTask id="after"/>' + END, "s ask after e", *paths)


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two items in a part, from three on; and variables apart that are more than a few words."""
    for name, least in (("MANY", 3), ("EACH", 2), ("LONG", 300), ("LARGE", 100)):
        monkeypatch.setattr(parts, name, least)


def rows(world: World) -> int:
    """How many parts are stored."""
    with world.engine.database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(state_parts)).scalar_one())


def complete(world: World, user_task: UserTask, **variables: Any) -> None:
    world.do(user_tasks.complete, user_task.id, variables)


def open_at(world: World, element_id: str) -> list[UserTask]:
    return sorted(
        (each for each in world.user_tasks() if each.element_id == element_id), key=lambda each: each.token_id
    )


# What it is for


class Traffic:
    """What was read and written of states, in characters, and how many statements there were."""

    def __init__(self) -> None:
        self.read = self.written = self.statements = 0


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Traffic]:
    traffic = Traffic()

    def reading(rest: str, texts: Any) -> Any:
        traffic.read = len(rest) + sum(map(len, texts.values()))
        return join(rest, texts)

    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        traffic.statements += 1
        if statement.startswith(("UPDATE process_instances", "INSERT INTO state_parts")):
            traffic.written += len(str(parameters))

    sa.event.listen(sa.Engine, "before_cursor_execute", listen)
    with monkeypatch.context() as patch:
        patch.setattr(states, "join", reading)
        yield traffic
    sa.event.remove(sa.Engine, "before_cursor_execute", listen)


def traffic_of_a_completion(world: World, monkeypatch: pytest.MonkeyPatch, count: int) -> Traffic:
    instance = world.start(units=[{"unit": number, "name": f"unit {number % 9}"} for number in range(count)])
    query = UserTaskQuery(business_key=instance.business_key, limit=60)
    complete(world, world.see(user_tasks.find, query)[0], opinion="yes")
    following = world.see(user_tasks.find, query)[0]
    with counted(monkeypatch) as traffic:
        complete(world, following, opinion="no")
    world.cancel(instance, "it was enough")
    return traffic


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_item_among_ten_thousand_reads_and_writes_what_one_among_a_thousand_does(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.deploy(asked())
    few, many = (traffic_of_a_completion(world, monkeypatch, count) for count in (1_000, 10_000))
    assert few.read > 5_000
    assert few.written > 5_000
    # Ids and indices have a digit more.
    assert many.read < 1.1 * few.read < 30_000
    assert many.written < 1.1 * few.written < 30_000
    # One more to find the part, one more to write it, and BEGIN.
    assert many.statements == few.statements <= 9
    assert rows(world) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_small_state_stays_in_its_row(world: World) -> None:
    world.deploy(asked())
    world.start(units=list(range(parts.MANY - 1)))
    assert rows(world) == 0


# What it must not change


@pytest.fixture
def asking(world: World, in_parts: None) -> World:
    world.deploy(asked())
    world.start(units=ITEMS, note="a long story " * 20)
    return world


def test_results_keep_the_order_of_the_items_whatever_the_order_of_completion(asking: World) -> None:
    assert rows(asking) == 4 + 1, "four parts of items, and a large variable"
    tasks = open_at(asking, "ask")
    for number in (6, 0, 3, 5, 1, 4, 2):
        complete(asking, tasks[number], opinion=f"opinion {number}")
        assert asking.wrong() == []
    assert asking.open == ["after"]
    assert rows(asking) == 1
    instance = asking.see(instances.get, 1)
    assert asking.variables(instance)["opinions"] == [f"opinion {number}" for number in ITEMS]
    assert asking.variables(instance)["note"].startswith("a long story")
    asking.complete("after")
    assert (asking.status(instance), rows(asking)) == ("completed", 0)
    assert asking.wrong() == []


def test_a_journal_leads_to_what_is_in_the_parts_on_any_day(asking: World) -> None:
    complete(asking, open_at(asking, "ask")[4], opinion="no")
    assert asking.see(journal.replay, 1).to_json() == asking.see(instances.state, 1).to_json()
    assert len(asking.see(journal.replay, 1, until=1).tokens) == 2 + len(ITEMS)


def test_items_are_claimed_completed_and_refused_like_any_other_work(asking: World) -> None:
    first, second = open_at(asking, "ask")[:2]
    asking.do(user_tasks.claim, second.id)
    complete(asking, first, opinion="yes")
    with pytest.raises(InvalidState, match="completed"):
        complete(asking, first, opinion="no")
    assert [each.assignee for each in open_at(asking, "ask")] == ["anna", *[None] * 5]
    assert asking.wrong() == []


def test_one_after_the_other_goes_from_part_to_part(world: World, in_parts: None) -> None:
    world.deploy(asked('isSequential="true"'))
    instance = world.start(units=ITEMS)
    for number in ITEMS:
        [task] = open_at(world, "ask")
        assert world.see(instances.variables, 1, task.token_id)["unit"] == number
        complete(world, task, opinion=number)
        assert world.wrong() == []
    assert world.variables(instance)["opinions"] == ITEMS
    assert rows(world) == 0


def test_a_boundary_timer_ends_every_item(world: World, in_parts: None) -> None:
    beside = boundary("late", "ask", timer("PT1H")) + '<userTask id="missed"/><endEvent id="e2"/>'
    world.deploy(asked("", OUTPUT, beside, "late missed e2"))
    world.start(units=ITEMS)
    complete(world, open_at(world, "ask")[2])
    world.advance(hours=2)
    assert (world.open, rows(world)) == (["missed"], 0)
    assert world.wrong() == []


def test_a_completion_condition_that_holds_ends_the_other_items(world: World, in_parts: None) -> None:
    enough = "<completionCondition>nrOfCompletedInstances == 2 and nrOfActiveInstances == 5</completionCondition>"
    world.deploy(asked("", OUTPUT + enough))
    instance = world.start(units=ITEMS)
    tasks = open_at(world, "ask")
    complete(world, tasks[6], opinion="last")
    complete(world, tasks[1], opinion="second")
    assert (world.open, rows(world)) == (["after"], 0)
    assert world.variables(instance)["opinions"] == ["second", "last"]
    assert world.wrong() == []


def test_an_item_has_waits_of_its_own(world: World, in_parts: None) -> None:
    inside = (
        '<startEvent id="is"/><userTask id="ask"/>'
        + boundary("late", "ask", timer("PT${unit + 1}H"))
        + '<receiveTask id="r" messageRef="msg_m"><extensionElements><camunda:properties>'
        '<camunda:property name="correlationKey" value="${unit}"/></camunda:properties></extensionElements>'
        '</receiveTask><endEvent id="ie"/><endEvent id="le"/>'
    )
    subprocess = scope("sub", marker() + inside, "is ask r ie", "late le")
    world.deploy(process(START + subprocess + '<userTask id="after"/>' + END, "s sub after e"))
    world.start(units=ITEMS)
    world.advance(minutes=61)
    assert len(open_at(world, "ask")) == 6
    complete(world, open_at(world, "ask")[3])
    assert world.wrong() == []
    world.message("m", "4")
    assert len(open_at(world, "ask")) == 5
    world.advance(hours=9)
    assert (world.open, rows(world), world.wrong()) == (["after"], 0, [])


def test_items_inside_of_items_are_in_parts_of_parts(world: World, in_parts: None) -> None:
    inner = marker().replace('"units"', '"names"').replace('"unit"', '"name"')
    inside = f'<startEvent id="is"/><userTask id="ask">{inner}</userTask><endEvent id="ie"/>'
    subprocess = scope("sub", marker() + inside, "is ask ie")
    world.deploy(process(START + subprocess + '<userTask id="after"/>' + END, "s sub after e"))
    world.start(units=[1, 2, 3], names=["a", "b", "c", "d"])
    assert rows(world) == 2 + 3 * 2
    assert len(world.user_tasks()) == 12
    for turn in (3, 7, 0, 5, 2, 2, 4, 0, 1, 2, 0, 0):
        complete(world, open_at(world, "ask")[turn % len(open_at(world, "ask"))])
        assert world.wrong() == []
    assert (world.open, rows(world)) == (["after"], 0)


def test_a_process_is_called_for_each_item(world: World, in_parts: None) -> None:
    call = (
        '<callActivity id="call" calledElement="Q"><extensionElements><camunda:in source="unit" target="unit"/>'
        f'<camunda:out source="said" target="opinion"/></extensionElements>{marker(inside=OUTPUT)}</callActivity>'
    )
    called = process('<startEvent id="qs"/><userTask id="ask"/><endEvent id="qe"/>', "qs ask qe", key="Q")
    world.deploy(process(START + call + '<userTask id="after"/>' + END, "s call after e"), called)
    instance = world.start(units=ITEMS)
    for number in (5, 1, 4, 3, 0, 1, 0):
        task = open_at(world, "ask")[number]
        complete(world, task, said=world.see(instances.variables, 1, task.token_id)["unit"] * 10)
        assert world.wrong() == []
    assert world.variables(instance)["opinions"] == [number * 10 for number in ITEMS]
    assert rows(world) == 0


def test_what_was_done_for_items_is_undone_the_last_first(world: World, in_parts: None) -> None:
    inside = (
        f'<startEvent id="is"/><userTask id="ask">{marker()}</userTask>'
        + boundary("undo", "ask", COMPENSATE)
        + '<userTask id="back" isForCompensation="true"/><association id="a" sourceRef="undo" targetRef="back"/>'
        '<endEvent id="ie"><compensateEventDefinition/></endEvent>'
    )
    world.deploy(process(START + scope("sub", inside, "is ask ie") + END, "s sub e"))
    instance = world.start(units=ITEMS)
    tasks = open_at(world, "ask")
    order = (6, 0, 3, 5, 1, 4, 2)
    for number in order:
        complete(world, tasks[number])
        assert world.wrong() == []
    undone = []
    while world.open:
        [task] = open_at(world, "back")
        undone.append(world.see(instances.variables, 1, task.token_id)["unit"])
        complete(world, task)
        assert world.wrong() == []
    assert undone == list(reversed(order))
    assert (world.status(instance), rows(world)) == ("completed", 0)


def test_a_condition_inside_of_an_item_comes_whatever_makes_it_hold(world: World, in_parts: None) -> None:
    inside = '<startEvent id="is"/><userTask id="ask"/>' + boundary("hot", "ask", condition("${heat == unit}"))
    subprocess = scope("sub", marker() + inside + '<endEvent id="ie"/><endEvent id="he"/>', "is ask ie", "hot he")
    world.deploy(process(START + subprocess + '<userTask id="after"/>' + END, "s sub after e"))
    instance = world.start(units=ITEMS, heat=-1)
    world.do(instances.set_variables, instance.id, {"heat": 5})
    assert len(open_at(world, "ask")) == 6
    complete(world, open_at(world, "ask")[0], heat=3)
    assert len(open_at(world, "ask")) == 4
    assert world.wrong() == []


def test_a_complex_gateway_inside_of_an_item_sees_what_is_set_outside(world: World, in_parts: None) -> None:
    inside = (
        '<startEvent id="is"/><parallelGateway id="f"/><userTask id="ask"/><userTask id="other"/>'
        '<complexGateway id="j"><activationCondition>activationCount &gt;= enough</activationCondition></complexGateway>'
        '<userTask id="joined"/><endEvent id="ie"/>'
    )
    subprocess = scope("sub", marker() + inside, "is f ask j joined ie", "f other j")
    world.deploy(process(START + subprocess + END, "s sub e"))
    instance = world.start(units=ITEMS, enough=2)
    complete(world, open_at(world, "ask")[5])
    assert open_at(world, "joined") == []
    world.do(instances.set_variables, instance.id, {"enough": 1})
    assert len(open_at(world, "joined")) == 1
    assert world.wrong() == []


def test_an_expression_and_a_script_see_a_large_variable(world: World, in_parts: None) -> None:
    script = '<scriptTask id="x"><script>words = words + [length]; length = len(words)</script></scriptTask>'
    gateway = '<exclusiveGateway id="g"/><userTask id="many"/><endEvent id="e2"/>'
    body = START + '<userTask id="first"/>' + script + gateway + END
    conditions = {"g-many": "${len(words) &gt; 50}", "g-e": "${len(words) &lt;= 50}"}
    world.deploy(process(body, "s first x g e", "g many e2", conditions=conditions))
    instance = world.start(words=["word"] * 50, length=0)
    assert rows(world) == 1
    world.complete("first")
    assert (world.open, world.incidents, world.wrong()) == (["many"], [], [])
    assert world.variables(instance)["words"] == [*["word"] * 50, 0]
    world.complete("many")
    assert (rows(world), world.wrong()) == (0, [])


# Work that is done by itself


def served(topic: str) -> str:
    task = (
        f'<serviceTask id="job" camunda:type="external" camunda:topic="{topic}">{marker(inside=OUTPUT)}</serviceTask>'
    )
    return process(START + task + '<userTask id="after"/>' + END, "s job after e")


def test_a_handler_sees_its_item_and_what_is_around(make_world: Callable[..., World], in_parts: None) -> None:
    def work(*, unit: int, note: str) -> dict[str, Any]:
        return {"opinion": f"{unit} {note[:6]}"}

    world = make_world(handlers={"work": work})
    world.deploy(served("work"))
    instance = world.start(units=ITEMS, note="a long story " * 20)
    assert rows(world) == 5
    world.rest()
    assert world.variables(instance)["opinions"] == [f"{number} a long" for number in ITEMS]
    assert (world.open, rows(world), world.wrong()) == (["after"], 1, [])


def test_an_external_worker_sees_its_item(make_world: Callable[..., World], in_parts: None) -> None:
    world = make_world(external_topics=("scan",))
    world.deploy(served("scan"))
    instance = world.start(units=ITEMS, note="a long story " * 20)
    fetched = world.do(external.fetch_and_lock, "w", ["scan"], limit=10)
    assert [each.variables["unit"] for each in fetched] == ITEMS
    assert {each.variables["note"] for each in fetched} == {"a long story " * 20}
    for each in reversed(fetched):
        world.do(external.complete, each.id, {"opinion": each.variables["unit"]})
    assert world.variables(instance)["opinions"] == ITEMS
    assert world.wrong() == []


def test_what_is_looked_at_without_a_lock_is_of_one_moment(asking: World) -> None:
    """On PostgreSQL others may write between the reading of the rest and that of a part."""
    with asking.engine.database.read() as connection:
        before = connection.execute(sa.select(process_instances.c.state)).scalar_one()
    first, *others = open_at(asking, "ask")
    complete(asking, first, opinion="yes")
    seen = asking.see(instances.seen_from, 1, before, others[0].token_id)
    assert (seen["unit"], seen["note"][:6]) == (1, "a long")
    with asking.engine.database.read() as connection:
        whole = states.glance(connection, 1, before, lambda rest: states.whole(connection, 1, rest))
    assert whole == asking.see(instances.state, 1)
    for task in others:
        complete(asking, task)
    assert asking.see(instances.seen_from, 1, before, others[0].token_id) == {}
    asking.complete("after")
    assert asking.see(instances.seen_from, 1, before, others[0].token_id) == {}


def test_an_incident_of_an_item_is_explained_and_retried(make_world: Callable[..., World], in_parts: None) -> None:
    def work(*, unit: int, parts: int) -> dict[str, Any]:
        return {"opinion": unit / parts}

    world = make_world(handlers={"work": work})
    world.deploy(served("work"))
    instance = world.start(units=ITEMS, parts=0, note="a long story " * 20)
    for _ in range(3):
        world.rest()
        world.advance(hours=1)
    assert len(world.incidents) == len(ITEMS)
    third = sorted(world.incidents, key=lambda each: each.token_id)[2]
    assert world.see(incidents.circumstances, third.id).variables["unit"] == 2
    world.do(incidents.retry, third.id, {"parts": 2})
    world.rest()
    assert len(world.incidents) == len(ITEMS) - 1
    for each in world.incidents:
        world.retry(each)
    world.rest()
    assert world.variables(instance)["opinions"] == [number / 2 for number in ITEMS]
    assert world.wrong() == []


def test_a_job_of_an_item_that_is_over_is_refused(make_world: Callable[..., World], in_parts: None) -> None:
    world = make_world(handlers={"work": lambda *, unit: {"opinion": unit}})
    world.deploy(served("work"))
    instance = world.start(units=ITEMS)
    token_id = max(world.see(instances.state, instance.id).tokens)
    world.do(modification.modify, instance.id, [CancelToken(token_id)], "nobody needs it")
    with pytest.raises(InvalidState, match="nobody needs it"):
        world.do(jobs.complete, instance.id, token_id, {})
    world.rest()
    assert (world.open, world.wrong()) == (["after"], [])


# What people do to it


def test_it_is_suspended_mended_and_resumed(asking: World) -> None:
    asking.do(suspension.suspend, 1, "wait")
    state = asking.see(instances.state, 1)
    body = next(each.id for each in state.tokens.values() if each.items is not None)
    last = max(state.tokens)
    instructions = [CancelToken(last), StartBefore("ask", body, {"unit": 77}), StartBefore("ask", body, {"unit": 78})]
    asking.do(modification.modify, 1, instructions, "it is another one")
    asking.do(suspension.resume, 1, "go on")
    assert asking.wrong() == []
    tasks = open_at(asking, "ask")
    units = [asking.see(instances.variables, 1, each.token_id)["unit"] for each in tasks]
    assert units == [*ITEMS[:-1], 77, 78]
    for task, unit in zip(tasks, units, strict=True):
        complete(asking, task, opinion=unit)
    assert asking.variables(asking.see(instances.get, 1))["opinions"] == units
    assert (rows(asking), asking.wrong()) == (1, [])


def test_it_is_moved_to_another_version(asking: World) -> None:
    complete(asking, open_at(asking, "ask")[3], opinion="before")
    asking.deploy(
        asked().replace('"ask"', '"inquire"').replace("s-ask", "s-inquire").replace("ask-after", "inquire-after")
    )
    plan = asking.see(migration.propose, "P:1", "P:2")
    plan = migration.Plan(plan.source, plan.target, {**plan.elements, "ask": "inquire"}, plan.renewed)
    assert asking.see(migration.check, plan, [1]) == migration.Check((), {})
    before = asking.see(instances.state, 1)
    assert [type(fact) for fact in asking.see(migration.rehearse, plan, 1)] == [ProcessMigrated]
    assert asking.see(instances.state, 1) == before
    asking.do(migration.migrate, plan, 1, "it is called otherwise")
    assert asking.wrong() == []
    for task in open_at(asking, "inquire"):
        complete(asking, task, opinion="after")
    assert asking.variables(asking.see(instances.get, 1))["opinions"] == [*["after"] * 3, "before", *["after"] * 3]
    assert asking.wrong() == []


def test_it_is_cancelled_with_all_its_parts(asking: World) -> None:
    instance: Instance = asking.see(instances.get, 1)
    asking.cancel(instance, "it was withdrawn")
    assert (asking.status(instance), asking.open, rows(asking), asking.wrong()) == ("cancelled", [], 0, [])


def test_a_deadline_moves_for_every_item(world: World, in_parts: None) -> None:
    world.deploy(asked().replace("<userTask id", '<userTask camunda:dueDate="${due}" id', 1))
    due = world.clock.now() + timedelta(days=3)
    world.start(units=ITEMS, due=due.isoformat())
    world.do(instances.move_due_date, 1, due, due + timedelta(days=4))
    assert {each.due for each in open_at(world, "ask")} == {due + timedelta(days=4)}
    assert world.wrong() == []


# Databases of before, and what is broken


def test_a_large_state_of_before_goes_into_parts_when_it_is_written_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.deploy(asked())
    world.start(units=ITEMS)
    assert rows(world) == 0
    monkeypatch.setattr(parts, "MANY", 3)
    monkeypatch.setattr(parts, "EACH", 2)
    first, second, *_ = open_at(world, "ask")
    complete(world, first)
    assert (rows(world), world.wrong()) == (4, [])
    monkeypatch.setattr(parts, "EACH", 3)
    complete(world, second)
    assert (rows(world), world.wrong()) == (4, []), "what is in parts stays as it was divided"


def test_a_part_that_was_changed_is_found(asking: World) -> None:
    asking.tamper("UPDATE state_parts SET state = replace(state, '\"unit\":3', '\"unit\":4')")
    [finding] = asking.wrong()
    assert "stored state" in finding.what


@pytest.mark.parametrize("what", ["name = ''", "name = 'note'"])
def test_a_part_that_is_gone_is_found(asking: World, what: str) -> None:
    asking.tamper(f"DELETE FROM state_parts WHERE {what}")
    [finding] = asking.wrong()
    assert "parts of the state" in finding.what


def test_a_part_that_is_gone_and_read_at_every_step_is_found(world: World, in_parts: None) -> None:
    inside = '<startEvent id="is"/><userTask id="ask"/>' + boundary("hot", "ask", condition("${heat == unit}"))
    subprocess = scope("sub", marker() + inside + '<endEvent id="ie"/><endEvent id="he"/>', "is ask ie", "hot he")
    world.deploy(process(START + subprocess + END, "s sub e"))
    world.start(units=ITEMS, heat=-1)
    world.tamper("DELETE FROM state_parts WHERE first = 2")
    [finding] = world.wrong()
    assert "it is gone" in finding.what
    with pytest.raises(ValueError, match="it is gone"):
        world.do(instances.set_variables, 1, {"heat": 3})


def test_a_part_too_many_is_found(asking: World) -> None:
    asking.tamper("UPDATE state_parts SET token_id = 999 WHERE name = 'note'")
    [finding] = asking.wrong()
    assert "parts of the state" in finding.what
