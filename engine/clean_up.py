"""Histories whose time to live is over are removed, a few rows at a time; a tombstone stays of each.

When that is stands in an instance's row from the moment it ends: the ``historyTimeToLive`` of its diagram, else what
the engine was given. Whoever knows why a history has to be kept longer says so beforehand (`Engine.on_clean_up`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine import tombstones
from engine.instances import ENDED, removal
from engine.store import locks
from engine.store.database import Runtime, Transaction
from engine.store.tables import (
    activities,
    buffered_messages,
    data_stores,
    jobs,
    journal,
    message_ids,
    metadata,
    process_instances,
    removed_instances,
)

ROWS = 1_000
"""Removed in one transaction, about."""

LOOKED_AT = 100
"""Instances that one transaction looks at."""

LATER = timedelta(days=1)
"""When an instance is looked at again that is the last to have written a data store, or has something on its way."""

_NOT_WITH_IT = {table.name for table in (process_instances, data_stores, message_ids, removed_instances)}
_ITS_ROWS = [
    table for table in reversed(metadata.sorted_tables) if "instance_id" in table.c and table.name not in _NOT_WITH_IT
]
"""Those that point to others before those that are pointed to. By its id a message is known longer than whom it went
to: the next of that id is still the same one.
"""


def run(engine: Runtime, now: datetime) -> int:
    """Remove some of what may go by now; how many instances that was about, 0 where nothing may."""
    if not engine.read(lambda tx: _due(tx, now, 1)):
        return 0
    return engine.transact(lambda tx: step(tx, now))


def step(tx: Transaction, now: datetime) -> int:
    """One transaction's worth of removing: at most about `ROWS` rows. How many instances it was about.

    Raises:
        NotPermitted: the actor may not clean up.
    """
    tx.authorise("clean up", "history")
    if not locks.try_alone(tx, "clean up"):
        return 0
    due = _due(tx, now, LOOKED_AT)
    kept = _kept(tx, due)
    for until in set(kept.values()):
        _keep(tx, [instance_id for instance_id, moment in kept.items() if moment == until], until)
    _remove(tx, [row for row in due if row.id not in kept])
    return len(due)


def ask_again(tx: Transaction, after: int) -> int | None:
    """Plan anew, by the diagrams and what the engine was given, the removal of instances that have ended and are kept
    for good so far, a page of them from id `after` on. The last id of the page; None where it is empty.

    Raises:
        NotPermitted: the actor may not clean up.
    """
    tx.authorise("clean up", "history")
    columns = process_instances.c
    query = (
        sa.select(columns.id, columns.definition_id, columns.ended_at, columns.remove_at)
        .where(columns.id > after, columns.status.in_(ENDED))
        .order_by(columns.id)
    )
    rows = tx.connection.execute(query.limit(ROWS)).all()
    planned = [
        {"of_id": row.id, "moment": moment}
        for row in rows
        if row.remove_at is None and (moment := removal(tx, row.definition_id, row.ended_at)) is not None
    ]
    if planned:
        change = sa.update(process_instances).where(columns.id == sa.bindparam("of_id"))
        tx.connection.execute(change.values(remove_at=sa.bindparam("moment")), planned)
    return rows[-1].id if rows else None


def _due(tx: Transaction, now: datetime, limit: int) -> Sequence[Any]:
    columns = process_instances.c
    wanted = [columns[name] for name in ("id", "definition_id", "business_key", "status", "seq", "head")]
    query = sa.select(*wanted, columns.started_at, columns.ended_at).where(columns.remove_at <= now)
    return tx.connection.execute(query.order_by(columns.remove_at, columns.id).limit(limit)).all()


def _kept(tx: Transaction, due: Sequence[Any]) -> dict[int, datetime | None]:
    """Those that may not go yet, and when they are looked at again; None: when somebody asks."""
    ids = [row.id for row in due]
    kept: dict[int, datetime | None] = {}
    for table in (data_stores, jobs, buffered_messages):
        needed = tx.connection.execute(sa.select(table.c.instance_id).where(table.c.instance_id.in_(ids)))
        kept |= dict.fromkeys(needed.scalars(), tx.now + LATER)
    by_key: Mapping[int, str] = {row.id: row.business_key for row in due if row.id not in kept}
    for keeps in tx.engine.keeps_history:
        kept |= keeps(tx, by_key)
    return kept


def _keep(tx: Transaction, instance_ids: Collection[int], until: datetime | None) -> None:
    change = sa.update(process_instances).where(process_instances.c.id.in_(instance_ids))
    tx.connection.execute(change.values(remove_at=until))


def _remove(tx: Transaction, instances: Sequence[Any]) -> None:
    """As many as fit into one transaction, or a part of the first. A tombstone stands from the first row on."""
    sizes = _sizes(tx, [row.id for row in instances])
    chosen: list[Any] = []
    left = ROWS
    for row in instances:
        left -= sizes[row.id]
        if chosen and left < 0:
            break
        chosen.append(row)
    if not chosen:
        return
    there = tombstones.of(tx, [row.id for row in chosen])
    fresh = [row for row in chosen if row.id not in there]
    if fresh:
        tombstones.put(tx, fresh)
    ids = [row.id for row in chosen]
    if len(ids) == 1 and sizes[ids[0]] > ROWS:
        _remove_some(tx, ids[0])
        return
    for table in _ITS_ROWS:
        tx.connection.execute(sa.delete(table).where(table.c.instance_id.in_(ids)))
    tx.connection.execute(sa.delete(process_instances).where(process_instances.c.id.in_(ids)))


def _sizes(tx: Transaction, instance_ids: Sequence[int]) -> dict[int, int]:
    """Rows of each, about: entries of the journal and activities are most of them."""
    sizes = dict.fromkeys(instance_ids, 1)
    for table in (journal, activities):
        counted = sa.select(table.c.instance_id, sa.func.count()).where(table.c.instance_id.in_(instance_ids))
        for instance_id, count in tx.connection.execute(counted.group_by(table.c.instance_id)):
            sizes[instance_id] += count
    return sizes


def _remove_some(tx: Transaction, instance_id: int) -> None:
    """The first rows of each kind, so that the next transaction has fewer to remove."""
    left = ROWS
    for table in _ITS_ROWS:
        keys = list(table.primary_key.columns)
        first = sa.select(*keys).where(table.c.instance_id == instance_id).order_by(*keys).limit(left)
        left -= tx.connection.execute(sa.delete(table).where(sa.tuple_(*keys).in_(first))).rowcount
        if left <= 0:
            return
