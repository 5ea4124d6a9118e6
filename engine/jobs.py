"""Jobs: outside work, done by handlers outside of transactions, at least once; what comes of it is taken in once.

`engine.work.runner` has those run that are due.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import history, instances, retry
from engine.core.commands import CompleteJob, RaiseIncident, ThrowError, ThrowEscalation
from engine.errors import BpmnError, InvalidState, NotFound
from engine.handlers import Unusable
from engine.instances import LOCKED, Locked
from engine.store.database import Transaction
from engine.store.statements import Statement
from engine.store.tables import jobs, process_instances
from engine.variables import checked

MAX_MESSAGE = 2_000
"""Characters of an error's text that are kept."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work claimed for a handler. `retries` attempts are left, this one, number `attempt` (from 1), included."""

    instance_id: int
    token_id: int
    topic: str
    variables: Mapping[str, Any]
    business_key: str
    retries: int
    attempt: int
    retry_cycle: str | None

    @property
    def id(self) -> str:
        """``instance-token``: the same for every attempt, so that a handler can tell whether it ran before."""
        return f"{self.instance_id}-{self.token_id}"


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


_LOAD = Statement(
    sa.select(*LOCKED)
    .join_from(jobs, process_instances, jobs.c.instance_id == process_instances.c.id)
    .where(jobs.c.instance_id == sa.bindparam("of_instance"), jobs.c.token_id == sa.bindparam("of_token"))
    .where(jobs.c.payload.is_(None))
    .with_for_update(of=process_instances)
)
_RETRY = Statement(
    sa.update(jobs)
    .where(jobs.c.instance_id == sa.bindparam("of_instance"), jobs.c.token_id == sa.bindparam("of_token"))
    .where(jobs.c.payload.is_(None))
    .values(
        due=sa.bindparam("to_due", type_=jobs.c.due.type),
        retries=sa.bindparam("to_retries"),
        leased_until=None,
        last_error=sa.bindparam("error"),
    )
)


def next_due(tx: Transaction) -> datetime | None:
    """When the next job is to be run, those aside that someone is at."""
    return tx.connection.execute(sa.select(sa.func.min(jobs.c.due)).where(jobs.c.leased_until.is_(None))).scalar()


def held(tx: Transaction) -> JobInfo | None:
    """A job that is due and that some thread or process is at, or was when it died; None where there is none."""
    this = (jobs.c.due <= tx.now) & (jobs.c.leased_until > tx.engine.clock.world())
    row = tx.connection.execute(sa.select(jobs).where(this).order_by(jobs.c.leased_until).limit(1)).first()
    return None if row is None else _info(row)


def is_quiet(tx: Transaction, business_key: str) -> bool:
    """Whether no job of the case waits to be run now or is being run."""
    waiting = (
        sa.select(jobs.c.id)
        .join_from(jobs, process_instances, jobs.c.instance_id == process_instances.c.id)
        .where(process_instances.c.business_key == business_key, jobs.c.due <= tx.now)
    )
    return tx.connection.execute(waiting.limit(1)).first() is None


def complete(tx: Transaction, instance_id: int, token_id: int, variables: Mapping[str, Any]) -> None:
    """Take in what a handler returned.

    Raises:
        InvalidState: its element has ended; says when and why.
    """
    instances.step(tx, _lock(tx, instance_id, token_id, "complete"), CompleteJob(token_id, variables))


def throw_error(tx: Transaction, instance_id: int, token_id: int, error: BpmnError) -> None:
    """Hand a modelled outcome to the error event that catches it; where none does, it is an incident.

    Raises:
        InvalidState: its element has ended; says when and why.
    """
    locked = _lock(tx, instance_id, token_id, "throw an error from")
    instances.step(tx, locked, ThrowError(token_id, error.code, error.message))


def escalate(
    tx: Transaction, instance_id: int, token_id: int, code: str, variables: Mapping[str, Any] | None = None
) -> None:
    """Call for attention from outside work, which goes on unless the event that catches this ends it.

    Raises:
        InvalidState: its element has ended; says when and why.
        InvalidVariables: a value is not JSON.
    """
    locked = _lock(tx, instance_id, token_id, "escalate")
    instances.step(tx, locked, ThrowEscalation(token_id, code, checked(variables or {})))


def fail(tx: Transaction, job: Job, error: BaseException) -> None:
    """Have a job tried again later, or, after its last attempt, raise an incident that keeps its token.

    Raises:
        InvalidState: its element has ended; says when and why.
    """
    locked = _lock(tx, job.instance_id, job.token_id, "retry")
    what = message_of(error)
    follows = retry.next_attempt(
        job.retry_cycle, 0 if isinstance(error, Unusable) else job.retries, job.attempt, tx.now
    )
    if isinstance(follows, retry.GiveUp):
        instances.step(tx, locked, RaiseIncident(job.token_id, what))
        return
    place = {"of_instance": job.instance_id, "of_token": job.token_id}
    _RETRY.execute(tx.connection, {**place, "to_due": follows.due, "to_retries": follows.retries, "error": what})


def message_of(error: BaseException) -> str:
    """What an error says, short enough to keep."""
    text = str(error) if isinstance(error, Unusable) else f"{type(error).__name__}: {error}"
    return text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]}…"


def _lock(tx: Transaction, instance_id: int, token_id: int, wanted: str) -> Locked:
    row = _LOAD.execute(tx.connection, {"of_instance": instance_id, "of_token": token_id}).first()
    if row is None:
        raise InvalidState("job", f"{instance_id}-{token_id}", wanted, history.fate(tx, instance_id, token_id))
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
    for info in find(tx, int(instance_id)) if instance_id.isdecimal() else []:
        if info.id == job_id:
            return info
    raise NotFound("job", job_id)


def _info(row: Any) -> JobInfo:
    instance_id = row.instance_id or 0
    job_id = f"{instance_id}-{row.token_id}"
    return JobInfo(job_id, instance_id, row.topic, row.retries, row.attempts, row.due, row.leased_until, row.last_error)
