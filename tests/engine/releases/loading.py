"""Puts the database that a release left behind into one of ours."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command

from engine.store import migrating
from engine.store.database import Database


def load(dump: Path, url: str) -> None:
    """`dump` is what SQLite wrote. On PostgreSQL its migrations make the tables, and its rows fill them."""
    if url.startswith("sqlite:///"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.executescript(dump.read_text(encoding="utf-8"))
        return
    database = Database(url)
    with sqlite3.connect(":memory:") as source, database.write() as target:
        source.row_factory = sqlite3.Row
        source.executescript(dump.read_text(encoding="utf-8"))
        _migrate(target, [row[0] for row in source.execute("SELECT version_num FROM alembic_version")])
        _fill(source, target)
    database.close()


def _migrate(target: sa.Connection, revisions: list[str]) -> None:
    config = migrating.configured()
    config.attributes["connection"] = target
    for revision in revisions:
        command.upgrade(config, revision)


def _fill(source: sqlite3.Connection, target: sa.Connection) -> None:
    found = sa.MetaData()
    found.reflect(target)
    for table in found.sorted_tables:
        rows = [_row(table, dict(row)) for row in source.execute(f"SELECT * FROM {table.name}")]
        if rows and table.name != "alembic_version":
            target.execute(sa.insert(table), rows)
            _count_on(table, target)


def _row(table: sa.Table, values: dict[str, Any]) -> dict[str, Any]:
    """SQLite keeps a moment as a text."""
    moments = {column.name for column in table.columns if isinstance(column.type, sa.DateTime)}
    return {
        name: datetime.fromisoformat(value) if value is not None and name in moments else value
        for name, value in values.items()
    }


def _count_on(table: sa.Table, target: sa.Connection) -> None:
    """Numbers that the database gives go on behind those that are there."""
    column = table.autoincrement_column
    if column is not None and column.server_default is not None:
        sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
        highest = sa.select(sa.func.max(column)).scalar_subquery()
        target.execute(sa.select(sa.func.setval(sequence, highest)))
