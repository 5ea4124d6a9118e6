"""A form that someone has begun and not yet sent: their own, kept until they send it.

A draft may hold free text, so it stands in a row of its own and goes when the user task is done or the case closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import history, instances, user_tasks
from engine.errors import InvalidState
from engine.store.database import Transaction
from workflows import tables


@dataclass(frozen=True, slots=True)
class Draft:
    """`values` are as they were typed: checked only when the form is sent."""

    values: Mapping[str, Any]
    saved_at: datetime


def save(tx: Transaction, user_task_id: str, values: Mapping[str, Any]) -> None:
    """Keep what was filled in so far, as it was typed.

    Raises:
        NotFound, NotPermitted
        InvalidState: the user task has ended; a draft would outlive it.
    """
    user_task = user_tasks.get(tx, user_task_id)
    tx.authorise("complete", user_task)
    # Whoever completes it at this moment throws away the drafts that are there, and no later ones.
    instances.lock(tx, user_task.instance_id)
    user_task = user_tasks.get(tx, user_task_id)
    if user_task.status != user_tasks.OPEN:
        fate = history.fate(tx, user_task.instance_id, user_task.token_id)
        raise InvalidState("user task", user_task_id, "keep a draft for", fate)
    _delete(tx, _own(tx, user_task_id))
    tx.connection.execute(
        sa.insert(tables.drafts).values(
            {"user_task_id": user_task_id, "account_id": tx.actor.id, "values": dict(values), "saved_at": tx.now}
        )
    )


def find(tx: Transaction, user_task_id: str) -> Draft | None:
    """The actor's own draft; None where there is none."""
    row = tx.connection.execute(sa.select(tables.drafts).where(_own(tx, user_task_id))).one_or_none()
    return None if row is None else Draft(row._mapping["values"], row.saved_at)


def discard(tx: Transaction, user_task_id: str) -> None:
    """The user task is done: nobody's draft for it is needed."""
    _delete(tx, tables.drafts.c.user_task_id == user_task_id)


def discard_all(tx: Transaction, case_number: str) -> None:
    """Nobody's draft for any user task of the case is needed, or may be kept: it is closed, or a person is erased."""
    instance = instances.find(tx, case_number)
    _delete(tx, tables.drafts.c.user_task_id.startswith(f"{instance.id}-", autoescape=True))


def _own(tx: Transaction, user_task_id: str) -> sa.ColumnElement[bool]:
    table = tables.drafts
    return (table.c.user_task_id == user_task_id) & (table.c.account_id == tx.actor.id)


def _delete(tx: Transaction, which: sa.ColumnElement[bool]) -> None:
    tx.connection.execute(sa.delete(tables.drafts).where(which))
