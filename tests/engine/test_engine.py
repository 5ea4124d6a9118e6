"""Transactions: all or nothing, one at a time, and never a lock error."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from engine import instances, user_tasks
from engine.engine import Engine
from engine.errors import EngineError, InvalidInput, InvalidState
from engine.observing import Committed, Observation
from engine.store.database import Transaction
from engine.user_tasks import UserTaskQuery
from tests.engine.core.case import process
from tests.engine.world import World

STEP = process(
    '<startEvent id="s"/><userTask id="u" camunda:candidateGroups="clerks" camunda:dueDate="P3D"/>'
    '<scriptTask id="x"><script>n = n + 1</script></scriptTask><exclusiveGateway id="g" default="g-m"/>'
    '<manualTask id="m"/><userTask id="v" camunda:candidateGroups="clerks"/><endEvent id="e"/>',
    "s u x g m v e",
    "g e",
    conditions={"g-e": "${n &lt; 0}"},
)


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """What the database was asked, COMMIT and ROLLBACK included."""
    heard: list[str] = []

    def said(_c: object, _cursor: object, sql: str, *_: object) -> None:
        heard.append(sql)

    def committed(_c: object) -> None:
        heard.append("COMMIT")

    sa.event.listen(sa.Engine, "before_cursor_execute", said)
    sa.event.listen(sa.Engine, "commit", committed)
    yield heard
    sa.event.remove(sa.Engine, "before_cursor_execute", said)
    sa.event.remove(sa.Engine, "commit", committed)


def test_a_user_task_and_three_automatic_elements_take_eight_statements_and_one_commit(
    world: World, statements: list[str]
) -> None:
    world.deploy(STEP)
    world.start(n=0)
    user_task = world.user_task("u")
    statements.clear()
    world.do(user_tasks.complete, user_task.id, {"verdict": "yes"})
    assert world.open == ["v"]
    asked = [sql for sql in statements[: statements.index("COMMIT")] if not sql.startswith("BEGIN")]
    assert len(asked) <= 8, asked
    assert statements.count("COMMIT") == 1


def test_an_idle_round_asks_little_and_writes_nothing(world: World, statements: list[str]) -> None:
    world.deploy(STEP)
    world.start(n=0)
    statements.clear()
    world.rest()
    assert "COMMIT" not in statements
    assert all(
        sql.startswith(("BEGIN", "SELECT", "WITH RECURSIVE ranks")) and "IMMEDIATE" not in sql for sql in statements
    )


def test_what_raises_leaves_nothing_behind(world: World) -> None:
    world.deploy(STEP)
    called: list[str] = []

    def work(tx: Transaction) -> None:
        instances.start(tx, "P", variables={"n": 0})
        tx.after_commit(lambda: called.append("after"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.engine.transact(work)
    assert world.open == []
    assert called == []


def test_what_follows_a_commit_cannot_undo_it(world: World) -> None:
    world.deploy(STEP)

    def fail() -> None:
        raise OSError("a defect")

    def work(tx: Transaction) -> None:
        instances.start(tx, "P", variables={"n": 0})
        tx.after_commit(fail)

    world.engine.transact(work)
    assert world.open == ["u"]


def test_a_read_cannot_write(world: World) -> None:
    world.deploy(STEP)
    with pytest.raises(sa.exc.DBAPIError, match=r"read-?only"):
        world.see(instances.start, "P", variables={"n": 0})


def test_a_read_sees_one_moment(world: World) -> None:
    world.deploy(STEP)

    def look(tx: Transaction) -> tuple[int, int]:
        before = user_tasks.count(tx, UserTaskQuery())
        world.start(n=0)
        return before, user_tasks.count(tx, UserTaskQuery())

    assert world.engine.read(look) == (0, 0)
    assert len(world.open) == 1


def test_transactions_do_not_nest(engine: Engine) -> None:
    with pytest.raises(RuntimeError, match="one transaction at a time in a thread"):
        engine.transact(lambda _: engine.transact(lambda _: None))
    engine.transact(lambda _: None)


def test_a_conflict_is_done_again_on_the_fresh_state(engine: Engine) -> None:
    calls: list[int] = []

    def work(_tx: Transaction) -> str:
        calls.append(1)
        if len(calls) < 3:
            raise sa.exc.OperationalError("", {}, Exception("database is locked"))
        return "done"

    assert engine.transact(work) == "done"

    def never(_tx: Transaction) -> None:
        raise sa.exc.OperationalError("", {}, Exception("database is locked"))

    with pytest.raises(EngineError, match="Expected the database to be free for a moment"):
        engine.transact(never)


def test_many_threads_at_once_never_see_a_lock(world: World) -> None:
    world.deploy(STEP)
    wrong: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                instance = world.start(business_key=f"{number}-{turn}", n=0)
                mine = UserTaskQuery(business_key=instance.business_key)
                [user_task] = world.see(user_tasks.find, mine)
                world.do(user_tasks.complete, user_task.id)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=[number]) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert world.open == ["v"] * 50
    assert world.see(user_tasks.count, UserTaskQuery()) == 120
    assert world.wrong() == []


def _start_many(url: str, name: str) -> None:
    from engine.clock import FixedClock

    world = World(url, FixedClock())
    for turn in range(10):
        world.start(business_key=f"{name}-{turn}", n=0)


def test_many_processes_at_once_never_see_a_lock(world: World) -> None:
    world.deploy(STEP)
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=_start_many, args=[world.url, str(number)]) for number in range(3)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert [other.exitcode for other in others] == [0, 0, 0]
    assert world.see(user_tasks.count, UserTaskQuery()) == 30
    assert world.wrong() == []


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="Expected a"):
        Engine(url)


def test_upgrading_twice_changes_nothing(world: World, make_world: Callable[..., World]) -> None:
    world.deploy(STEP)
    world.start(n=0)
    world.engine.upgrade()
    assert make_world().open == ["u"]


def test_the_migrations_make_the_tables_that_the_code_speaks_of(engine: Engine) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from engine.store.tables import metadata

    with engine.database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_who_looks_next_sees_what_the_jobs_of_a_command_did(make_world: Callable[..., World]) -> None:
    world = make_world(handlers={"send": lambda *, job_id: {}})
    send = '<serviceTask id="j" camunda:type="external" camunda:topic="send"/>'
    world.deploy(process(f'<startEvent id="s"/>{send}<userTask id="u"/>', "s j u"))
    world.start()
    world.engine.settle("case-1")
    assert world.open == [], "nothing runs jobs here, so there is nothing to wait for"
    world.engine.start(threads=1)
    world.engine.wake()
    world.engine.settle("case-1")
    assert world.open == ["u"]


def test_who_observes_is_told_of_every_commit_and_can_stop_none(world: World) -> None:
    told: list[Observation] = []

    def broken(_observation: Observation) -> None:
        raise OSError("a defect")

    world.engine.observe(broken)
    world.engine.observe(told.append)
    world.deploy(STEP)
    world.start(n=0)
    world.complete("u")
    assert [each.commands for each in told if isinstance(each, Committed)] == [
        (),
        ("StartInstance",),
        ("CompleteUserTask",),
    ]
    assert all(0 < each.seconds < 60 for each in told)


def test_a_database_of_a_newer_release_is_left_alone(world: World) -> None:
    newer = sa.text("UPDATE alembic_version SET version_num = 'engine_999' WHERE version_num LIKE 'engine%'")
    world.do(lambda tx: tx.connection.execute(newer))
    with pytest.raises(InvalidState, match=r"Expected to bring up to this release .*, but it is of a newer one\."):
        world.engine.upgrade()
    with pytest.raises(InvalidState, match="is of another release"):
        world.engine.check()
