"""Signals: handed to everyone who waits for that name, and start every process that begins with it; each instance in
a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from engine import instances, names, starts
from engine.core.commands import BroadcastSignal
from engine.store import dealing, posting
from engine.store.database import Transaction
from engine.store.tables import subscriptions
from engine.variables import checked

TO_ONE = ":signal-to-one"
"""The topic of a signal on its way to one instance; its first subscription's id stands in for the token's."""

PAGE = ":signal-page"
"""The topic of a signal that is still to be dealt out to further instances."""


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
        InvalidInput: the name or the business key is too long.
        InvalidVariables: a value is not JSON.
    """
    tx.authorise("send", f"signal:{name}")
    names.checked("signal name", name)
    names.checked("business key", business_key)
    return deal_out(tx, name, checked(variables or {}), business_key)


def deal_out(
    tx: Transaction,
    name: str,
    variables: Mapping[str, Any],
    business_key: str = "",
    thrower: Thrower = NOBODY,
) -> int:
    """As `broadcast`, without asking who may. A `thrower` takes it itself only where it waited by then.

    Raises:
        Endless: signals that set each other off would reach too many.
    """
    payload = {"name": name, "variables": variables}
    found = [start for start in starts.find(tx, starts.SIGNAL, name) if starts.awaiting(tx, start) is None]
    number = dealing.next_number(tx)
    counted = sa.select(sa.func.count(subscriptions.c.instance_id.distinct()))
    waits = tx.connection.execute(counted.where(*dealing.waiting("signal", name, number))).scalar_one()
    tx.cause = tx.cause.copied(waits + len(found))
    own = {"thrower": thrower.instance_id, "last_id": thrower.last_id}
    deal_page(tx, {**payload, **own, "number": number, "after": 0}, thrower.instance_id, thrower.token_id)
    payloads = [
        {**payload, "business_key": business_key, "start": [each.definition_key, each.element_id, each.place]}
        for each in found
    ]
    posting.post(tx, posting.SIGNAL_TO_START, payloads, instance_id=thrower.instance_id, token_id=thrower.token_id)
    return waits + len(found)


def deal_page(tx: Transaction, payload: Mapping[str, Any], instance_id: int | None, token_id: int) -> None:
    """Post a signal to the next of those who waited when it was thrown, on behalf of this token, if of any."""
    receivers = (
        sa.select(subscriptions.c.instance_id, sa.func.min(subscriptions.c.id))
        .where(*dealing.waiting("signal", payload["name"], payload["number"]))
        .where(subscriptions.c.key.is_(None), subscriptions.c.instance_id > payload["after"])
        .group_by(subscriptions.c.instance_id)
        .order_by(subscriptions.c.instance_id)
    )
    to_one = {name: payload[name] for name in ("name", "variables", "thrower", "last_id")}
    last = dealing.page(tx, TO_ONE, to_one, receivers, tx.cause)
    if last is not None:
        posting.post(tx, PAGE, [{**payload, "after": last[0]}], instance_id=instance_id, token_id=token_id)


def start(tx: Transaction, payload: Mapping[str, Any]) -> None:
    """Start an instance of the newest version, where that still begins with the signal. Where an instance that another
    event has begun meanwhile waits for it to begin with, that one gets it.

    Raises:
        ExecutionFailed: the process cannot start.
    """
    for each in starts.find(tx, starts.SIGNAL, payload["name"]):
        if [each.definition_key, each.element_id, each.place] == payload["start"]:
            waiting = starts.awaiting(tx, each) if starts.hold(tx, each) else None
            if waiting is None:
                starts.launch(tx, each, payload["business_key"], payload["variables"])
            else:
                instances.execute(tx, waiting, BroadcastSignal(payload["name"], payload["variables"]))
