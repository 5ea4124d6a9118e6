"""Batches: one operation on many, one item a transaction, whatever comes in between."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from engine import batches, deployments, incidents, instances, journal, migration, modification, suspension
from engine.actors import Actor
from engine.batches import Batch
from engine.core.commands import CancelElement, StartBefore
from engine.errors import InvalidInput, InvalidState, NotFound, NotPermitted
from engine.incidents import IncidentQuery
from engine.instances import InstanceQuery
from engine.migration import RunningQuery
from engine.work import deliveries, runner
from tests.engine.core.case import END, START, process
from tests.engine.world import ANNA, BEN, World

DRAWN = process(START + '<userTask id="a"/><userTask id="b"/>' + END, "s a b e")


@pytest.fixture
def many(world: World) -> list[int]:
    """Six instances."""
    world.deploy(DRAWN)
    return [world.start(business_key=f"case-{n}").id for n in range(6)]


def done(world: World, batch: Batch) -> Batch:
    world.rest()
    found: Batch = world.see(batches.get, batch.id)
    return found


def test_every_item_is_done_by_who_asked_and_why_is_in_each_journal(world: World, many: list[int]) -> None:
    batch = world.do(batches.create, "suspend", many, "the law has changed", by=BEN)
    assert (batch.status, batch.total, batch.done) == ("running", 6, 0)
    batch = done(world, batch)
    assert (batch.status, batch.done, batch.failed) == ("done", 6, 0)
    for instance_id in many:
        instance = world.see(instances.get, instance_id)
        assert (instance.status, instance.suspended_by, instance.suspend_reason) == (
            "suspended",
            "ben",
            "the law has changed",
        )
    assert world.wrong() == []


def test_an_item_that_cannot_be_done_says_why_and_keeps_no_other(world: World, many: list[int]) -> None:
    world.do(suspension.suspend, many[2], "alone")
    batch = done(world, world.do(batches.create, "suspend", [*many, 99, "x"], "why"))
    assert (batch.status, batch.done, batch.failed) == ("done", 5, 3)
    told = {item.target: item.error for item in world.see(batches.items, batch.id, status="failed")}
    assert list(told) == [str(many[2]), "99", "x"]
    assert "was suspended at 09:00 by anna because alone" in told[str(many[2])]
    assert told["99"] == "Expected to find process instance '99', but there is none."


def test_what_failed_is_done_once_more(world: World, many: list[int]) -> None:
    world.do(suspension.suspend, many[0], "alone")
    batch = done(world, world.do(batches.create, "suspend", many, "why"))
    world.do(suspension.resume, many[0], "again")
    world.do(batches.retry_failed, batch.id)
    batch = done(world, batch)
    assert (batch.status, batch.done, batch.failed) == ("done", 6, 0)


def test_every_operation_does_what_it_says(world: World, many: list[int]) -> None:
    def run(operation: str, **parameters: object) -> Batch:
        batch = done(world, world.do(batches.create, operation, many, "why", parameters))
        assert (batch.done, batch.failed) == (6, 0), world.see(batches.items, batch.id)
        return batch

    world.deploy(DRAWN.replace('"b"/>', '"b" name="B"/>'))
    plan = world.see(migration.propose, "P:1", "P:2")
    run("rehearse", **batches.parameters_of(plan))
    assert world.see(deployments.running, ["P:1", "P:2"]) == {"P:1": 6, "P:2": 0}
    run("migrate", **batches.parameters_of(plan))
    assert world.see(deployments.running, ["P:1", "P:2"]) == {"P:1": 0, "P:2": 6}
    run("modify", instructions=modification.write([CancelElement("a"), StartBefore("b", variables={"n": 1})]))
    assert world.open == ["b"] * 6
    run("set variables", variables={"k": 7})
    assert world.see(instances.variables, many[3])["k"] == 7
    run("suspend")
    run("resume")
    run("cancel")
    assert {each.status for each in world.see(instances.search, InstanceQuery())} == {"cancelled"}
    assert world.wrong() == []


def test_incidents_are_retried(world: World) -> None:
    _stuck(world)
    wanted = [each.id for each in world.incidents]
    batch = done(world, world.do(batches.create, "retry incident", wanted, "mended", {"variables": {"k": 1}}))
    assert (batch.done, world.incidents) == (3, [])
    assert {each.status for each in world.see(instances.search, InstanceQuery())} == {"completed"}


def test_incidents_are_skipped_or_cancelled(world: World) -> None:
    _stuck(world)
    first, second, third = (each.id for each in world.incidents)
    assert done(world, world.do(batches.create, "skip incident", [first, second], "done by hand")).done == 2
    batch = done(world, world.do(batches.create, "cancel incident", [third], "not needed"))
    (item,) = world.see(batches.items, batch.id)
    assert "Cancel the instance instead" in str(item.error)
    assert [each.id for each in world.see(incidents.find)] == [third]
    assert world.wrong() == []


def test_a_batch_is_made_of_what_a_query_finds(world: World) -> None:
    _stuck(world)
    world.advance(hours=1)
    seen_until = world.clock.now()
    world.advance(hours=1)
    world.start(business_key="case-4", k=0)
    query = IncidentQuery(definition_id="P:1", element_id="x", kind="execution", raised_until=seen_until, limit=1)
    batch = world.do(batches.create, "retry incident", query, "mended", {"variables": {"k": 1}})
    assert [item.target for item in world.see(batches.items, batch.id)] == [each.id for each in world.incidents[:3]]
    assert done(world, batch).done == 3
    assert [each.business_key for each in world.incidents] == ["case-4"]
    assert world.wrong() == []


def test_a_batch_is_made_of_instances_that_a_query_finds(world: World, many: list[int]) -> None:
    world.complete("a")
    world.deploy(DRAWN.replace('"b"/>', '"b" name="B"/>'))
    at_b = RunningQuery("P:1", element_id="b", limit=1)
    plan = batches.parameters_of(world.see(migration.propose, "P:1", "P:2"))
    assert done(world, world.do(batches.create, "migrate", at_b, "why", plan)).total == 1
    rest = InstanceQuery(definition_id="P:1", status="active", limit=1)
    batch = done(world, world.do(batches.create, "suspend", rest, "why"))
    assert [item.target for item in world.see(batches.items, batch.id)] == [str(each) for each in many[1:]]
    with pytest.raises(InvalidInput, match="but there are 0"):
        world.do(batches.create, "suspend", rest, "why")
    assert len(world.see(batches.find)) == 2


def test_a_batch_has_a_bound(world: World, many: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MAX_ITEMS", 5)
    for targets in (InstanceQuery(), many):
        with pytest.raises(InvalidInput, match="Expected 1 to 5 to do this to, but there are more"):
            world.do(batches.create, "suspend", targets, "why")


def _stuck(world: World) -> None:
    """Three instances that a script has stopped."""
    world.deploy(process(START + '<scriptTask id="x"><script>n = 1 / k</script></scriptTask>' + END, "s x e"))
    for n in range(3):
        world.start(business_key=f"case-{n}", k=0)


def test_a_paused_batch_begins_nothing_and_a_cancelled_one_never_does(world: World, many: list[int]) -> None:
    batch = world.do(batches.create, "suspend", many, "why")
    world.do(batches.pause, batch.id)
    batch = done(world, batch)
    assert (batch.status, batch.done) == ("paused", 0)
    with pytest.raises(InvalidState, match="is paused"):
        world.do(batches.pause, batch.id)
    world.do(batches.resume, batch.id)
    assert done(world, batch).status == "done"
    with pytest.raises(InvalidState, match="is done"):
        world.do(batches.cancel, batch.id)
    second = world.do(batches.create, "resume", many, "why")
    world.do(batches.cancel, second.id)
    second = done(world, second)
    assert (second.status, second.done) == ("cancelled", 0)
    assert {item.status for item in world.see(batches.items, second.id)} == {"waiting"}


def test_a_batch_that_is_paused_and_resumed_again_and_again_is_worked_at_no_more_than_before(
    world: World, many: list[int]
) -> None:
    batch = world.do(batches.create, "suspend", many, "why")
    for _ in range(3):
        world.do(batches.pause, batch.id)
        world.do(batches.resume, batch.id)
    assert len(runner.claim_due(world.engine, world.clock.now(), 100)) == batches.AT_ONCE


def test_what_is_worked_off_while_its_batch_is_paused_is_replaced_when_it_is_resumed(
    world: World, many: list[int]
) -> None:
    batch = world.do(batches.create, "suspend", many, "why")
    world.do(batches.pause, batch.id)
    runner.run_due(world.engine, batch=3)
    world.do(batches.resume, batch.id)
    assert len(runner.claim_due(world.engine, world.clock.now(), 100)) == batches.AT_ONCE


def test_a_batch_that_is_paused_and_resumed_while_it_is_worked_off_comes_to_its_end(world: World) -> None:
    world.deploy(DRAWN)
    many = [world.start(business_key=f"case-{n}").id for n in range(20)]
    batch = world.do(batches.create, "set variables", many, "why", {"variables": {"n": 1}})
    threads = [threading.Thread(target=world.engine.run_to_rest) for _ in range(4)]
    for thread in threads:
        thread.start()
    for steer in (batches.pause, batches.resume) * 10:
        with contextlib.suppress(InvalidState):
            world.do(steer, batch.id)
    for thread in threads:
        thread.join()
    assert done(world, batch).done == 20


def test_each_item_is_a_transaction_of_its_own(world: World, many: list[int]) -> None:
    batch = world.do(batches.create, "suspend", many, "why")
    runner.run_due(world.engine, batch=1)
    seen: Batch = world.see(batches.get, batch.id)
    assert (seen.status, seen.done) == ("running", 1)


def test_an_item_that_was_interrupted_is_done_by_the_next(
    world: World, many: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the process had died before the commit: the lease runs out, and the item still waits."""
    batch = world.do(batches.create, "suspend", many[:1], "why")
    (claimed,) = runner.claim_due(world.engine, world.clock.now(), 1)
    assert isinstance(claimed, deliveries.Delivery)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(batches, "_send", dies)
        with pytest.raises(KeyboardInterrupt):
            deliveries.run(world.engine, claimed)
    assert world.see(batches.get, batch.id).done == 0
    assert world.see(instances.get, many[0]).status == "active"
    deliveries.run(world.engine, claimed)
    assert done(world, batch).done == 1


def test_workers_beside_each_other_do_each_item_once(world: World) -> None:
    world.deploy(DRAWN)
    many = [world.start(business_key=f"case-{n}").id for n in range(40)]
    batch = world.do(batches.create, "set variables", many, "why", {"variables": {"n": 1}})
    threads = [threading.Thread(target=world.engine.run_to_rest) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    batch = done(world, batch)
    assert (batch.status, batch.done, batch.failed) == ("done", 40, 0)
    for instance_id in many:
        names = [entry.command[0] for entry in world.see(journal.entries, instance_id)]
        assert names == ["StartInstance", "SetVariables"]


def test_one_target_is_taken_once(world: World, many: list[int]) -> None:
    assert world.do(batches.create, "suspend", [many[0], str(many[0])], "why").total == 1


@pytest.mark.parametrize(
    ("operation", "targets", "reason", "parameters", "why"),
    [
        ("explode", [1], "why", {}, "Expected one of suspend, resume"),
        ("suspend", [], "why", {}, "Expected 1 to 1,000,000"),
        ("suspend", [1], " ", {}, "Expected a reason"),
        ("suspend", [1], "why", {"n": 1}, "Expected no parameters"),
        ("migrate", [1], "why", {"from": 1}, "Expected a plan"),
        ("modify", [1], "why", {"instructions": [["Explode", {}]]}, "Expected instructions"),
        ("set variables", [1], "why", {"variables": {"n": {1}}}, "n"),
    ],
)
def test_what_is_no_batch_is_refused(
    world: World, operation: str, targets: list[int], reason: str, parameters: dict[str, object], why: str
) -> None:
    with pytest.raises(InvalidInput, match=why):
        world.do(batches.create, operation, targets, reason, parameters)
    assert world.see(batches.find) == []


def test_who_asks_is_asked_at_first_and_for_each_item(make_world: Callable[..., World]) -> None:
    only: set[str] = {"run", "list", "steer", "deploy", "start"}
    world = make_world(authorise=lambda actor, action, target: actor == ANNA or action in only)
    world.deploy(DRAWN)
    instance = world.start()
    batch = world.do(batches.create, "suspend", [instance.id], "why", by=BEN)
    batch = done(world, batch)
    assert batch.failed == 1
    (item,) = world.see(batches.items, batch.id)
    assert "'ben' may not" in str(item.error)
    only.clear()
    with pytest.raises(NotPermitted):
        world.do(batches.create, "suspend", [instance.id], "why", by=BEN)
    with pytest.raises(NotFound, match="batch"):
        world.see(batches.get, 77)


def test_the_groups_of_who_asked_are_kept(make_world: Callable[..., World]) -> None:
    world = make_world(authorise=lambda actor, action, target: action != "suspend" or "clerks" in actor.groups)
    world.deploy(DRAWN)
    batch = world.do(batches.create, "suspend", [world.start().id], "why", by=BEN)
    assert done(world, batch).done == 1
    batch = world.do(batches.create, "suspend", [world.start().id], "why", by=Actor("ben"))
    assert done(world, batch).failed == 1


def test_batches_are_listed_the_newest_first(world: World, many: list[int]) -> None:
    made = [world.do(batches.create, "suspend", [each], "why").id for each in many[:3]]
    assert [each.id for each in world.see(batches.find, limit=2)] == made[:0:-1]
    assert [each.id for each in world.see(batches.find, before=made[1])] == made[:1]


def test_its_items_are_looked_up_by_an_index(world: World, many: list[int]) -> None:
    if not world.url.startswith("sqlite"):
        pytest.skip("the plan of SQLite is looked at")
    with sa.create_engine(world.url).connect() as connection:
        query = "EXPLAIN QUERY PLAN SELECT * FROM batch_items WHERE batch_id = 1 AND status = 'waiting' ORDER BY place"
        plan = str(connection.exec_driver_sql(query).all())
    assert "ix_batch_items_batch_id_status_place" in plan
    assert "TEMP B-TREE" not in plan
