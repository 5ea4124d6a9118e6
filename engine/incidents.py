"""Incidents: what stopped, and waits for a person to mend the cause."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import history, instances, journal, reasons
from engine.core.commands import CancelToken, ModifyInstance, RetryIncident, SetVariables, SkipIncident
from engine.errors import InvalidInput, InvalidState, NotFound
from engine.instances import Locked
from engine.retry import ATTEMPTS
from engine.store.database import Transaction
from engine.store.tables import activities, incidents, jobs, process_instances, subscriptions, timers
from engine.variables import checked

DELIVERY, TIMER = "delivery", "timer"


@dataclass(frozen=True, slots=True)
class Incident:
    """`id` is ``instance-number``. `kind` says what stopped: ``execution`` (a script or expression failed), ``join``
    (tokens wait for others that cannot come), ``condition`` (an event's condition cannot be decided), ``job`` (a
    handler failed, each time it was tried), ``delivery`` (what was thrown found nobody) or ``timer`` (it is due and
    could not be fired). `name` is that of the element, its id where it has none; `definition_id` is the process that
    it is in.
    """

    id: str
    instance_id: int
    business_key: str
    token_id: int
    element_id: str
    kind: str
    message: str
    raised_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    name: str
    definition_id: str


@dataclass(frozen=True, slots=True)
class IncidentQuery:
    """What to look for; None means any. `says` is a part of the message, in capitals or not; `raised_until` leaves out
    what stopped later. `after` is the id of the last one already seen (the oldest come first).
    """

    instance_id: int | None = None
    definition_id: str | None = None
    element_id: str | None = None
    kind: str | None = None
    says: str | None = None
    raised_until: datetime | None = None
    open: bool = True
    limit: int = 50
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Open incidents of one kind at one element of a process, and how many they are."""

    definition_id: str
    element_id: str
    name: str
    kind: str
    count: int


_NAME = sa.case(
    (activities.c.element_id == incidents.c.element_id, sa.func.nullif(activities.c.name, "")),
    else_=None,
)
_WHERE = {
    "definition_id": sa.func.coalesce(activities.c.definition_id, process_instances.c.definition_id),
    "element_id": incidents.c.element_id,
    "name": sa.func.coalesce(_NAME, incidents.c.element_id),
}
"""Where an incident is. Its token may stand elsewhere: in the scope around an element that was not begun."""
_FROM = incidents.outerjoin(process_instances, incidents.c.instance_id == process_instances.c.id).outerjoin(
    activities,
    sa.and_(activities.c.instance_id == incidents.c.instance_id, activities.c.token_id == incidents.c.token_id),
)
"""Each has its instance. A database leaves out an outer join that nothing is asked of."""
_COLUMNS = [
    incidents.c.instance_id,
    incidents.c.id,
    process_instances.c.business_key,
    *(incidents.c[name] for name in ("token_id", "element_id", "kind", "message")),
    *(incidents.c[name] for name in ("raised_at", "resolved_at", "resolved_by")),
    _WHERE["name"],
    _WHERE["definition_id"],
]
_PLACE = (incidents.c.raised_at, incidents.c.instance_id, incidents.c.id)


_KEY = re.compile(r"([0-9]{1,18})-(-?)([0-9]{1,18})")
"""Instance and number; neither longer than a database takes. A delivery has the number of its job, negated: the
numbers of an instance's own are given out by its state, which knows nothing of deliveries.
"""


def _incident(row: Any) -> Incident:
    instance_id, number, business_key, *rest = row
    return Incident(f"{instance_id}-{number}", instance_id, business_key, *rest)


def _key(incident_id: str) -> tuple[int, int]:
    found = _KEY.fullmatch(incident_id)
    if found is None:
        raise NotFound("incident", incident_id)
    return int(found[1]), int(found[2] + found[3])


def get(tx: Transaction, incident_id: str) -> Incident:
    """
    Raises:
        NotFound: there is no such incident.
    """
    tx.authorise("list", "incidents")
    return _get(tx, incident_id)


def _get(tx: Transaction, incident_id: str) -> Incident:
    instance_id, number = _key(incident_id)
    select = sa.select(*_COLUMNS).select_from(_FROM).where(*_of(incidents, "id", instance_id, number))
    row = tx.connection.execute(select).first()
    if row is None:
        raise NotFound("incident", incident_id)
    return _incident(row)


def find(tx: Transaction, query: IncidentQuery = IncidentQuery()) -> list[Incident]:
    """The oldest first.

    Raises:
        NotFound: `after` is no incident.
    """
    tx.authorise("list", "incidents")
    select = _narrowed(sa.select(*_COLUMNS), query).order_by(*_PLACE).limit(query.limit)
    if query.after is not None:
        last = _get(tx, query.after)
        place = (sa.literal(last.raised_at, incidents.c.raised_at.type), *map(sa.literal, _key(query.after)))
        select = select.where(sa.tuple_(*_PLACE) > sa.tuple_(*place))
    return [_incident(row) for row in tx.connection.execute(select)]


def count(tx: Transaction, query: IncidentQuery = IncidentQuery()) -> int:
    """How many there are, whatever the limit."""
    tx.authorise("list", "incidents")
    number: int = tx.connection.execute(_narrowed(sa.select(sa.func.count()), query)).scalar_one()
    return number


def groups(tx: Transaction, query: IncidentQuery = IncidentQuery(), *, limit: int = 200) -> list[Group]:
    """Where incidents are, those places first that have the most."""
    tx.authorise("list", "incidents")
    where = [column.label(name) for name, column in _WHERE.items()]
    each = _narrowed(sa.select(*where, incidents.c.kind), query).subquery()
    number = sa.func.count().label("count")
    select = sa.select(*each.c, number).group_by(*each.c).order_by(number.desc(), *each.c)
    return [Group(**row._mapping) for row in tx.connection.execute(select.limit(limit))]


def ids(query: IncidentQuery) -> sa.Select[tuple[int, str]]:
    """A number in the order of `find` for each that there is, whatever the limit, and its id."""
    number = sa.func.row_number().over(order_by=_PLACE)
    instance_id, own = (sa.cast(incidents.c[name], sa.Text) for name in ("instance_id", "id"))
    return _narrowed(sa.select(number, instance_id.concat("-").concat(own)), query)


def _narrowed(select: sa.Select[Any], query: IncidentQuery) -> sa.Select[Any]:
    """To what is looked for."""
    select = select.select_from(_FROM)
    wanted = {"instance_id": query.instance_id, "element_id": query.element_id, "kind": query.kind}
    select = select.where(*(incidents.c[name] == value for name, value in wanted.items() if value is not None))
    if query.open:
        select = select.where(incidents.c.resolved_at.is_(None))
    if query.raised_until is not None:
        select = select.where(incidents.c.raised_at <= query.raised_until)
    if query.says is not None:
        select = select.where(incidents.c.message.icontains(query.says, autoescape=True))
    if query.definition_id is not None:
        select = select.where(_WHERE["definition_id"] == query.definition_id)
    return select


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of an incident beside what it says: what failed and where, in the code of a handler or in the
    diagram, and the variables that its token saw then; of a delivery those that it carries. None where that was not
    kept.
    """

    trace: str | None
    variables: Mapping[str, Any] | None


def circumstances(tx: Transaction, incident_id: str) -> Circumstances:
    """
    Raises:
        NotFound: there is no such incident.
    """
    tx.authorise("list", "incidents")
    query = sa.select(incidents.c.trace, incidents.c.variables)
    row = tx.connection.execute(query.where(*_of(incidents, "id", *_key(incident_id)))).first()
    if row is None:
        raise NotFound("incident", incident_id)
    return Circumstances(row.trace, None if row.variables is None else json.loads(row.variables))


def forget(tx: Transaction, business_key: str) -> None:
    """Take away for good what is kept beside the journal of the failures in a case: what was raised there and where,
    and what was seen then. Which incidents there were stays, as in the journal. The state, the chain and what is still
    to be retried do not need any of it.

    Nobody is asked: it follows from what whoever erases a person or a text was permitted to do.
    """
    columns = process_instances.c
    held = sa.select(columns.id).where(columns.business_key == business_key).order_by(columns.id)
    its = tx.connection.execute(held.with_for_update(key_share=True)).scalars().all()
    known = sa.update(incidents).where(incidents.c.instance_id.in_(its))
    tx.connection.execute(known.values(trace=None, variables=None))
    failed = sa.update(jobs).where(jobs.c.instance_id.in_(its), jobs.c.last_error.is_not(None))
    tx.connection.execute(failed.values(last_error=None))


def retry(tx: Transaction, incident_id: str, variables: Mapping[str, Any] | None = None) -> None:
    """Go on from where an incident stopped something, with the variables now in force; `variables` are set first.

    Raises:
        NotFound: there is no such incident.
        InvalidState: it was resolved already; says when and by whom.
        Suspended: its instance is.
        InvalidVariables: a value is not JSON.
        InvalidInput: variables are given for a delivery, which has left the instance and uses none.
    """
    locked, incident, number = _lock(tx, incident_id, "retry")
    if incident.kind == DELIVERY:
        if variables:
            raise InvalidInput("Expected no variables for what is retried, but it is a delivery, which uses none.")
        _deliver_again(tx, incident)
    elif incident.kind == TIMER:
        if variables:
            instances.step(tx, locked, SetVariables(incident.token_id, checked(variables)))
        _fire_again(tx, incident, number)
    else:
        instances.step(tx, locked, RetryIncident(number, checked(variables or {})))


def skip(tx: Transaction, incident_id: str, reason: str, variables: Mapping[str, Any] | None = None) -> None:
    """Take what an incident stopped for completed, with these variables as what came of it. What was on its way to
    somebody is not delivered.

    Raises:
        NotFound: there is no such incident.
        InvalidState: it was resolved already, or it stopped what cannot be taken for completed; says why.
        Suspended: its instance is.
        InvalidVariables: a value is not JSON.
        InvalidInput: no reason is given, or a very long one; variables are given for a delivery.
    """
    locked, incident, number = _lock(tx, incident_id, "skip")
    reason = reasons.checked(reason)
    if incident.kind == DELIVERY:
        if variables:
            raise InvalidInput("Expected no variables for what is skipped, but it is a delivery, which gives none.")
        _drop(tx, incident, number, reason)
    elif incident.kind == TIMER:
        raise InvalidState("incident", incident_id, "skip", "is about a timer, which fires or goes with its activity")
    else:
        instances.step(tx, locked, SkipIncident(number, reason, checked(variables or {})))


def cancel(tx: Transaction, incident_id: str, reason: str) -> None:
    """End the token that an incident stopped, and everything in it. Nothing goes on from there; a scope in which
    nothing is left ends too.

    Raises:
        NotFound: there is no such incident.
        InvalidState: it was resolved already, or its token has gone on long ago.
        InvalidChange: nothing would be left of the instance, which can be cancelled itself.
        InvalidInput: no reason is given, or a very long one.
    """
    locked, incident, _ = _lock(tx, incident_id, "cancel")
    if incident.kind == DELIVERY:
        raise InvalidState("incident", incident_id, "cancel", "is about a delivery, whose thrower has gone on")
    instances.step(tx, locked, ModifyInstance((CancelToken(incident.token_id),), reasons.checked(reason)))


def _lock(tx: Transaction, incident_id: str, wanted: str) -> tuple[Locked, Incident, int]:
    """An open incident with its instance, held, and its number there; where the actor may do this."""
    instance_id, number = _key(incident_id)
    locked = instances.lock(tx, instance_id)
    incident = _get(tx, incident_id)
    tx.authorise(wanted, incident)
    if incident.resolved_at is not None:
        when = history.moment(tx, incident.resolved_at)
        raise InvalidState("incident", incident_id, wanted, f"was resolved {when} by {incident.resolved_by}")
    if locked.status == instances.SUSPENDED:
        instances.require_active(tx, locked)
    return locked, incident, number


def _drop(tx: Transaction, incident: Incident, number: int, reason: str) -> None:
    tx.connection.execute(sa.delete(jobs).where(jobs.c.id == -number))
    _resolve(tx, incident, number)
    data = {"token": incident.token_id, "delivery": -number, "reason": reason}
    journal.note(tx, incident.instance_id, "delivery skipped", data)


def raise_for_delivery(
    tx: Transaction, job_id: int, instance_id: int, token_id: int, message: str, known: Circumstances
) -> None:
    """What an instance threw, or was to be handed, has reached nobody. The token that threw it went on long ago, so
    that the state knows nothing of this: the instance's journal gets a note. `token_id` is the thrower, or the
    subscription that it was meant for; `job_id` the row of the delivery.
    """
    element_id = tx.connection.execute(
        sa.union_all(
            sa.select(activities.c.element_id).where(*_of(activities, "token_id", instance_id, token_id)),
            sa.select(subscriptions.c.element_id).where(*_of(subscriptions, "id", instance_id, token_id)),
        )
    ).scalar()
    row = {"element_id": element_id or "", "token_id": token_id, "message": message}
    _raise(tx, instance_id, -job_id, DELIVERY, row, known)
    journal.note(tx, instance_id, "delivery failed", {"token": token_id, "delivery": job_id, "message": message})


def raise_for_timer(tx: Transaction, instance_id: int, timer_id: int, message: str, trace: str) -> None:
    """A timer could not be fired, however often that was tried. It stays, and the instance's journal gets a note."""
    timer = tx.connection.execute(
        sa.select(timers.c.element_id, timers.c.owner_id).where(*_of(timers, "id", instance_id, timer_id))
    ).one()
    seen = instances.visible(instances.state(tx, instance_id), timer.owner_id)
    row = {"element_id": timer.element_id, "token_id": timer.owner_id, "message": message}
    _raise(tx, instance_id, timer_id, TIMER, row, Circumstances(trace, seen))
    journal.note(tx, instance_id, "timer failed", {"timer": timer_id, "message": message})


def _raise(
    tx: Transaction, instance_id: int, number: int, kind: str, row: Mapping[str, Any], known: Circumstances
) -> None:
    """Write an incident that the state knows nothing of, in the place of an earlier one of the same number."""
    tx.connection.execute(sa.delete(incidents).where(*_of(incidents, "id", instance_id, number)))
    seen = None if known.variables is None else json.dumps(known.variables, ensure_ascii=False)
    where = {"instance_id": instance_id, "id": number, "kind": kind, "raised_at": tx.now}
    tx.connection.execute(sa.insert(incidents).values(**where, **row, trace=known.trace, variables=seen))


def _of(table: sa.Table, column: str, instance_id: int, number: int) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.instance_id == instance_id, table.c[column] == number


def _deliver_again(tx: Transaction, incident: Incident) -> None:
    instance_id, number = _key(incident.id)
    again = sa.update(jobs).where(jobs.c.id == -number)
    tx.connection.execute(again.values(due=tx.now, retries=ATTEMPTS, attempts=0))
    _resolve(tx, incident, number)
    journal.note(tx, instance_id, "delivery retried", {"token": incident.token_id, "delivery": -number})
    tx.after_commit(tx.engine.wake)


def _fire_again(tx: Transaction, incident: Incident, timer_id: int) -> None:
    """Have the timer fire at the next tick; where what it waited on has ended since, there is nothing left to do."""
    again = sa.update(timers).where(*_of(timers, "id", incident.instance_id, timer_id))
    tx.connection.execute(again.values(due=tx.now, attempts=0))
    _resolve(tx, incident, timer_id)
    journal.note(tx, incident.instance_id, "timer retried", {"timer": timer_id})


def _resolve(tx: Transaction, incident: Incident, number: int) -> None:
    resolved = sa.update(incidents).where(*_of(incidents, "id", incident.instance_id, number))
    tx.connection.execute(resolved.values(resolved_at=tx.now, resolved_by=tx.actor.id))
