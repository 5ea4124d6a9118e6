"""Messages: handed to the one that waits for this name and key, or to the process that it starts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine import instances, starts
from engine.core import correlation
from engine.core.commands import CorrelateMessage
from engine.core.model import MessageDefinition
from engine.errors import InvalidState, NotFound
from engine.instances import Instance
from engine.store import posting
from engine.store.database import Transaction
from engine.store.statements import Statement
from engine.store.tables import subscriptions
from engine.variables import checked

_Receiver = tuple[int, int]
"""Instance and number of a subscription; the smallest is the oldest."""

TO_ONE = ":message-to-one"
"""The topic of a message on its way to one subscription, whose id stands in for the token's."""

_OPEN = (
    sa.select(*(subscriptions.c[name] for name in ("instance_id", "id", "definition_id", "element_id", "place")))
    .where(subscriptions.c.kind == sa.literal_column("'message'"), subscriptions.c.name == sa.bindparam("of_name"))
    .order_by(subscriptions.c.instance_id, subscriptions.c.id)
)
_FEW = _OPEN.limit(10)
_AT = (
    (subscriptions.c.definition_id == sa.bindparam("of_definition"))
    & (subscriptions.c.element_id == sa.bindparam("of_element"))
    & (subscriptions.c.place == sa.bindparam("of_place"))
)
_WITH_KEY = Statement(_FEW.where(subscriptions.c.key == sa.bindparam("of_key")))
_WITHOUT_KEY = Statement(_OPEN.where(subscriptions.c.key.is_(None)).limit(1))
_WITH_KEY_AT = Statement(_FEW.where(subscriptions.c.key == sa.bindparam("of_key"), _AT))
_WITHOUT_KEY_AT = Statement(_OPEN.where(subscriptions.c.key.is_(None), _AT).limit(1))
_OLDEST_AT = Statement(_OPEN.where(_AT).limit(1))


def _definitions() -> sa.Select[Any]:
    """The definitions by which someone waits for a message, each looked up behind the one before it in the index."""
    this = (subscriptions.c.kind == sa.literal_column("'message'")) & (subscriptions.c.name == sa.bindparam("of_name"))
    least = sa.func.min(subscriptions.c.definition_id)
    found = sa.select(least.label("id")).where(this).cte("found", recursive=True)
    following = sa.select(least).where(this, subscriptions.c.definition_id > found.c.id).scalar_subquery()
    every = found.union_all(sa.select(following).where(found.c.id.is_not(None)))
    return sa.select(every.c.id).where(every.c.id.is_not(None))


_DEFINITIONS = Statement(_definitions())


@dataclass(frozen=True, slots=True)
class _Catcher:
    """Where some definition waits for a message. `place` is among the triggers of the element."""

    definition_id: str
    element_id: str
    place: int
    definition: MessageDefinition

    @property
    def is_keyed(self) -> bool:
        """Whether it goes by correlation keys: a key that the diagram gives is for the sender to give."""
        return bool(self.definition.correlation) and self.definition.key is None

    def at(self, name: str) -> dict[str, Any]:
        place = {"of_definition": self.definition_id, "of_element": self.element_id, "of_place": self.place}
        return {"of_name": name, **place}


def publish(tx: Transaction, name: str, variables: Mapping[str, Any] | None = None, key: str | None = None) -> Instance:
    """Hand a message to one open subscription of that name; where there is none that may take it, start the process
    that begins with it, under `key` as its business key. Returns the instance that took it.

    What waits by BPMN's correlation keys is found by what the message carries; where its conversation has no key yet,
    it takes any. Whatever else waits is found by `key`; without one, that of the oldest instance takes it.

    Raises:
        NotFound: nobody waits for it, and it starts no process.
        InvalidState: more than one waits for it with this key.
        InvalidVariables: a value is not JSON.
    """
    tx.authorise("send", f"message:{name}")
    carried = checked(variables or {})
    receiver = _receiver(tx, name, key, carried)
    if receiver is None and key is None:
        receiver = _oldest(tx, name)
    return _hand(tx, receiver, name, key, carried)


def broadcast(tx: Transaction, name: str, variables: Mapping[str, Any] | None = None) -> int:
    """Hand a message to every open subscription of that name, whatever its key; where there is none, start the
    process that begins with it. Returns how many take it; those that wait do so after the commit.

    Raises:
        InvalidVariables: a value is not JSON.
    """
    tx.authorise("send", f"message:{name}")
    carried = checked(variables or {})
    this = (subscriptions.c.kind == "message") & (subscriptions.c.name == name)
    receivers = sa.select(subscriptions.c.instance_id, subscriptions.c.id).where(this)
    count = posting.post_to_all(tx, TO_ONE, {"name": name, "variables": carried}, receivers)
    if count:
        return count
    return 0 if _start(tx, name, "", carried) is None else 1


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
    """As `publish`, without asking who may; and without a key it goes to nobody who waits with one."""
    return _hand(tx, _receiver(tx, name, key, variables), name, key, variables)


def _hand(
    tx: Transaction, receiver: _Receiver | None, name: str, key: str | None, variables: Mapping[str, Any]
) -> Instance:
    if receiver is not None:
        instance_id, wait_id = receiver
        instances.execute(tx, instance_id, CorrelateMessage(wait_id, variables))
        return instances.get(tx, instance_id)
    instance = _start(tx, name, key or "", variables)
    if instance is None:
        raise NotFound(f"someone who waits for message '{name}' with key", key)
    return instance


def _receiver(tx: Transaction, name: str, key: str | None, variables: Mapping[str, Any]) -> _Receiver | None:
    """Who waits for exactly this message, else the first of those who wait without a key."""
    found = [] if key is None else _with_key(tx, name, key)
    catchers = [] if found else [catcher for catcher in _catchers(tx, name) if catcher.is_keyed]
    for catcher in catchers:
        for value in correlation.keys_of(catcher.definition, variables, tx.functions):
            found += _rows(tx, _WITH_KEY_AT, {**catcher.at(name), "of_key": value})
    if len(found) > 1:
        where = ", ".join(str(instance_id) for instance_id, _ in found)
        shown = name if key is None else f"'{name}' ({key})"
        raise InvalidState("message", shown, "hand", f"is waited for more than once, in instances {where}")
    if found:
        return found[0]
    if key is None:
        return _first(_rows(tx, _WITHOUT_KEY, {"of_name": name}))
    return _first(row for catcher in catchers for row in _rows(tx, _WITHOUT_KEY_AT, catcher.at(name)))


def _with_key(tx: Transaction, name: str, key: str) -> list[_Receiver]:
    """Who waits for this key and goes by no correlation keys, which no sender can give otherwise than in a message."""
    rows = _WITH_KEY.execute(tx.connection, {"of_name": name, "of_key": key})
    return [(row.instance_id, row.id) for row in rows if not _catcher_of(tx, row).is_keyed]


def _catcher_of(tx: Transaction, row: Any) -> _Catcher:
    definition = tx.library.process(row.definition_id).elements[row.element_id].triggers[row.place]
    assert isinstance(definition, MessageDefinition), "it is open for a message"
    return _Catcher(row.definition_id, row.element_id, row.place, definition)


def _oldest(tx: Transaction, name: str) -> _Receiver | None:
    """The oldest of those who wait for a message of this name and go by no correlation keys."""
    others = (catcher for catcher in _catchers(tx, name) if not catcher.is_keyed)
    return _first(row for catcher in others for row in _rows(tx, _OLDEST_AT, catcher.at(name)))


def _first(rows: Iterable[_Receiver]) -> _Receiver | None:
    """The oldest."""
    return min(rows, default=None)


def _rows(tx: Transaction, statement: Statement, values: Mapping[str, Any]) -> list[_Receiver]:
    return [(row.instance_id, row.id) for row in statement.execute(tx.connection, values)]


def _catchers(tx: Transaction, name: str) -> Iterator[_Catcher]:
    """Where someone may wait for this name: few places, however many wait there."""
    for definition_id in _DEFINITIONS.execute(tx.connection, {"of_name": name}).scalars():
        for element in tx.library.process(definition_id).elements.values():
            for place, definition in enumerate(element.triggers):
                if isinstance(definition, MessageDefinition) and _may_be_called(definition, name):
                    yield _Catcher(definition_id, element.id, place, definition)


def _may_be_called(definition: MessageDefinition, name: str) -> bool:
    return not definition.name.constant or str(definition.name.evaluate({})) == name


def _start(tx: Transaction, name: str, key: str, variables: Mapping[str, Any]) -> Instance | None:
    found = starts.find(tx, starts.MESSAGE, name)
    return starts.launch(tx, found[0], key, variables) if found else None
