"""A PostgreSQL server that keeps its word: every commit is on the disk before it is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.databases import Databases, started

DURABLE = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_connections": "100",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
}


@contextmanager
def durable() -> Iterator[Databases]:
    """Its databases are gone at the end."""
    with started(DURABLE) as server:
        yield server
