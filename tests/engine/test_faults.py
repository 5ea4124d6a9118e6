"""What goes wrong between us and the database: begun anew where nothing was written, and else told for what it is."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator

import psycopg
import pytest
import sqlalchemy as sa

from engine import instances
from engine.clock import FixedClock
from engine.core.facts import Fact
from engine.engine import Engine
from engine.errors import InvalidInput, OutcomeUnknown, Unavailable
from engine.store import connecting, faults
from engine.store.database import Transaction
from engine.store.projection import Projection
from engine.store.tables import data_stores, deployments
from tests import databases
from tests.campaigns import postgres
from tests.campaigns.postgres import Server
from tests.databases import Databases, Ready
from tests.engine.core.case import process
from tests.engine.world import World

STEP = process('<startEvent id="s"/><userTask id="u"/><endEvent id="e"/>', "s u e")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One that may be stopped, and that finds deadlocks soon."""
    with databases.or_skipped(), postgres.server({"fsync": "off", "deadlock_timeout": "50ms"}) as started:
        yield started


@pytest.fixture
def database_url(server: Server, migrated: Ready) -> Iterator[str]:
    """A PostgreSQL database on it."""
    store = Databases(server)
    url = store.empty()
    engine = Engine(url)
    engine.upgrade()
    engine.stop()
    yield url
    store.drop(url)


@pytest.fixture
def deployed(world: World) -> World:
    world.deploy(STEP)
    return world


def end_connection(tx: Transaction) -> None:
    """As if the server, or what lies between, had ended it."""
    pid = tx.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    with psycopg.connect(tx.engine.database.url.set(drivername="postgresql").render_as_string()) as another:  # type: ignore[attr-defined]
        another.execute("SELECT pg_terminate_backend(%s)", [pid])


def start(tx: Transaction) -> instances.Instance:
    return instances.start(tx, "P", business_key="case-1")


# The server


def test_a_server_that_was_restarted_is_survived(deployed: World, server: Server) -> None:
    assert deployed.open == []
    server.end()
    server.start()
    deployed.start()
    assert deployed.open == ["u"]
    server.end()
    server.start()
    assert deployed.open == ["u"]


def test_of_a_server_that_is_gone_it_is_said_that_nothing_was_written(deployed: World, server: Server) -> None:
    server.end()
    try:
        with pytest.raises(Unavailable, match="Expected to reach the database, but it does not answer"):
            deployed.start()
        with pytest.raises(Unavailable):
            deployed.open  # noqa: B018
    finally:
        server.start()
    assert deployed.open == []
    deployed.start()
    assert deployed.open == ["u"]


def test_a_connection_that_breaks_before_the_commit_is_done_without(deployed: World) -> None:
    turns: list[int] = []

    def work(tx: Transaction) -> None:
        turns.append(1)
        if len(turns) < 3:
            start(tx)
            end_connection(tx)
        start(tx)

    deployed.engine.transact(work)
    assert len(turns) == 3
    assert deployed.open == ["u"]
    assert deployed.wrong() == []


def test_a_connection_that_breaks_while_a_step_is_written_is_done_without(
    deployed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[int] = []
    take = Projection.take

    def take_and_break(rows: Projection, happened: Iterable[Fact]) -> None:
        turns.append(1)
        if len(turns) == 1:
            end_connection(rows.tx)
        take(rows, happened)

    monkeypatch.setattr(Projection, "take", take_and_break)
    deployed.start()
    assert len(turns) == 2
    assert deployed.open == ["u"]
    assert deployed.wrong() == []


def test_what_is_wrong_with_one_row_of_a_step_shows_and_nothing_of_it_is_written(deployed: World) -> None:
    deployed.start()
    columns = "at, actor, kind, command, facts, format, hash"
    deployed.tamper(
        f"INSERT INTO journal (instance_id, seq, {columns}) SELECT instance_id, seq + 1, {columns} FROM journal"
    )
    with pytest.raises(sa.exc.IntegrityError, match="pk_journal"):
        deployed.complete("u")
    assert deployed.open == ["u"]


def test_a_query_whose_connection_breaks_is_asked_again(deployed: World) -> None:
    turns: list[int] = []

    def look(tx: Transaction) -> list[instances.Instance]:
        turns.append(1)
        if len(turns) == 1:
            end_connection(tx)
        return instances.search(tx, instances.InstanceQuery())

    assert deployed.engine.read(look) == []
    assert len(turns) == 2


def test_what_our_own_error_says_is_not_hidden_by_a_broken_connection(deployed: World) -> None:
    def work(tx: Transaction) -> None:
        end_connection(tx)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        deployed.engine.transact(work)
    deployed.start()


# The commit


class Deaf:
    """A way to the server that breaks at every COMMIT: before it gets there, or behind it."""

    def __init__(self, url: str, *, forward: bool) -> None:
        self._real, self._forward = sa.make_url(url), forward
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._broken: set[socket.socket] = set()
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return self._real.set(port=self._listening.getsockname()[1]).render_as_string()

    def close(self) -> None:
        self._listening.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=[client], daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.create_connection((self._real.host, self._real.port)) as server:
            back = threading.Thread(target=self._carry_back, args=[server, client], daemon=True)
            back.start()
            while data := client.recv(65536):
                if b"COMMIT" in data:
                    self._broken.add(server)
                    if self._forward:
                        server.sendall(data)
                        back.join()
                    return
                server.sendall(data)

    def _carry_back(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):  # closed
            while (data := server.recv(65536)) and server not in self._broken:
                client.sendall(data)


@pytest.mark.parametrize("forward", [False, True], ids=["lost", "kept"])
def test_of_a_commit_that_nobody_answered_nothing_is_claimed_and_nothing_done_again(
    deployed: World, forward: bool
) -> None:
    way = Deaf(deployed.url, forward=forward)
    engine = Engine(way.url, clock=FixedClock())
    turns: list[int] = []

    def work(tx: Transaction) -> None:
        turns.append(1)
        start(tx)

    with pytest.raises(OutcomeUnknown, match="Expected the database to say whether this is written"):
        engine.transact(work)
    engine.stop()
    way.close()
    assert turns == [1]
    assert deployed.open == (["u"] if forward else [])
    assert deployed.wrong() == []


# Others


def test_a_deadlock_is_begun_anew(deployed: World) -> None:
    first, second = deployed.start(business_key="1").id, deployed.start(business_key="2").id
    both = threading.Barrier(2)
    turns: list[int] = []

    def lock_both(one: int, other: int) -> None:
        def work(tx: Transaction) -> None:
            turns.append(1)
            instances.lock(tx, one)
            if len(turns) <= 2:
                both.wait()
            instances.lock(tx, other)

        deployed.engine.transact(work)

    other = threading.Thread(target=lock_both, args=[second, first])
    other.start()
    lock_both(first, second)
    other.join()
    assert len(turns) == 3


def test_whoever_holds_a_case_for_too_long_makes_others_give_up(deployed: World) -> None:
    instance = deployed.start()
    impatient = Engine(f"{deployed.url}?options=-c%20lock_timeout%3D20ms")

    def hold(tx: Transaction) -> None:
        instances.lock(tx, instance.id)
        with pytest.raises(Unavailable, match="others kept it busy"):
            threaded(lambda: impatient.transact(lambda tx: instances.lock(tx, instance.id)))

    deployed.engine.transact(hold)
    impatient.stop()


def test_a_full_pool_says_so_and_is_free_again_later(deployed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "POOL_PATIENCE", 0.05)
    small = Engine(deployed.url, pool_size=1)

    def hold(_tx: Transaction) -> None:
        with pytest.raises(Unavailable, match="all of this process are in use"):
            threaded(lambda: small.read(lambda tx: None))

    small.read(hold)
    assert small.read(lambda tx: instances.search(tx, instances.InstanceQuery())) == []
    small.stop()


def test_a_row_that_another_wrote_first_is_seen_when_it_is_begun_anew(deployed: World) -> None:
    instance = deployed.start()
    turns: list[int] = []

    def count_up(tx: Transaction) -> None:
        turns.append(1)
        this = data_stores.c.name == "counter"
        before = tx.connection.execute(sa.select(data_stores.c.value).where(this)).scalar()
        if len(turns) == 1:
            threaded(lambda: deployed.engine.transact(count_up))
        if before is None:
            row = {"name": "counter", "value": "1", "changed_at": tx.now, "instance_id": instance.id}
            tx.connection.execute(sa.insert(data_stores).values(row))
        else:
            tx.connection.execute(sa.update(data_stores).where(this).values(value=str(int(before) + 1)))

    deployed.engine.transact(count_up)
    assert len(turns) == 3
    assert deployed.see(lambda tx: tx.connection.execute(sa.select(data_stores.c.value)).scalar()) == "2"


def test_a_row_that_is_always_there_is_a_defect_and_shows_as_one(deployed: World) -> None:
    row = {"id": 1, "deployed_at": deployed.clock.now(), "deployed_by": "me"}
    with pytest.raises(sa.exc.IntegrityError, match="pk_deployments"):
        deployed.engine.transact(lambda tx: tx.connection.execute(sa.insert(deployments).values(row)))


def test_an_error_of_the_database_that_the_work_hides_is_not_told_as_done(deployed: World) -> None:
    def work(tx: Transaction) -> None:
        start(tx)
        with contextlib.suppress(sa.exc.DBAPIError):
            tx.connection.exec_driver_sql("SELECT 1 / 0")

    with pytest.raises(RuntimeError, match="but the work went on after it"):
        deployed.engine.transact(work)
    assert deployed.open == []
    deployed.start()
    assert deployed.open == ["u"]


def test_of_a_server_that_only_reads_it_is_said_that_nothing_was_written(deployed: World) -> None:
    standby = Engine(f"{deployed.url}?options=-c%20default_transaction_read_only%3Don")
    with pytest.raises(Unavailable, match="Expected to reach the database"):
        standby.transact(start)
    standby.stop()
    assert deployed.open == []


def threaded(call: Callable[[], object]) -> None:
    """In a thread of its own; what it raises is raised here."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


# Without a server


@pytest.mark.parametrize("url", ["mysql://u@h/d", "postgresql+psycopg2://u@h/d", "oracle://u@h/d"])
def test_a_database_that_we_do_not_run_on_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="Expected a database URL of sqlite or postgresql"):
        Engine(url)


@pytest.mark.parametrize("url", ["postgres://u:secret@h/d", "postgresql://u:secret@h/d"])
def test_postgresql_is_reached_by_psycopg_whatever_it_is_called(url: str) -> None:
    assert connecting.address(url).drivername == "postgresql+psycopg"


def test_no_password_is_told_of_an_address_that_cannot_be_read() -> None:
    with pytest.raises(InvalidInput) as refused:
        connecting.address("postgresql://me:secret@host:port/d")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("database or disk is full", faults.FULL),
        ("disk I/O error", faults.LOST),
        ("database is locked", faults.BUSY),
    ],
)
def test_what_sqlite_says_is_told_for_what_it_is(said: str, meant: str) -> None:
    error = faults.meaning(sa.exc.OperationalError("", {}, Exception(said)))
    ours = error.finally_ if isinstance(error, faults.Passing) else error
    assert isinstance(ours, Unavailable)
    assert str(ours) == meant
