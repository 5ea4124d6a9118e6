"""Deliveries: what one instance threw, on its way to another. They are rows among the jobs, with topics of ours.

A delivery is made and crossed off in one transaction, so it arrives once. A signal is first dealt out into one
delivery for each instance that waits for it or that it starts, so that each takes it in by itself.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa

from engine import batches, incidents, instances, leases, messages, retry, signals
from engine.buffer import Kept
from engine.core.commands import BroadcastSignal, Command, CorrelateMessage
from engine.errors import InvalidState, OutcomeUnknown, Suspended, Unavailable
from engine.failures import message_of, told, trace_of
from engine.handlers import Unusable
from engine.incidents import Circumstances
from engine.jobs import silence_of
from engine.receivers import Message
from engine.store import posting
from engine.store.cause import Cause, Endless
from engine.store.database import Runtime, Transaction
from engine.store.posting import Sender
from engine.store.tables import jobs

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """`instance_id` and `token_id` are the thrower's, or, once dealt out, a waiting instance's and its subscription's.

    What starts an instance and was thrown by none has no `instance_id`.
    """

    row_id: int
    owner: str
    instance_id: int | None
    token_id: int
    topic: str
    payload: Mapping[str, Any]
    retries: int
    attempt: int
    lapses: int


def read(row: Any, owner: str) -> Delivery:
    """Of a row of the jobs that `owner` has just claimed."""
    payload = json.loads(row.payload)
    lapses = row.lapses + leases.has_lapsed(row)
    where = row.instance_id, row.token_id, row.topic, payload
    return Delivery(row.id, owner, *where, row.retries, row.attempts + 1, lapses)


def run(engine: Runtime, delivery: Delivery) -> None:
    """Deliver; where that fails, try again later, and after the last attempt raise an incident."""
    try:
        engine.transact(partial(_deliver, delivery))
    except Suspended as waits:
        log.info("Delivery %s from instance %s waits: %s", delivery.topic, delivery.instance_id, waits)
        engine.transact(partial(_wait, delivery))
    except (Unavailable, OutcomeUnknown) as away:
        log.warning("Whether delivery %s arrived is not known; its lease runs out if not: %s", delivery.row_id, away)
    except Exception as error:
        log.info("Delivery %s from instance %s failed: %s", delivery.topic, delivery.instance_id, error)
        engine.transact(partial(_fail, delivery, error))


def _deliver(delivery: Delivery, tx: Transaction) -> None:
    silence = silence_of(delivery.lapses)
    if silence is not None:
        raise silence
    gone = tx.connection.execute(sa.delete(jobs).where(jobs.c.id == delivery.row_id)).rowcount
    if gone:
        tx.cause = Cause(*delivery.payload.get("cause", ()))
        tx.cause.check()
        _WAYS[delivery.topic](tx, delivery)


def _message(tx: Transaction, delivery: Delivery) -> None:
    payload = delivery.payload
    assert delivery.instance_id is not None, "an instance threw it"
    thrower = Sender(delivery.instance_id, delivery.token_id)
    message = Message(payload["name"], payload["key"], payload["variables"])
    messages.deliver_thrown(tx, message, thrower, payload.get("time_to_live"))


def _message_to_one(tx: Transaction, delivery: Delivery) -> None:
    _to_one(tx, delivery, CorrelateMessage(delivery.token_id, delivery.payload["variables"]))


def _signal(tx: Transaction, delivery: Delivery) -> None:
    """What a case's signal starts belongs to the case."""
    assert delivery.instance_id is not None, "an instance threw it"
    business_key = instances.get(tx, delivery.instance_id).business_key
    thrower = signals.Thrower(delivery.instance_id, delivery.token_id, delivery.payload.get("last_id"))
    signals.deal_out(tx, delivery.payload["name"], delivery.payload["variables"], business_key, thrower)


def _signal_page(tx: Transaction, delivery: Delivery) -> None:
    signals.deal_page(tx, delivery.payload, delivery.instance_id, delivery.token_id)


def _message_page(tx: Transaction, delivery: Delivery) -> None:
    messages.deal_page(tx, delivery.payload)


def _signal_to_one(tx: Transaction, delivery: Delivery) -> None:
    payload = delivery.payload
    last_id = payload.get("last_id") if payload.get("thrower") == delivery.instance_id else None
    _to_one(tx, delivery, BroadcastSignal(payload["name"], payload["variables"], last_id))


def _to_one(tx: Transaction, delivery: Delivery, command: Command) -> None:
    assert delivery.instance_id is not None, "an instance waits for it"
    try:
        instances.execute(tx, delivery.instance_id, command)
    except Suspended:
        raise
    except InvalidState as late:
        log.info("What was on its way to instance %s came too late: %s", delivery.instance_id, late)


def _signal_to_start(tx: Transaction, delivery: Delivery) -> None:
    signals.start(tx, delivery.payload)


def _buffered_to_one(tx: Transaction, delivery: Delivery) -> None:
    assert delivery.instance_id is not None, "an instance waits for it"
    name, after = delivery.payload.get("name"), delivery.payload.get("after", 0)
    messages.hand_buffered(tx, delivery.instance_id, delivery.token_id, name, after)


def _buffered_to_start(tx: Transaction, delivery: Delivery) -> None:
    messages.start_buffered(tx, delivery.payload["name"])


def _batch(tx: Transaction, delivery: Delivery) -> None:
    batches.work_off(tx, delivery.payload["batch"])


_WAYS: Mapping[str, Callable[[Transaction, Delivery], None]] = {
    ":message": _message,
    messages.TO_ONE: _message_to_one,
    posting.BUFFERED_TO_ONE: _buffered_to_one,
    posting.BUFFERED_TO_START: _buffered_to_start,
    messages.PAGE: _message_page,
    ":signal": _signal,
    signals.PAGE: _signal_page,
    signals.TO_ONE: _signal_to_one,
    posting.SIGNAL_TO_START: _signal_to_start,
    batches.TOPIC: _batch,
}


def _wait(delivery: Delivery, tx: Transaction) -> None:
    """Whoever is to get it is suspended: come again later. That is no failure, however often it happens."""
    row = sa.update(jobs).where(jobs.c.id == delivery.row_id, jobs.c.leased_by == delivery.owner)
    given_back = {"leased_until": None, "leased_by": None, "attempts": delivery.attempt - 1}
    tx.connection.execute(row.values(due=tx.now + retry.PAUSE, **given_back))


def hand_back(tx: Transaction, kept: Kept, error: str) -> None:
    """What waited in vain is its thrower's again: a delivery that has stopped, and an incident which can retry it."""
    assert kept.thrower is not None, "an instance threw it"
    message = kept.message
    payload = {"name": message.name, "key": message.key, "variables": message.variables}
    row = posting.delivery(tx, ":message", {**payload, "time_to_live": kept.time_to_live}, Cause())
    stopped = {"due": None, "retries": 0, "last_error": error}
    made = tx.connection.execute(sa.insert(jobs).values({**kept.thrower._asdict(), **row, **stopped}))
    assert made.inserted_primary_key is not None, "a row that was written has a key"
    known = Circumstances(None, message.variables)
    incidents.raise_for_delivery(tx, made.inserted_primary_key[0], *kept.thrower, error, known)


def _fail(delivery: Delivery, error: Exception, tx: Transaction) -> None:
    retries = 0 if isinstance(error, Endless | Unusable) else delivery.retries
    follows = retry.next_attempt(None, retries, delivery.attempt, tx.now, str(delivery.row_id))
    row = sa.update(jobs).where(jobs.c.id == delivery.row_id, jobs.c.leased_by == delivery.owner)
    if isinstance(follows, retry.GiveUp) and delivery.instance_id is None:
        # There is no instance to keep an incident; as with a timer that cannot start one, `starts.failing` tells of it.
        log.error("%s could not start a process; it is tried again in %s: %s", delivery.topic, retry.PAUSE, error)
        follows = retry.Retry(tx.now + retry.PAUSE, 1)
    given_back = {"leased_until": None, "leased_by": None, "last_error": message_of(error), "lapses": 0}
    if isinstance(follows, retry.GiveUp):
        assert delivery.instance_id is not None
        # Whoever has it tried again has looked at it: it is counted anew from there.
        payload = json.dumps({**delivery.payload, "cause": Cause()}, ensure_ascii=False)
        if tx.connection.execute(row.values(due=None, retries=0, payload=payload, **given_back)).rowcount:
            known = Circumstances(trace_of(error), delivery.payload.get("variables"))
            whose = (delivery.row_id, delivery.instance_id, delivery.token_id)
            incidents.raise_for_delivery(tx, *whose, told(error), known)
    else:
        tx.connection.execute(row.values(due=follows.due, retries=follows.retries, **given_back))
