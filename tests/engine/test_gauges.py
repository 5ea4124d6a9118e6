"""What is due, and how late: counted by look-ups that do not grow with what there is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from engine import gauges, leases
from engine.gauges import Backlog
from engine.store.tables import jobs
from tests.engine.core.case import process
from tests.engine.world import World

CASE = process(
    '<startEvent id="s"/><serviceTask id="j" camunda:type="external" camunda:topic="send"/>'
    '<intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>'
    '</intermediateCatchEvent><scriptTask id="x"><script>n = 1 / 0</script></scriptTask><endEvent id="e"/>',
    "s j t x e",
)


def test_what_is_due_is_counted_with_its_age(world: World) -> None:
    world.engine.handlers = {}
    nothing = world.see(gauges.read)
    assert (nothing.jobs, nothing.timers) == (Backlog(0, 0.0), Backlog(0, 0.0))
    assert (nothing.open_incidents, nothing.started) == (0, 0)
    world.deploy(CASE)
    world.start()
    world.start()
    world.clock.move(timedelta(minutes=10))
    now = world.see(gauges.read)
    assert now.jobs == Backlog(2, 600.0)
    assert now.started == 2


def test_the_oldest_job_is_told_however_many_more_urgent_ones_there_are(world: World, monkeypatch) -> None:
    monkeypatch.setattr(gauges, "MOST", 2)
    world.engine.handlers = {}
    world.deploy(CASE)
    for number in range(4):
        world.start()
        world.clock.move(timedelta(minutes=10))
        row = sa.update(jobs).where(jobs.c.instance_id == number + 1).values(rank=-number)
        world.engine.transact(lambda tx, row=row: tx.connection.execute(row))
    assert world.see(gauges.read).jobs == Backlog(2, 2400.0)
    later = sa.update(jobs).values(due=world.clock.now() + timedelta(minutes=1))
    world.engine.transact(lambda tx: tx.connection.execute(later))
    assert world.see(gauges.read).jobs == Backlog(0, 0.0)


def test_what_a_broker_has_waits_as_well_and_what_somebody_is_at_does_not(world: World) -> None:
    world.engine.handlers = {}
    world.deploy(CASE)
    world.start()
    world.start()
    [first, _second] = world.engine.transact(lambda tx: leases.lend(tx, tx.now, 10))
    world.clock.move(timedelta(minutes=10))
    assert world.see(gauges.read).jobs == Backlog(2, 600.0)
    world.engine.transact(lambda tx: leases.take_over(tx, first.row_id))
    assert world.see(gauges.read).jobs == Backlog(1, 600.0)


def test_jobs_for_external_workers_wait_too(make_world) -> None:
    world = make_world(external_topics=["send"])
    world.deploy(CASE)
    world.start()
    world.clock.move(timedelta(minutes=10))
    assert world.see(gauges.read).jobs == Backlog(1, 600.0)


def test_late_timers_and_what_is_stuck_are_counted(make_world) -> None:
    world = make_world(handlers={"send": lambda *, job_id: {}})
    world.deploy(CASE)
    world.start()
    world.rest()
    world.clock.move(timedelta(hours=2))
    assert world.see(gauges.read).timers == Backlog(1, 3600.0)
    world.rest()
    now = world.see(gauges.read)
    assert (now.timers.count, now.open_incidents) == (0, 1)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_gauge_reads_a_table_from_end_to_end(world: World, query_plans: Callable[..., str]) -> None:
    plans = query_plans(world.engine, lambda: world.see(gauges.read)).splitlines()
    tables = ("jobs", "timers", "start_timers", "incidents", "process_instances")
    assert [plan for plan in plans if any(plan == f"SCAN {table}" for table in tables)] == []
    assert sum("USING" in plan and "INDEX" in plan for plan in plans) >= 4, plans
