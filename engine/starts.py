"""What starts an instance by itself: messages, signals and conditions that the newest version of a process waits for,
and its timers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from engine import instances
from engine.core.commands import StartInstance
from engine.core.expressions import ExpressionError
from engine.core.model import (
    ConditionDefinition,
    Element,
    EventGatewaySpec,
    MessageDefinition,
    ProcessModel,
    SignalDefinition,
    TimerDefinition,
)
from engine.core.timing import InvalidTime
from engine.core.waiting import due_of
from engine.errors import Problem
from engine.instances import Instance
from engine.store import locks, posting
from engine.store.database import Transaction
from engine.store.statements import Statement
from engine.store.tables import (
    SHOWN,
    activities,
    definitions,
    jobs,
    start_subscriptions,
    start_timers,
    subscriptions,
    timers,
)

MESSAGE, SIGNAL, CONDITION = "message", "signal", "condition"

Trigger = MessageDefinition | SignalDefinition | ConditionDefinition | TimerDefinition
"""What may start a process by itself."""


@dataclass(frozen=True, slots=True)
class Start:
    """A start event of the newest version of a process, or what serves as one. `place` is that of the trigger which
    comes among its triggers.
    """

    definition_id: str
    element_id: str
    place: int

    @property
    def definition_key(self) -> str:
        return self.definition_id.rpartition(":")[0]


_START = [start_subscriptions.c[name] for name in Start.__slots__]
_FIND = sa.select(*_START).where(start_subscriptions.c.kind == sa.bindparam("of_kind"))
_IN_ORDER = (start_subscriptions.c.definition_key, start_subscriptions.c.element_id, start_subscriptions.c.place)
_NAMED = Statement(_FIND.where(start_subscriptions.c.name == sa.bindparam("of_name")).order_by(*_IN_ORDER))
_ALL = Statement(_FIND.order_by(*_IN_ORDER))


def find(tx: Transaction, kind: str, name: str | None = None) -> list[Start]:
    """What starts by a message or signal of this name; by any condition where none is named."""
    values = {"of_kind": kind, "of_name": name}
    rows = (_ALL if name is None else _NAMED).execute(tx.connection, values)
    return [Start(*tuple(row)) for row in rows]


def awaiting(tx: Transaction, start: Start) -> int | None:
    """The oldest instance that another event has begun and that waits for this one to begin with it, which then begins
    no second (BPMN 2.0, 10.6.6, parallel event-based gateways; 10.5.6, parallel multiple start events).
    """
    element, definition = _at(tx, start)
    model = tx.library.process(start.definition_id)
    if not _is_one_of_several(model, element):
        return None
    versions = sa.select(definitions.c.id).where(definitions.c.kind == "process", definitions.c.key == model.key)
    table = timers if isinstance(definition, TimerDefinition) else subscriptions
    owner = (activities.c.instance_id == table.c.instance_id) & (activities.c.token_id == table.c.owner_id)
    waiting = (
        sa.select(table.c.instance_id)
        .join_from(table, activities, owner)
        .where(activities.c.definition_id.in_(versions), table.c.element_id == start.element_id)
        .order_by(table.c.instance_id)
        .limit(1)
    )
    if not isinstance(definition, TimerDefinition):
        kind, name = _named(definition)
        waiting = waiting.where(subscriptions.c.kind == kind, subscriptions.c.name == name)
        waiting = waiting.where(subscriptions.c.place == start.place)
    return tx.connection.execute(waiting).scalar()


def hold(tx: Transaction, start: Start) -> bool:
    """Where an instance needs several events to begin with, keep the others from beginning one meanwhile, so that
    whoever looks for one that waits does not miss it. Whether it does need several.
    """
    element, _ = _at(tx, start)
    if not _is_one_of_several(tx.library.process(start.definition_id), element):
        return False
    locks.alone(tx, f"start:{start.definition_key}")
    return True


def _at(tx: Transaction, start: Start) -> tuple[Element, Trigger]:
    element = tx.library.process(start.definition_id).elements[start.element_id]
    return element, cast("Trigger", element.triggers[start.place])


def _is_one_of_several(model: ProcessModel, element: Element) -> bool:
    """Whether an instance that begins with this waits for more before it has begun."""
    before = (model.elements[flow.source].spec for flow in element.incoming)
    return element.needs_all or any(isinstance(spec, EventGatewaySpec) and spec.parallel for spec in before)


def launch(tx: Transaction, start: Start, business_key: str, variables: Mapping[str, Any]) -> Instance:
    """Start an instance with what came.

    Raises:
        ExecutionFailed: the process cannot start that way.
    """
    return instances.launch(
        tx, StartInstance(start.definition_id, business_key, variables, start.element_id, trigger=start.place)
    )


@dataclass(frozen=True, slots=True)
class FailingStart:
    """A timer, signal or message that could not start its process at the last `attempts`, the newest of which said
    `error`.

    It is tried again at `due`; None while its definition is suspended.
    """

    definition_id: str
    element_id: str
    attempts: int
    error: str
    due: datetime | None


def failing(tx: Transaction) -> list[FailingStart]:
    """Every timer that was due and could not start its process, and has not since; then each signal and message of
    nobody's: what an instance threw is an incident of that one.
    """
    tx.authorise("list", "incidents")
    columns = (start_timers.c[name] for name in ("definition_id", "element_id", "attempts", "last_error", "due"))
    query = sa.select(*columns).where(start_timers.c.attempts > 0).order_by(start_timers.c.id)
    return [*(FailingStart(*row) for row in tx.connection.execute(query)), *_failing_deliveries(tx)]


def _failing_deliveries(tx: Transaction) -> Iterator[FailingStart]:
    ways = (posting.SIGNAL_TO_START, posting.BUFFERED_TO_START)
    columns = (jobs.c[name] for name in ("topic", "payload", "attempts", "last_error", "due"))
    of_nobody = sa.select(*columns).where(jobs.c.instance_id.is_(None), jobs.c.topic.in_(ways))
    for row in tx.connection.execute(of_nobody.where(jobs.c.last_error.is_not(None)).order_by(jobs.c.id)):
        payload = json.loads(row.payload)
        found = find(tx, SIGNAL if row.topic == posting.SIGNAL_TO_START else MESSAGE, payload["name"])
        for start in found:
            place = [start.definition_key, start.element_id, start.place]
            if payload.get("start", place) == place:
                yield FailingStart(start.definition_id, start.element_id, row.attempts, row.last_error, row.due)


def close(tx: Transaction, key: str) -> None:
    """Take everything that starts this process from its older version."""
    for table in (start_timers, start_subscriptions):
        tx.connection.execute(sa.delete(table).where(table.c.definition_key == key))


def open_all(tx: Transaction, model: ProcessModel, definition_id: str) -> list[Problem]:
    """Wait for everything that starts this version from now on. Returns everything that keeps it from that: a message
    that starts another process already, a time that cannot be worked out.
    """
    wrong = []
    for element, place, definition in _triggers(model):
        place_of = {"definition_key": model.key, "definition_id": definition_id}
        try:
            problem = _open(tx, {**place_of, "element_id": element.id, "place": place}, element, definition)
        except (ExpressionError, InvalidTime) as error:
            problem = _problem(element, error)
        wrong += [] if problem is None else [problem]
    posting.offer_to_start(tx, {name for name, _ in messages_of(model)})
    return wrong


def _open(tx: Transaction, place_of: Mapping[str, Any], element: Element, definition: Trigger) -> Problem | None:
    """
    Raises:
        ExpressionError, InvalidTime: what is waited for cannot be worked out without variables.
    """
    if isinstance(definition, TimerDefinition):
        due, interval, repetitions = due_of(definition.kind, definition.value.evaluate({}, tx.functions), tx.now)
        times = {"due": due, "planned": due, "interval": interval, "repetitions": repetitions}
        tx.connection.execute(sa.insert(start_timers).values(**place_of, **times))
        return None
    kind, name = _named(definition)
    others = find(tx, MESSAGE, name) if kind == MESSAGE else []
    if others:
        wrong = f"The message '{name}' starts the process '{others[0].definition_key}' already."
        return Problem(element.id, element.line, wrong, "Give it a message of its own.")
    tx.connection.execute(sa.insert(start_subscriptions).values(**place_of, kind=kind, name=name))
    return None


def problems(model: ProcessModel) -> Iterator[Problem]:
    """Every name of what starts a process that is said by variables, of which a start event has none."""
    for element, _, definition in _triggers(model):
        try:
            if not isinstance(definition, TimerDefinition):
                _named(definition)
        except ExpressionError as error:
            yield _problem(element, error)


def messages_of(model: ProcessModel) -> list[tuple[str, Element]]:
    """The messages that start a process, and where; those aside whose name is a problem."""
    found = []
    for element, _, definition in _triggers(model):
        if isinstance(definition, MessageDefinition):
            with suppress(ExpressionError):
                found.append((_named(definition)[1], element))
    return found


def _problem(element: Element, error: Exception) -> Problem:
    right = "A start event can use no variables." if isinstance(error, ExpressionError) else ""
    return Problem(element.id, element.line, str(error), right)


def _triggers(model: ProcessModel) -> Iterator[tuple[Element, int, Trigger]]:
    for start in model.starts:
        element = model.elements[start]
        for place, definition in enumerate(element.triggers):
            if isinstance(definition, Trigger):
                yield element, place, definition


def _named(definition: MessageDefinition | SignalDefinition | ConditionDefinition) -> tuple[str, str]:
    """
    Raises:
        ExpressionError: the name cannot be worked out without variables.
    """
    if isinstance(definition, ConditionDefinition):
        return CONDITION, definition.condition.text[:SHOWN]
    kind = MESSAGE if isinstance(definition, MessageDefinition) else SIGNAL
    return kind, str(definition.name.evaluate({}, {}))
