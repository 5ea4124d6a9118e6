"""User tasks: what waits for a person, due soonest first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import history, instances
from engine.core.commands import AssignUserTask, CompleteUserTask, ThrowEscalation
from engine.errors import InvalidInput, InvalidState, NotFound
from engine.instances import LOCKED, Locked
from engine.store.database import Transaction
from engine.store.statements import Statement, from_driver
from engine.store.tables import activities, candidates, definitions, process_instances
from engine.variables import checked

OPEN, COMPLETED, CANCELLED = "open", "completed", "cancelled"

MAX_LIMIT = 500


@dataclass(frozen=True, slots=True)
class UserTask:
    """`id` is ``instance-token``. `status` is ``open``, ``completed`` or ``cancelled``. While its instance
    `is_suspended` nothing can be done with it.

    `definition_key` and `definition_id` are those of the process that the user task is drawn in, which may be a
    called one.
    """

    id: str
    instance_id: int
    business_key: str
    element_id: str
    name: str
    definition_id: str
    assignee: str | None
    candidate_users: tuple[str, ...]
    candidate_groups: tuple[str, ...]
    due: datetime | None
    follow_up: datetime | None
    priority: int
    form_key: str | None
    status: str
    created_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    reason: str | None
    is_suspended: bool

    @property
    def definition_key(self) -> str:
        return self.definition_id.rpartition(":")[0]

    @property
    def token_id(self) -> int:
        return split_id(self.id)[1]


@dataclass(frozen=True, slots=True)
class UserTaskQuery:
    """What to look for; None means any.

    `candidate` finds what this person or one of `groups` may take; `groups` alone what one of them may take.
    `unassigned` leaves out what someone has claimed. `after` is the id of the last one already seen.
    """

    assignee: str | None = None
    candidate: str | None = None
    groups: frozenset[str] | None = None
    unassigned: bool = False
    business_key: str | None = None
    definition_key: str | None = None
    open: bool = True
    limit: int = 50
    after: str | None = None


def split_id(user_task_id: str) -> tuple[int, int]:
    """Instance and token of an id such as ``12-34``.

    Raises:
        NotFound: it is no such id.
    """
    instance_id, _, token_id = user_task_id.partition("-")
    if not (_is_number(instance_id, 18) and _is_number(token_id, 9)):
        raise NotFound("user task", user_task_id)
    return int(instance_id), int(token_id)


def _is_number(text: str, digits: int) -> bool:
    """Whether a database takes it for the number of an instance (18 digits) or of a token (9)."""
    return text.isascii() and text.isdecimal() and len(text) <= digits


_COLUMNS = [
    *(activities.c[name] for name in ("instance_id", "token_id")),
    process_instances.c.business_key,
    *(activities.c[name] for name in ("element_id", "name", "definition_id", "assignee")),
    *(activities.c[name] for name in ("candidate_users", "candidate_groups", "due", "follow_up", "priority")),
    *(activities.c[name] for name in ("form_key", "status", "started_at", "ended_at", "ended_by", "reason")),
    process_instances.c.status.label("instance_status"),
]
_JOINED = sa.join(activities, process_instances, activities.c.instance_id == process_instances.c.id)
# Both rows are held, the instance's first: whoever had to wait for it sees the user task as it is by then.
_LOAD = Statement(
    sa.select(*LOCKED, *_COLUMNS)
    .select_from(_JOINED)
    .where(activities.c.instance_id == sa.bindparam("of_instance"), activities.c.token_id == sa.bindparam("of_token"))
    .with_for_update(of=[process_instances, activities], key_share=True)
)
_NAMES = [column.name for column in _COLUMNS]
_STATUS = _NAMES.index("status")
_MOMENTS = [_NAMES.index(name) for name in ("due", "follow_up", "started_at", "ended_at")]


def _user_task(row: Any) -> UserTask:
    values: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    values["id"] = f"{values['instance_id']}-{values.pop('token_id')}"
    values["is_suspended"] = values.pop("instance_status") == instances.SUSPENDED
    values["created_at"] = values.pop("started_at")
    for name in ("candidate_users", "candidate_groups"):
        values[name] = tuple(json.loads(values[name] or "[]"))
    return UserTask(**values)


def get(tx: Transaction, user_task_id: str) -> UserTask:
    """
    Raises:
        NotFound: there is no such user task.
    """
    instance_id, token_id = split_id(user_task_id)
    row = tx.connection.execute(
        sa.select(*_COLUMNS)
        .select_from(_JOINED)
        .where(activities.c.instance_id == instance_id, activities.c.token_id == token_id)
        .where(activities.c.status.is_not(None))
    ).first()
    if row is None:
        raise NotFound("user task", user_task_id)
    return _user_task(row)


def open_of(tx: Transaction, instance_id: int) -> list[UserTask]:
    """The open user tasks of one instance, in the order in which they came up."""
    select = sa.select(*_COLUMNS).select_from(_JOINED)
    select = select.where(activities.c.instance_id == instance_id, activities.c.status == OPEN)
    return [_user_task(row) for row in tx.connection.execute(select.order_by(activities.c.token_id))]


def _lock(tx: Transaction, user_task_id: str, wanted: str) -> tuple[Locked, UserTask]:
    """The user task, open, and its instance: both in one query, for this is what a person waits for."""
    instance_id, token_id = split_id(user_task_id)
    row = _LOAD.execute(tx.connection, {"of_instance": instance_id, "of_token": token_id}).first()
    width = len(LOCKED)
    if row is None or row[width + _STATUS] is None:
        raise NotFound("user task", user_task_id)
    values = list(row[width:])
    for index in _MOMENTS:
        values[index] = from_driver(values[index])
    user_task = _user_task(values)
    if user_task.status != OPEN:
        # Whoever may see it reads who was first, although nobody may complete it any more.
        tx.authorise("read", user_task)
        raise InvalidState("user task", user_task_id, wanted, _end_of(tx, user_task))
    tx.authorise(wanted, user_task)
    return Locked(*row[:width]), user_task


def _end_of(tx: Transaction, user_task: UserTask) -> str:
    if user_task.status == CANCELLED:
        assert user_task.ended_at is not None, "a cancelled user task has ended"
        return f"was cancelled {history.moment(tx, user_task.ended_at)}{history.because(user_task.reason)}"
    when = "" if user_task.ended_at is None else f" {history.moment(tx, user_task.ended_at)}"
    return f"was completed{when} by {user_task.ended_by}"


def complete(tx: Transaction, user_task_id: str, variables: Mapping[str, Any] | None = None) -> None:
    """End a user task with what the person filled in.

    Raises:
        NotFound: there is no such user task.
        NotPermitted: this person may not complete it.
        InvalidState: someone else did, or its activity has ended without it; says who, when and why.
        InvalidVariables: a value is not JSON.
    """
    locked, user_task = _lock(tx, user_task_id, "complete")
    instances.step(tx, locked, CompleteUserTask(user_task.token_id, checked(variables or {})))


def claim(tx: Transaction, user_task_id: str) -> None:
    """Take a user task for oneself; once more does no harm.

    Raises:
        NotFound, NotPermitted, InvalidState: as for `complete`; InvalidState where it is someone else's, too.
    """
    locked, user_task = _lock(tx, user_task_id, "claim")
    if user_task.assignee not in (None, tx.actor.id):
        raise InvalidState("user task", user_task_id, "claim", f"is already {user_task.assignee}'s")
    instances.step(tx, locked, AssignUserTask(user_task.token_id, tx.actor.id))


def release(tx: Transaction, user_task_id: str) -> None:
    """Give a user task back to its candidates.

    Raises:
        NotFound, NotPermitted, InvalidState: as for `complete`.
    """
    locked, user_task = _lock(tx, user_task_id, "release")
    instances.step(tx, locked, AssignUserTask(user_task.token_id, None))


def assign(tx: Transaction, user_task_id: str, assignee: str) -> None:
    """Give a user task to someone.

    Raises:
        NotFound, NotPermitted, InvalidState: as for `complete`.
        InvalidInput: nobody is named.
    """
    if not assignee.strip():
        raise InvalidInput("Expected the name of whom to give the user task to, but it is empty.")
    locked, user_task = _lock(tx, user_task_id, "assign")
    instances.step(tx, locked, AssignUserTask(user_task.token_id, assignee))


def escalate(tx: Transaction, user_task_id: str, code: str, variables: Mapping[str, Any] | None = None) -> None:
    """Call for attention from a user task, which stays open unless the event that catches this ends it.

    Raises:
        NotFound, NotPermitted, InvalidState: as for `complete`.
        InvalidVariables: a value is not JSON.
    """
    locked, user_task = _lock(tx, user_task_id, "escalate")
    instances.step(tx, locked, ThrowEscalation(user_task.token_id, code, checked(variables or {})))


def find(tx: Transaction, query: UserTaskQuery) -> list[UserTask]:
    """Due soonest first, without a due date last, the higher priority first among equals; ended ones newest first.

    Raises:
        InvalidInput: the limit is not between 1 and 500.
        NotFound: `after` is no id.
    """
    if not 1 <= query.limit <= MAX_LIMIT:
        raise InvalidInput(f"Expected a limit of 1 to {MAX_LIMIT}, but it is {query.limit}.")
    tx.authorise("list user tasks", query)
    select = sa.select(*_COLUMNS).select_from(_JOINED)
    if not query.open:
        select = _ended(tx, select, query)
    elif query.business_key is not None:
        select = _of_case(tx, select, query)
    elif _candidates(query) is not None:
        select = _queued(tx, select, query)
    elif query.definition_key is not None and query.assignee is None:
        select = _of_process(tx, select, query)
    else:
        select = _ordered(tx, select, query)
    return [_user_task(row) for row in tx.connection.execute(select.limit(query.limit))]


def count(tx: Transaction, query: UserTaskQuery) -> int:
    """How many open user tasks `find` would list without a limit."""
    tx.authorise("list user tasks", query)
    keys = sa.select(activities.c.instance_id, activities.c.token_id)
    select: sa.Select[Any] = keys if query.business_key is None else keys.select_from(_JOINED)
    select = select.where(_IS_OPEN, *_conditions(tx, query))
    names = _candidates(query)
    if names is not None:
        select = select.where(_is_for(names))
    return tx.connection.execute(sa.select(sa.func.count()).select_from(select.subquery())).scalar_one()


_QUEUE = ("queue_due", "queue_rank", "instance_id", "token_id")
_PLACE = [activities.c[name] for name in _QUEUE]
_IS_OPEN = activities.c.status == sa.literal_column("'open'")
"""A literal for SQLite, which takes a partial index for no parameter."""


def _conditions(tx: Transaction, query: UserTaskQuery) -> list[sa.ColumnElement[bool]]:
    """What the query asks of a user task, but for whom it is for."""
    asked = []
    if query.assignee is not None:
        asked.append(activities.c.assignee == query.assignee)
    if query.unassigned:
        asked.append(activities.c.assignee.is_(None))
    if query.business_key is not None:
        asked.append(process_instances.c.business_key == query.business_key)
    if query.definition_key is not None:
        asked.append(activities.c.definition_id.in_(_versions(tx, query.definition_key)))
    return asked


def _versions(tx: Transaction, definition_key: str) -> list[str]:
    """The ids of those versions of a process that have an open user task."""
    is_there = sa.exists().where(activities.c.definition_id == definitions.c.id, _IS_OPEN)
    this = (definitions.c.kind == "process") & (definitions.c.key == definition_key)
    return list(tx.connection.scalars(sa.select(definitions.c.id).where(this, is_there)))


def _ordered(tx: Transaction, select: sa.Select[Any], query: UserTaskQuery) -> sa.Select[Any]:
    """Along the index of open user tasks, or of those of one person, or of nobody's."""
    select = select.where(_IS_OPEN, *_conditions(tx, query)).order_by(*_PLACE)
    last = _place(tx, query)
    return select if last is None else select.where(sa.tuple_(*_PLACE) > last)


def _of_case(tx: Transaction, select: sa.Select[Any], query: UserTaskQuery) -> sa.Select[Any]:
    """Those of one case are few. `status` is a parameter here, so that SQLite does not go along an index of all."""
    select = select.where(activities.c.status == OPEN, *_conditions(tx, query)).order_by(*_PLACE)
    names, last = _candidates(query), _place(tx, query)
    select = select if names is None else select.where(_is_for(names))
    return select if last is None else select.where(sa.tuple_(*_PLACE) > last)


def _place(tx: Transaction, query: UserTaskQuery) -> Any:
    """Where in the queue the last one seen stands; it may have ended since."""
    if query.after is None:
        return None
    instance_id, token_id = split_id(query.after)
    row = tx.connection.execute(
        sa.select(*_PLACE).where(activities.c.instance_id == instance_id, activities.c.token_id == token_id)
    ).first()
    if row is None:
        raise NotFound("user task", query.after)
    return sa.tuple_(*(sa.literal(value, column.type) for value, column in zip(row, _PLACE, strict=True)))


def _candidates(query: UserTaskQuery) -> list[str] | None:
    if query.candidate is None and query.groups is None:
        return None
    names = [f"group:{group}" for group in sorted(query.groups or ())]
    return names if query.candidate is None else [f"user:{query.candidate}", *names]


def _is_for(names: list[str]) -> sa.ColumnElement[bool]:
    mine = sa.select(candidates.c.instance_id, candidates.c.token_id).where(candidates.c.candidate.in_(names))
    return sa.tuple_(activities.c.instance_id, activities.c.token_id).in_(mine)


def _queued(tx: Transaction, select: sa.Select[Any], query: UserTaskQuery) -> sa.Select[Any]:
    """For each candidate the first few that nobody has claimed, and the first few that somebody has."""
    place = [candidates.c[name] for name in _QUEUE]
    key = (activities.c.instance_id == candidates.c.instance_id) & (activities.c.token_id == candidates.c.token_id)
    asked = _conditions(tx, query) if query.definition_key or query.assignee else []
    parts = []
    for name in _candidates(query) or ():
        for taken in (False,) if query.unassigned else (False, True):
            part = sa.select(*place).where(candidates.c.candidate == name, candidates.c.taken.is_(taken))
            parts.append(part.join(activities, key).where(*asked) if asked else part)
    return _merged(tx, select, query, parts, place)


def _of_process(tx: Transaction, select: sa.Select[Any], query: UserTaskQuery) -> sa.Select[Any]:
    """For each version of a process the first few along its own index."""
    this = activities.c.definition_id
    asked = [activities.c.assignee.is_(None)] if query.unassigned else []
    versions = _versions(tx, query.definition_key or "")
    parts = [sa.select(*_PLACE).where(_IS_OPEN, this == version, *asked) for version in versions]
    return _merged(tx, select, query, parts, _PLACE)


def _merged(
    tx: Transaction,
    select: sa.Select[Any],
    query: UserTaskQuery,
    parts: list[sa.Select[Any]],
    place: list[sa.Column[Any]],
) -> sa.Select[Any]:
    """Of each part the first few along its index, then the first few of all: little more is read than shown."""
    if not parts:
        return select.where(sa.false())
    last = _place(tx, query)
    parts = [part.order_by(*place).limit(query.limit) for part in parts]
    parts = parts if last is None else [part.where(sa.tuple_(*place) > last) for part in parts]
    queue = sa.union(*(sa.select(part.subquery()) for part in parts)).subquery()
    key = (activities.c.instance_id == queue.c.instance_id) & (activities.c.token_id == queue.c.token_id)
    return select.join(queue, key).order_by(*(queue.c[name] for name in _QUEUE))


def _ended(tx: Transaction, select: sa.Select[Any], query: UserTaskQuery) -> sa.Select[Any]:
    place = (activities.c.instance_id, activities.c.token_id)
    select = select.where(activities.c.status.in_((COMPLETED, CANCELLED)), *_conditions(tx, query)).order_by(
        *(column.desc() for column in place)
    )
    if query.after is not None:
        select = select.where(sa.tuple_(*place) < sa.tuple_(*map(sa.literal, split_id(query.after))))
    return select
