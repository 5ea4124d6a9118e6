"""Brings a database up to this release, with Alembic, in one transaction."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from engine.errors import InvalidState
from engine.store import locks
from engine.store.database import Database

HERE = Path(__file__).parent / "migrations"

_UNBOUNDED = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
"""What must not end a long upgrade, or the wait for it."""


def upgrade(database: Database, locations: Sequence[str] = ()) -> None:
    """Run every migration that the database has not seen: the engine's, and those of `locations`. Processes that start
    together wait for the one that does it.

    Args:
        locations: folders of migrations as ``package:folder``.

    Raises:
        InvalidState: it is of a newer release, which this one would not understand.
        Passing, Unavailable, OutcomeUnknown: as `Database.write`.
    """
    config = configured(locations)
    with database.write() as connection:
        if database.is_server:
            for setting in _UNBOUNDED:
                connection.exec_driver_sql(f"SET LOCAL {setting} = 0")
        locks.hold(connection, "upgrade")
        _require_known(database, connection, config)
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")


def _require_known(database: Database, connection: sa.Connection, config: Config) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if not known.issuperset(MigrationContext.configure(connection).get_current_heads()):
        shown = database.url.render_as_string()
        raise InvalidState("database", shown, "bring up to this release", "is of a newer one")


def check(database: Database, locations: Sequence[str] = ()) -> None:
    """Only look whether the database is of this release.

    Raises:
        InvalidState: it is not, or nothing is there.
    """
    shown = database.url.render_as_string()
    if database.file is not None and not database.file.exists():
        raise InvalidState("database", shown, "find", "is not there")
    wanted = _heads(tuple(locations))
    with database.read() as connection:
        found = set(MigrationContext.configure(connection).get_current_heads())
    if found != wanted:
        is_there = "is of another release" if found else "is empty"
        raise InvalidState("database", shown, "find this release's", is_there)


@cache
def _heads(locations: tuple[str, ...]) -> frozenset[str]:
    """Of this release."""
    return frozenset(ScriptDirectory.from_config(configured(locations)).get_heads())


def configured(locations: Sequence[str] = ()) -> Config:
    """Where Alembic finds the engine's migrations, and those of `locations`. It needs a connection as attribute."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    folders = [HERE / "versions", *(_folder(location) for location in locations)]
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(str(folder).replace("%", "%%") for folder in folders))
    return config


def _folder(location: str) -> Path:
    package, _, folder = location.partition(":")
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            f"Expected the package '{package}' of the migrations '{location}', but there is none."
        )
    return Path(spec.origin).parent / folder
