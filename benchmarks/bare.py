"""The rows of a step written by hand: what the database was told to write is recorded, and told it again by the driver
alone, in one transaction a step.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import psycopg
import sqlalchemy as sa

Said = tuple[str, Any, bool]
"""A statement, its parameters, and whether it was for many rows."""


@dataclass
class Recorder:
    """The statements that the database was given, a list for each step."""

    steps: list[list[Said]] = field(default_factory=list)
    commits: int = 0

    def listen(self) -> None:
        sa.event.listen(sa.Engine, "before_cursor_execute", self._statement)
        sa.event.listen(sa.Engine, "commit", self._commit)

    def ignore(self) -> None:
        sa.event.remove(sa.Engine, "before_cursor_execute", self._statement)
        sa.event.remove(sa.Engine, "commit", self._commit)

    def _statement(self, _c: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, many: bool) -> None:
        if not sql.startswith("BEGIN"):
            self.steps[-1].append((sql, parameters, many))

    def _commit(self, _connection: Any) -> None:
        self.commits += 1


class Rows(Protocol):
    """A driver's connection, and one row to keep a state in."""

    def write(self, step: list[Said]) -> None:
        """Write what a step wrote, and commit."""
        ...

    def load(self, number: int) -> str: ...

    def save(self, number: int, state: str) -> None:
        """Put it into the row of that number, which may be new, and commit."""
        ...

    def close(self) -> None: ...


_KEEP = "CREATE TABLE kept (id INTEGER PRIMARY KEY, state TEXT)"
_SAVE = "INSERT INTO kept (id, state) VALUES ({0}, {0}) ON CONFLICT (id) DO UPDATE SET state = excluded.state"
_LOAD = "SELECT state FROM kept WHERE id = {0}"


class SqliteRows:
    """As the engine opens it: WAL, synchronous=FULL."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.execute(_KEEP)

    def write(self, step: list[Said]) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        for sql, parameters, many in step:
            if not sql.startswith("SELECT"):
                (self.connection.executemany if many else self.connection.execute)(sql, parameters)
        self.connection.execute("COMMIT")

    def load(self, number: int) -> str:
        (state,) = self.connection.execute(_LOAD.format("?"), (number,)).fetchone()
        return str(state)

    def save(self, number: int, state: str) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.execute(_SAVE.format("?"), (number, state))
        self.connection.execute("COMMIT")

    def close(self) -> None:
        self.connection.close()


class PostgresqlRows:
    """One connection. As for the engine, psycopg prepares what it is told often, and sends a step in one journey."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)
        self.connection.execute(_KEEP)

    def write(self, step: list[Said]) -> None:
        with self.connection.pipeline(), self.connection.transaction(), self.connection.cursor() as cursor:
            for sql, parameters, many in step:
                if not sql.startswith("SELECT"):
                    (cursor.executemany if many else cursor.execute)(sql, parameters)

    def load(self, number: int) -> str:
        row = self.connection.execute(_LOAD.format("%s"), (number,)).fetchone()
        assert row is not None, "it was saved before"
        return str(row[0])

    def save(self, number: int, state: str) -> None:
        with self.connection.transaction():
            self.connection.execute(_SAVE.format("%s"), (number, state))

    def close(self) -> None:
        self.connection.close()
