"""Migration: running instances go on by another version of their process, or of one that they call.

A plan says which element takes the place of which. It is proposed, checked against every instance before anything
moves, tried out, and carried out for each instance by itself: all of it, or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import deployments, instances, reasons
from engine.core import plans
from engine.core.commands import MigrateInstance
from engine.core.facts import Fact
from engine.core.run import run
from engine.errors import EngineError, InvalidChange
from engine.store import states
from engine.store.database import Transaction
from engine.store.tables import activities, process_instances

PAGE = 500
"""Instances that are loaded at once."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`elements` are ids of definition `target` by those of `source`. Of the elements in `renewed` (ids of the source)
    timers, user tasks and jobs are set up anew; elsewhere they stay as they are: when they are due, for whom.
    """

    source: str
    target: str
    elements: Mapping[str, str]
    renewed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Check:
    """What is in the way: `of_plan` of every instance, `of_instances` of each by its id. Both empty: nothing is."""

    of_plan: tuple[str, ...]
    of_instances: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunningQuery:
    """Instances in which a process runs by a definition, as their main one or a called one; None means any.
    `element_id` is where something of it is active; `started_before` is itself left out; `status` is that of the whole
    instance. `after` is the id of the last one already seen.
    """

    definition_id: str
    element_id: str | None = None
    business_keys: tuple[str, ...] | None = None
    started_from: datetime | None = None
    started_before: datetime | None = None
    status: str | None = None
    after: int = 0
    limit: int = PAGE


def propose(tx: Transaction, source: str, target: str) -> Plan:
    """What certainly takes the place of what: elements of the same id, kind and place, and those that are the only ones
    there of their kind and name. Whatever else is alive at an element has to be said by a person.

    Raises:
        NotFound: one of the definitions is not there.
    """
    tx.authorise("plan", "migration")
    return Plan(source, target, plans.propose(tx.library.process(source), tx.library.process(target)))


def running(tx: Transaction, query: RunningQuery) -> list[int]:
    """The instances, the oldest first."""
    tx.authorise("plan", "migration")
    found = _running(query).where(activities.c.instance_id > query.after)
    return list(tx.connection.execute(found.order_by(activities.c.instance_id).limit(query.limit)).scalars())


def count(tx: Transaction, query: RunningQuery) -> int:
    """How many there are, wherever the page begins and ends."""
    tx.authorise("plan", "migration")
    return tx.connection.execute(sa.select(sa.func.count()).select_from(_running(query).subquery())).scalar_one()


def ids(query: RunningQuery) -> sa.Select[tuple[int, str]]:
    """A number in the order of `running` for each that there is, wherever the page begins and ends, and its id."""
    every = _running(query).subquery()
    return sa.select(sa.func.row_number().over(order_by=every.c.instance_id), sa.cast(every.c.instance_id, sa.Text))


def _running(query: RunningQuery) -> sa.Select[Any]:
    """The literal is for SQLite, which takes a partial index for no parameter."""
    found = (
        sa.select(activities.c.instance_id)
        .where(activities.c.kind == sa.literal_column("'process'"), activities.c.ended_at.is_(None))
        .where(activities.c.definition_id == query.definition_id)
        .distinct()
    )
    if query.element_id is not None:
        there = activities.alias()
        found = found.where(
            sa.exists().where(
                there.c.instance_id == activities.c.instance_id,
                there.c.definition_id == query.definition_id,
                there.c.element_id == query.element_id,
                there.c.ended_at.is_(None),
            )
        )
    of_instance: list[sa.ColumnElement[bool]] = []
    if query.business_keys is not None:
        of_instance.append(process_instances.c.business_key.in_(query.business_keys))
    if query.started_from is not None:
        of_instance.append(process_instances.c.started_at >= query.started_from)
    if query.started_before is not None:
        of_instance.append(process_instances.c.started_at < query.started_before)
    if query.status is not None:
        of_instance.append(process_instances.c.status == query.status)
    if of_instance:
        found = found.join(process_instances, process_instances.c.id == activities.c.instance_id).where(*of_instance)
    return found


def check(tx: Transaction, plan: Plan, instance_ids: Iterable[int]) -> Check:
    """What is in the way of these instances. Nothing is changed, and nothing locked.

    Raises:
        NotFound: one of the definitions is not there.
    """
    tx.authorise("plan", "migration")
    source, target = tx.library.process(plan.source), tx.library.process(plan.target)
    of_plan = plans.problems(source, target, plan.elements, sorted(plan.renewed))
    command = _command(tx, plan, "")
    found: dict[int, tuple[str, ...]] = {}
    wanted = list(instance_ids)
    for start in range(0, len(wanted), PAGE):
        stored = _states(tx, wanted[start : start + PAGE])
        for instance_id in wanted[start : start + PAGE]:
            problems = _problems(tx, instance_id, stored.get(instance_id), command)
            own = tuple(each for each in problems if each not in of_plan)
            if own:
                found[instance_id] = own
    return Check(tuple(of_plan), found)


def _states(tx: Transaction, instance_ids: Iterable[int]) -> dict[int, str]:
    query = sa.select(process_instances.c.id, process_instances.c.state).where(process_instances.c.id.in_(instance_ids))
    return {row.id: row.state for row in tx.connection.execute(query)}


def _problems(tx: Transaction, instance_id: int, text: str | None, command: MigrateInstance) -> list[str]:
    if text is None:
        return ["Expected the instance to be there, but there is none."]
    try:
        run(tx.library, states.whole(tx.connection, instance_id, text), command, tx.now)
    except InvalidChange as refused:
        return list(refused.problems)
    except EngineError as refused:
        return [str(refused)]
    return []


def rehearse(tx: Transaction, plan: Plan, instance_id: int) -> list[Fact]:
    """What would happen to an instance; nothing does.

    Raises:
        NotFound: the instance or a definition is not there.
        InvalidState: the instance has ended, or nothing in it runs by the plan's source.
        InvalidChange: everything that is in the way.
    """
    tx.authorise("plan", "migration")
    return run(tx.library, instances.state(tx, instance_id), _command(tx, plan, ""), tx.now)[1]


def migrate(tx: Transaction, plan: Plan, instance_id: int, reason: str) -> None:
    """Let an instance go on by the plan's target. A suspended one stays suspended.

    Raises:
        NotFound: the instance or a definition is not there.
        InvalidState: the instance has ended, or nothing in it runs by the plan's source.
        InvalidChange: everything that is in the way; nothing is moved.
        InvalidInput: no reason is given, or a very long one.
    """
    tx.authorise("migrate", instances.get(tx, instance_id))
    instances.execute(tx, instance_id, _command(tx, plan, reasons.checked(reason)))


def _command(tx: Transaction, plan: Plan, reason: str) -> MigrateInstance:
    deployment_id = deployments.definition(tx, plan.target).deployment_id
    renewed = tuple(sorted(plan.renewed))
    return MigrateInstance(plan.source, plan.target, dict(plan.elements), renewed, deployment_id, reason)
