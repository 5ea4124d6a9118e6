"""Messages that wait for their receiver, oldest first, and the ids by which one that comes twice is known.

A message is put here, and a subscription looks here, under one lock by the message's name: so whichever comes second
sees the first, and none waits for the other for ever (`engine.store.posting.offer` is the other side).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import receivers
from engine.core import correlation
from engine.receivers import Message
from engine.store.cause import Cause
from engine.store.database import Transaction
from engine.store.posting import Sender
from engine.store.statements import Statement, Upsert
from engine.store.tables import buffered_messages, message_ids

BUFFERED, EXPIRED = "buffered", "expired"

PAGE = 500
"""Messages that are read in one transaction where each has to be looked into."""


_NOW = sa.bindparam("now", type_=message_ids.c.remembered_until.type)
_CLAIM = Upsert(message_ids, where=message_ids.c.remembered_until <= _NOW)
"""An id that is over counts no more, also where no tick has come by yet."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that waited. `thrower` is who threw it, for which `time_to_live` is what its diagram says."""

    message: Message
    message_id: str | None
    thrower: Sender | None
    time_to_live: str | None
    cause: Cause


@dataclass(frozen=True, slots=True)
class Known:
    """What a message with an id has come to so far."""

    outcome: str
    instance_id: int | None


def keep(
    tx: Transaction,
    message: Message,
    expires: datetime,
    *,
    message_id: str | None = None,
    thrower: Sender | None = None,
    time_to_live: str | None = None,
) -> None:
    """Have a message wait. Whoever calls this holds the lock of its name, and has looked for a receiver under it."""
    tx.connection.execute(
        sa.insert(buffered_messages).values(
            name=message.name,
            key=message.key,
            for_anyone=message.for_anyone,
            variables=json.dumps(message.variables, ensure_ascii=False),
            message_id=message_id,
            expires=expires,
            instance_id=thrower and thrower.instance_id,
            token_id=thrower and thrower.token_id,
            time_to_live=time_to_live,
            cause=json.dumps(tx.cause),
        )
    )


@dataclass(frozen=True, slots=True)
class Found:
    """What was taken out for a subscription, if anything, and the number of the message behind which to look on: None
    where nothing is left for it.
    """

    kept: Kept | None
    after: int | None


def take_for(tx: Transaction, subscription: Any, after: int = 0) -> Found:
    """Take out the oldest message behind number `after` that this open subscription may take. Where each has to be
    looked into, no further than a page.
    """
    catcher = receivers.catcher_of(tx, subscription)
    if catcher.is_keyed:
        return _take_corresponding(tx, catcher, subscription, after)
    row = _take(tx, lambda: _oldest_fitting(tx, subscription))
    return Found(None, None) if row is None else Found(_kept(row), row.id)


def first(tx: Transaction, name: str) -> Message | None:
    """The oldest message of this name, which stays; None where none waits."""
    row = tx.connection.execute(_waiting(tx, name).limit(1)).first()
    return None if row is None else _kept(row).message


def take_first(tx: Transaction, name: str) -> Kept | None:
    """Take out the oldest message of this name."""
    oldest = _waiting(tx, name).limit(1)
    row = _take(tx, lambda: tx.connection.execute(oldest).first())
    return None if row is None else _kept(row)


def _take(tx: Transaction, find: Callable[[], Any]) -> Any:
    """Take out the row that `find` finds; where another has taken it in between, what it finds then."""
    while (row := find()) is not None and not _take_out(tx, row):
        pass
    return row


def _take_out(tx: Transaction, row: Any) -> bool:
    """Whether nobody else has."""
    gone = sa.delete(buffered_messages).where(buffered_messages.c.id == row.id)
    return bool(tx.connection.execute(gone).rowcount)


def _kept(row: Any) -> Kept:
    message = Message(row.name, row.key, json.loads(row.variables), row.for_anyone)
    thrower = None if row.instance_id is None else Sender(row.instance_id, row.token_id)
    return Kept(message, row.message_id, thrower, row.time_to_live, Cause(*json.loads(row.cause)))


def _waiting(tx: Transaction, name: str) -> sa.Select[Any]:
    rows = buffered_messages.c
    return sa.select(buffered_messages).where(rows.name == name, rows.expires > tx.now).order_by(rows.id)


def _oldest_fitting(tx: Transaction, subscription: Any) -> Any:
    """The oldest that a subscription may take by its key, as `receivers.find` would hand it over."""
    rows = buffered_messages.c
    waiting = _waiting(tx, subscription.name).limit(1)
    without = waiting.where(rows.key.is_(None))
    if subscription.key is None:
        return tx.connection.execute(without).first()
    each = (waiting.where(rows.key == subscription.key), without.where(rows.for_anyone))
    found = [row for query in each for row in tx.connection.execute(query)]
    return min(found, key=lambda row: row.id, default=None)


def _take_corresponding(tx: Transaction, catcher: receivers.Catcher, subscription: Any, after: int) -> Found:
    """Of a page, the first that fits by the correlation keys of its content, which only the catcher can read."""
    waiting = _waiting(tx, subscription.name).where(buffered_messages.c.id > after)
    page = tx.connection.execute(waiting.limit(PAGE)).all()
    for row in page:
        keys = correlation.keys_of(catcher.definition, json.loads(row.variables), tx.functions)
        if (subscription.key is None or subscription.key in keys) and _take_out(tx, row):
            return Found(_kept(row), row.id)
    return Found(None, page[-1].id if len(page) == PAGE else None)


# What has waited long enough


_EXPIRED = sa.select(buffered_messages.c.id).where(buffered_messages.c.expires <= _NOW).limit(1).subquery()
_FORGOTTEN = sa.select(message_ids.c.name).where(message_ids.c.remembered_until <= _NOW).limit(1).subquery()
_IS_OVER = Statement(sa.union_all(sa.select(_EXPIRED.c.id), sa.select(sa.literal(0)).select_from(_FORGOTTEN)).limit(1))


def next_due(tx: Transaction) -> datetime | None:
    """When the next message expires."""
    return tx.connection.execute(sa.select(sa.func.min(buffered_messages.c.expires))).scalar()


def is_over(tx: Transaction, now: datetime) -> bool:
    """Whether a message has expired, or an id is to be forgotten; one look-up."""
    return _IS_OVER.execute(tx.connection, {"now": now}).first() is not None


def take_expired(tx: Transaction, limit: int) -> list[Kept]:
    """Take out what waits no longer, at most `limit`."""
    rows = buffered_messages.c
    over = sa.select(buffered_messages).where(rows.expires <= tx.now).order_by(rows.expires, rows.id).limit(limit)
    found = tx.connection.execute(over.with_for_update(skip_locked=True)).all()
    if found:
        tx.connection.execute(sa.delete(buffered_messages).where(rows.id.in_([row.id for row in found])))
    kept = [_kept(row) for row in found]
    for each in kept:
        if each.message_id is not None:
            record(tx, each.message.name, each.message_id, EXPIRED, None)
    return kept


def forget_ids(tx: Transaction, limit: int) -> int:
    """Forget ids that were to be remembered until now, at most `limit`; how many those were."""
    key = (message_ids.c.name, message_ids.c.message_id)
    over = sa.select(*key).where(message_ids.c.remembered_until <= tx.now).order_by(message_ids.c.remembered_until)
    found = tx.connection.execute(over.limit(limit)).all()
    for row in found:
        this = (message_ids.c.name == row.name) & (message_ids.c.message_id == row.message_id)
        tx.connection.execute(sa.delete(message_ids).where(this, message_ids.c.remembered_until <= tx.now))
    return len(found)


# Ids


def claim_id(tx: Transaction, name: str, message_id: str, until: datetime) -> Known | None:
    """Take an id for a message of this name; or say what the message came to that has it. Waits for whoever is just
    taking it.
    """
    row = {"name": name, "message_id": message_id, "outcome": BUFFERED, "remembered_until": until}
    this = (message_ids.c.name == name) & (message_ids.c.message_id == message_id)
    while not _CLAIM.execute(tx.connection, {**row, "now": tx.now}):
        found = tx.connection.execute(sa.select(message_ids.c.outcome, message_ids.c.instance_id).where(this)).first()
        # One whose clock is ahead may just have forgotten it.
        if found is not None:
            return Known(found.outcome, found.instance_id)
    return None


def record(tx: Transaction, name: str, message_id: str, outcome: str, instance_id: int | None) -> None:
    """Note what the message of this id came to."""
    this = (message_ids.c.name == name) & (message_ids.c.message_id == message_id)
    tx.connection.execute(sa.update(message_ids).where(this).values(outcome=outcome, instance_id=instance_id))
