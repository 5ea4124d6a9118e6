"""Databases for tests: SQLite files and, out of a wheel, a real PostgreSQL; each test gets a copy of one that is ready.

A server starts with the first test that asks for it and ends with the session. Tests that do it harm start their own.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.campaigns import postgres
from tests.campaigns.postgres import Missing, Server

KINDS = ("sqlite", "postgresql")

_QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
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


class Databases:
    """PostgreSQL databases on a server of our own."""

    def __init__(self, server: Server) -> None:
        self._url = server.url.replace("+psycopg", "")
        self._number = itertools.count()

    def empty(self) -> str:
        return self._create("template0")

    def copy(self, url: str) -> str:
        return self._create(_name(url))

    def drop(self, url: str) -> None:
        """Whoever is still connected is thrown out."""
        self._do(f"DROP DATABASE {_name(url)} WITH (FORCE)")

    def _create(self, template: str) -> str:
        name = f"pujiang_{next(self._number)}"
        self._do(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self._url.rpartition("/")[0] + f"/{name}"

    def _do(self, sql: str) -> None:
        """On a connection of its own, for a test may have had the server end any other."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(sql)


def _name(url: str) -> str:
    return url.rpartition("/")[2]


Store = Files | Databases


@contextmanager
def started(settings: Mapping[str, str]) -> Iterator[Databases]:
    """Databases on a PostgreSQL server with these settings, until the end.

    Raises:
        Missing: there is no PostgreSQL here.
    """
    with postgres.server(settings) as server:
        yield Databases(server)


@contextmanager
def postgresql() -> Iterator[Databases]:
    """Of a server that is quick and forgets on a crash what a real one keeps."""
    with or_skipped(), started(_QUICK) as databases:
        yield databases


@contextmanager
def or_skipped() -> Iterator[None]:
    """Without PostgreSQL the test is skipped; in CI it fails."""
    try:
        yield
    except Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(f"Expected PostgreSQL for the store's tests, but there is {missing}")
        pytest.skip(str(missing))


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
