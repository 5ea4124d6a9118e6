"""Jobs: outside work, done by handlers outside of transactions, at least once; what comes of it is taken in once.

A job is claimed for a while (its lease), run, and its result, error or failure written. A process that dies in
between leaves a lease that runs out, and the job is run again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from engine import deliveries, handlers, history, instances, retry
from engine.core.commands import CompleteJob, RaiseIncident, ThrowError, ThrowEscalation
from engine.core.state import State
from engine.database import Runtime, Transaction
from engine.deliveries import Delivery
from engine.errors import BpmnError, InvalidState, NotFound
from engine.handlers import Unusable
from engine.instances import LOCKED, Locked
from engine.statements import Statement
from engine.tables import jobs, process_instances
from engine.variables import checked

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""How long a claimed job is left to who claimed it. Reckoned by the world's clock: a demonstration that moves the
engine's makes no handler slower.
"""

BATCH = 16
"""Jobs claimed in one transaction."""

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


_FREE = (jobs.c.due <= sa.bindparam("now", type_=jobs.c.due.type)) & (
    jobs.c.leased_until.is_(None) | (jobs.c.leased_until <= sa.bindparam("world", type_=jobs.c.due.type))
)
_IS_DUE = Statement(sa.select(jobs.c.id).where(_FREE).limit(1))
_DUE = (
    sa.select(jobs, process_instances.c.business_key, process_instances.c.state)
    .join_from(jobs, process_instances, jobs.c.instance_id == process_instances.c.id, isouter=True)
    .where(_FREE)
    .order_by(jobs.c.due, jobs.c.rank, jobs.c.id)
    .limit(sa.bindparam("batch", type_=sa.Integer))
    .with_for_update(of=jobs, skip_locked=True)
)
_LEASE = Statement(
    sa.update(jobs)
    .where(jobs.c.id == sa.bindparam("of_id"))
    .values(leased_until=sa.bindparam("until", type_=jobs.c.due.type), attempts=jobs.c.attempts + 1)
)
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


def run_due(
    engine: Runtime, now: datetime | None = None, *, batch: int = BATCH, on_claim: Callable[[int], None] | None = None
) -> int:
    """Claim jobs and deliveries that are due, up to `batch`, and run them one after the other; how many there were.

    `on_claim` is told how many that will be, before the first is run.
    """
    now = now or engine.clock.now()
    if not is_due(engine, now):
        return 0
    claimed = engine.transact(lambda tx: claim(tx, now, batch))
    if on_claim is not None:
        on_claim(len(claimed))
    for work in claimed:
        if isinstance(work, Delivery):
            deliveries.run(engine, work)
        else:
            run(engine, work)
    return len(claimed)


def is_due(engine: Runtime, now: datetime) -> bool:
    """Whether anything waits to be run; takes no lock."""
    moments = {"now": now, "world": engine.clock.world()}
    return engine.read(lambda tx: _IS_DUE.execute(tx.connection, moments).first() is not None)


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


def claim(tx: Transaction, now: datetime, batch: int) -> list[Job | Delivery]:
    """Take up to `batch` jobs and deliveries that are due; whoever dies with them keeps them from others for LEASE."""
    world = tx.engine.clock.world()
    rows = tx.connection.execute(_DUE, {"now": now, "world": world, "batch": batch}).all()
    _LEASE.execute_many(tx.connection, [{"of_id": row.id, "until": world + LEASE} for row in rows])
    return [_job(row) if row.payload is None else deliveries.read(row) for row in rows]


def _job(row: Any) -> Job:
    variables = instances.visible(State.from_json(row.state), row.token_id)
    made = row.attempts + 1
    return Job(
        row.instance_id, row.token_id, row.topic, variables, row.business_key, row.retries, made, row.retry_cycle
    )


def run(engine: Runtime, job: Job) -> None:
    """Run a claimed job's handler, outside of any transaction, and write what came of it."""
    try:
        result = checked(_call(engine, job))
    except BpmnError as outcome:
        _settle(engine, job, partial(throw_error, instance_id=job.instance_id, token_id=job.token_id, error=outcome))
    except (Exception, SystemExit) as error:
        # A handler that wants to end the process has failed; it must not take the thread with it.
        log.info("Job %s (%s) failed in attempt %s.", job.id, job.topic, job.attempt, exc_info=True)
        _fail(engine, job, error)
    else:
        _settle(engine, job, partial(complete, instance_id=job.instance_id, token_id=job.token_id, variables=result))


def _call(engine: Runtime, job: Job) -> dict[str, Any]:
    handler = engine.handlers.get(job.topic)
    if handler is None:
        raise Unusable(f"Expected a handler for the topic '{job.topic}', but there is none.")
    given = handlers.injected(
        job_id=job.id,
        business_key=job.business_key,
        instance_id=job.instance_id,
        now=engine.clock.now(),
        services=engine.services,
    )
    return handler.call(job.variables, given)


def _settle(engine: Runtime, job: Job, write: Callable[[Transaction], None]) -> None:
    """Write a result. One that comes too late is refused and changes nothing; one that does not fit is a failure."""
    try:
        engine.transact(write)
    except InvalidState as late:
        log.info("The result of job %s (%s) came too late: %s", job.id, job.topic, late)
    except Exception as error:
        log.exception("The result of job %s (%s) could not be taken in.", job.id, job.topic)
        _fail(engine, job, error)


def _fail(engine: Runtime, job: Job, error: BaseException) -> None:
    try:
        engine.transact(lambda tx: fail(tx, job, error))
    except InvalidState as late:
        log.info("The failure of job %s (%s) came too late: %s", job.id, job.topic, late)


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
    return Locked(*tuple(row))


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
