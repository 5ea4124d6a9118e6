"""Notices: commits of a moment are told in one, one's own are no news, and a connection that breaks is made again."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import psycopg
import pytest

from engine import instances
from engine.clock import FixedClock
from engine.instances import InstanceQuery
from engine.work import notices, ticks
from engine.work.notices import Announcer, Listener
from tests.databases import Ready, Store
from tests.engine.core.case import process
from tests.engine.world import World

SOON = timedelta(seconds=10)
SEND = process(
    '<startEvent id="s"/><serviceTask id="job" camunda:type="external" camunda:topic="send"/><endEvent id="e"/>',
    "s job e",
)


class Notice(NamedTuple):
    pid: int


class Info(NamedTuple):
    backend_pid: int


class Connection:
    """As psycopg's: what was executed is kept, and what `tell` sends is read."""

    def __init__(self) -> None:
        self.info = Info(7)
        self.executed: list[str] = []
        self.told = threading.Event()
        self.is_broken = False
        self._near, self._far = socket.socketpair()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_error: object) -> None:
        self._near.close()
        self._far.close()

    def execute(self, statement: str) -> None:
        if self.is_broken:
            raise ConnectionError("the server is gone")
        self.executed.append(statement)
        self.told.set()

    def fileno(self) -> int:
        return self._near.fileno()

    def notifies(self, timeout: float) -> Iterator[Notice]:
        sent = self._near.recv(100)
        if self.is_broken:
            raise ConnectionError("the server is gone")
        yield from (Notice(each) for each in sent)

    def tell(self, sender: int) -> None:
        self._far.send(bytes([sender]))


class Server:
    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self.connected = threading.Semaphore(0)

    def connect(self) -> Any:
        self.connections.append(Connection())
        self.connected.release()
        return self.connections[-1]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def announcer(server: Server) -> Iterator[Announcer]:
    announcer = Announcer(server.connect)
    announcer.start()
    yield announcer
    announcer.drain()
    assert announcer.wait(SOON)


def test_many_commits_of_a_moment_are_told_in_one(
    server: Server, announcer: Announcer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "PAUSE", 0.2)
    announcer.wake()
    assert server.connected.acquire(timeout=10)
    [connection] = server.connections
    assert connection.told.wait(10)
    connection.told.clear()
    for _ in range(200):
        announcer.wake()
    assert connection.told.wait(10)
    assert connection.executed == ["NOTIFY pujiang_work"] * 2


def test_what_could_not_be_told_is_told_on_the_next_connection(
    server: Server, announcer: Announcer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "RECONNECT", 0.01)
    assert server.connected.acquire(timeout=10)
    server.connections[0].is_broken = True
    announcer.wake()
    assert server.connected.acquire(timeout=10)
    assert server.connections[1].told.wait(10)
    assert server.connections[1].executed == ["NOTIFY pujiang_work"]


def test_who_listens_hears_others_but_not_itself_and_connects_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "RECONNECT", 0.01)
    heard = threading.Semaphore(0)
    listener = Listener(server.connect, heard.release, lambda: 7)
    listener.start()
    assert heard.acquire(timeout=10), "something may have come before"
    server.connections[0].tell(7)
    assert not heard.acquire(timeout=0.1)
    server.connections[0].tell(8)
    assert heard.acquire(timeout=10)
    server.connections[0].is_broken = True
    server.connections[0].tell(8)
    assert heard.acquire(timeout=10), "something may have come meanwhile"
    assert len(server.connections) == 2
    server.connections[1].tell(8)
    assert heard.acquire(timeout=10)
    listener.drain()
    assert listener.wait(SOON)


@pytest.fixture
def two(migrated: Ready, postgresql: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[World, World]]:
    """Two processes' engines on one PostgreSQL: one for pages, and one that runs jobs. They do not look by themselves."""
    monkeypatch.setattr(ticks, "SECONDS", 3600)
    monkeypatch.setattr(notices, "RECONNECT", 0.01)
    with migrated.copy("postgresql", postgresql) as url:
        pages, worker = World(url, FixedClock()), World(url, FixedClock(), handlers={"send": lambda: None})
        pages.deploy(SEND)
        pages.engine.start_polls()
        yield pages, worker
        pages.engine.stop()
        worker.engine.stop()


def until_listening(url: str, count: int) -> list[int]:
    """The server's processes for those that listen, once there are so many."""
    query = "SELECT pid FROM pg_stat_activity WHERE query = 'LISTEN pujiang_work' AND datname = current_database()"
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(200):
            found = [pid for (pid,) in connection.execute(query)]
            if len(found) == count:
                return found
            threading.Event().wait(0.01)
    raise AssertionError(f"{count} should listen, but {found} do")


def until_completed(world: World, business_key: str) -> None:
    [instance] = world.see(instances.search, InstanceQuery(business_key=business_key))
    for _ in range(200):
        if world.status(instance) == "completed":
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"{business_key} is {world.status(instance)}")


def test_a_command_in_one_process_has_its_job_run_in_another(two: tuple[World, World]) -> None:
    pages, worker = two
    worker.engine.start_jobs()
    worker.engine.start_polls()
    until_listening(pages.url, 1)
    pages.start(business_key="one")
    until_completed(worker, "one")


def test_who_listens_goes_on_after_the_connection_was_cut(two: tuple[World, World]) -> None:
    pages, worker = two
    worker.engine.start_jobs()
    worker.engine.start_polls()
    [listening] = until_listening(pages.url, 1)
    with psycopg.connect(pages.url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", [listening])
    assert until_listening(pages.url, 1) != [listening]
    pages.start(business_key="two")
    until_completed(worker, "two")
