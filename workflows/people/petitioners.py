"""The people behind the cases, in a store of their own: nothing about them is in a variable or in the journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import incidents
from engine.errors import NotFound
from engine.store.database import Transaction
from workflows import journal_notes, tables
from workflows.papers import drafts, texts

PETITIONERS_OWN = frozenset({"claims", "supplement", "rating_reasons", "withdrawal_reason"})
"""The kinds of text that petitioners write themselves; they go with the person."""


@dataclass(frozen=True, slots=True)
class Person:
    """As the petition names them; each may be empty."""

    name: str
    phone: str = ""
    address: str = ""

    @property
    def is_clear(self) -> bool:
        """Whether a decision can be sent to them in writing (Art. 23)."""
        return bool(self.name.strip() and self.address.strip())


@dataclass(frozen=True, slots=True)
class Petitioner:
    """A person of one case. Name, phone and address are None once they are erased."""

    id: int
    case_number: str
    name: str | None
    phone: str | None
    address: str | None
    erased_at: datetime | None


def add(tx: Transaction, case_number: str, people: Iterable[Person]) -> None:
    """Enter the people of a new case, the first as the one who speaks for them."""
    rows = [
        {"case_number": case_number, "name": person.name, "phone": person.phone, "address": person.address}
        for person in people
    ]
    if rows:
        tx.connection.execute(sa.insert(tables.petitioners), rows)


def of_case(tx: Transaction, case_number: str) -> tuple[Petitioner, ...]:
    """In the order they were entered."""
    table = tables.petitioners
    rows = tx.connection.execute(sa.select(table).where(table.c.case_number == case_number).order_by(table.c.id))
    return tuple(map(_petitioner, rows))


def erase(tx: Transaction, petitioner_id: int, because: str) -> None:
    """Take a person out of their case for good, with what the petitioners of the case wrote themselves.

    Drafts and what is known of failures beside the journal, which may name them, go too. What others wrote about them
    is judged text by text: see `texts.erase`. The journal keeps that it was done and by whom, the person's row why; the
    case still reads, and its chain verifies.

    Raises:
        NotFound, NotPermitted
    """
    petitioner = _get(tx, petitioner_id)
    tx.authorise("erase", petitioner)
    table = tables.petitioners
    tx.connection.execute(
        sa.update(table)
        .where(table.c.id == petitioner_id, table.c.erased_at.is_(None))
        .values(name=None, phone=None, address=None, erased_at=tx.now, erased_by=tx.actor.id, erased_because=because)
    )
    drafts.discard_all(tx, petitioner.case_number)
    incidents.forget(tx, petitioner.case_number)
    own = _own_texts(texts.of_case(tx, petitioner.case_number))
    texts.erase_all(tx, own, because)
    journal_notes.write(
        tx, petitioner.case_number, "petitioner erased", {"petitioner": petitioner_id, "texts": list(own)}
    )


def _own_texts(written: Sequence[texts.Text]) -> tuple[int, ...]:
    return tuple(text.id for text in written if text.kind in PETITIONERS_OWN and text.erased_at is None)


def _get(tx: Transaction, petitioner_id: int) -> Petitioner:
    table = tables.petitioners
    row = tx.connection.execute(sa.select(table).where(table.c.id == petitioner_id)).one_or_none()
    if row is None:
        raise NotFound("petitioner", petitioner_id)
    return _petitioner(row)


def _petitioner(row: sa.Row[Any]) -> Petitioner:
    return Petitioner(row.id, row.case_number, row.name, row.phone, row.address, row.erased_at)
