"""The database: its connections, and the one transaction that a command runs in.

SQLite lets one connection write at a time. Threads of this process queue for their turn, other processes wait by
SQLite's own lock; nobody is told that the database is locked.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from engine.actors import Actor
from engine.errors import InvalidInput, NotPermitted
from engine.handlers import Handler
from engine.observing import Observation
from engine.store.library import Cache, DatabaseLibrary

log = logging.getLogger(__name__)

T = TypeVar("T")

BUSY_TIMEOUT = 60_000
"""How long SQLite waits for another process that writes, in milliseconds."""

CONFLICTS = {"40001", "40P01"}
"""SQLSTATE of a serialisation failure and of a deadlock: the same work may succeed on the fresh state."""


class Database:
    """The connections to one database. `write` and `read` are the only ways to it."""

    def __init__(self, url: str) -> None:
        """
        Raises:
            InvalidInput: the URL is none, or of a database in memory, which threads and processes cannot share.
        """
        self.url = _url(url)
        self._turn = threading.Lock()
        self._inside = threading.local()
        if self.url.get_backend_name() == "sqlite":
            self._writer = _sqlite(self.url, "BEGIN IMMEDIATE", read_only=False)
            self._reader = _sqlite(self.url, "BEGIN", read_only=True)
        else:
            self._writer = sa.create_engine(self.url, hide_parameters=True)
            self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @property
    def file(self) -> Path | None:
        """Where an SQLite database is; None for a database server."""
        is_file = self.url.get_backend_name() == "sqlite" and self.url.database is not None
        return Path(self.url.database or "") if is_file else None

    @property
    def connections(self) -> tuple[int, int]:
        """How many are at work, and how many are open in all."""
        pools = {self._writer.pool, self._reader.pool}
        in_use = sum(pool.checkedout() for pool in pools if isinstance(pool, sa.QueuePool))
        return in_use, in_use + sum(pool.checkedin() for pool in pools if isinstance(pool, sa.QueuePool))

    @property
    def dialect(self) -> sa.Dialect:
        return self._writer.dialect

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction: committed where the block ends well, rolled back where it raises."""
        if getattr(self._inside, "writing", False):
            raise RuntimeError("Expected one transaction at a time in a thread, but a second was begun inside another.")
        with self._in_turn(), self._writer.connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
            except BaseException:
                transaction.rollback()
                raise
            transaction.commit()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        with self._turn:
            self._inside.writing = True
            try:
                yield
            finally:
                self._inside.writing = False

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One snapshot, which waits for nobody and cannot write."""
        with self._reader.connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
            finally:
                transaction.rollback()

    @property
    def tells(self) -> bool:
        """Whether processes can tell each other something through it."""
        return self.dialect.name == "postgresql"

    def alone(self) -> Any:
        """A connection of the driver's outside of the pool, which commits each statement by itself.

        Whoever asked for it closes it.
        """
        pooled = self._writer.raw_connection()
        pooled.detach()
        connection: Any = pooled.driver_connection
        connection.autocommit = True
        return connection

    def close(self) -> None:
        self._writer.dispose()
        self._reader.dispose()


def _url(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError as error:
        raise InvalidInput(f"Expected a database URL such as 'sqlite:///pujiang.db', but got {text!r}.") from error
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise InvalidInput(f"Expected an SQLite database in a file, but '{text}' is one in memory.")
    return url


def _sqlite(url: sa.URL, begin: str, *, read_only: bool) -> sa.Engine:
    # A connection is given back only after its transaction has ended, so the pool need not roll back once more.
    # Parameters may be personal, and an error's text goes to logs, incidents and the journal.
    engine = sa.create_engine(url, pool_size=8, max_overflow=-1, pool_reset_on_return=None, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        if read_only:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def is_conflict(error: sa.exc.DBAPIError) -> bool:
    """Whether someone else's work came in between, and the same work may be done again."""
    if getattr(error.orig, "sqlstate", None) in CONFLICTS:
        return True
    return "database is locked" in str(error.orig) or "database table is locked" in str(error.orig)


class Time(Protocol):
    """The engine's clock: the world's time plus an offset that may be set while nobody else does."""

    offset: timedelta
    setting: threading.Lock

    def world(self) -> datetime: ...

    def now(self) -> datetime: ...

    def elapsed(self) -> timedelta: ...


class Work(Protocol):
    """Something that becomes due by itself."""

    @property
    def run(self) -> Callable[[Any, datetime], int | None]: ...


class Claims(Protocol):
    """What this process has claimed of jobs and deliveries, and works on (`engine.work.claims.Claims`)."""

    on_given_up: Callable[[threading.Thread], None]

    def hold(self, claimed: Sequence[Any]) -> None: ...

    def begin(self, work: Any) -> bool: ...

    def end(self, work: Any) -> bool: ...

    def hand_back(self) -> None: ...


class Runtime(Protocol):
    """The engine as the verbs know it, which the engine is put together of (`engine.engine.Engine`)."""

    @property
    def clock(self) -> Time: ...

    @property
    def zone(self) -> tzinfo: ...

    @property
    def authorise(self) -> Callable[[Actor, str, Any], bool]: ...

    @property
    def functions(self) -> Mapping[str, Callable[..., Any]]: ...

    @property
    def handlers(self) -> Mapping[str, Handler]: ...

    @property
    def services(self) -> Mapping[str, Any]: ...

    @property
    def definitions(self) -> Cache: ...

    @property
    def on_ticks(self) -> Sequence[Work]: ...

    @property
    def claims(self) -> Claims: ...

    def queue_of(self, topic: str) -> str: ...

    def transact(self, work: Callable[[Transaction], T], actor: Actor = ...) -> T: ...

    def read(self, work: Callable[[Transaction], T], actor: Actor = ...) -> T: ...

    def wake(self) -> None: ...

    def look(self) -> None: ...

    def report(self, observation: Observation) -> None: ...

    def run_to_rest(self) -> None: ...

    def next_due(self) -> datetime | None: ...


class Transaction:
    """What one command or query works with: the connection, who asks, and when.

    `now` is one moment for the whole transaction, taken when its turn came.
    """

    def __init__(self, engine: Runtime, connection: sa.Connection, actor: Actor, now: datetime) -> None:
        self.engine = engine
        self.connection = connection
        self.actor = actor
        self.now = now
        self.library = DatabaseLibrary(connection, engine.definitions, engine.functions)
        self.commands: list[str] = []
        """Names of the commands that were carried out, one for each entry."""
        self._after: list[Callable[[], object]] = []

    @property
    def functions(self) -> dict[str, Callable[..., Any]]:
        """What an expression may call that no instance works out."""
        return {**self.engine.functions, "now": lambda: self.now}

    def authorise(self, action: str, target: Any) -> None:
        """Ask whether the actor may do this; `target` is what it is done to, or its key.

        Raises:
            NotPermitted: no.
        """
        if not self.engine.authorise(self.actor, action, target):
            raise NotPermitted(self.actor.id, action, getattr(target, "id", target))

    def after_commit(self, call: Callable[[], object]) -> None:
        """Call this once everything is written for good; the same call is made once only."""
        if call not in self._after:
            self._after.append(call)

    def committed(self) -> None:
        """What the transaction read of definitions is there for others, and what was to follow follows."""
        self.library.publish()
        for call in self._after:
            try:
                call()
            except Exception:
                # What is committed has happened; nobody may be told that it failed.
                log.exception("Expected %r to run after a commit, but it raised.", call)
