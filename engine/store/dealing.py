"""Deals out what many wait for, a page at a time: each page is a transaction of its own, which leaves behind where the
next one begins. So no transaction is long, and after a crash the dealing goes on where it was.

Whoever began to wait after a broadcast does not get it, however long the dealing takes. Which came first is told by
a number, and no clock: each broadcast takes the next one, and who begins to wait notes the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine.store import posting
from engine.store.cause import Cause
from engine.store.database import Transaction
from engine.store.tables import broadcasts, jobs, subscriptions

PAGE = 500
"""Receivers that get something posted in one transaction."""

SO_FAR = sa.select(sa.func.coalesce(sa.func.max(broadcasts.c.number), sa.literal_column("0"))).scalar_subquery()
"""How many broadcasts there have been."""


def next_number(tx: Transaction) -> int:
    """The number of a broadcast that begins now. The next one waits until this transaction has ended."""
    following = sa.update(broadcasts).values(number=broadcasts.c.number + 1).returning(broadcasts.c.number)
    number: int = tx.connection.execute(following).scalar_one()
    return number


def waiting(kind: str, name: str, number: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Subscriptions that were open when the broadcast of this number began."""
    rows = subscriptions.c
    return rows.kind == kind, rows.name == name, rows.opened_after < number


def page(
    tx: Transaction, topic: str, payload: Mapping[str, Any], receivers: sa.Select[Any], cause: Cause
) -> tuple[int, int] | None:
    """Post a delivery to each of the first `receivers`, which selects instance and subscription, in order. The last of
    them, where more may follow.
    """
    rows = tx.connection.execute(receivers.limit(PAGE)).all()
    row = posting.delivery(tx, topic, payload, cause)
    if rows:
        tx.connection.execute(sa.insert(jobs), [{**row, "instance_id": each[0], "token_id": each[1]} for each in rows])
        tx.after_commit(tx.engine.wake)
    return (rows[-1][0], rows[-1][1]) if len(rows) == PAGE else None
