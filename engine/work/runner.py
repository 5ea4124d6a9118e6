"""Runs what is due: claims jobs and deliveries, has their handlers do the work, and writes what came of it.

A job is claimed for a while (its lease), run, and its result, error or failure written. A process that dies in
between leaves a lease that runs out, and the job is run again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from engine import handlers, instances
from engine.core.state import State
from engine.errors import BpmnError, InvalidState, Suspended
from engine.handlers import Unusable
from engine.jobs import Job, complete, fail, throw_error
from engine.store.database import Runtime, Transaction
from engine.store.statements import Statement
from engine.store.tables import jobs, process_instances
from engine.variables import checked
from engine.work import deliveries
from engine.work.deliveries import Delivery

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""How long a claimed job is left to who claimed it. Reckoned by the world's clock: a demonstration that moves the
engine's makes no handler slower.
"""

BATCH = 16
"""Jobs claimed in one transaction."""

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
    except Suspended as suspended:
        log.info("The result of job %s (%s) is not taken in: %s", job.id, job.topic, suspended)
        engine.transact(partial(_hand_back, job))
    except InvalidState as late:
        log.info("The result of job %s (%s) came too late: %s", job.id, job.topic, late)
    except Exception as error:
        log.exception("The result of job %s (%s) could not be taken in.", job.id, job.topic)
        _fail(engine, job, error)


def _hand_back(job: Job, tx: Transaction) -> None:
    """Its instance was suspended meanwhile: the job waits for that to end, as if this attempt had not been."""
    this = (jobs.c.instance_id == job.instance_id) & (jobs.c.token_id == job.token_id) & jobs.c.payload.is_(None)
    tx.connection.execute(sa.update(jobs).where(this).values(leased_until=None, attempts=jobs.c.attempts - 1))


def _fail(engine: Runtime, job: Job, error: BaseException) -> None:
    try:
        engine.transact(lambda tx: fail(tx, job, error))
    except Suspended as suspended:
        log.info("The failure of job %s (%s) does not count: %s", job.id, job.topic, suspended)
        engine.transact(partial(_hand_back, job))
    except InvalidState as late:
        log.info("The failure of job %s (%s) came too late: %s", job.id, job.topic, late)
