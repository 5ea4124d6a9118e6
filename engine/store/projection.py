"""Facts become the rows that people query. The journal stays the truth; every row here could be made anew from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import retry
from engine.core import facts, timing
from engine.core.facts import Fact
from engine.core.state import ROOT, State, at_hand
from engine.store import dealing, moving, posting
from engine.store.database import Transaction
from engine.store.statements import Insert, Statement, Upsert
from engine.store.tables import (
    FAR,
    SHOWN,
    activities,
    candidates,
    data_stores,
    incidents,
    jobs,
    subscriptions,
    timers,
)

Row = dict[str, Any]


def scopes_of(state: State) -> dict[int, str]:
    """The definition that each token at hand runs by. To be taken before a command changes the state."""
    tokens = state.tokens
    return {token.id: tokens[token.process_id].definition_id or "" for token in at_hand(tokens)}


class Projection:
    """What one command changes in the rows of one instance; `write` writes it, a statement or two for each table."""

    def __init__(
        self, tx: Transaction, instance_id: int, scopes: dict[int, str], elements: Mapping[int, str], status: str
    ) -> None:
        """`scopes` and `elements` say definition and element of the tokens that were there before, `status` that of
        the instance.
        """
        self.tx, self.instance_id = tx, instance_id
        self.scopes, self.elements = scopes, dict(elements)
        self.status = status
        self.suspension: Row | None = None
        self.runs_by: Row | None = None
        self.migrated: list[facts.ProcessMigrated] = []
        self.end_reason: str | None = None
        self.started: dict[int, Row] = {}
        self.ended: dict[int, Row] = {}
        self.opened: list[Row] = []
        self.changed: list[Row] = []
        self.assigned: list[Row] = []
        self.candidates: dict[int, list[Row]] = {}
        self.rescheduled: list[Row] = []
        self.gone: list[Row] = []
        self.jobs: dict[int, Row] = {}
        self.jobs_gone: list[Row] = []
        self.jobs_stopped: list[Row] = []
        self.deliveries: list[Row] = []
        self.timers: dict[int, Row] = {}
        self.timers_moved: list[Row] = []
        self.timers_gone: list[Row] = []
        self.subscriptions: dict[int, Row] = {}
        self.subscriptions_gone: list[Row] = []
        self.stored: dict[str, Row] = {}
        self.incidents: dict[int, Row] = {}
        self.incidents_resolved: list[Row] = []

    def take(self, happened: Iterable[Fact]) -> None:
        for fact in happened:
            project = _PROJECTIONS.get(type(fact))
            if project is not None:
                project(self, fact)

    def write(self) -> None:
        """Ends come before beginnings, so that a row may make way for its like. Nothing is read."""
        connection = self.tx.connection
        for migrated in self.migrated:
            moving.move(connection, self.instance_id, migrated)
        _DROP_CANDIDATES.execute_many(connection, self.gone)
        _END_ACTIVITY.execute_many(connection, list(self.ended.values()))
        _DROP_JOB.execute_many(connection, self.jobs_gone)
        _STOP_JOB.execute_many(connection, self.jobs_stopped)
        _DROP_TIMER.execute_many(connection, self.timers_gone)
        _DROP_SUBSCRIPTION.execute_many(connection, self.subscriptions_gone)
        _RESOLVE_INCIDENT.execute_many(connection, self.incidents_resolved)
        _ADD_ACTIVITIES.execute(connection, list(self.started.values()))
        _OPEN_USER_TASK.execute_many(connection, self.opened)
        _CHANGE_USER_TASK.execute_many(connection, self.changed)
        _ASSIGN.execute_many(connection, self.assigned)
        _TAKE.execute_many(connection, self.assigned)
        _RESCHEDULE.execute_many(connection, self.rescheduled)
        _RESCHEDULE_CANDIDATES.execute_many(connection, self.rescheduled)
        _RESCHEDULE_TIMER.execute_many(connection, self.timers_moved)
        _ADD_CANDIDATES.execute(connection, [row for rows in self.candidates.values() for row in rows])
        _ADD_JOBS.execute(connection, [*self.jobs.values(), *self.deliveries])
        _ADD_TIMERS.execute(connection, list(self.timers.values()))
        _ADD_SUBSCRIPTIONS.execute(connection, list(self.subscriptions.values()))
        _ADD_INCIDENTS.execute(connection, list(self.incidents.values()))
        _STORE.execute_many(connection, list(self.stored.values()))
        if self.status == "suspended":
            self._each(_HOLD)
        elif self.suspension is not None:
            self._each(_LET_GO)

    def announce(self) -> None:
        """Whoever works by itself, and messages that wait already, are to know of what was written."""
        opened = [row for row in self.subscriptions.values() if row["kind"] == "message"]
        posting.offer(self.tx, self.instance_id, opened)
        is_resumed = self.suspension is not None and self.status != "suspended"
        if self.jobs or self.deliveries or is_resumed:
            self.tx.after_commit(self.tx.engine.wake)

    def _each(self, statements: Sequence[Statement]) -> None:
        for statement in statements:
            statement.execute(self.tx.connection, {"of_instance": self.instance_id})

    def at(self, token_id: int) -> Row:
        return {"of_instance": self.instance_id, "of_token": token_id}

    def end(self, token_id: int, **values: Any) -> None:
        """Note the end of an activity, or of its user task: in its new row, or as a change of its old one."""
        row = self.started.get(token_id)
        if row is None:
            row = self.ended.setdefault(token_id, {**_NOT_ENDED, **self.at(token_id)})
        row.update(values)


_NOT_ENDED = dict.fromkeys(("ended_at", "outcome", "ended_by", "reason", "status"))


def _instance_started(into: Projection, fact: facts.InstanceStarted) -> None:
    into.scopes[fact.id], into.elements[fact.id] = fact.definition_id, fact.element_id
    into.started[fact.id] = _activity(into, fact.id, 0, fact.element_id, "process", "")


def _element_activated(into: Projection, fact: facts.ElementActivated) -> None:
    into.scopes[fact.id] = fact.definition_id or into.scopes[fact.scope_id]
    into.elements[fact.id] = fact.element_id
    row = _activity(into, fact.id, fact.scope_id, fact.element_id, fact.kind, fact.name)
    row["item"] = fact.index
    into.started[fact.id] = row


def _activity(into: Projection, token_id: int, scope_id: int, element_id: str, kind: str, name: str) -> Row:
    return {
        "instance_id": into.instance_id,
        "token_id": token_id,
        "scope_id": scope_id,
        "definition_id": into.scopes[token_id],
        "element_id": element_id,
        "kind": kind,
        "name": name,
        "started_at": into.tx.now,
    }


def _element_completed(into: Projection, fact: facts.ElementCompleted) -> None:
    into.end(fact.id, ended_at=into.tx.now, outcome="completed", ended_by=into.tx.actor.id)


def _element_terminated(into: Projection, fact: facts.ElementTerminated) -> None:
    into.end(fact.id, ended_at=into.tx.now, outcome="terminated", ended_by=into.tx.actor.id, reason=fact.reason)


def _instance_completed(into: Projection, _fact: facts.InstanceCompleted) -> None:
    into.status = "completed"


def _instance_failed(into: Projection, fact: facts.InstanceFailed) -> None:
    into.status, into.end_reason = "failed", f"{fact.code}: {fact.message}" if fact.message else fact.code


def _instance_cancelled(into: Projection, fact: facts.InstanceCancelled) -> None:
    into.status, into.end_reason = "cancelled", fact.reason


def _instance_suspended(into: Projection, fact: facts.InstanceSuspended) -> None:
    into.status = "suspended"
    into.suspension = {
        "suspended_at": into.tx.now,
        "suspended_by": into.tx.actor.id,
        "suspend_reason": fact.reason,
    }


def _instance_resumed(into: Projection, _fact: facts.InstanceResumed) -> None:
    into.status = "active"
    into.suspension = dict.fromkeys(("suspended_at", "suspended_by", "suspend_reason"))


def _process_migrated(into: Projection, fact: facts.ProcessMigrated) -> None:
    into.migrated.append(fact)
    for token_id in [token_id for token_id, definition_id in into.scopes.items() if definition_id == fact.old]:
        into.scopes[token_id] = fact.definition_id
        into.elements[token_id] = fact.elements.get(into.elements[token_id], into.elements[token_id])
    if fact.id == ROOT:
        into.runs_by = {
            "definition_id": fact.definition_id,
            "definition_key": fact.definition_id.rpartition(":")[0],
        }


def _user_task_opened(into: Projection, fact: facts.UserTaskOpened) -> None:
    values = {"status": "open", "assignee": fact.assignee, **_described(fact)}
    if fact.id in into.started:
        into.started[fact.id].update(values)
    else:
        into.opened.append({**values, **into.at(fact.id)})
    into.candidates[fact.id] = _candidates(into, fact)


def _described(fact: facts.UserTaskOpened | facts.UserTaskChanged) -> Row:
    return {
        "candidate_users": json.dumps(fact.candidate_users),
        "candidate_groups": json.dumps(fact.candidate_groups),
        "due": fact.due,
        "follow_up": fact.follow_up,
        "priority": fact.priority,
        "form_key": fact.form_key,
        "queue_due": fact.due or FAR,
        "queue_rank": -fact.priority,
    }


def _candidates(into: Projection, fact: facts.UserTaskOpened | facts.UserTaskChanged) -> list[Row]:
    names = [f"user:{user}" for user in fact.candidate_users] + [f"group:{group}" for group in fact.candidate_groups]
    place: Row = {"instance_id": into.instance_id, "token_id": fact.id, "taken": fact.assignee is not None}
    place |= {"queue_due": fact.due or FAR, "queue_rank": -fact.priority}
    return [{"candidate": name, **place} for name in dict.fromkeys(names)]


def _user_task_changed(into: Projection, fact: facts.UserTaskChanged) -> None:
    into.changed.append({**_described(fact), **into.at(fact.id)})
    _drop_candidates(into, fact.id)
    into.candidates[fact.id] = _candidates(into, fact)


def _user_task_assigned(into: Projection, fact: facts.UserTaskAssigned) -> None:
    taken = fact.assignee is not None
    into.assigned.append({"to_assignee": fact.assignee, "to_taken": taken, **into.at(fact.id)})
    for row in into.candidates.get(fact.id, ()):
        row["taken"] = taken


def _user_task_rescheduled(into: Projection, fact: facts.UserTaskRescheduled) -> None:
    into.rescheduled.append({"to_due": fact.due, **into.at(fact.id)})


def _timer_rescheduled(into: Projection, fact: facts.TimerRescheduled) -> None:
    into.timers_moved.append({"to_due": fact.due, **into.at(fact.id)})


def _user_task_completed(into: Projection, fact: facts.UserTaskCompleted) -> None:
    into.end(fact.id, status="completed", ended_by=into.tx.actor.id)
    _drop_candidates(into, fact.id)


def _user_task_cancelled(into: Projection, fact: facts.UserTaskCancelled) -> None:
    into.end(fact.id, status="cancelled", reason=fact.reason)
    _drop_candidates(into, fact.id)


def _drop_candidates(into: Projection, token_id: int) -> None:
    if into.candidates.pop(token_id, None) is None:
        into.gone.append(into.at(token_id))


def _job_created(into: Projection, fact: facts.JobCreated) -> None:
    plan = retry.plan(fact.retry_cycle, fact.retries)
    into.jobs[fact.id] = {
        "instance_id": into.instance_id,
        "token_id": fact.id,
        "topic": fact.topic,
        "rank": -fact.priority,
        "retries": plan.attempts,
        "attempts": 0,
        "lapses": 0,
        "queue": into.tx.engine.queue_of(fact.topic),
        "retry_cycle": fact.retry_cycle,
        "time_limit": None if fact.time_limit is None else _seconds(fact.time_limit, into.tx.now),
        "due": into.tx.now,
    }


def _seconds(duration: str, now: datetime) -> int:
    return round((timing.next_due(now, duration) - now).total_seconds())


def _job_ended(into: Projection, fact: facts.JobCompleted | facts.JobCancelled) -> None:
    if into.jobs.pop(fact.id, None) is None:
        into.jobs_gone.append(into.at(fact.id))


def _message_thrown(into: Projection, fact: facts.MessageThrown) -> None:
    payload = {"name": fact.name, "key": fact.key, "variables": fact.variables, "time_to_live": fact.time_to_live}
    _deliver(into, fact.id, ":message", payload)


def _signal_thrown(into: Projection, fact: facts.SignalThrown) -> None:
    _deliver(into, fact.id, ":signal", {"name": fact.name, "variables": fact.variables, "last_id": fact.last_id})


def _deliver(into: Projection, token_id: int, topic: str, payload: Row) -> None:
    whose = {"instance_id": into.instance_id, "token_id": token_id}
    into.deliveries.append({**whose, **posting.delivery(into.tx, topic, payload, into.tx.cause.thrown())})


def _timer_started(into: Projection, fact: facts.TimerStarted) -> None:
    into.timers[fact.id] = {
        "instance_id": into.instance_id,
        "id": fact.id,
        "owner_id": fact.owner_id,
        "element_id": fact.element_id,
        "due": fact.due,
        "attempts": 0,
    }


def _timer_ended(into: Projection, fact: facts.TimerFired | facts.TimerCancelled) -> None:
    if into.timers.pop(fact.id, None) is None:
        into.timers_gone.append(into.at(fact.id))


def _subscription_opened(into: Projection, fact: facts.SubscriptionOpened) -> None:
    into.subscriptions[fact.id] = {
        "instance_id": into.instance_id,
        "id": fact.id,
        "owner_id": fact.owner_id,
        "element_id": fact.element_id,
        "definition_id": into.scopes[fact.owner_id],
        "place": fact.definition,
        "kind": fact.kind,
        "name": fact.name[:SHOWN] if fact.kind == "condition" else fact.name,
        "key": fact.key,
    }


def _subscription_closed(into: Projection, fact: facts.SubscriptionClosed) -> None:
    if into.subscriptions.pop(fact.id, None) is None:
        into.subscriptions_gone.append(into.at(fact.id))


def _data_stored(into: Projection, fact: facts.DataStored) -> None:
    into.stored[fact.store] = {
        "name": fact.store,
        "value": json.dumps(fact.value, ensure_ascii=False),
        "changed_at": into.tx.now,
        "instance_id": into.instance_id,
    }


_KINDS: Mapping[str, str] = {"job": "job", "join": "join", "condition": "condition"}
"""Of incidents, by the phase in which they were raised; the rest are of execution."""


def _incident_raised(into: Projection, fact: facts.IncidentRaised) -> None:
    into.incidents[fact.id] = {
        "instance_id": into.instance_id,
        "id": fact.id,
        "token_id": fact.token_id,
        "element_id": into.elements[fact.token_id],
        "kind": _KINDS.get(fact.phase, "execution"),
        "message": fact.message,
        "raised_at": into.tx.now,
    }
    if fact.phase == "job":
        into.jobs_stopped.append({"error": fact.message, **into.at(fact.token_id)})


def _incident_resolved(into: Projection, fact: facts.IncidentResolved) -> None:
    if into.incidents.pop(fact.id, None) is None:
        into.incidents_resolved.append({"at": into.tx.now, "by": into.tx.actor.id, **into.at(fact.id)})
    if fact.token_id not in into.started:
        # A retry makes a new job; the one that was stopped makes way for it.
        into.jobs_gone.append(into.at(fact.token_id))


_PROJECTIONS: Mapping[type, Callable[[Projection, Any], None]] = {
    facts.InstanceStarted: _instance_started,
    facts.InstanceCompleted: _instance_completed,
    facts.InstanceFailed: _instance_failed,
    facts.InstanceCancelled: _instance_cancelled,
    facts.InstanceSuspended: _instance_suspended,
    facts.InstanceResumed: _instance_resumed,
    facts.ProcessMigrated: _process_migrated,
    facts.ElementActivated: _element_activated,
    facts.ElementCompleted: _element_completed,
    facts.ElementTerminated: _element_terminated,
    facts.UserTaskOpened: _user_task_opened,
    facts.UserTaskAssigned: _user_task_assigned,
    facts.UserTaskRescheduled: _user_task_rescheduled,
    facts.UserTaskChanged: _user_task_changed,
    facts.UserTaskCompleted: _user_task_completed,
    facts.UserTaskCancelled: _user_task_cancelled,
    facts.JobCreated: _job_created,
    facts.JobCompleted: _job_ended,
    facts.JobCancelled: _job_ended,
    facts.MessageThrown: _message_thrown,
    facts.SignalThrown: _signal_thrown,
    facts.TimerStarted: _timer_started,
    facts.TimerRescheduled: _timer_rescheduled,
    facts.TimerFired: _timer_ended,
    facts.TimerCancelled: _timer_ended,
    facts.SubscriptionOpened: _subscription_opened,
    facts.SubscriptionClosed: _subscription_closed,
    facts.DataStored: _data_stored,
    facts.IncidentRaised: _incident_raised,
    facts.IncidentResolved: _incident_resolved,
}


def _of(table: sa.Table, token: str = "token_id") -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return table.c.instance_id == sa.bindparam("of_instance"), table.c[token] == sa.bindparam("of_token")


_ADD_ACTIVITIES = Insert(activities)
_ADD_CANDIDATES = Insert(candidates)
_ADD_JOBS = Insert(jobs, without=("id",))
_ADD_TIMERS = Insert(timers)
_ADD_SUBSCRIPTIONS = Insert(subscriptions, worked_out={"opened_after": dealing.SO_FAR})
_ADD_INCIDENTS = Insert(incidents)
_STORE = Upsert(data_stores)
_END_ACTIVITY = Statement(
    sa.update(activities)
    .where(*_of(activities))
    .values(
        ended_at=sa.bindparam("ended_at"),
        outcome=sa.bindparam("outcome"),
        # Whoever completed a user task did so, even where its element ends later, after an incident.
        ended_by=sa.func.coalesce(activities.c.ended_by, sa.bindparam("ended_by", type_=sa.Text)),
        reason=sa.bindparam("reason"),
        status=sa.func.coalesce(sa.bindparam("status", type_=sa.Text), activities.c.status),
    )
)
_DESCRIBED: Mapping[str, Any] = {
    name: sa.bindparam(name)
    for name in (
        *("candidate_users", "candidate_groups", "due", "follow_up", "priority", "form_key"),
        *("queue_due", "queue_rank"),
    )
}
_OPEN_USER_TASK = Statement(
    sa.update(activities)
    .where(*_of(activities))
    .values({**_DESCRIBED, "status": sa.bindparam("status"), "assignee": sa.bindparam("assignee")})
)
_CHANGE_USER_TASK = Statement(sa.update(activities).where(*_of(activities)).values(_DESCRIBED))
_ASSIGN = Statement(sa.update(activities).where(*_of(activities)).values(assignee=sa.bindparam("to_assignee")))
_TAKE = Statement(
    sa.update(candidates).where(*_of(candidates)).values(taken=sa.bindparam("to_taken", type_=sa.Boolean))
)
_TO_DUE = sa.bindparam("to_due", type_=activities.c.due.type)
_RESCHEDULE = Statement(sa.update(activities).where(*_of(activities)).values(due=_TO_DUE, queue_due=_TO_DUE))
_RESCHEDULE_CANDIDATES = Statement(sa.update(candidates).where(*_of(candidates)).values(queue_due=_TO_DUE))
_RESCHEDULE_TIMER = Statement(sa.update(timers).where(*_of(timers, "id")).values(due=_TO_DUE))
_DROP_CANDIDATES = Statement(sa.delete(candidates).where(*_of(candidates)))
# A delivery has the id of the token that threw it, which may have had a job of its own before.
_DROP_JOB = Statement(sa.delete(jobs).where(*_of(jobs), jobs.c.payload.is_(None)))
_STOP_JOB = Statement(
    sa.update(jobs)
    .where(*_of(jobs), jobs.c.payload.is_(None))
    .values(due=None, leased_until=None, leased_by=None, retries=0, last_error=sa.bindparam("error"))
)
_DROP_TIMER = Statement(sa.delete(timers).where(*_of(timers, "id")))
_DROP_SUBSCRIPTION = Statement(sa.delete(subscriptions).where(*_of(subscriptions, "id")))
_RESOLVE_INCIDENT = Statement(
    sa.update(incidents)
    .where(*_of(incidents, "id"))
    .values(resolved_at=sa.bindparam("at", type_=incidents.c.resolved_at.type), resolved_by=sa.bindparam("by"))
)


def _holding(table: sa.Table, *where: sa.ColumnElement[bool]) -> tuple[Statement, Statement]:
    """Keep rows of a suspended instance from what looks for due ones, and give them back. No look-up by a due time
    finds NULL.
    """
    this = sa.update(table).where(table.c.instance_id == sa.bindparam("of_instance"), *where)
    hold = this.where(table.c.due.is_not(None)).values(held_due=table.c.due, due=None)
    return Statement(hold), Statement(
        this.where(table.c.held_due.is_not(None)).values(due=table.c.held_due, held_due=None)
    )


# What an instance has thrown has left it; and what comes to it waits on its own way.
_HOLD, _LET_GO = zip(_holding(jobs, jobs.c.payload.is_(None)), _holding(timers), strict=True)
