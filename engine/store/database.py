"""The database, and the one transaction that a command runs in.

SQLite lets one connection write at a time. Threads of this process queue for their turn, other processes wait by
SQLite's own lock; nobody is told that the database is locked. PostgreSQL has many write at once, each on rows that it
has locked.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from copy import copy
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Protocol, TypeVar

import psycopg
import sqlalchemy as sa
from psycopg.pq import TransactionStatus

from engine.actors import Actor
from engine.errors import NotPermitted
from engine.handlers import Handler
from engine.observing import Observation
from engine.store import connecting, faults
from engine.store.cause import Cause
from engine.store.library import Cache, DatabaseLibrary

log = logging.getLogger(__name__)

T = TypeVar("T")


class Database:
    """The connections to one database. `write` and `read` are the only ways to it."""

    def __init__(self, url: str, pool_size: int = connecting.POOL_SIZE) -> None:
        """
        Args:
            pool_size: connections of this process to a database server.

        Raises:
            InvalidInput: the URL cannot be used.
        """
        self.url = connecting.address(url)
        self._writer, self._reader = connecting.connect(self.url, pool_size)
        self._turn = threading.Lock()
        self._inside = threading.local()
        self._kept: sa.Connection | None = None
        """SQLite's one writer. Whoever has the turn has it."""

    @property
    def is_server(self) -> bool:
        """Whether many write at once."""
        return self.url.get_backend_name() != "sqlite"

    @property
    def file(self) -> Path | None:
        """Where an SQLite database is; None for a database server."""
        return None if self.is_server else Path(self.url.database or "")

    @property
    def connections(self) -> tuple[int, int]:
        """How many are at work, and how many are open in all."""
        pools = {self._writer.pool, self._reader.pool}
        out = sum(pool.checkedout() for pool in pools if isinstance(pool, sa.QueuePool))
        idle = 1 if self._kept is not None and not self._turn.locked() else 0
        return out - idle, out + sum(pool.checkedin() for pool in pools if isinstance(pool, sa.QueuePool))

    @property
    def dialect(self) -> sa.Dialect:
        return self._writer.dialect

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction: committed where the block ends well, rolled back where it raises.

        Raises:
            Passing: nothing was written, and doing it again may go well.
            Unavailable: nothing was written.
            OutcomeUnknown: the connection broke during the commit.
        """
        if getattr(self._inside, "writing", False):
            raise RuntimeError("Expected one transaction at a time in a thread, but a second was begun inside another.")
        with self._in_turn(), _translated(faults.meaning), self._to_write() as connection:
            connection.begin()
            try:
                yield connection
            except BaseException:
                _roll_back(connection)
                raise
            _commit(connection)

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        with nullcontext() if self.is_server else self._turn:
            self._inside.writing = True
            try:
                yield
            finally:
                self._inside.writing = False

    @contextmanager
    def _to_write(self) -> Iterator[sa.Connection]:
        """A server's comes from the pool. SQLite's is kept, for to take it from there and give it back costs a step a
        tenth of its time.
        """
        if self.is_server:
            with self._writer.connect() as connection:
                yield connection
            return
        kept = self._kept = self._kept or self._writer.connect()
        try:
            yield kept
        finally:
            if kept.invalidated or kept.in_transaction():
                self._let_go()

    def _let_go(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One snapshot, which waits for nobody and cannot write.

        Raises:
            Passing, Unavailable: as `write`.
        """
        with _translated(faults.meaning_in_a_read), self._reader.connect() as connection:
            connection.begin()
            try:
                yield connection
            finally:
                _roll_back(connection)

    @property
    def tells(self) -> bool:
        """Whether processes can tell each other something through it."""
        return self.is_server

    def alone(self) -> Any:
        """A connection of the driver's outside of the pool, which commits each statement by itself.

        Whoever asked for it closes it.
        """
        pooled = self._writer.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        connection.autocommit = True
        return connection

    def close(self) -> None:
        with nullcontext() if self.is_server else self._turn:
            self._let_go()
        self._writer.dispose()
        self._reader.dispose()


@contextmanager
def _translated(meaning: Callable[[sa.exc.SQLAlchemyError], Exception]) -> Iterator[None]:
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        meant = meaning(error)
        if meant is error:
            raise
        raise meant from error
    except (OverflowError, UnicodeEncodeError) as error:
        refused = faults.refusal(error)
        if refused is None:
            raise
        raise refused from error


def _commit(connection: sa.Connection) -> None:
    if _is_given_up(connection):
        # PostgreSQL answers the COMMIT of such a transaction with a rollback, and without an error.
        _roll_back(connection)
        raise RuntimeError("Expected an error of the database to end the work, but the work went on after it.")
    try:
        connection.commit()
    except sa.exc.DBAPIError as error:
        # Nothing may be left open on it, whatever state it is in.
        connection.invalidate()
        raise faults.meaning_at_commit(error) from error


def _is_given_up(connection: sa.Connection) -> bool:
    """Whether a statement failed in this transaction, after which PostgreSQL keeps nothing of it."""
    driver = connection.connection.driver_connection
    return isinstance(driver, psycopg.Connection) and driver.info.transaction_status == TransactionStatus.INERROR


def _roll_back(connection: sa.Connection) -> None:
    """A connection that is broken has nothing open, and must not hide why the work was given up."""
    try:
        connection.rollback()
    except sa.exc.DBAPIError:
        connection.invalidate()


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
    def history_time_to_live(self) -> timedelta | None: ...

    @property
    def keeps_history(self) -> Sequence[Keeps]: ...

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


Keeps = Callable[["Transaction", Mapping[int, str]], Mapping[int, datetime | None]]
"""Says of instances, by business key, which may not be removed, and when to ask again."""


class Transaction:
    """What one command or query works with: the connection, who asks, and when.

    `now` is one moment for the whole transaction, taken when its turn came. `cause` is what set it off.
    """

    def __init__(self, engine: Runtime, connection: sa.Connection, actor: Actor, now: datetime) -> None:
        self.engine = engine
        self.connection = connection
        self.actor = actor
        self.now = now
        self.cause = Cause()
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

    def on_behalf_of(self, actor: Actor) -> Transaction:
        """The same transaction, in which `actor` is asked and named."""
        other = copy(self)
        other.actor = actor
        return other

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
