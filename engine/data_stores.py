"""Data stores: what instances have put there for others to read, kept past their end (BPMN 2.0, 10.4.1).

An element writes one by a data output association; the one who writes last wins. Each write is a fact in the journal
of the instance that wrote it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.errors import NotFound
from engine.store.database import Transaction
from engine.store.tables import data_stores


@dataclass(frozen=True, slots=True)
class DataStore:
    """`value` is JSON; `instance_id` is the instance that wrote it last."""

    name: str
    value: Any
    changed_at: datetime
    instance_id: int


_SELECT = sa.select(*(data_stores.c[name] for name in DataStore.__slots__))


def _data_store(row: Any) -> DataStore:
    return DataStore(row.name, json.loads(row.value), row.changed_at, row.instance_id)


def find(tx: Transaction) -> list[DataStore]:
    """All that have ever been written to, by name."""
    tx.authorise("list", "data stores")
    return [_data_store(row) for row in tx.connection.execute(_SELECT.order_by(data_stores.c.name))]


def get(tx: Transaction, name: str) -> DataStore:
    """
    Raises:
        NotFound: nothing was ever written to a data store of that name.
    """
    tx.authorise("list", "data stores")
    row = tx.connection.execute(_SELECT.where(data_stores.c.name == name)).first()
    if row is None:
        raise NotFound("data store", name)
    return _data_store(row)
