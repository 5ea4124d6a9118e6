"""The journal: append-only, one entry a command, each with the hash of the one before it.

The head of an instance's chain stands in its row. So a changed byte, a gap and a cut-off end show; what shows that
both were rewritten together is an anchor outside the database (`heads` gives what to put there).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, get_args

import sqlalchemy as sa

from engine import tombstones
from engine.core.apply import replay as fold
from engine.core.commands import Command
from engine.core.facts import FORMAT, Fact, decode, encode
from engine.core.state import State
from engine.errors import InvalidInput, NotFound
from engine.store import states
from engine.store.database import Transaction
from engine.store.remaking import Remaking, remaking
from engine.store.statements import Insert, Statement
from engine.store.tables import journal, process_instances

START = "0" * 64
"""Stands where the hash of the entry before the first would."""


def _plain(value: Any) -> Any:
    """A part of a command, as its name and its fields; a moment as a text."""
    if is_dataclass(value):
        return [type(value).__name__, {field.name: getattr(value, field.name) for field in fields(value)}]
    return str(value)


_encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain).encode
_FIELDS = {command: tuple(field.name for field in fields(command)) for command in get_args(Command)}
_APPEND = Insert(journal)
_SET_HEAD = Statement(
    sa.update(process_instances)
    .where(process_instances.c.id == sa.bindparam("of_id"))
    .values(seq=sa.bindparam("to_seq"), head=sa.bindparam("to_head"))
)


@dataclass(frozen=True, slots=True)
class Entry:
    """`kind` is ``command`` or ``note``; `command` is a name and its fields, `facts` what came of it."""

    seq: int
    at: datetime
    actor: str
    kind: str
    command: tuple[str, dict[str, Any]]
    facts: tuple[list[Any], ...]
    hash: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong at an entry of an instance's journal; `seq` is 0 where it is the instance's row."""

    instance_id: int
    seq: int
    what: str

    def __str__(self) -> str:
        return f"instance {self.instance_id}, entry {self.seq}: {self.what}"


def append(
    tx: Transaction, instance_id: int, seq: int, head: str, command: Command, happened: Sequence[Fact]
) -> tuple[int, str]:
    """Write what a command led to, after entry `seq` with hash `head`. Returns the new ones, for the instance's row."""
    name = type(command)
    said = _encode_json([name.__name__, {field: getattr(command, field) for field in _FIELDS[name]}])
    return _write(tx, instance_id, seq, head, "command", said, _encode_json([encode(fact) for fact in happened]))


def note(tx: Transaction, instance_id: int, kind: str, data: dict[str, Any]) -> None:
    """Write an entry for something that changes no state: that a case was read, say, by whom and why.

    Raises:
        NotFound: there is no such instance.
        InvalidInput: `data` is not JSON.
    """
    row = tx.connection.execute(
        sa.select(process_instances.c.seq, process_instances.c.head)
        .where(process_instances.c.id == instance_id)
        .with_for_update(key_share=True)
    ).first()
    if row is None:
        raise NotFound("process instance", instance_id)
    try:
        said = json.dumps([kind, data], ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"Expected a note of JSON values, but {error}.") from error
    seq, head = _write(tx, instance_id, row.seq, row.head, "note", said, "[]")
    _SET_HEAD.execute(tx.connection, {"of_id": instance_id, "to_seq": seq, "to_head": head})


def _write(
    tx: Transaction, instance_id: int, seq: int, head: str, kind: str, command: str, happened: str
) -> tuple[int, str]:
    row: dict[str, Any] = {
        "instance_id": instance_id,
        "seq": seq + 1,
        "at": tx.now.isoformat(),
        "actor": tx.actor.id,
        "kind": kind,
        "command": command,
        "facts": happened,
        "format": FORMAT,
    }
    row["hash"] = _hash(head, row)
    _APPEND.execute(tx.connection, [row])
    return seq + 1, row["hash"]


def _hash(previous: str, row: Any) -> str:
    """Each field with its length before it, so that no text can pass for the end of one and the start of the next."""
    digest = sha256()
    for name in ("instance_id", "seq", "at", "actor", "kind", "command", "facts", "format"):
        value = str(row[name]).encode()
        digest.update(b"%d:" % len(value))
        digest.update(value)
    digest.update(previous.encode())
    return digest.hexdigest()


def entries(tx: Transaction, instance_id: int, *, after: int = 0, limit: int | None = None) -> list[Entry]:
    """The entries after number `after`, in order."""
    return list(_entries(tx, instance_id, after, limit))


def latest(tx: Transaction, instance_id: int, *, before: int | None = None, limit: int = 20) -> list[Entry]:
    """The newest entries first, from the one before number `before` on."""
    query = sa.select(journal).where(journal.c.instance_id == instance_id)
    if before is not None:
        query = query.where(journal.c.seq < before)
    return [_entry(row) for row in tx.connection.execute(query.order_by(journal.c.seq.desc()).limit(limit))]


def happened(tx: Transaction, instance_id: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every fact of an instance from the first on, as name and fields."""
    query = sa.select(journal.c.facts).where(journal.c.instance_id == instance_id).order_by(journal.c.seq)
    for (facts,) in tx.connection.execute(query):
        yield from json.loads(facts)


def _entries(tx: Transaction, instance_id: int, after: int = 0, limit: int | None = None) -> Iterator[Entry]:
    query = sa.select(journal).where(journal.c.instance_id == instance_id, journal.c.seq > after)
    for row in tx.connection.execute(query.order_by(journal.c.seq).limit(limit)):
        yield _entry(row)


def _entry(row: Any) -> Entry:
    name, values = json.loads(row.command)
    happened = tuple(json.loads(row.facts))
    return Entry(row.seq, datetime.fromisoformat(row.at), row.actor, row.kind, (name, values), happened, row.hash)


def replay(tx: Transaction, instance_id: int, *, until: int | None = None) -> State:
    """The state that the journal leads to: now, or as it was after entry `until`.

    Raises:
        NotFound: the instance has no journal.
    """
    history = [entry for entry in _entries(tx, instance_id) if until is None or entry.seq <= until]
    if not history:
        raise NotFound("journal of process instance", instance_id)
    return fold(decode(fact) for entry in history for fact in entry.facts)


def verify(tx: Transaction, *, instance_id: int | None = None, replayed: bool = False) -> list[Finding]:
    """Everything that is wrong with the journal: of one instance, or of all.

    With `replayed`, each history is run through again as well, and must lead to the state and the rows that are stored.
    """
    found: list[Finding] = []
    with remaking() as remade:
        for instance in _instances(tx, instance_id):
            if tombstones.of(tx, [instance.id]):
                continue  # it is being removed, and a part of it has gone
            wrong = list(_broken_links(tx, instance))
            if not wrong and replayed:
                wrong = list(_wrong_state(tx, instance)) or list(_wrong_rows(tx, instance, remade))
            found.extend(wrong)
    found.extend(_orphans(tx, instance_id))
    if instance_id is None:
        found.extend(Finding(removed.instance_id, 0, what) for removed, what in tombstones.broken(tx))
    return found


def heads(tx: Transaction) -> Iterator[tuple[int, int, str]]:
    """Instance, number of entries and head hash, of all: what an anchor outside the database keeps. Those of what was
    removed since are in `tombstones.read`.
    """
    columns = process_instances.c
    for row in tx.connection.execute(sa.select(columns.id, columns.seq, columns.head).order_by(columns.id)):
        yield row.id, row.seq, row.head


def _instances(tx: Transaction, instance_id: int | None) -> Iterator[Any]:
    columns = process_instances.c
    last = 0
    while True:
        query = sa.select(columns.id, columns.seq, columns.head, columns.state).where(columns.id > last)
        if instance_id is not None:
            query = query.where(columns.id == instance_id)
        rows = tx.connection.execute(query.order_by(columns.id).limit(500)).all()
        yield from rows
        if not rows:
            return
        last = rows[-1].id


def _broken_links(tx: Transaction, instance: Any) -> Iterator[Finding]:
    previous, expected = START, 1
    query = sa.select(journal).where(journal.c.instance_id == instance.id).order_by(journal.c.seq)
    for row in tx.connection.execute(query):
        if row.seq != expected:
            yield Finding(instance.id, row.seq, f"expected entry {expected}, but it is missing")
            expected = row.seq
        elif _hash(previous, row._mapping) != row.hash:
            yield Finding(
                instance.id, row.seq, "expected its hash to fit its content and the entry before, but it does not"
            )
        previous, expected = row.hash, expected + 1
    if instance.seq != expected - 1:
        yield Finding(instance.id, expected - 1, f"expected {instance.seq} entries, but the last is {expected - 1}")
    elif instance.head != previous:
        yield Finding(
            instance.id, instance.seq, "expected the hash in the instance's row to be the last entry's, but it is not"
        )


def _wrong_state(tx: Transaction, instance: Any) -> Iterator[Finding]:
    try:
        replayed = replay(tx, instance.id).to_json()
        stored = states.whole(tx.connection, instance.id, instance.state).to_json()
    except (KeyError, ValueError, TypeError, NotFound) as error:
        yield Finding(instance.id, 0, f"expected its history to be replayable, but {error!r}")
        return
    if replayed != stored:
        yield Finding(instance.id, 0, "expected the stored state to be what its history leads to, but it is not")


def _wrong_rows(tx: Transaction, instance: Any, remade: Remaking) -> Iterator[Finding]:
    try:
        for difference in remade.differences(tx, instance.id, _entries(tx, instance.id)):
            yield Finding(instance.id, 0, f"expected {difference}")
    except (KeyError, ValueError, TypeError) as error:
        yield Finding(instance.id, 0, f"expected its rows to be readable, but {error!r}")


def _orphans(tx: Transaction, instance_id: int | None) -> Iterator[Finding]:
    query = (
        sa.select(journal.c.instance_id, sa.func.min(journal.c.seq))
        .outerjoin(process_instances, process_instances.c.id == journal.c.instance_id)
        .where(process_instances.c.id.is_(None))
        .group_by(journal.c.instance_id)
    )
    if instance_id is not None:
        query = query.where(journal.c.instance_id == instance_id)
    for lost, seq in tx.connection.execute(query):
        yield Finding(lost, seq, "expected an instance that these entries belong to, but it is gone")
