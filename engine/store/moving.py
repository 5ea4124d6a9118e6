"""The rows of what goes on by another definition: those of what is alive, for what has ended stays where it ran."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine.core.facts import ProcessMigrated
from engine.store.tables import activities, incidents, subscriptions, timers


def move(connection: sa.Connection, instance_id: int, fact: ProcessMigrated) -> None:
    """Let the rows of an instance that are of the old definition, and alive, be of the new one."""
    alive = (
        (activities.c.instance_id == instance_id)
        & (activities.c.definition_id == fact.old)
        & activities.c.ended_at.is_(None)
    )
    tokens = sa.select(activities.c.token_id).where(alive)
    # The activities come last: they say which tokens are meant.
    for table, which in (
        (timers, timers.c.owner_id.in_(tokens)),
        (incidents, incidents.c.token_id.in_(tokens) & incidents.c.resolved_at.is_(None)),
    ):
        if fact.elements:
            this = sa.update(table).where(table.c.instance_id == instance_id, which)
            connection.execute(this.values(element_id=_renamed(table.c.element_id, fact.elements)))
    waiting = (subscriptions.c.instance_id == instance_id) & (subscriptions.c.definition_id == fact.old)
    for table, which in ((subscriptions, waiting), (activities, alive)):
        values: dict[str, Any] = {"definition_id": fact.definition_id}
        if fact.elements:
            values["element_id"] = _renamed(table.c.element_id, fact.elements)
        if fact.names and table is activities:
            by_old_id = {name: fact.names[new] for name, new in _old_ids(fact).items()}
            values["name"] = _renamed(activities.c.element_id, by_old_id, activities.c.name)
        connection.execute(sa.update(table).where(which).values(values))


def _old_ids(fact: ProcessMigrated) -> dict[str, str]:
    """The elements that have another name, by the ids that they had."""
    moved = {old: new for old, new in fact.elements.items() if new in fact.names}
    return {**{name: name for name in fact.names if name not in moved.values()}, **moved}


def _renamed(
    column: sa.Column[Any], names: Mapping[str, str], otherwise: sa.Column[Any] | None = None
) -> sa.ColumnElement[Any]:
    """All at once, so that two may change places."""
    return sa.case(dict(names), value=column, else_=column if otherwise is None else otherwise)
