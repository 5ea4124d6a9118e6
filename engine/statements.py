"""SQL statements written with SQLAlchemy Core, compiled once, and run straight through the driver.

The way from a Core statement to the driver costs more than SQLite needs for the statement itself; the few statements
of every step are spared it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

Values = Mapping[str, Any]

CHUNK = 200
"""Rows in one INSERT: below the least number of parameters that a driver takes (32,766) for every table of ours."""


class _Compiled:
    """One statement in one dialect. Values are turned into what the driver takes, as their types say."""

    def __init__(self, statement: Any, dialect: sa.Dialect, columns: Sequence[str] | None) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        self.sql = str(compiled)
        self.names: list[str] | None = compiled.positiontup
        self.defaults = {name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required}
        self.processors: dict[str, Callable[[Any], Any]] = {}
        for name, bind in compiled.binds.items():
            processor = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if processor is not None:
                self.processors[name] = processor

    def parameters(self, values: Values) -> Any:
        every = {**self.defaults, **values} if self.defaults else dict(values)
        for name, processor in self.processors.items():
            every[name] = processor(every.get(name))
        return every if self.names is None else tuple([every.get(name) for name in self.names])


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


class Insert:
    """The INSERT of many rows of one table in one statement. A column that a row does not name is NULL."""

    def __init__(self, table: sa.Table, *, without: Sequence[str] = ()) -> None:
        columns = [column.name for column in table.columns if column.name not in without]
        self._one = Statement(sa.insert(table), columns)
        self._sql: dict[tuple[str, int], str] = {}

    def execute(self, connection: sa.Connection, rows: Sequence[Values]) -> None:
        compiled = self._one.compiled(connection.dialect)
        if compiled.names is None:
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


def from_driver(value: Any) -> datetime | None:
    """A moment as the driver gives it: SQLite's is a text."""
    if value is None:
        return None
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
