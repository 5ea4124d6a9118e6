"""What an older release left behind is taken over: tables, states, and journals that still verify and go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine import instances, user_tasks
from engine.clock import FixedClock
from engine.engine import Engine
from engine.instances import InstanceQuery
from tests.databases import KINDS, Store
from tests.engine.releases.__main__ import work
from tests.engine.releases.loading import load
from tests.engine.world import World

RELEASES = sorted((Path(__file__).parent / "releases").glob("*.sql"))


@pytest.fixture(params=KINDS)
def empty_url(request: pytest.FixtureRequest) -> Iterator[str]:
    store: Store = request.getfixturevalue(request.param)
    url = store.empty()
    yield url
    store.drop(url)


@pytest.fixture(params=RELEASES, ids=[release.stem for release in RELEASES])
def left_behind(request: pytest.FixtureRequest, empty_url: str) -> Iterator[World]:
    """The database of that release, brought up to this one."""
    load(request.param, empty_url)
    world = World(empty_url, FixedClock(), handlers={"work": work})
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


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_texts_stand_in_the_order_of_their_code_points_on_any_server(engine: Engine) -> None:
    found = sa.text(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'"
    )
    with engine.database.read() as connection:
        assert connection.execute(found).all() == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_whatever_refers_to_an_instance_or_a_job_is_as_wide_as_its_number(engine: Engine) -> None:
    found = sa.text(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND data_type = 'integer' AND (column_name IN ('instance_id', 'job_id')"
        " OR table_name IN ('process_instances', 'jobs') AND column_name = 'id')"
    )
    with engine.database.read() as connection:
        assert connection.execute(found).all() == []
