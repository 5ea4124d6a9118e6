"""Locks by name, held until the transaction ends, for what no row stands for.

SQLite lets one transaction write at a time, so that there each of them is held already. PostgreSQL has advisory locks.
"""

from __future__ import annotations

from hashlib import sha256

import sqlalchemy as sa

from engine.store.database import Transaction

_TRY_ALONE = sa.text("SELECT pg_try_advisory_xact_lock(:key)")
_ALONE = sa.text("SELECT pg_advisory_xact_lock(:key)")
_TOGETHER = sa.text("SELECT pg_advisory_xact_lock_shared(:key)")


def try_alone(tx: Transaction, name: str) -> bool:
    """Take the lock alone, unless someone has it; whether it was free."""
    return _is_sqlite(tx) or bool(tx.connection.execute(_TRY_ALONE, {"key": _key(name)}).scalar())


def alone(tx: Transaction, name: str) -> None:
    """Wait until nobody else has the lock, and take it."""
    hold(tx.connection, name)


def hold(connection: sa.Connection, name: str) -> None:
    """As `alone`, for whoever has no more than a connection."""
    if connection.dialect.name != "sqlite":
        connection.execute(_ALONE, {"key": _key(name)})


def together(tx: Transaction, name: str) -> None:
    """Wait until nobody has the lock alone, and take it together with others."""
    if not _is_sqlite(tx):
        tx.connection.execute(_TOGETHER, {"key": _key(name)})


def _is_sqlite(tx: Transaction) -> bool:
    return tx.connection.dialect.name == "sqlite"


def _key(name: str) -> int:
    """A lock's number, which has 64 bits."""
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)
