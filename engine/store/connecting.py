"""How the database is reached: its address, and what each connection to it is set to.

On PostgreSQL a command runs in READ COMMITTED: it locks the row of its instance first, waiting in line with others, and
reads whatever it decides by with that lock or after it. A query runs in REPEATABLE READ, on one snapshot.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from engine.errors import InvalidInput

BUSY_TIMEOUT = 60_000
"""How long SQLite waits for another process that writes, in milliseconds."""

POOL_SIZE = 16
"""Connections of one process to PostgreSQL: its threads, and a few to spare."""

POOL_PATIENCE = 10
"""Seconds that a thread waits for one of them."""

_SESSION = {
    # Whoever holds an instance for longer than that is stuck; who waits for it begins anew.
    "lock_timeout": "10s",
    # A process that hangs, or whose host is cut off, must not keep others from its cases.
    "idle_in_transaction_session_timeout": "60s",
    # The server notices within half a minute that whoever asked is gone.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "25s",
}
_CLIENT = {
    "fallback_application_name": "pujiang",
    "connect_timeout": "5",
    # And so do we, when it is the server that is gone.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
}


def address(text: str) -> sa.URL:
    """
    Raises:
        InvalidInput: it is no URL, or of a database that we do not run on, or of one in memory, which threads and
            processes cannot share.
    """
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError) as error:
        # It is not shown: there may be a password in it.
        wanted = "'sqlite:///pujiang.db' or 'postgresql://user@host/pujiang'"
        raise InvalidInput(f"Expected a database URL such as {wanted}, but got none.") from error
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise InvalidInput(f"Expected a database URL of sqlite or postgresql, but it is one of '{url.drivername}'.")
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise InvalidInput(f"Expected an SQLite database in a file, but '{text}' is one in memory.")
    return url


def connect(url: sa.URL, pool_size: int) -> tuple[sa.Engine, sa.Engine]:
    """Who writes, and who reads. No connection is made yet."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, "BEGIN IMMEDIATE"), _sqlite(url, "BEGIN", "query_only = ON")
    writer = _postgresql(url, pool_size)
    return writer, writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _sqlite(url: sa.URL, begin: str, *pragmas: str) -> sa.Engine:
    # A connection is given back only after its transaction has ended, so the pool need not roll back once more.
    # Parameters may be personal, and an error's text goes to logs, incidents and the journal.
    engine = sa.create_engine(url, pool_size=8, max_overflow=-1, pool_reset_on_return=None, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        always = (f"busy_timeout = {BUSY_TIMEOUT}", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")
        for pragma in (*always, *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgresql(url: sa.URL, pool_size: int) -> sa.Engine:
    # A connection that died in the pool is found out by its first statement, before anything was done on it, and the
    # work begins anew on another: asking each one first whether it lives would cost every transaction a journey.
    return sa.create_engine(
        url,
        connect_args=_connect_args(url),
        paramstyle="format",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_PATIENCE,
        pool_use_lifo=True,
        pool_reset_on_return=None,
        hide_parameters=True,
    )


def _connect_args(url: sa.URL) -> dict[str, str]:
    """What the address says itself goes before ours."""
    given = dict(url.query)
    session = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    theirs = given.pop("options", "")
    options = " ".join((session, *((theirs,) if isinstance(theirs, str) else theirs))).strip()
    return {**{name: value for name, value in _CLIENT.items() if name not in given}, "options": options}
