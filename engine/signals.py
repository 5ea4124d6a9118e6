"""Signals: handed to everyone who waits for that name, and start every process that begins with it; each instance in
a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from engine import starts
from engine.starts import Start
from engine.store import posting
from engine.store.database import Transaction
from engine.store.tables import subscriptions
from engine.variables import checked

TO_ONE = ":signal-to-one"
"""The topic of a signal on its way to one instance; its first subscription's id stands in for the token's."""

TO_START = ":signal-to-start"
"""The topic of a signal on its way to a process that it starts."""


class Thrower(NamedTuple):
    """The instance and token that threw a signal, and the last id that the instance had given out by then.

    Nobody, where it came from outside.
    """

    instance_id: int | None
    token_id: int
    last_id: int | None


NOBODY = Thrower(None, 0, None)


def broadcast(tx: Transaction, name: str, variables: Mapping[str, Any] | None = None, business_key: str = "") -> int:
    """Send a signal to every instance that waits for it now, and to every process that it starts, under
    `business_key`; how many those are. They take it after the commit.

    Raises:
        InvalidVariables: a value is not JSON.
    """
    tx.authorise("send", f"signal:{name}")
    return deal_out(tx, name, checked(variables or {}), business_key)


def deal_out(
    tx: Transaction,
    name: str,
    variables: Mapping[str, Any],
    business_key: str = "",
    thrower: Thrower = NOBODY,
) -> int:
    """As `broadcast`, without asking who may. A `thrower` takes it itself only where it waited by then."""
    payload = {"name": name, "variables": variables}
    own = {"thrower": thrower.instance_id, "last_id": thrower.last_id}
    waiting = (
        sa.select(subscriptions.c.instance_id, sa.func.min(subscriptions.c.id).label("id"))
        .where(subscriptions.c.kind == "signal", subscriptions.c.name == name)
        .group_by(subscriptions.c.instance_id)
    )
    waits = posting.post_to_all(tx, TO_ONE, {**payload, **own}, waiting)
    found = [start for start in starts.find(tx, starts.SIGNAL, name) if not _is_awaited(tx, name, start)]
    payloads = [
        {**payload, "business_key": business_key, "start": [each.definition_key, each.element_id, each.place]}
        for each in found
    ]
    posting.post(tx, TO_START, payloads, instance_id=thrower.instance_id, token_id=thrower.token_id)
    return waits + len(found)


def _is_awaited(tx: Transaction, name: str, start: Start) -> bool:
    """Whether an instance that another event began waits for this one to begin with it, which then begins no second
    (BPMN 2.0, 10.6.6, parallel event-based gateways).
    """
    key = start.definition_key
    this = (subscriptions.c.kind == "signal") & (subscriptions.c.name == name)
    # The versions of a process: a semicolon is what follows the colon.
    this &= (subscriptions.c.definition_id > f"{key}:") & (subscriptions.c.definition_id < f"{key};")
    this &= (subscriptions.c.element_id == start.element_id) & (subscriptions.c.place == start.place)
    return tx.connection.execute(sa.select(subscriptions.c.id).where(this).limit(1)).first() is not None


def start(tx: Transaction, payload: Mapping[str, Any]) -> None:
    """Start an instance of the newest version, where that still begins with the signal.

    Raises:
        ExecutionFailed: the process cannot start.
    """
    for each in starts.find(tx, starts.SIGNAL, payload["name"]):
        if [each.definition_key, each.element_id, each.place] == payload["start"]:
            starts.launch(tx, each, payload["business_key"], payload["variables"])
