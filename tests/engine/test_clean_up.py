"""Histories go when their time to live is over, a few rows at a time, and what stays tells that from a deletion."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa

from engine import clean_up, instances, messages, tombstones, user_tasks
from engine.clean_up import LATER
from engine.errors import InvalidDefinition
from engine.instances import Instance, InstanceQuery
from engine.journal import heads
from engine.store.database import Transaction
from engine.store.tables import data_stores, journal, metadata, process_instances, removed_instances
from tests.engine.core.case import diagram, process
from tests.engine.test_messages import RECEIVER, thrower
from tests.engine.world import World

FOR_A_MONTH = process('<startEvent id="s"/><userTask id="u"/><endEvent id="e"/>', "s u e").replace(
    "<process ", '<process camunda:historyTimeToLive="P30D" ', 1
)
FOR_GOOD = process('<startEvent id="s"/><userTask id="u"/><endEvent id="e"/>', "s u e")
MONTH = timedelta(days=30)


@pytest.fixture
def statements() -> Iterator[list[str]]:
    heard: list[str] = []

    def said(_c: object, _cursor: object, sql: str, *_: object) -> None:
        heard.append(sql)

    sa.event.listen(sa.Engine, "before_cursor_execute", said)
    yield heard
    sa.event.remove(sa.Engine, "before_cursor_execute", said)


def done(world: World, business_key: str) -> Instance:
    """An instance that has come to its end."""
    instance = world.start(business_key=business_key)
    [user_task] = world.user_tasks(business_key=business_key)
    world.do(user_tasks.complete, user_task.id)
    return instance


def keys(world: World) -> list[str]:
    return [each.business_key for each in world.see(instances.search, InstanceQuery())]


def removed(world: World) -> list[str]:
    return [each.business_key for each in world.see(lambda tx: list(tombstones.read(tx)))]


def rows(world: World, instance: Instance) -> dict[str, int]:
    def work(tx: Transaction) -> dict[str, int]:
        counts = {}
        for table in metadata.sorted_tables:
            if "instance_id" in table.c and table is not removed_instances:
                counted = sa.select(sa.func.count()).select_from(table).where(table.c.instance_id == instance.id)
                counts[table.name] = tx.connection.execute(counted).scalar_one()
        return {name: count for name, count in counts.items() if count}

    found: dict[str, int] = world.see(work)
    return found


def test_a_history_goes_when_its_diagram_says_and_a_tombstone_stays(world: World) -> None:
    world.deploy(FOR_A_MONTH)
    ended = done(world, "ended")
    world.start(business_key="running")
    world.clock.move(MONTH - timedelta(seconds=1))
    world.rest()
    assert keys(world) == ["running", "ended"]
    before = {head[0]: head for head in world.see(lambda tx: list(heads(tx)))}[ended.id]
    world.clock.move(timedelta(seconds=1))
    world.rest()
    assert keys(world) == ["running"]
    assert rows(world, ended) == {}
    [tombstone] = world.see(lambda tx: list(tombstones.read(tx)))
    assert (tombstone.instance_id, tombstone.seq, tombstone.head) == before
    assert (tombstone.business_key, tombstone.status, tombstone.definition_id) == ("ended", "completed", "P:1")
    assert tombstone.removed_at == world.clock.now()
    assert world.wrong() == []


def test_where_the_diagram_says_nothing_the_engine_does(make_world: Callable[..., World]) -> None:
    world = make_world(history_time_to_live=timedelta(days=10))
    world.deploy(FOR_GOOD)
    done(world, "ended")
    world.clock.move(timedelta(days=10))
    world.rest()
    assert removed(world) == ["ended"]


def test_where_nobody_says_anything_histories_are_kept(world: World) -> None:
    world.deploy(FOR_GOOD)
    done(world, "ended")
    world.clock.move(timedelta(days=36_000))
    world.rest()
    assert keys(world) == ["ended"]


def test_those_that_ended_before_anybody_said_so_are_planned_when_asked(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.deploy(FOR_GOOD)
    last = done(world, "ended")
    world.start(business_key="running")
    world.clock.move(timedelta(days=20))
    later = make_world(history_time_to_live=timedelta(days=10))
    assert later.do(clean_up.ask_again, 0) == last.id
    assert later.do(clean_up.ask_again, last.id) is None
    later.rest()
    assert removed(later) == ["ended"]


def test_who_knows_why_may_keep_a_history_for_good_or_for_a_time(world: World) -> None:
    world.deploy(FOR_A_MONTH)
    kept, held, _gone = (done(world, key) for key in ("kept", "held", "gone"))
    until = world.clock.now() + timedelta(days=100)

    def keeps(_tx: Transaction, by_key: Mapping[int, str]) -> Mapping[int, datetime | None]:
        assert set(by_key.values()) <= {"kept", "held", "gone"}
        return {kept.id: None, held.id: until} if world.clock.now() < until else {}

    world.engine.on_clean_up(keeps)
    world.clock.move(MONTH)
    world.rest()
    assert removed(world) == ["gone"]
    world.clock.move(timedelta(days=70))
    world.rest()
    assert removed(world) == ["gone", "held"]
    assert keys(world) == ["kept"]
    assert world.wrong() == []


def test_what_others_still_need_stays(world: World) -> None:
    world.deploy(FOR_A_MONTH)
    writer = done(world, "writer")
    put = sa.insert(data_stores).values(name="d", value="1", changed_at=world.clock.now(), instance_id=writer.id)
    world.do(lambda tx: tx.connection.execute(put))
    world.clock.move(MONTH)
    world.rest()
    assert keys(world) == ["writer"]
    world.do(lambda tx: tx.connection.execute(sa.delete(data_stores)))
    world.clock.move(LATER)
    world.rest()
    assert keys(world) == []


def test_many_go_in_transactions_of_few_statements(
    world: World, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.deploy(FOR_A_MONTH)
    for number in range(12):
        done(world, str(number))
    world.clock.move(MONTH)
    monkeypatch.setattr(clean_up, "ROWS", 30)
    statements.clear()
    assert world.do(clean_up.step, world.clock.now()) == 12
    assert len([sql for sql in statements if not sql.startswith("BEGIN")]) <= 25, statements
    assert 0 < len(removed(world)) < 12
    world.rest()
    assert len(removed(world)) == 12
    assert world.wrong() == []


def test_a_long_history_goes_in_parts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.deploy(FOR_A_MONTH)
    long = world.start(business_key="long")
    for number in range(40):
        world.do(instances.set_variables, long.id, {"n": number})
    world.complete("u")
    world.clock.move(MONTH)
    monkeypatch.setattr(clean_up, "ROWS", 10)
    sizes = [sum(rows(world, long).values())]
    while keys(world):
        world.do(clean_up.step, world.clock.now())
        sizes.append(sum(rows(world, long).values()))
        assert world.wrong() == [], "a part that is gone is no damage"
    assert all(0 < before - after <= 11 for before, after in pairwise(sizes))
    assert removed(world) == ["long"]


def test_a_history_that_somebody_deleted_is_told_from_one_that_was_cleaned_up(world: World) -> None:
    world.deploy(FOR_A_MONTH)
    done(world, "cleaned")
    world.clock.move(MONTH)
    world.rest()
    deleted = done(world, "deleted")
    delete = sa.delete(process_instances).where(process_instances.c.id == deleted.id)
    others = [table for table in reversed(metadata.sorted_tables) if "instance_id" in table.c and table is not journal]
    for table in others:
        if table is not removed_instances:
            world.do(
                lambda tx, table=table: tx.connection.execute(sa.delete(table).where(table.c.instance_id == deleted.id))
            )
    world.do(lambda tx: tx.connection.execute(delete))
    assert [str(finding) for finding in world.wrong()] == [
        f"instance {deleted.id}, entry 1: expected an instance that these entries belong to, but it is gone"
    ]


@pytest.mark.parametrize("change", ["business_key = 'other'", "seq = 99", "removed_by = 'nobody'"])
def test_a_tombstone_that_was_changed_shows(world: World, change: str) -> None:
    world.deploy(FOR_A_MONTH)
    for key in ("one", "two"):
        done(world, key)
    world.clock.move(MONTH)
    world.rest()
    world.do(lambda tx: tx.connection.execute(sa.text(f"UPDATE removed_instances SET {change} WHERE number = 1")))
    assert "expected the hash of its tombstone to fit" in str(world.wrong()[0])


def test_a_tombstone_that_is_gone_shows(world: World) -> None:
    world.deploy(FOR_A_MONTH)
    for key in ("one", "two"):
        done(world, key)
    world.clock.move(MONTH)
    world.rest()
    world.do(lambda tx: tx.connection.execute(sa.text("DELETE FROM removed_instances WHERE number = 1")))
    [finding] = world.wrong()
    assert "expected tombstone 1 before the one of this instance" in str(finding)


@pytest.mark.parametrize("said", ["a month", "P1M", "P1Y", "-3"])
def test_a_time_to_live_that_is_no_number_of_days_is_refused(world: World, said: str) -> None:
    with pytest.raises(InvalidDefinition, match="is no number of days"):
        world.deploy(FOR_A_MONTH.replace("P30D", said))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_look_for_what_may_go_reads_no_further_than_that(world: World, query_plans: Callable[..., str]) -> None:
    world.deploy(FOR_A_MONTH)
    done(world, "ended")
    assert "ix_process_instances_to_go" in query_plans(
        world.engine, lambda: clean_up.run(world.engine, world.clock.now())
    )
    world.clock.move(MONTH)
    plans = query_plans(world.engine, lambda: clean_up.run(world.engine, world.clock.now()))
    assert removed(world) == ["ended"]
    large = ("process_instances", "journal", "activities", "jobs", "timers", "subscriptions", "incidents")
    assert [plan for plan in plans.splitlines() if any(plan == f"SCAN {table}" for table in large)] == []


def test_a_message_is_known_by_its_id_when_the_history_of_who_took_it_is_gone(world: World) -> None:
    world.deploy(RECEIVER.replace("<process ", '<process camunda:historyTimeToLive="P1D" ', 1))
    for key in ("a", "b"):
        world.start("R", business_key=key)
        receipt = world.do(messages.publish, "m", {}, key, message_id=key)
        world.complete("u")
    world.clock.move(timedelta(days=2))
    world.rest()
    assert removed(world) == ["a", "b"]
    again = world.do(messages.publish, "m", {}, "b", message_id="b")
    assert (again.outcome, again.instance_id, again.is_duplicate) == ("taken", receipt.instance_id, True)
    assert world.wrong() == []


def test_who_has_thrown_a_message_that_still_waits_is_kept(world: World) -> None:
    lasting = '<camunda:property name="timeToLive" value="P30D"/></camunda:properties>'
    thrown = thrower().replace("</camunda:properties>", lasting, 1)
    world.deploy(thrown.replace("<process ", '<process camunda:historyTimeToLive="P1D" ', 1))
    world.start("T", business_key="thrower", target="receiver", news="late")
    world.rest()
    world.complete("next")
    world.clock.move(timedelta(days=5))
    world.rest()
    assert keys(world) == ["thrower"]
    world.deploy(r_bpmn=diagram(RECEIVER))
    receiver = world.start("R", business_key="receiver")
    world.rest()
    assert world.variables(receiver) == {"news": "late"}
    world.clock.move(LATER)
    world.rest()
    assert removed(world) == ["thrower"]
    assert world.wrong() == []
