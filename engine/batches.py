"""Batches: one operation on many instances or incidents, worked off one item a transaction by whoever works.

What works a batch off are deliveries among the jobs: each takes one item that nobody is at, does it on behalf of who
asked for the batch, and sends itself on its way again. So a batch survives what they survive. An item that cannot be
done says why, and keeps no other from being done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import incidents, instances, migration, modification, reasons, suspension
from engine.actors import Actor
from engine.errors import EngineError, InvalidInput, InvalidState, NotFound, OutcomeUnknown, Unavailable
from engine.failures import shortened
from engine.incidents import IncidentQuery
from engine.instances import InstanceQuery
from engine.migration import Plan, RunningQuery
from engine.store import faults, posting
from engine.store.cause import Cause
from engine.store.database import Transaction
from engine.store.tables import batch_items, batches, jobs
from engine.variables import checked

TOPIC = ":batch"
"""The topic of what works a batch off, whose id stands in for the token's."""

RUNNING, PAUSED, CANCELLED, DONE = "running", "paused", "cancelled", "done"
WAITING, FAILED = "waiting", "failed"

MAX_ITEMS = 1_000_000
AT_ONCE = 4
"""Items of one batch that are worked at beside each other."""


@dataclass(frozen=True, slots=True)
class Batch:
    """`status` is ``running``, ``paused``, ``cancelled`` or ``done``; of `total` items so many are done and failed."""

    id: int
    operation: str
    parameters: Mapping[str, Any]
    reason: str
    status: str
    total: int
    created_at: datetime
    created_by: str
    ended_at: datetime | None
    done: int
    failed: int


@dataclass(frozen=True, slots=True)
class Item:
    """`target` is the id of an instance or an incident. `status` is ``waiting``, ``done`` or ``failed``."""

    place: int
    target: str
    status: str
    error: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Operation:
    """What is done to each target, and how its parameters are read; they are the same for all.

    Raises of `read`:
        InvalidInput: these are no parameters of it.
    """

    read: Callable[[Mapping[str, Any]], Any]
    run: Callable[[Transaction, str, Any, str], None]


def _nothing(parameters: Mapping[str, Any]) -> None:
    if parameters:
        raise InvalidInput(f"Expected no parameters, but there are {', '.join(parameters)}.")


def _plan(parameters: Mapping[str, Any]) -> Plan:
    try:
        plan = Plan(**{**parameters, "renewed": frozenset(parameters.get("renewed", ()))})
    except TypeError as error:
        raise InvalidInput(f"Expected a plan, but found {sorted(parameters)}.") from error
    if not isinstance(plan.elements, Mapping):
        raise InvalidInput("Expected a plan with a mapping of elements, but it has none.")
    ids = (plan.source, plan.target, *plan.renewed, *plan.elements, *plan.elements.values())
    if not all(isinstance(each, str) for each in ids):
        raise InvalidInput("Expected a plan with ids of definitions and elements, but something in it is no text.")
    return plan


def _instructions(parameters: Mapping[str, Any]) -> Any:
    return modification.read(parameters.get("instructions"))


def _variables(parameters: Mapping[str, Any]) -> Any:
    variables = parameters.get("variables") or {}
    if not isinstance(variables, Mapping):
        raise InvalidInput(f"Expected variables by name, but found {variables!r:.60}.")
    return checked(variables)


OPERATIONS: Mapping[str, Operation] = {
    "suspend": Operation(_nothing, lambda tx, target, _, reason: suspension.suspend(tx, _number(target), reason)),
    "resume": Operation(_nothing, lambda tx, target, _, reason: suspension.resume(tx, _number(target), reason)),
    "cancel": Operation(_nothing, lambda tx, target, _, reason: instances.cancel(tx, _number(target), reason)),
    "migrate": Operation(_plan, lambda tx, target, plan, reason: migration.migrate(tx, plan, _number(target), reason)),
    "rehearse": Operation(_plan, lambda tx, target, plan, _: _rehearse(tx, plan, target)),
    "modify": Operation(
        _instructions,
        lambda tx, target, wanted, reason: modification.modify(tx, _number(target), wanted, reason),
    ),
    "set variables": Operation(
        _variables, lambda tx, target, values, _: instances.set_variables(tx, _number(target), values)
    ),
    "retry incident": Operation(_variables, lambda tx, target, values, _: incidents.retry(tx, target, values)),
    "skip incident": Operation(
        _variables, lambda tx, target, values, reason: incidents.skip(tx, target, reason, values)
    ),
    "cancel incident": Operation(_nothing, lambda tx, target, _, reason: incidents.cancel(tx, target, reason)),
}
"""By name. The targets are instances, but for those that name incidents."""


def _rehearse(tx: Transaction, plan: Plan, target: str) -> None:
    """Changes nothing: whatever is in the way of moving this one is why it cannot be done."""
    migration.rehearse(tx, plan, _number(target))


def _number(target: str) -> int:
    if not (target.isascii() and target.isdecimal() and len(target) <= 18):
        raise NotFound("process instance", target)
    return int(target)


def parameters_of(plan: Plan) -> dict[str, Any]:
    """Those of ``migrate``."""
    return {**asdict(plan), "elements": dict(plan.elements), "renewed": sorted(plan.renewed)}


# Steering


@dataclass(frozen=True, slots=True)
class ItemQuery:
    """The items of a batch with which it stands so: what it was done to, say."""

    batch_id: int
    status: str


Query = IncidentQuery | InstanceQuery | RunningQuery | ItemQuery
Targets = Sequence[str | int] | Query
"""Ids, or all that a query finds now, wherever its page begins and ends."""


def create(
    tx: Transaction,
    operation: str,
    targets: Targets,
    reason: str,
    parameters: Mapping[str, Any] | None = None,
) -> Batch:
    """Have an operation carried out on each target, in order, from now on. Whether who asks may do it is asked now,
    and for each item once more.

    Raises:
        NotPermitted: this actor may run no batch.
        InvalidInput: there is no such operation, its parameters are none, there are no targets or too many of them, or
            no reason is given.
    """
    tx.authorise("run", f"batch:{operation}")
    known = OPERATIONS.get(operation)
    if known is None:
        raise InvalidInput(f"Expected one of {', '.join(OPERATIONS)}, but found '{operation}'.")
    known.read(parameters or {})
    row = {
        "operation": operation,
        "parameters": json.dumps(dict(parameters or {}), ensure_ascii=False),
        "reason": reasons.checked(reason),
        "status": RUNNING,
        "total": 0,
        "created_at": tx.now,
        "created_by": tx.actor.id,
        "groups": json.dumps(sorted(tx.actor.groups)),
    }
    made = tx.connection.execute(sa.insert(batches).values(row)).inserted_primary_key
    assert made is not None, "a row that was written has a key"
    total = _write_items(tx, made[0], targets)
    tx.connection.execute(sa.update(batches).where(batches.c.id == made[0]).values(total=total))
    _send(tx, made[0], min(AT_ONCE, total))
    return _get(tx, made[0])


def _write_items(tx: Transaction, batch_id: int, targets: Targets) -> int:
    """How many there are.

    Raises:
        InvalidInput: there are none, or too many.
    """
    if isinstance(targets, Query):
        total = _write_found(tx, batch_id, targets)
    else:
        each = list(dict.fromkeys(map(str, targets)))[: MAX_ITEMS + 1]
        total = len(each)
        rows = [
            {"batch_id": batch_id, "place": place, "target": target, "status": WAITING}
            for place, target in enumerate(each, 1)
        ]
        if rows:
            tx.connection.execute(sa.insert(batch_items), rows)
    if not 1 <= total <= MAX_ITEMS:
        number = f"{total:,}" if total <= MAX_ITEMS else "more"
        raise InvalidInput(f"Expected 1 to {MAX_ITEMS:,} to do this to, but there are {number}.")
    return total


def _write_found(tx: Transaction, batch_id: int, query: Query) -> int:
    """From table to table: what is found does not go through this process."""
    each = _ids(query).limit(MAX_ITEMS + 1).subquery()
    rows = sa.select(sa.literal(batch_id), *each.c, sa.literal(WAITING))
    into = sa.insert(batch_items).from_select(["batch_id", "place", "target", "status"], rows)
    return tx.connection.execute(into, execution_options={"preserve_rowcount": True}).rowcount


def _ids(query: Query) -> sa.Select[Any]:
    match query:
        case IncidentQuery():
            return incidents.ids(query)
        case InstanceQuery():
            return instances.ids(query)
        case RunningQuery():
            return migration.ids(query)
        case ItemQuery():
            of_it = (batch_items.c.batch_id == query.batch_id, batch_items.c.status == query.status)
            number = sa.func.row_number().over(order_by=batch_items.c.place)
            return sa.select(number, batch_items.c.target).where(*of_it)


def pause(tx: Transaction, batch_id: int) -> None:
    """Begin no further item until it is resumed.

    Raises:
        NotFound: there is no such batch.
        InvalidState: it is not running.
    """
    _steer(tx, batch_id, "pause", {RUNNING: PAUSED})


def resume(tx: Transaction, batch_id: int) -> None:
    """Go on with a paused batch.

    Raises:
        NotFound: there is no such batch.
        InvalidState: it is not paused.
    """
    _steer(tx, batch_id, "resume", {PAUSED: RUNNING})
    _send_missing(tx, batch_id)


def cancel(tx: Transaction, batch_id: int) -> None:
    """Begin no further item. What is done stays done.

    Raises:
        NotFound: there is no such batch.
        InvalidState: it has ended.
    """
    _steer(tx, batch_id, "cancel", {RUNNING: CANCELLED, PAUSED: CANCELLED})


def retry_failed(tx: Transaction, batch_id: int) -> None:
    """Do once more what could not be done.

    Raises:
        NotFound: there is no such batch.
        InvalidState: it has not ended yet, or was cancelled.
    """
    _steer(tx, batch_id, "do once more what failed of", {DONE: RUNNING})
    failed = sa.update(batch_items).where(batch_items.c.batch_id == batch_id, batch_items.c.status == FAILED)
    tx.connection.execute(failed.values(status=WAITING, error=None, ended_at=None))
    _send_missing(tx, batch_id)


def _steer(tx: Transaction, batch_id: int, verb: str, moves: Mapping[str, str]) -> None:
    _held(tx, batch_id)
    batch = _get(tx, batch_id)
    tx.authorise("steer", batch)
    if batch.status not in moves:
        raise InvalidState("batch", batch_id, verb, f"is {batch.status}")
    status = moves[batch.status]
    ended_at = tx.now if status == CANCELLED else None
    this = sa.update(batches).where(batches.c.id == batch_id)
    tx.connection.execute(this.values(status=status, ended_at=ended_at))


def _held(tx: Transaction, batch_id: int) -> str | None:
    """How it stands with a batch, held until the transaction ends; None where there is none."""
    this = sa.select(batches.c.status).where(batches.c.id == batch_id)
    return tx.connection.execute(this.with_for_update()).scalar()


def _send_missing(tx: Transaction, batch_id: int) -> None:
    """Have a batch, which is held, worked off again. What was on its way while it stood still goes on with it."""
    this = (jobs.c.instance_id.is_(None), jobs.c.token_id == batch_id, jobs.c.topic == TOPIC)
    sent = tx.connection.execute(sa.select(sa.func.count()).select_from(jobs).where(*this)).scalar_one()
    _send(tx, batch_id, AT_ONCE - sent)


def _send(tx: Transaction, batch_id: int, times: int = 1) -> None:
    """Deliveries that work off an item each. However many follow each other, no process has set them off."""
    row = posting.delivery(tx, TOPIC, {"batch": batch_id}, Cause())
    for _ in range(times):
        tx.connection.execute(sa.insert(jobs).values(instance_id=None, token_id=batch_id, **row))
    tx.after_commit(tx.engine.wake)


# Working off


def work_off(tx: Transaction, batch_id: int) -> None:
    """Do one item that nobody is at, and see to the next; the last one ends the batch.

    What finds its batch standing still is gone. Whoever resumes it counts what is left, and so holds it meanwhile.
    """
    batch = tx.connection.execute(sa.select(batches).where(batches.c.id == batch_id)).one()
    if batch.status != RUNNING and _held(tx, batch_id) != RUNNING:
        return
    waiting = sa.select(batch_items).where(batch_items.c.batch_id == batch_id, batch_items.c.status == WAITING)
    item = tx.connection.execute(
        waiting.order_by(batch_items.c.place).limit(1).with_for_update(skip_locked=True)
    ).first()
    if item is None:
        _end(tx, batch_id)
        return
    error = _do(tx, batch, item.target)
    this = sa.update(batch_items).where(batch_items.c.batch_id == batch_id, batch_items.c.place == item.place)
    status = DONE if error is None else FAILED
    tx.connection.execute(this.values(status=status, error=error, ended_at=tx.now))
    _send(tx, batch_id)


def _end(tx: Transaction, batch_id: int) -> None:
    """The batch is done, unless somebody is at its last items, or has just had those that failed wait again."""
    if _held(tx, batch_id) != RUNNING:
        return
    left = sa.select(batch_items.c.place).where(batch_items.c.batch_id == batch_id, batch_items.c.status == WAITING)
    if tx.connection.execute(left.limit(1)).first() is None:
        this = sa.update(batches).where(batches.c.id == batch_id)
        tx.connection.execute(this.values(status=DONE, ended_at=tx.now))


def _do(tx: Transaction, batch: Any, target: str) -> str | None:
    """Do it as who asked for it; why it cannot be done, and then nothing of it is."""
    operation = OPERATIONS[batch.operation]
    actor = Actor(batch.created_by, frozenset(json.loads(batch.groups)))
    try:
        with tx.connection.begin_nested():
            parameters = operation.read(json.loads(batch.parameters))
            operation.run(tx.on_behalf_of(actor), target, parameters, batch.reason)
    except (Unavailable, OutcomeUnknown):
        raise
    except sa.exc.SQLAlchemyError as error:
        meant = faults.meaning(error)
        if isinstance(meant, faults.Passing | Unavailable):
            raise
        return shortened(str(meant) if isinstance(meant, EngineError) else f"{type(error).__name__} in the database.")
    except Exception as error:
        return shortened(str(error))
    return None


# Looking

_COUNTED = sa.select(
    batch_items.c.batch_id,
    sa.func.count().filter(batch_items.c.status == DONE).label("done"),
    sa.func.count().filter(batch_items.c.status == FAILED).label("failed"),
).group_by(batch_items.c.batch_id)
_COLUMNS = [batches.c[name] for name in Batch.__slots__ if name in batches.c]


def get(tx: Transaction, batch_id: int) -> Batch:
    """
    Raises:
        NotFound: there is no such batch.
    """
    tx.authorise("list", "batches")
    return _get(tx, batch_id)


def _get(tx: Transaction, batch_id: int) -> Batch:
    found = _found(tx, sa.select(*_COLUMNS).where(batches.c.id == batch_id))
    if not found:
        raise NotFound("batch", batch_id)
    return found[0]


def find(tx: Transaction, *, before: int | None = None, limit: int = 50) -> list[Batch]:
    """The newest first, from the one before number `before` on."""
    tx.authorise("list", "batches")
    query = sa.select(*_COLUMNS).order_by(batches.c.id.desc()).limit(limit)
    return _found(tx, query if before is None else query.where(batches.c.id < before))


def _found(tx: Transaction, query: sa.Select[Any]) -> list[Batch]:
    rows = tx.connection.execute(query).all()
    counted = _COUNTED.where(batch_items.c.batch_id.in_([row.id for row in rows]))
    counts = {row.batch_id: row for row in tx.connection.execute(counted)}
    return [
        Batch(
            **{**row._mapping, "parameters": json.loads(row.parameters)},
            done=counts[row.id].done,
            failed=counts[row.id].failed,
        )
        for row in rows
    ]


def items(tx: Transaction, batch_id: int, *, status: str | None = None, after: int = 0, limit: int = 50) -> list[Item]:
    """In order, those behind place `after`."""
    tx.authorise("list", "batches")
    columns = [batch_items.c[name] for name in Item.__slots__]
    query = sa.select(*columns).where(batch_items.c.batch_id == batch_id, batch_items.c.place > after)
    if status is not None:
        query = query.where(batch_items.c.status == status)
    return [Item(*row) for row in tx.connection.execute(query.order_by(batch_items.c.place).limit(limit))]
