"""Posts what leaves one transaction for another: rows among the jobs, which `engine.work.deliveries` delivers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from engine import retry
from engine.core.continuing import DEFAULT_PRIORITY
from engine.store import locks
from engine.store.cause import Cause
from engine.store.database import Transaction
from engine.store.statements import Statement
from engine.store.tables import buffered_messages, jobs

BUFFERED_TO_ONE = ":buffered-to-one"
"""The topic of what tells a subscription, whose id stands in for the token's, that a message waits for it."""

BUFFERED_TO_START = ":buffered-to-start"
"""The topic of what tells a process that a message waits which starts it."""

SIGNAL_TO_START = ":signal-to-start"
"""The topic of a signal on its way to a process that it starts."""


class Sender(NamedTuple):
    """The instance, and the token in it, that threw something."""

    instance_id: int
    token_id: int


def post(
    tx: Transaction, topic: str, payloads: Iterable[Mapping[str, Any]], *, instance_id: int | None, token_id: int
) -> None:
    """A delivery for each payload, on behalf of a token of an instance; of nobody's where it is None."""
    sender = {"instance_id": instance_id, "token_id": token_id}
    rows = [{**sender, **delivery(tx, topic, payload)} for payload in payloads]
    if rows:
        tx.connection.execute(sa.insert(jobs), rows)
        tx.after_commit(tx.engine.wake)


def delivery(tx: Transaction, topic: str, payload: Mapping[str, Any], cause: Cause | None = None) -> dict[str, Any]:
    """A row of the jobs that is due now, but for whose it is. Its cause is that of the transaction, or another."""
    return {
        "topic": topic,
        "payload": json.dumps({**payload, "cause": cause or tx.cause}, ensure_ascii=False),
        "rank": -DEFAULT_PRIORITY,
        "retries": retry.ATTEMPTS,
        "attempts": 0,
        "lapses": 0,
        "queue": "",
        "due": tx.now,
    }


# Messages that came before their receiver


def lock_of(name: str) -> str:
    """The lock of a message's name: held alone by who puts one into the buffer, together by who begins to wait."""
    return f"message:{name}"


def offer(tx: Transaction, instance_id: int, subscriptions: Sequence[Mapping[str, Any]]) -> None:
    """Tell subscriptions for messages that were just opened of what waits already, if anything of their names does."""
    for name in _waiting(tx, {row["name"] for row in subscriptions}):
        for row in subscriptions:
            if row["name"] == name:
                post(tx, BUFFERED_TO_ONE, [{}], instance_id=instance_id, token_id=row["id"])


def offer_to_start(tx: Transaction, names: set[str]) -> None:
    """Tell of these messages, which start a process from now on, if any wait already."""
    for name in _waiting(tx, names):
        post(tx, BUFFERED_TO_START, [{"name": name}], instance_id=None, token_id=0)


_WAITS = Statement(
    sa.select(buffered_messages.c.id)
    .where(buffered_messages.c.name == sa.bindparam("of_name"))
    .where(buffered_messages.c.expires > sa.bindparam("now", type_=buffered_messages.c.expires.type))
    .limit(1)
)


def _waiting(tx: Transaction, names: set[str]) -> list[str]:
    """Those of these names of which a message waits. None can be put there without seeing who asked."""
    if not names:
        return []
    # In one order, so that two who begin to wait for the same names never wait for each other.
    for name in sorted(names):
        locks.together(tx, lock_of(name))
    return [name for name in sorted(names) if _WAITS.execute(tx.connection, {"of_name": name, "now": tx.now}).first()]
