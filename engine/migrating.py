"""Brings a database up to this release, with Alembic, in one transaction."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config

from engine.database import Database

HERE = Path(__file__).parent / "migrations"


def upgrade(database: Database, locations: Sequence[str] = ()) -> None:
    """Run every migration that the database has not seen: the engine's, and those of `locations`.

    Args:
        locations: folders of migrations as ``package:folder``.
    """
    config = Config()
    config.set_main_option("script_location", str(HERE))
    folders = [HERE / "versions", *(_folder(location) for location in locations)]
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(str(folder).replace("%", "%%") for folder in folders))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")


def _folder(location: str) -> Path:
    package, _, folder = location.partition(":")
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            f"Expected the package '{package}' of the migrations '{location}', but there is none."
        )
    return Path(spec.origin).parent / folder
