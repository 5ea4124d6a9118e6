"""Makes the rows of an instance anew from its journal, and holds them against those that are stored.

The facts go through the same projection once more, with the time and the actor of each entry, into tables in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa

from engine.actors import Actor
from engine.core.facts import InstanceStarted, decode
from engine.store.database import Transaction
from engine.store.projection import Projection
from engine.store.tables import (
    activities,
    broadcasts,
    buffered_messages,
    candidates,
    data_stores,
    incidents,
    jobs,
    metadata,
    process_instances,
    subscriptions,
    timers,
)

_MADE = (activities, broadcasts, buffered_messages, candidates, data_stores, incidents, jobs, subscriptions, timers)
_COMPARED = (activities, candidates, incidents, subscriptions, timers)
_NOT_OF_THE_HISTORY = {
    *((timers.name, "due"), (timers.name, "held_due"), (timers.name, "attempts")),
    (subscriptions.name, "opened_after"),
    *((incidents.name, "trace"), (incidents.name, "variables")),
}
"""A timer that could not be fired is put off by whoever fires timers; what is known of an incident beside its fact is
for whoever mends it. How many broadcasts there had been is known to the database alone. Nor are jobs of the history:
they are leased and retried without an entry.
"""
_FROM_JOURNAL = ("definition_id", "definition_key", "business_key", "status", "started_at", "started_by")
_SUSPENSION = ("suspended_at", "suspended_by", "suspend_reason")
_OF_INSTANCE = [process_instances.c[name] for name in (*_FROM_JOURNAL, *_SUSPENSION, "ended_at", "end_reason")]


class Entry(Protocol):
    """An entry of the journal."""

    @property
    def at(self) -> datetime: ...

    @property
    def actor(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def facts(self) -> Sequence[list[Any]]: ...


@dataclass(frozen=True, slots=True)
class Remaking:
    """A place to make rows in; nothing of it is kept."""

    scratch: sa.Engine

    def differences(self, tx: Transaction, instance_id: int, entries: Iterable[Entry]) -> Iterator[str]:
        """What is stored otherwise than the entries of this instance say, to be read after "expected"."""
        with self.scratch.connect() as connection:
            made = _make(Transaction(tx.engine, connection, tx.actor, tx.now), instance_id, entries)
            query = sa.select(*_OF_INSTANCE).where(process_instances.c.id == instance_id)
            stored = _mapping(tx.connection.execute(query).one())
            yield from _differing("its row", made, stored)
            for table in _COMPARED:
                yield from _table(
                    table, _rows(connection, table, instance_id), _rows(tx.connection, table, instance_id)
                )
            yield from _stores(_rows(connection, data_stores, instance_id), tx.connection, instance_id)


@contextmanager
def remaking() -> Iterator[Remaking]:
    """Tables in memory, gone at the end."""
    scratch = sa.create_engine("sqlite://")
    metadata.create_all(scratch, tables=_MADE)
    try:
        yield Remaking(scratch)
    finally:
        scratch.dispose()


def _make(tx: Transaction, instance_id: int, entries: Iterable[Entry]) -> dict[str, Any]:
    """Make all rows; returns what stands in the instance's own."""
    made: dict[str, Any] = {"status": "active"}
    scopes: dict[int, str] = {}
    elements: Mapping[int, str] = {}
    for entry in entries:
        if entry.kind != "command":
            continue
        happened = [decode(fact) for fact in entry.facts]
        for start in (fact for fact in happened if isinstance(fact, InstanceStarted)):
            made |= {"definition_id": start.definition_id, "definition_key": start.definition_id.rpartition(":")[0]}
            made |= {"business_key": start.business_key, "started_at": entry.at, "started_by": entry.actor}
        then = Transaction(tx.engine, tx.connection, Actor(entry.actor), entry.at)
        rows = Projection(then, instance_id, scopes, elements, made["status"])
        rows.take(happened)
        rows.write()
        elements = rows.elements
        made |= {"status": rows.status, "end_reason": rows.end_reason}
        made["ended_at"] = None if rows.status in ("active", "suspended") else entry.at
        made |= (rows.suspension or {}) | (rows.runs_by or {})
    return made


def _rows(connection: sa.Connection, table: sa.Table, instance_id: int) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    query = sa.select(table).where(table.c.instance_id == instance_id)
    if table is incidents:
        # A delivery that failed is no fact of the state machine, nor is a timer that could not be fired.
        query = query.where(incidents.c.kind.not_in(("delivery", "timer")))
    keys = [column.name for column in table.primary_key.columns]
    return {tuple(row[key] for key in keys): row for row in map(_mapping, connection.execute(query))}


def _mapping(row: Any) -> Mapping[str, Any]:
    mapping: Mapping[str, Any] = row._mapping
    return mapping


def _table(
    table: sa.Table, made: Mapping[tuple[Any, ...], Any], stored: Mapping[tuple[Any, ...], Any]
) -> Iterator[str]:
    for key in sorted({*made, *stored}, key=repr):
        where = f"row {'-'.join(map(str, key))} of {table.name}"
        if key not in stored:
            yield f"{where} to be there, as its history says, but it is gone"
        elif key not in made:
            yield f"{where} to be in its history, but it is not"
        else:
            yield from _differing(where, made[key], stored[key], table.name)


def _stores(
    made: Mapping[tuple[Any, ...], Mapping[str, Any]], connection: sa.Connection, instance_id: int
) -> Iterator[str]:
    """Data stores belong to all: what this instance wrote is there, unless another one wrote after it."""
    stored = _rows(connection, data_stores, instance_id)
    for key, row in made.items():
        found = connection.execute(sa.select(data_stores).where(data_stores.c.name == row["name"])).first()
        if found is not None and found.instance_id != instance_id and found.changed_at >= row["changed_at"]:
            continue
        yield from _table(data_stores, {key: row}, {key: stored[key]} if key in stored else {})
    yield from _table(data_stores, {}, {key: row for key, row in stored.items() if key not in made})


def _differing(where: str, made: Mapping[str, Any], stored: Mapping[str, Any], table: str = "") -> Iterator[str]:
    for name, value in stored.items():
        if (table, name) not in _NOT_OF_THE_HISTORY and made.get(name) != value:
            yield f"{name} in {where} to be what its history leads to, but it is not"
