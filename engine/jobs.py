"""Jobs: outside work, done by handlers outside of transactions, at least once; what comes of it is taken in once.

`engine.work.runner` has those run that are due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine import failures, history, instances, retry
from engine.core.commands import CompleteJob, RaiseIncident, ThrowError, ThrowEscalation
from engine.core.facts import Fact, IncidentRaised
from engine.errors import BpmnError, InvalidState, NotFound
from engine.handlers import Unusable
from engine.instances import LOCKED, Locked
from engine.leases import OURS
from engine.store.database import Transaction
from engine.store.statements import Statement
from engine.store.tables import incidents, jobs, process_instances
from engine.variables import checked

MAX_LAPSES = 10
"""How often a job may be claimed and not be heard of again. It may be what ends the processes that run it."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work claimed for a handler. `retries` attempts are left, this one, number `attempt` (from 1), included.

    `row_id` and `owner` say which row was claimed, and under which name; whoever has lost it to another may bring a
    result, but can neither keep it nor fail it. `lapses` counts the claims of which nothing was heard again.
    `time_limit` is how long an attempt may take, where the diagram says so.
    """

    row_id: int
    owner: str
    instance_id: int
    token_id: int
    topic: str
    variables: Mapping[str, Any]
    business_key: str
    retries: int
    attempt: int
    retry_cycle: str | None
    lapses: int
    time_limit: timedelta | None

    @property
    def id(self) -> str:
        """``instance-token``: the same for every attempt, so that a handler can tell whether it ran before."""
        return f"{self.instance_id}-{self.token_id}"

    @property
    def made(self) -> int:
        """How many attempts have failed with this one. What was claimed and not heard of again has not failed, and
        must not make others wait longer.
        """
        return max(1, self.attempt - self.lapses)


@dataclass(frozen=True, slots=True)
class JobInfo:
    """A job as supervisors see it. `due` is None where an incident has stopped it.

    `instance_id` is 0 for what is on its way to start one.
    """

    id: str
    instance_id: int
    topic: str
    retries: int
    attempts: int
    due: datetime | None
    leased_until: datetime | None
    last_error: str | None


# Both rows are held, the instance's first: whoever had to wait for it sees the job as it is by then.
_LOAD = Statement(
    sa.select(*LOCKED)
    .join_from(jobs, process_instances, jobs.c.instance_id == process_instances.c.id)
    .where(jobs.c.instance_id == sa.bindparam("of_instance"), jobs.c.token_id == sa.bindparam("of_token"))
    .where(jobs.c.payload.is_(None))
    .with_for_update(of=[process_instances, jobs], key_share=True)
)
_LOAD_OWN = Statement(
    sa.select(*LOCKED)
    .join_from(jobs, process_instances, jobs.c.instance_id == process_instances.c.id)
    .where(jobs.c.id == sa.bindparam("of_id"), jobs.c.leased_by == sa.bindparam("of_owner"))
    .with_for_update(of=[process_instances, jobs], key_share=True)
)
_RETRY = Statement(
    sa.update(jobs)
    .where(jobs.c.id == sa.bindparam("of_id"))
    .values(
        due=sa.bindparam("to_due", type_=jobs.c.due.type),
        retries=sa.bindparam("to_retries"),
        leased_until=None,
        leased_by=None,
        last_error=sa.bindparam("error"),
    )
)
_EXPLAIN = Statement(
    sa.update(incidents)
    .where(incidents.c.instance_id == sa.bindparam("of_instance"), incidents.c.id == sa.bindparam("of_incident"))
    .values(trace=sa.bindparam("new_trace"))
)


def held(tx: Transaction) -> JobInfo | None:
    """A job that is due and that some thread or process is at, or was when it died; None where there is none.

    What external workers are at takes as long as it takes, and is none of these.
    """
    this = (jobs.c.queue == OURS) & (jobs.c.leased_until > tx.engine.clock.world()) & (jobs.c.due <= tx.now)
    row = tx.connection.execute(sa.select(jobs).where(this).order_by(jobs.c.leased_until).limit(1)).first()
    return None if row is None else _info(row)


def is_quiet(tx: Transaction, business_key: str) -> bool:
    """Whether no job of the case waits to be run now or is being run."""
    waiting = (
        sa.select(jobs.c.id)
        .join_from(jobs, process_instances, jobs.c.instance_id == process_instances.c.id)
        .where(process_instances.c.business_key == business_key, jobs.c.due <= tx.now, jobs.c.queue == OURS)
    )
    return tx.connection.execute(waiting.limit(1)).first() is None


def complete(tx: Transaction, instance_id: int, token_id: int, variables: Mapping[str, Any]) -> None:
    """Take in what a handler returned.

    Raises:
        InvalidState: its element has ended; says when and why.
    """
    instances.step(tx, lock(tx, instance_id, token_id, "complete"), CompleteJob(token_id, variables))


def throw_error(tx: Transaction, instance_id: int, token_id: int, error: BpmnError) -> None:
    """Hand a modelled outcome to the error event that catches it; where none does, it is an incident.

    Raises:
        InvalidState: its element has ended; says when and why.
    """
    locked = lock(tx, instance_id, token_id, "throw an error from")
    happened = instances.step(tx, locked, ThrowError(token_id, error.code, error.message))
    _explain(tx, instance_id, token_id, happened, failures.trace_of(error))


def escalate(
    tx: Transaction, instance_id: int, token_id: int, code: str, variables: Mapping[str, Any] | None = None
) -> None:
    """Call for attention from outside work, which goes on unless the event that catches this ends it.

    Raises:
        InvalidState: its element has ended; says when and why.
        InvalidVariables: a value is not JSON.
    """
    locked = lock(tx, instance_id, token_id, "escalate")
    instances.step(tx, locked, ThrowEscalation(token_id, code, checked(variables or {})))


def silence_of(lapses: int) -> Unusable | None:
    """Why what was claimed so often and not heard of is not to be run once more; None where it is."""
    if lapses < MAX_LAPSES:
        return None
    return Unusable(f"Expected to hear of it, but whoever ran it fell silent {lapses} times.")


def fail(tx: Transaction, job: Job, error: BaseException) -> None:
    """Have a job tried again later, or, after its last attempt, raise an incident that keeps its token.

    Raises:
        InvalidState: its element has ended, or somebody else has taken it over; says which.
    """
    retries = 0 if isinstance(error, Unusable) else job.retries
    follows = retry.next_attempt(job.retry_cycle, retries, job.made, tx.now, job.id)
    known = Failure(failures.told(error), failures.message_of(error), failures.trace_of(error))
    settle_failure(tx, job, follows, known)


@dataclass(frozen=True, slots=True)
class Failure:
    """What is known of a failed attempt: what the journal may say, what was said, and that with where it was."""

    told: str
    message: str
    trace: str


def settle_failure(tx: Transaction, job: Job, follows: retry.Retry | retry.GiveUp, failure: Failure) -> None:
    """Write what follows a failed attempt: another one, or an incident with what is known of the failure.

    Raises:
        InvalidState: its element has ended, or somebody else has taken it over; says which.
    """
    locked = lock_own(tx, job, "retry")
    if isinstance(follows, retry.GiveUp):
        _stop(tx, locked, job, failure)
        return
    again = {"of_id": job.row_id, "to_due": follows.due, "to_retries": follows.retries, "error": failure.message}
    _RETRY.execute(tx.connection, again)


def _stop(tx: Transaction, locked: Locked, job: Job, failure: Failure) -> None:
    happened = instances.step(tx, locked, RaiseIncident(job.token_id, failure.told))
    _explain(tx, job.instance_id, job.token_id, happened, failure.trace)


def _explain(tx: Transaction, instance_id: int, token_id: int, happened: Sequence[Fact], trace: str) -> None:
    """Note what is known of a failure beside the incident that it has come to, if it has."""
    for fact in happened:
        if isinstance(fact, IncidentRaised) and (fact.token_id, fact.phase) == (token_id, "job"):
            known = {"of_instance": instance_id, "of_incident": fact.id, "new_trace": trace}
            _EXPLAIN.execute(tx.connection, known)


def lock_own(tx: Transaction, job: Job, wanted: str) -> Locked:
    """The instance of a job that was claimed and is still with who claimed it.

    Raises:
        InvalidState: its element has ended, or somebody else has taken it over; says which.
    """
    row = _LOAD_OWN.execute(tx.connection, {"of_id": job.row_id, "of_owner": job.owner}).first()
    if row is not None:
        return _active(tx, row)
    is_open = tx.connection.execute(sa.select(jobs.c.id).where(jobs.c.id == job.row_id)).first() is not None
    fate = "is with somebody else now" if is_open else history.fate(tx, job.instance_id, job.token_id)
    raise InvalidState("job", job.id, wanted, fate)


def lock(tx: Transaction, instance_id: int, token_id: int, wanted: str) -> Locked:
    """The instance of a job that is open.

    Raises:
        InvalidState: its element has ended; says when and why.
        Suspended: its instance is.
    """
    row = _LOAD.execute(tx.connection, {"of_instance": instance_id, "of_token": token_id}).first()
    if row is None:
        raise InvalidState("job", f"{instance_id}-{token_id}", wanted, history.fate(tx, instance_id, token_id))
    return _active(tx, row)


def _active(tx: Transaction, row: Any) -> Locked:
    locked = Locked(*tuple(row))
    # A failure may be written without a command, which would notice.
    instances.require_active(tx, locked)
    return locked


def find(tx: Transaction, instance_id: int) -> list[JobInfo]:
    """The jobs of an instance that are not done yet, those that an incident has stopped included."""
    rows = tx.connection.execute(
        sa.select(jobs).where(jobs.c.instance_id == instance_id, jobs.c.payload.is_(None)).order_by(jobs.c.id)
    )
    return [_info(row) for row in rows]


def get(tx: Transaction, job_id: str) -> JobInfo:
    """
    Raises:
        NotFound: there is no such job, or it is done.
    """
    instance_id = job_id.partition("-")[0]
    is_number = instance_id.isascii() and instance_id.isdecimal() and len(instance_id) <= 18
    for info in find(tx, int(instance_id)) if is_number else []:
        if info.id == job_id:
            return info
    raise NotFound("job", job_id)


def _info(row: Any) -> JobInfo:
    instance_id = row.instance_id or 0
    job_id = f"{instance_id}-{row.token_id}"
    return JobInfo(job_id, instance_id, row.topic, row.retries, row.attempts, row.due, row.leased_until, row.last_error)
