"""The case file: what was written in a case, version by version.

Free text names people, so it never becomes a process variable. A variable carries a reference, the text's id and a
salted hash of its words; when a text is erased its words and its salt go, and the reference still reads.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa

from engine import incidents
from engine.errors import InvalidState, NotFound
from engine.store.database import Transaction
from engine.store.statements import Statement
from workflows import journal_notes, tables

ERASED = "[erased]"
"""What stands where erased words stood."""


_WRITTEN = ("case_number", "kind", "name", "version", "body", "salt", "hash", "written_at", "written_by")
_INSERT = Statement(sa.insert(tables.texts).returning(tables.texts.c.id), _WRITTEN)


@dataclass(frozen=True, slots=True)
class Text:
    """One version of something written. `body` is None once it is erased; `name` tells several of a kind apart."""

    id: int
    case_number: str
    kind: str
    name: str
    version: int
    body: str | None
    hash: str
    written_at: datetime
    written_by: str
    erased_at: datetime | None
    erased_because: str | None

    @property
    def reference(self) -> dict[str, Any]:
        """What a process variable carries in place of the words."""
        return {"text": self.id, "hash": self.hash}

    @property
    def words(self) -> str:
        """What a page shows."""
        return ERASED if self.body is None else self.body


def write(tx: Transaction, case_number: str, kind: str, body: str, name: str = "") -> Text:
    """Add the next version of the text of that kind and name to the case file."""
    table = tables.texts
    series = (table.c.case_number == case_number) & (table.c.kind == kind) & (table.c.name == name)
    latest = tx.connection.scalar(sa.select(sa.func.max(table.c.version)).where(series))
    return _add(tx, case_number, kind, body, name, version=(latest or 0) + 1)


def write_first(tx: Transaction, case_number: str, kind: str, body: str) -> Text:
    """Like `write`, for a case that cannot have such a text yet: nothing is looked up."""
    return _add(tx, case_number, kind, body, name="", version=1)


def get(tx: Transaction, text_id: int) -> Text:
    """Raises NotFound."""
    row = tx.connection.execute(sa.select(tables.texts).where(tables.texts.c.id == text_id)).one_or_none()
    if row is None:
        raise NotFound("text", text_id)
    return _text(row)


def of_case(tx: Transaction, case_number: str) -> tuple[Text, ...]:
    """Every version of every text of the case, in the order they were written."""
    query = sa.select(tables.texts).where(tables.texts.c.case_number == case_number).order_by(tables.texts.c.id)
    return tuple(map(_text, tx.connection.execute(query)))


def erase(tx: Transaction, text_id: int, because: str) -> None:
    """Take the words away for good, and the salt with them, so that nobody can try words against the hash. What is
    known of failures in the case beside the journal goes too, for it may quote them.

    The journal keeps that it was done and by whom, the text's row why.

    Raises:
        NotFound, NotPermitted
        InvalidState: it was erased before.
    """
    text = get(tx, text_id)
    tx.authorise("erase", text)
    if text.erased_at is not None:
        raise InvalidState("text", text_id, "erase", f"was erased at {text.erased_at:%Y-%m-%d %H:%M}")
    erase_all(tx, (text_id,), because)
    incidents.forget(tx, text.case_number)
    journal_notes.write(tx, text.case_number, "text erased", {"text": text_id})


def erase_all(tx: Transaction, text_ids: tuple[int, ...], because: str) -> None:
    """Erase several texts on behalf of a command that was permitted; those erased before stay as they are."""
    table = tables.texts
    tx.connection.execute(
        sa.update(table)
        .where(table.c.id.in_(text_ids), table.c.erased_at.is_(None))
        .values(body=None, salt=None, erased_at=tx.now, erased_by=tx.actor.id, erased_because=because)
    )


def find_altered(tx: Transaction, references: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """Those of the references, by text id and hash, whose very words the case file no longer holds.

    An erased text is as it was where its row still carries the hash.
    """
    altered = []
    for chunk in _chunks(references):
        query = sa.select(tables.texts).where(tables.texts.c.id.in_([text_id for text_id, _ in chunk]))
        rows = {row.id: row for row in tx.connection.execute(query)}
        altered += [(text_id, expected) for text_id, expected in chunk if not _says(rows.get(text_id), expected)]
    return altered


def _chunks(references: Iterable[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    remaining = iter(references)
    while chunk := list(islice(remaining, 500)):
        yield chunk


def _says(row: sa.Row[Any] | None, expected: str) -> bool:
    if row is None or row.hash != expected:
        return False
    return row.body is None or hmac.compare_digest(_hash(row.salt, row.body), expected)


def is_reference(value: object) -> bool:
    """Whether a variable's value stands for a text."""
    return isinstance(value, Mapping) and value.keys() == {"text", "hash"}


def resolve(tx: Transaction, value: Any) -> Any:
    """The value with every reference in it, however deep, opened to its words."""
    if isinstance(value, Mapping):
        if is_reference(value):
            return get(tx, value["text"]).words
        return {key: resolve(tx, item) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(tx, item) for item in value]
    return value


def _add(tx: Transaction, case_number: str, kind: str, body: str, name: str, version: int) -> Text:
    salt = secrets.token_bytes(16)
    values: dict[str, Any] = {
        "case_number": case_number,
        "kind": kind,
        "name": name,
        "version": version,
        "body": body,
        "hash": _hash(salt, body),
        "written_at": tx.now,
        "written_by": tx.actor.id,
    }
    text_id = _INSERT.execute(tx.connection, {"salt": salt, **values}).scalar_one()
    return Text(id=text_id, erased_at=None, erased_because=None, **values)


def _hash(salt: bytes, body: str) -> str:
    return hashlib.sha256(salt + body.encode()).hexdigest()


def _text(row: sa.Row[Any]) -> Text:
    return Text(
        id=row.id,
        case_number=row.case_number,
        kind=row.kind,
        name=row.name,
        version=row.version,
        body=row.body,
        hash=row.hash,
        written_at=row.written_at,
        written_by=row.written_by,
        erased_at=row.erased_at,
        erased_because=row.erased_because,
    )
