"""The state of an instance as it is stored: what stands in its row, and the parts of it, of which only those are read
that are needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa

from engine.core.absent import NotLoaded, Place
from engine.core.parts import Saved, Stored, is_in_parts, join
from engine.core.state import State
from engine.store.statements import Statement, Upsert
from engine.store.tables import activities, incidents, process_instances, state_parts, subscriptions, timers

T = TypeVar("T")

_OF_INSTANCE = sa.bindparam("of_instance", type_=state_parts.c.instance_id.type)
_OF_ID = sa.bindparam("of_id", type_=sa.Integer)
_PART = sa.select(*(state_parts.c[name] for name in (*Place._fields, "state"))).where(
    state_parts.c.instance_id == _OF_INSTANCE
)
_AT = (state_parts.c.token_id == sa.bindparam("token_id"), state_parts.c.name == sa.bindparam("name"))
_THIS = (*_AT, state_parts.c.first == sa.bindparam("first"))


def _around() -> sa.Select[Any]:
    """The parts around a token, or around who has a wait or an incident: ids of all of them are of one count."""
    owners = (
        sa.select(table.c[owner]).where(table.c.instance_id == _OF_INSTANCE, table.c[name] == _OF_ID)
        for table, name, owner in (
            (activities, "token_id", "token_id"),
            (timers, "id", "owner_id"),
            (subscriptions, "id", "owner_id"),
            (incidents, "id", "token_id"),
        )
    )
    what = sa.select(activities.c.scope_id, activities.c.item).where(activities.c.instance_id == _OF_INSTANCE)
    inside = what.where(activities.c.token_id.in_(sa.union_all(*owners).scalar_subquery())).cte(
        "inside", recursive=True
    )
    inside = inside.union_all(what.where(activities.c.token_id == inside.c.scope_id))
    return _PART.where(
        state_parts.c.token_id == inside.c.scope_id,
        state_parts.c.first <= inside.c.item,
        state_parts.c.until > inside.c.item,
    )


_ALL = Statement(_PART)
_ONE = Statement(_PART.where(*_THIS))
_AROUND = Statement(_around())
_WRITE = Upsert(state_parts)
_DROP = Statement(sa.delete(state_parts).where(state_parts.c.instance_id == _OF_INSTANCE, *_THIS))
_REST = Statement(sa.select(process_instances.c.state).where(process_instances.c.id == _OF_INSTANCE))


def put_together(connection: sa.Connection, instance_id: int, rest: str, work: Callable[[State, Stored], T]) -> T:
    """Do something with a state of which `rest` stands in the instance's row. Where a part is needed that was not read,
    it is read, and the work done anew: nothing of it may stay where it raises.

    Raises:
        ValueError: this is no state, or a part of it is gone.
    """
    texts: dict[Place, str] = {}
    is_all_there = False
    while True:
        try:
            return work(*join(rest, texts))
        except NotLoaded as missing:
            if is_all_there:
                raise _gone(missing) from missing
            found = _found(connection, instance_id, missing.wanted)
            is_all_there = not found.keys() - texts.keys()
            texts |= _read(connection, _ALL, of_instance=instance_id) if is_all_there else found


def _gone(missing: NotLoaded) -> ValueError:
    return ValueError(f"Expected a part of the state, but it is gone: {missing.wanted!r}.")


def _found(connection: sa.Connection, instance_id: int, wanted: Place | int | None) -> dict[Place, str]:
    """The part that is wanted, with those around it; nothing where it cannot be said which it is."""
    if wanted is None:
        return {}
    if isinstance(wanted, Place):
        return _read(connection, _ONE, of_instance=instance_id, **wanted._asdict())
    return _read(connection, _AROUND, of_instance=instance_id, of_id=wanted)


def _read(connection: sa.Connection, statement: Statement, **values: Any) -> dict[Place, str]:
    rows: Any = statement.execute(connection, values)
    return {Place(token_id, name, first, until): text for token_id, name, first, until, text in rows}


def whole(connection: sa.Connection, instance_id: int, rest: str) -> State:
    """The state with all its parts.

    Raises:
        ValueError: this is no state, a part of it is gone, or one is there that is none of it.
    """
    if not is_in_parts(rest):
        return State.from_json(rest)
    texts = _read(connection, _ALL, of_instance=instance_id)
    try:
        state, stored = join(rest, texts)
    except NotLoaded as missing:
        raise _gone(missing) from missing
    differing = set(stored.places()) ^ texts.keys()
    if differing:
        raise ValueError(f"Expected the parts of the state that it speaks of, but these differ: {sorted(differing)}.")
    return state


def glance(connection: sa.Connection, instance_id: int, rest: str, look: Callable[[str], T]) -> T:
    """Look at a state of an instance that is not locked: where it was written between the reading of two parts, `look`
    is asked again, with what then stands in the row.
    """
    while is_in_parts(rest):
        before = rest
        try:
            seen = look(rest)
        except (ValueError, LookupError):
            rest = _now(connection, instance_id)
            if rest == before:
                raise
        else:
            rest = _now(connection, instance_id)
            if rest == before:
                return seen
    return look(rest)


def _now(connection: sa.Connection, instance_id: int) -> str:
    rest: str = _REST.execute(connection, {"of_instance": instance_id}).scalar_one()
    return rest


def write(connection: sa.Connection, instance_id: int, saved: Saved) -> None:
    """Write the parts that are new or changed, and drop those that are gone. Nothing is read."""
    if saved.parts:
        rows = [{"instance_id": instance_id, **place._asdict(), "state": text} for place, text in saved.parts.items()]
        _WRITE.execute_many(connection, rows)
    _DROP.execute_many(connection, [{"of_instance": instance_id, **place._asdict()} for place in saved.gone])
