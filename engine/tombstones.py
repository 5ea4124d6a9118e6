"""What stays of an instance that was removed on purpose: a row for each, chained as the entries of a journal are.

So a history that was cleaned up can be told from one that somebody deleted, and its last hash is still there to be
held against an anchor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from engine.store.database import Transaction
from engine.store.tables import removed_instances as table

START = "0" * 64
"""Stands where the hash of the tombstone before the first would."""

_CHAINED = (
    *("number", "instance_id", "definition_id", "business_key", "status", "seq", "head"),
    *("started_at", "ended_at", "removed_at", "removed_by"),
)


@dataclass(frozen=True, slots=True)
class Removed:
    """An instance that is gone: how many entries its journal had, and the hash of the last."""

    number: int
    instance_id: int
    definition_id: str
    business_key: str
    status: str
    seq: int
    head: str
    started_at: datetime
    ended_at: datetime
    removed_at: datetime
    removed_by: str
    hash: str


def put(tx: Transaction, instances: Sequence[Any]) -> None:
    """Put one for each of these rows of instances that have ended. Whoever does it does so alone."""
    last, previous = _last(tx)
    rows = []
    for number, each in enumerate(instances, start=last + 1):
        row = {
            "number": number,
            "instance_id": each.id,
            **{name: getattr(each, name) for name in _CHAINED[2:9]},
            "removed_at": tx.now,
            "removed_by": tx.actor.id,
        }
        row["hash"] = previous = _hash(previous, row)
        rows.append(row)
    tx.connection.execute(sa.insert(table), rows)


def of(tx: Transaction, instance_ids: Sequence[int]) -> set[int]:
    """Which of these instances have one."""
    query = sa.select(table.c.instance_id).where(table.c.instance_id.in_(instance_ids))
    return set(tx.connection.execute(query).scalars())


def read(tx: Transaction) -> Iterator[Removed]:
    """All of them, the first first."""
    for row in tx.connection.execute(sa.select(table).order_by(table.c.number)):
        yield Removed(**row._mapping)


def count(tx: Transaction) -> int:
    """How many there are."""
    return _last(tx)[0]


def broken(tx: Transaction) -> Iterator[tuple[Removed, str]]:
    """What is wrong with the chain."""
    previous, expected = START, 1
    for each in read(tx):
        if each.number != expected:
            yield each, f"expected tombstone {expected} before the one of this instance, but it is missing"
        elif _hash(previous, {name: getattr(each, name) for name in _CHAINED}) != each.hash:
            yield each, "expected the hash of its tombstone to fit its content and the one before, but it does not"
        previous, expected = each.hash, each.number + 1


def _last(tx: Transaction) -> tuple[int, str]:
    row = tx.connection.execute(
        sa.select(table.c.number, table.c.hash).order_by(table.c.number.desc()).limit(1)
    ).first()
    return (0, START) if row is None else (row.number, row.hash)


def _hash(previous: str, row: dict[str, Any]) -> str:
    """Each field with its length before it, as in the journal."""
    digest = sha256()
    for name in _CHAINED:
        value = row[name]
        said = (value.isoformat() if isinstance(value, datetime) else str(value)).encode()
        digest.update(b"%d:" % len(said))
        digest.update(said)
    digest.update(previous.encode())
    return digest.hexdigest()
