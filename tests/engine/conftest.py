"""What tests of the shell may ask for: a database that is up to date, an engine on it, and a world around that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from engine.clock import FixedClock
from engine.engine import Engine
from tests.databases import KINDS, Ready
from tests.engine.world import World


@pytest.fixture(scope="session")
def migrated() -> Ready:
    """Databases with the engine's tables and nothing in them."""

    def upgrade(url: str) -> None:
        engine = Engine(url)
        engine.upgrade()
        engine.stop()

    return Ready(upgrade)


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, migrated: Ready) -> Iterator[str]:
    with migrated.copy(request.param, request.getfixturevalue(request.param)) as url:
        yield url


@pytest.fixture
def make_world(database_url: str) -> Iterator[Callable[..., World]]:
    """Worlds on one database, each with the options of its engine; closed when the test is done."""
    made: list[World] = []
    clock = FixedClock()

    def make(**options: Any) -> World:
        world = World(database_url, clock, **options)
        made.append(world)
        return world

    yield make
    for world in made:
        world.engine.stop()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()


@pytest.fixture
def engine(world: World) -> Engine:
    return world.engine


@pytest.fixture
def query_plans() -> Callable[[Engine, Callable[[], object]], str]:
    """How SQLite goes about every statement of a piece of work."""

    def plans(engine: Engine, work: Callable[[], object]) -> str:
        asked: list[tuple[str, Any]] = []

        def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            asked.append((statement, parameters))

        sa.event.listen(sa.Engine, "before_cursor_execute", listen)
        try:
            work()
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", listen)
        told: list[str] = []
        with engine.database.read() as connection:
            for statement, parameters in asked:
                if statement.startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
                    one = parameters[0] if isinstance(parameters, list) else parameters
                    told += [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", one)]
        return "\n".join(told)

    return plans
