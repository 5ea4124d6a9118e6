"""Messages: handed to the one that waits for this name and correlation key, or to the process that it starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine import instances
from engine.core.commands import CorrelateMessage, StartInstance
from engine.database import Transaction
from engine.errors import InvalidState, NotFound
from engine.instances import Instance
from engine.statements import Statement
from engine.tables import start_subscriptions, subscriptions
from engine.variables import checked

_TO_WAITING = (
    sa.select(subscriptions.c.instance_id, subscriptions.c.id)
    .where(subscriptions.c.kind == sa.literal_column("'message'"), subscriptions.c.name == sa.bindparam("of_name"))
    .order_by(subscriptions.c.instance_id, subscriptions.c.id)
    .limit(10)
)
_WAITING = Statement(_TO_WAITING.where(subscriptions.c.key == sa.bindparam("of_key")))
_WAITING_WITHOUT_KEY = Statement(_TO_WAITING.where(subscriptions.c.key.is_(None)))
_STARTING = Statement(
    sa.select(start_subscriptions.c.definition_id, start_subscriptions.c.element_id).where(
        start_subscriptions.c.name == sa.bindparam("of_name")
    )
)


def correlate(tx: Transaction, name: str, key: str, variables: Mapping[str, Any] | None = None) -> Instance:
    """Hand a message to the one subscription of that name and key; where there is none, start the process that
    begins with it, under `key` as its business key. Returns the instance that took it.

    Raises:
        NotFound: nobody waits for it, and it starts no process.
        InvalidState: more than one waits for it.
        InvalidVariables: a value is not JSON.
    """
    tx.authorise("send", f"message:{name}")
    return deliver(tx, name, key, checked(variables or {}))


def start_by_message(tx: Transaction, name: str, key: str, variables: Mapping[str, Any] | None = None) -> Instance:
    """Start the process that begins with this message, whoever else waits for it.

    Raises:
        NotFound: no process begins with it.
        InvalidVariables: a value is not JSON.
    """
    tx.authorise("send", f"message:{name}")
    instance = _start(tx, name, key, checked(variables or {}))
    if instance is None:
        raise NotFound("process that starts with message", name)
    return instance


def deliver(tx: Transaction, name: str, key: str | None, variables: Mapping[str, Any]) -> Instance:
    """As `correlate`, without asking who may."""
    found = _waiting(tx, name, key)
    if len(found) > 1:
        where = ", ".join(str(row.instance_id) for row in found)
        raise InvalidState(
            "message", f"'{name}' ({key})", "hand", f"is waited for more than once, in instances {where}"
        )
    if found:
        instances.execute(tx, found[0].instance_id, CorrelateMessage(found[0].id, variables))
        return instances.get(tx, found[0].instance_id)
    instance = _start(tx, name, key or "", variables)
    if instance is None:
        raise NotFound(f"someone who waits for message '{name}' with key", key)
    return instance


def _waiting(tx: Transaction, name: str, key: str | None) -> list[Any]:
    if key is None:
        return list(_WAITING_WITHOUT_KEY.execute(tx.connection, {"of_name": name}))
    return list(_WAITING.execute(tx.connection, {"of_name": name, "of_key": key}))


def _start(tx: Transaction, name: str, key: str, variables: Mapping[str, Any]) -> Instance | None:
    row = _STARTING.execute(tx.connection, {"of_name": name}).first()
    if row is None:
        return None
    return instances.launch(tx, StartInstance(row.definition_id, key, variables, row.element_id))
