"""How often something happened: numbers of the whole register, which are not counted anew each time they are shown."""

from __future__ import annotations

import sqlalchemy as sa

from engine.store.database import Transaction
from workflows import tables
from workflows.time.calendars import local_day

CLOSED, BREACHED = "closed", "breached"

_ADD = sa.text(
    "INSERT INTO tallies (what, year, times) VALUES (:what, :year, 1)"
    " ON CONFLICT (what, year) DO UPDATE SET times = tallies.times + 1"
)


def add(tx: Transaction, what: str) -> None:
    """It has happened once more, in this year."""
    tx.connection.execute(_ADD, {"what": what, "year": local_day(tx.now).year})


def total(tx: Transaction, what: str) -> int:
    """How often it has happened in all."""
    table = tables.tallies
    return tx.connection.scalar(sa.select(sa.func.sum(table.c.times)).where(table.c.what == what)) or 0
