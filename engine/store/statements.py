"""SQL statements written with SQLAlchemy Core, compiled once, and run straight through the driver.

The way from a Core statement to the driver costs more than SQLite needs for the statement itself; the few statements
of every step are spared it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Values = Mapping[str, Any]

CHUNK = 200
"""Rows in one INSERT: below the least number of parameters that a driver takes (32,766) for every table of ours."""


class _Compiled:
    """One statement in one dialect. Values are turned into what the driver takes, as their types say."""

    def __init__(self, statement: Any, dialect: sa.Dialect, columns: Sequence[str] | None) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        self.sql = str(compiled)
        assert compiled.positiontup is not None, "both drivers are set to take parameters by their place"
        binds = [compiled.binds[name] for name in compiled.positiontup]
        # What stands there where no value is given, and what turns a value into the driver's.
        self._defaults = [(bind.key, None if bind.required else bind.effective_value) for bind in binds]
        processors = [bind.type.dialect_impl(dialect).bind_processor(dialect) for bind in binds]
        self._processors = [(place, each) for place, each in enumerate(processors) if each is not None]

    def parameters(self, values: Values) -> tuple[Any, ...]:
        given = [values.get(name, default) for name, default in self._defaults]
        for place, processor in self._processors:
            if given[place] is not None:
                given[place] = processor(given[place])
        return tuple(given)


class Statement:
    """A SELECT, UPDATE or DELETE, or the INSERT of one row; named parameters are its `bindparam`s."""

    def __init__(self, statement: Any, columns: Sequence[str] | None = None) -> None:
        self._statement, self._columns = statement, columns
        self._compiled: dict[str, _Compiled] = {}

    def compiled(self, dialect: sa.Dialect) -> _Compiled:
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = _Compiled(self._statement, dialect, self._columns)
        return found

    def execute(self, connection: sa.Connection, values: Values) -> sa.CursorResult[Any]:
        """Rows come as the driver gives them."""
        compiled = self.compiled(connection.dialect)
        return connection.exec_driver_sql(compiled.sql, compiled.parameters(values))

    def execute_many(self, connection: sa.Connection, rows: Sequence[Values]) -> None:
        """Once for each row; nothing for none."""
        if rows:
            compiled = self.compiled(connection.dialect)
            connection.exec_driver_sql(compiled.sql, [compiled.parameters(values) for values in rows])


@contextmanager
def in_one_journey(connection: sa.Connection) -> Iterator[None]:
    """Send a server the statements of the block without waiting for what it says to each. None of them may read; what
    is wrong with one is told at the end of the block. A database in a file is asked as ever.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    driver: Any = connection.connection.driver_connection
    try:
        with driver.pipeline():
            yield
    except psycopg.Error as error:
        raise sa.exc.DBAPIError.instance(
            None, None, error, psycopg.Error, hide_parameters=True, dialect=connection.dialect
        ) from error


class Insert:
    """The INSERT of many rows of one table in one statement. A column that a row does not name is NULL; those of
    `worked_out` are worked out by the database.
    """

    def __init__(
        self, table: sa.Table, *, without: Sequence[str] = (), worked_out: Mapping[str, Any] | None = None
    ) -> None:
        columns = [column.name for column in table.columns if column.name not in (*without, *(worked_out or ()))]
        # Inline: nobody asks for the key of a row, which is what more rows could not follow behind.
        one = sa.insert(table).inline()
        self._one = Statement(one.values(worked_out) if worked_out else one, columns)
        self._sql: dict[tuple[str, int], str] = {}

    def execute(self, connection: sa.Connection, rows: Sequence[Values]) -> None:
        compiled = self._one.compiled(connection.dialect)
        if connection.dialect.name == "postgresql":
            # It sends one row after the other without waiting, and keeps the statement prepared; of many rows it does
            # neither, for the number of their parameters.
            self._one.execute_many(connection, rows)
            return
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            flat = [value for row in chunk for value in compiled.parameters(row)]
            connection.exec_driver_sql(self._sql_for(connection.dialect, len(chunk)), tuple(flat))

    def _sql_for(self, dialect: sa.Dialect, count: int) -> str:
        found = self._sql.get((dialect.name, count))
        if found is None:
            head, row = self._one.compiled(dialect).sql.rsplit("VALUES", 1)
            found = self._sql[(dialect.name, count)] = f"{head}VALUES{', '.join([row] * count)}"
        return found


class Upsert:
    """The INSERT of one row of one table, or the UPDATE of the one that has its key already, if it is such that `where`
    holds for it.
    """

    def __init__(self, table: sa.Table, where: sa.ColumnElement[bool] | None = None) -> None:
        columns = [column.name for column in table.columns]
        self._by_dialect = {
            name: Statement(_upsert(insert(table), where), columns) for name, insert in _INSERTS.items()
        }

    def execute(self, connection: sa.Connection, row: Values) -> int:
        """How many rows that wrote: one or none."""
        return self._by_dialect[connection.dialect.name].execute(connection, row).rowcount

    def execute_many(self, connection: sa.Connection, rows: Sequence[Values]) -> None:
        self._by_dialect[connection.dialect.name].execute_many(connection, rows)


_INSERTS: Mapping[str, Callable[[sa.Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def _upsert(statement: Any, where: sa.ColumnElement[bool] | None) -> Any:
    keys = [column.name for column in statement.table.primary_key.columns]
    others = {column.name: statement.excluded[column.name] for column in statement.table.columns}
    return statement.on_conflict_do_update(
        index_elements=keys, set_={name: value for name, value in others.items() if name not in keys}, where=where
    )


def from_driver(value: Any) -> datetime | None:
    """A moment as the driver gives it: SQLite's is a text."""
    if value is None:
        return None
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
