"""Runs what is due: claims jobs and deliveries, has their handlers do the work, and writes what came of it.

A job is claimed for a while (its lease), run, and its result, error or failure written. A process that dies in
between leaves a lease that runs out, and the job is run again. Where the first one was slow and not dead, the handler
has run twice, and the result that comes first is taken in.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from engine import handlers, instances, leases, observing
from engine.core import continuing
from engine.errors import BpmnError, InvalidState, OutcomeUnknown, Suspended, Unavailable
from engine.handlers import Unusable
from engine.jobs import Job, complete, fail, silence_of, throw_error
from engine.observing import JobRun
from engine.store.database import Runtime, Transaction
from engine.variables import checked
from engine.work import continuations, deliveries
from engine.work.deliveries import Delivery

log = logging.getLogger(__name__)

BATCH = 16
"""Jobs claimed in one transaction."""


def run_due(engine: Runtime, now: datetime | None = None, *, batch: int = BATCH) -> int:
    """Claim jobs and deliveries that are due, up to `batch`, and run them one after the other; how many there were."""
    claimed = claim_due(engine, now or engine.clock.now(), batch)
    for work in claimed:
        run_claimed(engine, work)
    return len(claimed)


def claim_due(engine: Runtime, now: datetime, batch: int) -> list[Job | Delivery]:
    """Claim up to `batch` of what is due, and hold it. Takes no lock where nothing is."""
    if not engine.read(lambda tx: leases.is_due(tx, now)):
        return []
    claimed = engine.transact(lambda tx: claim(tx, now, batch))
    engine.claims.hold(claimed)
    return claimed


def claim(tx: Transaction, now: datetime, batch: int) -> list[Job | Delivery]:
    """Take up to `batch` jobs and deliveries that are due; whoever dies with them blocks them for a lease."""
    owner, rows = leases.take(tx, leases.OURS, now, batch)
    return [read(tx, row, owner) for row in rows]


def read(tx: Transaction, row: Any, owner: str) -> Job | Delivery:
    """What a row of the jobs says, with the business key and the state of its instance, as it was before `owner`
    claimed it.
    """
    return _job(tx, row, owner) if row.payload is None else deliveries.read(row, owner)


def _job(tx: Transaction, row: Any, owner: str) -> Job:
    return Job(
        row_id=row.id,
        owner=owner,
        instance_id=row.instance_id,
        token_id=row.token_id,
        topic=row.topic,
        variables={} if row.topic == continuing.TOPIC else _visible(tx, row),
        business_key=row.business_key,
        retries=row.retries,
        attempt=row.attempts + 1,
        retry_cycle=row.retry_cycle,
        lapses=row.lapses + leases.has_lapsed(row),
        time_limit=None if row.time_limit is None else timedelta(seconds=row.time_limit),
    )


def _visible(tx: Transaction, row: Any) -> dict[str, Any]:
    return instances.seen_from(tx, row.instance_id, row.state, row.token_id)


def run_claimed(engine: Runtime, work: Job | Delivery) -> None:
    """Run what this process has claimed and holds."""
    if not engine.claims.begin(work):
        return
    try:
        if isinstance(work, Delivery):
            deliveries.run(engine, work)
        elif work.topic == continuing.TOPIC:
            continuations.run(engine, work)
        else:
            run(engine, work)
    finally:
        # Whatever has become of it, nobody is at it any more.
        engine.claims.end(work)


def run(engine: Runtime, job: Job) -> None:
    """Run a job's handler, outside of any transaction, and write what came of it."""
    with observing.about(job=job.id, case=job.business_key):
        begun = time.monotonic()
        outcome, write = _tried(engine, job)
        engine.report(JobRun(job.topic, outcome, time.monotonic() - begun))
        if engine.claims.end(job):
            _settle(engine, job, write)
        else:
            log.warning("Job %s (%s) has come to its end, but was given up before.", job.id, job.topic)


def _tried(engine: Runtime, job: Job) -> tuple[str, Callable[[Transaction], None]]:
    """What came of it, and what writes that."""
    try:
        result = checked(_call(engine, job))
        return "completed", partial(complete, instance_id=job.instance_id, token_id=job.token_id, variables=result)
    except BpmnError as outcome:
        return "error", partial(throw_error, instance_id=job.instance_id, token_id=job.token_id, error=outcome)
    except (Exception, SystemExit) as error:
        # A handler that wants to end the process has failed; it must not take the thread with it.
        log.info("Job %s (%s) failed in attempt %s.", job.id, job.topic, job.attempt, exc_info=True)
        return "failed", partial(fail, job=job, error=error)


def _call(engine: Runtime, job: Job) -> dict[str, Any]:
    silence = silence_of(job.lapses)
    if silence is not None:
        raise silence
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
        engine.transact(lambda tx: leases.release(tx, [job]))
    except (Unavailable, OutcomeUnknown) as away:
        log.warning("What came of job %s (%s) may be lost; its lease runs out then: %s", job.id, job.topic, away)
    except InvalidState as late:
        log.info("What came of job %s (%s) came too late: %s", job.id, job.topic, late)
    except Exception as error:
        log.exception("The result of job %s (%s) could not be taken in.", job.id, job.topic)
        _fail(engine, job, error)


def _fail(engine: Runtime, job: Job, error: BaseException) -> None:
    try:
        engine.transact(lambda tx: fail(tx, job, error))
    except Suspended as suspended:
        log.info("The failure of job %s (%s) does not count: %s", job.id, job.topic, suspended)
        engine.transact(lambda tx: leases.release(tx, [job]))
    except InvalidState as late:
        log.info("The failure of job %s (%s) came too late: %s", job.id, job.topic, late)
