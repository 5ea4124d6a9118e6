"""What an older release left behind is taken over: tables, states, and journals that still verify and go on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import instances, user_tasks
from engine.clock import FixedClock
from engine.instances import InstanceQuery
from tests.engine.releases.__main__ import work
from tests.engine.world import World

RELEASES = sorted((Path(__file__).parent / "releases").glob("*.sql"))


@pytest.fixture(params=RELEASES, ids=[release.stem for release in RELEASES])
def left_behind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The database of that release, brought up to this one."""
    path = tmp_path / "engine.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(request.param.read_text(encoding="utf-8"))
    world = World(f"sqlite:///{path}", FixedClock(), handlers={"work": work})
    world.engine.upgrade()
    yield world
    world.engine.stop()


def instance_of(world: World, business_key: str) -> instances.Instance:
    found: instances.Instance = world.see(instances.find, business_key)
    return found


def test_there_is_a_release_to_take_over() -> None:
    assert RELEASES


def test_its_journals_lead_to_its_states_and_rows(left_behind: World) -> None:
    assert left_behind.wrong() == []
    found = {instance.business_key: instance.status for instance in left_behind.see(instances.search, InstanceQuery())}
    assert found == {"begun": "active", "stuck": "active", "late": "active", "ended": "completed", "": "active"}


def test_its_cases_go_on_to_their_end(left_behind: World) -> None:
    [incident] = left_behind.incidents
    left_behind.do(instances.set_variables, incident.instance_id, {"parts": 4}, incident.token_id)
    left_behind.retry(incident)
    for business_key in ("begun", "stuck"):
        while open_ones := left_behind.user_tasks(business_key=business_key):
            left_behind.do(user_tasks.complete, open_ones[0].id)
            left_behind.rest()
        assert left_behind.status(instance_of(left_behind, business_key)) == "completed"
    assert left_behind.variables(instance_of(left_behind, "stuck"))["share"] == 2.5
    assert left_behind.wrong() == []


def test_its_timers_jobs_and_subscriptions_are_still_there(left_behind: World) -> None:
    before = len(left_behind.see(instances.search, InstanceQuery(definition_key="DAILY")))
    left_behind.advance(hours=1)
    assert len(left_behind.see(instances.search, InstanceQuery(definition_key="DAILY"))) == before + 1
    assert {incident.kind for incident in left_behind.incidents} == {"execution", "job"}
    assert left_behind.message("k", "late").business_key == "late"
    assert left_behind.status(instance_of(left_behind, "late")) == "completed"
    assert left_behind.message("m", "newly", units=[], parts=1).definition_id == "CASE:1"
    assert left_behind.wrong() == []
