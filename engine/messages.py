"""Messages: handed to the one that waits for this name and key, or to the process that it starts; one that comes
before its receiver may wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine import buffer, instances, names, receivers, starts
from engine.core.commands import CorrelateMessage
from engine.core.timing import next_due
from engine.errors import InvalidInput, InvalidState, NotFound, Suspended
from engine.instances import Instance
from engine.receivers import Message, Receiver
from engine.store import dealing, locks, posting
from engine.store.database import Transaction
from engine.store.tables import subscriptions
from engine.variables import checked

TO_ONE = ":message-to-one"
"""The topic of a message on its way to one subscription, whose id stands in for the token's."""

PAGE = ":message-page"
"""The topic of a broadcast message that is still to be dealt out to further subscriptions."""

TIME_TO_LIVE = timedelta(hours=1)
"""How long a message that an instance throws waits for its receiver where the diagram says nothing."""

LONGEST = timedelta(days=3660)
"""For which a message may wait."""

REMEMBERED = timedelta(days=7)
"""How long at least a message is known by its id."""

TAKEN, STARTED = "taken", "started"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message: ``taken`` by an instance that waited, ``started`` one, ``buffered`` until it expires,
    or, told of a duplicate alone, ``expired``. `instance_id` is whose it was.

    A message with the id of an earlier one `is_duplicate`: it did nothing, and the rest says what that one came to.
    """

    outcome: str
    instance_id: int | None = None
    expires: datetime | None = None
    is_duplicate: bool = False


def publish(
    tx: Transaction,
    name: str,
    variables: Mapping[str, Any] | None = None,
    key: str | None = None,
    *,
    time_to_live: timedelta | None = None,
    message_id: str | None = None,
) -> Receipt:
    """Hand a message to one open subscription of that name; where there is none that may take it, start the process
    that begins with it, under `key` as its business key. With a `time_to_live` it else waits so long for the first
    subscription or process that may take it.

    What waits by BPMN's correlation keys is found by what the message carries; where its conversation has no key yet,
    it takes any. Whatever else waits is found by `key`; without one, the oldest that is not suspended takes it.

    Of messages of one name with the same `message_id` the first counts; it is remembered for `REMEMBERED`, and as long
    as it may wait.

    Raises:
        NotFound: nobody waits for it, it starts no process, and it is not to wait.
        Suspended: who waits for it is suspended, and it is not to wait.
        InvalidState: more than one waits for it with this key.
        InvalidInput: `time_to_live` is no time, or longer than `LONGEST`; a name, key or id is too long.
        InvalidVariables: a value is not JSON.
    """
    tx.authorise("send", f"message:{name}")
    if time_to_live is not None and not timedelta(0) < time_to_live <= LONGEST:
        raise InvalidInput(
            f"Expected a time to live that lasts a while, and at most {LONGEST.days} days, but got {time_to_live}."
        )
    message = Message(*_named(name, key), checked(variables or {}), for_anyone=key is None)
    if message_id is None:
        return _publish(tx, message, time_to_live)
    names.checked("message id", message_id)
    until = tx.now + max(REMEMBERED, time_to_live or REMEMBERED)
    first = buffer.claim_id(tx, name, message_id, until)
    if first is not None:
        return Receipt(first.outcome, first.instance_id, is_duplicate=True)
    receipt = _publish(tx, message, time_to_live, message_id)
    buffer.record(tx, name, message_id, receipt.outcome, receipt.instance_id)
    return receipt


def _named(name: str, key: str | None) -> tuple[str, str | None]:
    return names.checked("message name", name), key and names.checked("message key", key)


def _publish(
    tx: Transaction, message: Message, time_to_live: timedelta | None, message_id: str | None = None
) -> Receipt:
    if time_to_live is None:
        receipt = _hand_over(tx, message)
        if receipt is None:
            raise not_found(message)
        return receipt
    try:
        receipt = _hand_over(tx, message) or _hand_over_alone(tx, message)
    except Suspended:
        # Whoever begins to wait from here on sees the message, should the one that is suspended never take it.
        locks.alone(tx, posting.lock_of(message.name))
        _announce(tx, message)
        receipt = None
    if receipt is not None:
        return receipt
    expires = tx.now + time_to_live
    buffer.keep(tx, message, expires, message_id=message_id)
    return Receipt(buffer.BUFFERED, expires=expires)


def _hand_over_alone(tx: Transaction, message: Message) -> Receipt | None:
    """Look once more, while nobody begins to wait: where there is nobody still, the message can wait."""
    locks.alone(tx, posting.lock_of(message.name))
    return _hand_over(tx, message)


def _announce(tx: Transaction, message: Message) -> None:
    """Tell who is suspended that a message waits; a delivery comes again until that one has been resumed."""
    receiver = receivers.find(tx, message)
    if receiver is None:
        posting.post(tx, posting.BUFFERED_TO_START, [{"name": message.name}], instance_id=None, token_id=0)
    else:
        to = {"instance_id": receiver[0], "token_id": receiver[1]}
        posting.post(tx, posting.BUFFERED_TO_ONE, [{"name": message.name}], **to)


def broadcast(tx: Transaction, name: str, variables: Mapping[str, Any] | None = None) -> int:
    """Hand a message to every open subscription of that name, whatever its key; where there is none, start the
    process that begins with it. Returns how many take it; those that wait do so after the commit.

    Raises:
        InvalidInput: the name is too long.
        InvalidVariables: a value is not JSON.
    """
    tx.authorise("send", f"message:{name}")
    carried = checked(variables or {})
    names.checked("message name", name)
    number = dealing.next_number(tx)
    waiting = sa.select(sa.func.count()).select_from(subscriptions).where(*dealing.waiting("message", name, number))
    count = tx.connection.execute(waiting).scalar_one()
    if count:
        deal_page(tx, {"name": name, "variables": carried, "number": number, "after": (0, 0)})
        return count
    return 0 if _start(tx, Message(name, "", carried)) is None else 1


def deal_page(tx: Transaction, payload: Mapping[str, Any]) -> None:
    """Post a broadcast message to the next of those who waited when it was sent."""
    place = (subscriptions.c.instance_id, subscriptions.c.id)
    after = sa.tuple_(*map(sa.literal, payload["after"]))
    receivers = sa.select(*place).where(*dealing.waiting("message", payload["name"], payload["number"]))
    to_one = {"name": payload["name"], "variables": payload["variables"]}
    last = dealing.page(tx, TO_ONE, to_one, receivers.where(sa.tuple_(*place) > after).order_by(*place), tx.cause)
    if last is not None:
        posting.post(tx, PAGE, [{**payload, "after": last}], instance_id=None, token_id=0)


def start_by_message(tx: Transaction, name: str, key: str, variables: Mapping[str, Any] | None = None) -> Instance:
    """Start the process that begins with this message, whoever else waits for it.

    Raises:
        NotFound: no process begins with it.
        InvalidInput: the name or the key is too long.
        InvalidVariables: a value is not JSON.
    """
    tx.authorise("send", f"message:{name}")
    instance = _start(tx, Message(*_named(name, key), checked(variables or {})))
    if instance is None:
        raise NotFound("process that starts with message", name)
    return instance


def deliver(tx: Transaction, name: str, key: str | None, variables: Mapping[str, Any]) -> Instance:
    """As `publish`, without asking who may; and without a key it goes to nobody who waits with one.

    Raises:
        NotFound: nobody waits for it, and it starts no process.
        InvalidState: more than one waits for it with this key.
    """
    message = Message(name, key, variables)
    receipt = _hand_over(tx, message)
    if receipt is None:
        raise not_found(message)
    assert receipt.instance_id is not None, "an instance took it"
    return instances.get(tx, receipt.instance_id)


def deliver_thrown(tx: Transaction, message: Message, thrower: posting.Sender, time_to_live: str | None) -> None:
    """Deliver what an instance threw; where nobody waits for it yet, it waits."""
    if (_hand_over(tx, message) or _hand_over_alone(tx, message)) is not None:
        return
    expires = tx.now + TIME_TO_LIVE if time_to_live is None else next_due(tx.now, time_to_live)
    buffer.keep(tx, message, expires, thrower=thrower, time_to_live=time_to_live)


def hand_buffered(tx: Transaction, instance_id: int, wait_id: int, name: str | None = None, after: int = 0) -> None:
    """Give a subscription that has been opened the oldest message behind number `after` that waits for it. One that
    stays open gets the next one after that; what is left to look into is a transaction of its own.

    Where one is gone that was found for a message of this `name`, whoever else waits for it is told.
    """
    locked = instances.lock(tx, instance_id)
    waiting = _open_wait(tx, instance_id, wait_id)
    if waiting is None and name is not None:
        first = buffer.first(tx, name)
        if first is not None:
            _announce(tx, first)
        return
    if waiting is None:
        return
    found = buffer.take_for(tx, waiting, after)
    if found.kept is not None:
        tx.cause = found.kept.cause
        instances.step(tx, locked, CorrelateMessage(wait_id, found.kept.message.variables))
        _settle(tx, found.kept, TAKEN, instance_id)
    if found.after is not None and _open_wait(tx, instance_id, wait_id) is not None:
        to_one = {"instance_id": instance_id, "token_id": wait_id}
        posting.post(tx, posting.BUFFERED_TO_ONE, [{"after": found.after}], **to_one)


def start_buffered(tx: Transaction, name: str) -> None:
    """Start the process that begins with this message now, with the oldest one that waits; then the next."""
    kept = buffer.take_first(tx, name) if starts.find(tx, starts.MESSAGE, name) else None
    if kept is None:
        return
    posting.post(tx, posting.BUFFERED_TO_START, [{"name": name}], instance_id=None, token_id=0)
    tx.cause = kept.cause
    receipt = _hand_over(tx, kept.message)
    assert receipt is not None, "it starts a process"
    _settle(tx, kept, receipt.outcome, receipt.instance_id)


def _settle(tx: Transaction, kept: buffer.Kept, outcome: str, instance_id: int | None) -> None:
    if kept.message_id is not None:
        buffer.record(tx, kept.message.name, kept.message_id, outcome, instance_id)


def _open_wait(tx: Transaction, instance_id: int, wait_id: int) -> Any:
    this = (subscriptions.c.instance_id == instance_id) & (subscriptions.c.id == wait_id)
    return tx.connection.execute(sa.select(subscriptions).where(this)).first()


def _hand_over(tx: Transaction, message: Message) -> Receipt | None:
    """Hand a message to whoever waits for it or to the process that it starts; None where there is neither."""
    return _to_receiver(tx, message) or _to_process(tx, message)


def _to_receiver(tx: Transaction, message: Message) -> Receipt | None:
    tried: set[Receiver] = set()
    while (receiver := receivers.find(tx, message)) is not None:
        instance_id, wait_id = receiver
        try:
            instances.execute(tx, instance_id, CorrelateMessage(wait_id, message.variables))
        except InvalidState:
            # Who was found may have stopped waiting, or been suspended, before its instance was locked; then it is
            # not found again, or only where nobody else waits.
            if receiver in tried:
                raise
            tried.add(receiver)
        else:
            return Receipt(TAKEN, instance_id)
    return None


def _to_process(tx: Transaction, message: Message) -> Receipt | None:
    found = starts.find(tx, starts.MESSAGE, message.name)
    if not found:
        return None
    if starts.hold(tx, found[0]):
        # Another event may just have begun an instance, which now waits for this one.
        receipt = _to_receiver(tx, message)
        if receipt is not None:
            return receipt
    return Receipt(STARTED, starts.launch(tx, found[0], message.key or "", message.variables).id)


def _start(tx: Transaction, message: Message) -> Instance | None:
    found = starts.find(tx, starts.MESSAGE, message.name)
    return starts.launch(tx, found[0], message.key or "", message.variables) if found else None


def not_found(message: Message) -> NotFound:
    return NotFound(f"someone who waits for message '{message.name}' with key", message.key)
