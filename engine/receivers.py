"""Who waits for a message: the one whose name and key fit, by the rules of correlation (BPMN 2.0, 8.3.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.core import correlation
from engine.core.model import MessageDefinition
from engine.errors import InvalidState
from engine.store.database import Transaction
from engine.store.statements import Statement
from engine.store.tables import process_instances, subscriptions

Receiver = tuple[int, int]
"""Instance and number of a subscription; the smallest is the oldest."""


@dataclass(frozen=True, slots=True)
class Message:
    """`for_anyone`: without a key it is for whoever waits for the name, whatever key that waits with."""

    name: str
    key: str | None
    variables: Mapping[str, Any]
    for_anyone: bool = False


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
_IS_SUSPENDED = sa.exists().where(
    process_instances.c.id == subscriptions.c.instance_id, process_instances.c.suspended_at.is_not(None)
)


class _Oldest:
    """The oldest of some who wait: of all of them, and of those that are not suspended."""

    def __init__(self, *where: sa.ColumnElement[bool]) -> None:
        self.of_all = Statement(_OPEN.where(*where).limit(1))
        self.of_active = Statement(_OPEN.where(*where, ~_IS_SUSPENDED).limit(1))


_WITH_KEY = Statement(_FEW.where(subscriptions.c.key == sa.bindparam("of_key")))
_WITH_KEY_AT = Statement(_FEW.where(subscriptions.c.key == sa.bindparam("of_key"), _AT))
_WITHOUT_KEY = _Oldest(subscriptions.c.key.is_(None))
_WITHOUT_KEY_AT = _Oldest(subscriptions.c.key.is_(None), _AT)
_OLDEST_AT = _Oldest(_AT)
_SUSPENDED = Statement(
    sa.select(process_instances.c.suspended_at).where(
        process_instances.c.id == sa.bindparam("of_id"), process_instances.c.suspended_at.is_not(None)
    )
)


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
class Catcher:
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


def find(tx: Transaction, message: Message) -> Receiver | None:
    """Who is to take a message: who waits for exactly this one, else the first of those who wait without a key; where
    it is for anyone, else the oldest. Of those who would do alike, one that is suspended comes last.

    Raises:
        InvalidState: more than one waits for exactly this message.
    """
    receiver = _fitting(tx, message.name, message.key, message.variables)
    return _oldest(tx, message.name) if receiver is None and message.for_anyone else receiver


def _fitting(tx: Transaction, name: str, key: str | None, variables: Mapping[str, Any]) -> Receiver | None:
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
        return _first(tx, _WITHOUT_KEY, [{"of_name": name}])
    return _first(tx, _WITHOUT_KEY_AT, [catcher.at(name) for catcher in catchers])


def _with_key(tx: Transaction, name: str, key: str) -> list[Receiver]:
    """Who waits for this key and goes by no correlation keys, which no sender can give otherwise than in a message."""
    rows = _WITH_KEY.execute(tx.connection, {"of_name": name, "of_key": key})
    return [(row.instance_id, row.id) for row in rows if not catcher_of(tx, row).is_keyed]


def catcher_of(tx: Transaction, row: Any) -> Catcher:
    """Where an open subscription waits, by its columns."""
    definition = tx.library.process(row.definition_id).elements[row.element_id].triggers[row.place]
    assert isinstance(definition, MessageDefinition), "it is open for a message"
    return Catcher(row.definition_id, row.element_id, row.place, definition)


def _oldest(tx: Transaction, name: str) -> Receiver | None:
    """The oldest of those who wait for a message of this name and go by no correlation keys."""
    others = [catcher.at(name) for catcher in _catchers(tx, name) if not catcher.is_keyed]
    return _first(tx, _OLDEST_AT, others)


def _first(tx: Transaction, oldest: _Oldest, places: Sequence[Mapping[str, Any]]) -> Receiver | None:
    """The oldest that wait at these places; where that one is suspended, the oldest that is not, if there is any."""
    first = min((row for place in places for row in _rows(tx, oldest.of_all, place)), default=None)
    if first is None or _SUSPENDED.execute(tx.connection, {"of_id": first[0]}).first() is None:
        return first
    return min((row for place in places for row in _rows(tx, oldest.of_active, place)), default=first)


def _rows(tx: Transaction, statement: Statement, values: Mapping[str, Any]) -> list[Receiver]:
    return [(row.instance_id, row.id) for row in statement.execute(tx.connection, values)]


def _catchers(tx: Transaction, name: str) -> Iterator[Catcher]:
    """Where someone may wait for this name: few places, however many wait there."""
    for definition_id in _DEFINITIONS.execute(tx.connection, {"of_name": name}).scalars():
        for element in tx.library.process(definition_id).elements.values():
            for place, definition in enumerate(element.triggers):
                if isinstance(definition, MessageDefinition) and _may_be_called(definition, name):
                    yield Catcher(definition_id, element.id, place, definition)


def _may_be_called(definition: MessageDefinition, name: str) -> bool:
    return not definition.name.constant or str(definition.name.evaluate({})) == name
