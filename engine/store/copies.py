"""Whole copies of an SQLite database, made while others write to it, and put into its place."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from engine.errors import InvalidInput, InvalidState

PAGES = 1_000
"""Copied in one step: between two steps others go on."""

Progress = Callable[[int, int], None]
"""Told how many pages of how many are done."""


def make(source: Path, target: Path, progress: Progress) -> None:
    """Copy the database as it is at this moment to a file that is not there yet, and check and flush the copy.

    Raises:
        InvalidInput: the source is no database, or is broken.
        FileExistsError: the target is there.
        OSError: the target cannot be written.
    """
    if not source.exists():
        raise InvalidInput(f"Expected a database at {source}, but there is none.")
    with target.open("xb"):
        pass
    try:
        with closing(_connect(source)) as there, closing(_connect(target)) as here:
            # In one read of the source, whose moment stays: a copy would else begin anew whenever somebody writes.
            there.execute("BEGIN")
            there.execute("SELECT count(*) FROM sqlite_master").fetchone()
            there.backup(here, pages=PAGES, progress=lambda _status, left, total: progress(total - left, total))
            here.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise InvalidInput(f"Expected to copy {source}, but {error}.") from error
    check(target)
    flush(target)


def check(file: Path) -> None:
    """
    Raises:
        InvalidInput: it is no database, or a part of it is broken.
    """
    try:
        with closing(_connect(file, "ro")) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
    except sqlite3.Error as error:
        raise InvalidInput(f"Expected a whole database at {file}, but {error}.") from error
    if found != ["ok"]:
        raise InvalidInput(f"Expected a whole database at {file}, but it is broken: {'; '.join(found)}.")


def rest(file: Path) -> None:
    """Bring everything that was written into the file itself, so that it can be moved.

    Raises:
        InvalidState: somebody works with it.
        InvalidInput: it is broken.
    """
    try:
        with closing(_connect(file)) as connection:
            # Whoever has it open holds a lock that this one cannot be taken beside.
            connection.execute("PRAGMA busy_timeout = 2000")
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise InvalidState("database", file, "have alone", "is in use: stop what works with it first") from error
        raise InvalidInput(f"Expected to open {file}, but {error}.") from error
    except sqlite3.Error as error:
        raise InvalidInput(f"Expected to open {file}, but {error}.") from error


def flush(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk for good."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _connect(file: Path, mode: str = "rw") -> sqlite3.Connection:
    return sqlite3.connect(f"file:{_quoted(file)}?mode={mode}", uri=True, isolation_level=None)


def _quoted(file: Path) -> str:
    return str(file.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
