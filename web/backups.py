"""Backups of what one machine keeps: a folder with the database, the key that signs sessions, and what is in it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.engine import Engine
from engine.errors import InvalidInput, InvalidState
from engine.store import copies
from engine.store.copies import Progress
from web.settings import Settings, key_file

DATABASE, KEY, CONTENTS = "pujiang.db", "secret-key", "backup.json"

LOGS = ("-wal", "-journal")
"""What SQLite keeps beside a database that nobody closed, and writes into any that has its name."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup says of itself: when it was made (in UTC), and the database's SHA-256."""

    at: str
    sha256: str


def make(settings: Settings, folder: Path, now: str, check: Callable[[Path], None], progress: Progress) -> None:
    """Make the backup in a folder that is not there yet: all of it, or nothing.

    Raises:
        InvalidState: the folder is there.
        InvalidInput: the database is none of SQLite, or is broken, or `check` says so.
    """
    source = database_file(settings)
    if folder.exists():
        raise InvalidState("backup", folder, "make", "is there already; choose a new name")
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        copies.make(source, partial / DATABASE, progress)
        check(partial / DATABASE)
        copies.rest(partial / DATABASE)
        if key_file(settings).exists():
            shutil.copy(key_file(settings), partial / KEY)
        contents = Contents(now, _digest(partial / DATABASE))
        (partial / CONTENTS).write_text(json.dumps(asdict(contents)), "utf-8")
        for path in (*partial.iterdir(), partial):
            copies.flush(path)
        partial.rename(folder)
        copies.flush(folder.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def restore(settings: Settings, folder: Path) -> None:
    """Put a backup into place where nothing is.

    Raises:
        InvalidState: a database is there, or a log of one.
        InvalidInput: it is no backup, or not whole.
    """
    target = database_file(settings)
    if target.exists():
        raise InvalidState("backup", folder, "restore", f"would take the place of {target}; --replace does that")
    _put(settings, folder)


def replace(settings: Settings, folder: Path) -> Path | None:
    """Put a backup into the place of what is there, which is kept beside under the name that is returned.

    Raises:
        InvalidState: somebody works with the database that is there, or there is a log of one that is not.
        InvalidInput: it is no backup, or not whole, or what is there is broken.
    """
    target = database_file(settings)
    if not target.exists():
        _put(settings, folder)
        return None
    _checked(folder)
    copies.rest(target)
    kept = next(name for name in map(target.with_suffix, _suffixes(target)) if not name.exists())
    os.link(target, kept)
    _put(settings, folder)
    return kept


def database_file(settings: Settings) -> Path:
    """
    Raises:
        InvalidInput: the database is none of SQLite.
    """
    engine = Engine(settings.database_url)
    try:
        file = engine.database.file
    finally:
        engine.stop()
    if file is None:
        raise InvalidInput(
            "Expected a database of SQLite, but PUJIANG_DATABASE_URL names a server, which has its own way of being "
            "backed up and restored: docs/operations.md says how."
        )
    return file


def _suffixes(target: Path) -> list[str]:
    return [f"{target.suffix}.replaced", *(f"{target.suffix}.replaced-{number}" for number in range(2, 1000))]


def _put(settings: Settings, folder: Path) -> None:
    """Each file is written beside its place and then renamed, the database last."""
    _checked(folder)
    for log in map(Path, (f"{database_file(settings)}{suffix}" for suffix in LOGS)):
        if log.exists():
            raise InvalidState("backup", folder, "restore", f"would be written over by {log}; put that elsewhere first")
    if (folder / KEY).exists():
        _place(folder / KEY, key_file(settings))
    _place(folder / DATABASE, database_file(settings))


def _place(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    own = Path(name)
    try:
        with source.open("rb") as given, os.fdopen(descriptor, "wb") as file:
            shutil.copyfileobj(given, file)
        copies.flush(own)
        own.replace(target)
        copies.flush(target.parent)
    finally:
        own.unlink(missing_ok=True)


def _checked(folder: Path) -> None:
    try:
        contents = Contents(**json.loads((folder / CONTENTS).read_text("utf-8")))
        found = _digest(folder / DATABASE)
    except OSError as error:
        why = f"{Path(error.filename or folder).name} cannot be read: {error.strerror or error}"
        raise InvalidInput(f"Expected a backup in {folder}, but {why}.") from error
    except (ValueError, TypeError) as error:
        raise InvalidInput(f"Expected a backup in {folder}, but {error}.") from error
    if found != contents.sha256:
        raise InvalidInput(f"Expected the database in {folder} to be as it was backed up, but it was changed since.")
    copies.check(folder / DATABASE)


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
