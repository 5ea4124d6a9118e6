"""Killed between any two statements: the state is that of before or of after, and the work goes on from there.

Every crash is a real one: a process of its own sends itself SIGKILL after its k-th statement, for every k.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine import suspension
from engine.core import parts
from engine.instances import SUSPENDED, InstanceQuery, search
from tests.databases import Ready, Store
from tests.engine.crashing import FEW, SCENARIOS, begin_many, deploy_again, open_world, prepare

ROOT = Path(__file__).parents[2]
# A child is started without what coverage or a debugger put into the environment of this process.
ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)}

Crash = Callable[[Path, str, int], tuple[int, int]]


@pytest.fixture(scope="module")
def crash() -> Iterator[Crash]:
    """Runs a scenario on a database and has it killed after a statement: its exit code, and how many it took."""
    command = [sys.executable, "-m", "tests.engine.crashing"]
    with subprocess.Popen(
        command, cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        asked, answers = server.stdin, server.stdout
        assert asked is not None
        assert answers is not None

        def run(path: Path, scenario: str, after: int) -> tuple[int, int]:
            asked.write(f"sqlite:///{path} {scenario} {after}\n")
            asked.flush()
            code, count = answers.readline().split()
            return int(code), int(count)

        yield run
        asked.close()


def dump(path: Path) -> list[tuple[object, ...]]:
    """Every row of every table, but for how often a job was claimed, by whom and until when."""
    rows: list[tuple[object, ...]] = []
    with sqlite3.connect(path) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in sorted(tables):
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            kept = ", ".join(
                column for column in columns if column not in ("leased_until", "leased_by", "lapses", "attempts")
            )
            rows.extend((table, *row) for row in connection.execute(f"SELECT {kept} FROM {table}"))
    connection.close()
    return sorted(rows, key=repr)


def schema(path: Path) -> list[tuple[object, ...]]:
    """Every table and index, and the revisions that the database says it is of."""
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
        revisions = connection.execute("SELECT version_num FROM alembic_version ORDER BY version_num").fetchall()
    connection.close()
    return [*found, *revisions]


@pytest.fixture
def before(
    migrated: Ready, sqlite: Store, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The database before the scenario; before "rest" with a job that waits, before "migrate" with two versions, before
    an item with many of them.
    """
    for name, number in FEW.items():
        monkeypatch.setattr(parts, name, number)
    path = tmp_path / "before.db"
    with migrated.copy("sqlite", sqlite) as url:
        shutil.copy(url.removeprefix("sqlite:///"), path)
    world = open_world(f"sqlite:///{path}")
    prepare(world)
    if request.node.callspec.params["scenario"] == "rest":
        world.complete("u")
    if request.node.callspec.params["scenario"] in ("item", "last-item"):
        begin_many(world)
    if request.node.callspec.params["scenario"] == "last-item":
        world.complete("many")
    if request.node.callspec.params["scenario"] == "migrate":
        deploy_again(world)
    world.engine.stop()
    return path


def copy_of(path: Path, name: str) -> Path:
    target = path.with_name(name)
    shutil.copy(path, target)
    return target


def goes_on(path: Path) -> list[tuple[str, str]]:
    """A new process takes over, an hour later, and brings everything to its end. Process and status of each case."""
    world = open_world(f"sqlite:///{path}")
    assert world.wrong() == []
    for suspended in world.see(search, InstanceQuery(status=SUSPENDED)):
        world.do(suspension.resume, suspended.id, "now")
    world.clock.move(timedelta(hours=1))
    world.rest()
    while world.open:
        world.complete(world.open[0])
        world.rest()
    assert world.incidents == []
    assert world.wrong() == []
    cases = world.see(search, InstanceQuery())
    world.engine.stop()
    return [(each.definition_key, each.status) for each in reversed(cases)]


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
def test_a_process_killed_after_any_statement_leaves_before_or_after(before: Path, scenario: str, crash: Crash) -> None:
    whole = copy_of(before, "whole.db")
    code, statements = crash(whole, scenario, 0)
    assert code == 0
    assert statements >= 4
    states = [dump(before), dump(whole)]
    for after in range(1, statements + 1):
        path = copy_of(before, f"killed-{after}.db")
        assert crash(path, scenario, after)[0] == -signal.SIGKILL
        # "rest" is several transactions: what lies between them is whole as well, which going on shows.
        assert scenario == "rest" or dump(path) in states, f"killed after statement {after}"
        everything = goes_on(path)
        assert everything.count(("S", "completed")) == everything.count(("P", "completed"))
        outcome = [case for case in everything if case[0] != "S"]
        assert outcome[:2] in ([("R", "completed"), ("P", "completed")], [("R", "active"), ("P", "cancelled")])
        assert outcome[2:] in ([], [("P", "completed")], [("M", "completed")])
        path.unlink()


def test_an_upgrade_killed_at_every_third_statement_is_done_by_the_next_start(tmp_path: Path, crash: Crash) -> None:
    whole = tmp_path / "whole.db"
    code, statements = crash(whole, "upgrade", 0)
    assert code == 0
    assert statements > 50
    for after in range(1, statements + 1, 3):
        path = tmp_path / f"killed-{after}.db"
        assert crash(path, "upgrade", after)[0] == -signal.SIGKILL
        assert crash(path, "upgrade", 0)[0] == 0
        assert schema(path) == schema(whole), f"killed after statement {after}"
        path.unlink()
