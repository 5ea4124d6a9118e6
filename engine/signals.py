"""Signals: handed to everyone who waits for that name, each instance in a transaction of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine import instances, retry
from engine.core.commands import BroadcastSignal
from engine.database import Transaction
from engine.tables import jobs, subscriptions
from engine.variables import checked

TO_ONE = ":signal-to-one"
"""The topic of a signal on its way to one instance."""


def broadcast(tx: Transaction, name: str, variables: Mapping[str, Any] | None = None) -> int:
    """Send a signal to every instance that waits for it now; how many those are. They take it after the commit.

    Raises:
        InvalidVariables: a value is not JSON.
    """
    tx.authorise("send", f"signal:{name}")
    return deal_out(tx, name, checked(variables or {}))


def deal_out(tx: Transaction, name: str, variables: Mapping[str, Any]) -> int:
    """As `broadcast`, without asking who may."""
    payload = json.dumps({"name": name, "variables": variables}, ensure_ascii=False)
    values = {
        "token_id": sa.literal(0),
        "topic": sa.literal(TO_ONE),
        "payload": sa.literal(payload),
        "rank": sa.literal(0),
        "retries": sa.literal(retry.ATTEMPTS),
        "attempts": sa.literal(0),
        "due": sa.literal(tx.now, jobs.c.due.type),
    }
    waiting = (
        sa.select(subscriptions.c.instance_id, *values.values())
        .where(subscriptions.c.kind == "signal", subscriptions.c.name == name)
        .distinct()
        .order_by(subscriptions.c.instance_id)
    )
    tx.after_commit(tx.engine.wake)
    return tx.connection.execute(sa.insert(jobs).from_select(["instance_id", *values], waiting)).rowcount


def receive(tx: Transaction, instance_id: int, name: str, variables: Mapping[str, Any]) -> None:
    """Hand a signal to everything in one instance that waits for it; nothing waiting is no error.

    Raises:
        InvalidState: the instance has ended.
    """
    instances.execute(tx, instance_id, BroadcastSignal(name, variables))
