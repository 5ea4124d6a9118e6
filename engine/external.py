"""External workers: programs of their own that fetch jobs by topic, do the work elsewhere, and tell what came of it.

Their topics are those that the engine is told of (`Engine(external_topics=…)`). Of theirs no thread of the engine takes
a job. Whoever waits for more looks again after `Runtime.wake`, or after a while.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine import failures, instances, jobs, leases, retry
from engine.core.commands import CompleteJob, ThrowError
from engine.errors import InvalidInput, InvalidState, NotFound
from engine.instances import Locked
from engine.jobs import Failure, Job
from engine.store import tables
from engine.store.database import Transaction
from engine.variables import checked

MOST = 100
"""Jobs that are fetched at once."""

LONGEST = timedelta(hours=24)
"""For which a job may be locked at once; it can be extended."""

MAX_NAME = 200
"""Characters of a worker's name."""


@dataclass(frozen=True, slots=True)
class ExternalJob:
    """Work that a worker has locked until `locked_until` (world time). `id` is the same for every attempt, of which
    this is number `attempt` (from 1); `retries` are left, this one included.
    """

    id: str
    topic: str
    business_key: str
    variables: Mapping[str, Any]
    retries: int
    attempt: int
    locked_until: datetime


def fetch_and_lock(
    tx: Transaction, worker_id: str, topics: Sequence[str], *, limit: int = 10, lease: timedelta = leases.LEASE
) -> list[ExternalJob]:
    """Lock jobs of these topics that are due: of each topic, in the order given, the highest priority first. One of
    which nothing was heard `jobs.MAX_LAPSES` times becomes an incident instead.

    Raises:
        InvalidInput: the name, the number or the time is out of bounds, or a topic is not left to external workers.
    """
    _check(tx, worker_id, topics, limit, lease)
    found: list[ExternalJob] = []
    for topic in dict.fromkeys(topics):
        tx.authorise("work on", f"topic:{topic}")
        if limit > len(found):
            found += _locked_of(tx, worker_id, topic, limit - len(found), lease)
    return found


def _locked_of(tx: Transaction, worker_id: str, topic: str, limit: int, lease: timedelta) -> list[ExternalJob]:
    """What is given up is taken alone, and makes room for what comes after it."""
    until = tx.engine.clock.world() + lease
    while rows := leases.take(tx, topic, tx.now, limit, worker_id, lease)[1]:
        wanted = [_external(tx, row, until) for row in rows if not _is_given_up(tx, row, worker_id)]
        if wanted:
            return wanted
    return []


def is_due(tx: Transaction, topics: Sequence[str]) -> bool:
    """Whether there is anything to fetch of these topics; takes no lock."""
    return any(leases.is_due(tx, tx.now, topic) for topic in topics)


def extend(tx: Transaction, worker_id: str, job_id: str, lease: timedelta) -> datetime:
    """Keep a job for that long from now on. Returns until when.

    Raises:
        InvalidState: the job is done, or no longer this worker's; says which.
        InvalidInput: the time is out of bounds.
    """
    _check_time(lease)
    job = _own(tx, worker_id, job_id, "extend")
    if leases.renew(tx, [job], lease):
        raise _lost(job_id, "extend")
    return tx.engine.clock.world() + lease


def unlock(tx: Transaction, worker_id: str, job_id: str) -> None:
    """Hand a job back, as if it had not been fetched.

    Raises:
        InvalidState: the job is done, or no longer this worker's; says which.
    """
    leases.release(tx, [_own(tx, worker_id, job_id, "unlock")])


def complete(tx: Transaction, job_id: str, variables: Mapping[str, Any] | None = None) -> None:
    """Take in the result of a job. The first one is taken, whoever's lease has run out since, and resolves the incident
    that may have stopped the job.

    Raises:
        InvalidState: its element has ended; says when and why.
        InvalidVariables: a value is not JSON.
        NotFound: there never was such a job.
    """
    locked, token_id = _locked(tx, job_id, "complete")
    instances.step(tx, locked, CompleteJob(token_id, checked(variables or {})))


def throw_error(
    tx: Transaction, job_id: str, code: str, message: str = "", variables: Mapping[str, Any] | None = None
) -> None:
    """Hand a modelled outcome to the error event that catches it; where none does, it is an incident.

    Raises:
        InvalidState: its element has ended; says when and why.
        InvalidVariables: a value is not JSON.
        NotFound: there never was such a job.
    """
    locked, token_id = _locked(tx, job_id, "throw an error from")
    instances.step(tx, locked, ThrowError(token_id, code, failures.shortened(message), checked(variables or {})))


def fail(
    tx: Transaction,
    worker_id: str,
    job_id: str,
    message: str,
    details: str = "",
    *,
    retries: int | None = None,
    retry_after: timedelta | None = None,
) -> None:
    """Have a job tried again later, or, when no attempt is left, raise an incident.

    Args:
        message: what went wrong. Like the details it is for whoever mends it, and not in the journal.
        details: where.
        retries: attempts that are left from now on; without it, one less than before.
        retry_after: how long to wait; without it, as the diagram says, or longer each time.

    Raises:
        InvalidState: the job is done, or no longer this worker's; says which.
        InvalidInput: a number or a time is out of bounds.
    """
    if retries is not None and not 0 <= retries <= MOST:
        raise InvalidInput(f"Expected 0 to {MOST} retries, but got {retries}.")
    if retry_after is not None and not timedelta(0) <= retry_after <= retry.LONGEST_PAUSE:
        raise InvalidInput(f"Expected to wait up to {retry.LONGEST_PAUSE.days} days, but got {retry_after}.")
    job = _own(tx, worker_id, job_id, "fail")
    left = job.retries if retries is None else retries + 1
    follows = retry.next_attempt(job.retry_cycle, left, job.made, tx.now, job.id)
    if isinstance(follows, retry.Retry) and retry_after is not None:
        follows = retry.Retry(tx.now + retry_after, follows.retries)
    message, details = failures.shortened(message), failures.shortened(details)
    known = Failure("The external worker failed.", message, "\n".join(filter(None, (message, details))))
    jobs.settle_failure(tx, job, follows, known)


def _check(tx: Transaction, worker_id: str, topics: Sequence[str], limit: int, lease: timedelta) -> None:
    if not 0 < len(worker_id.strip()) <= MAX_NAME or worker_id.startswith(":"):
        raise InvalidInput(f"Expected a worker's name of 1 to {MAX_NAME} characters, but got {worker_id[:20]!r}.")
    if not 1 <= limit <= MOST:
        raise InvalidInput(f"Expected to fetch 1 to {MOST} jobs, but was asked for {limit}.")
    _check_time(lease)
    unknown = sorted(topic for topic in topics if tx.engine.queue_of(topic) == leases.OURS)
    if unknown:
        raise InvalidInput(
            f"Expected topics that are left to external workers, but these are not: {', '.join(unknown)}."
        )


def _check_time(lease: timedelta) -> None:
    if not timedelta(seconds=1) <= lease <= LONGEST:
        raise InvalidInput(f"Expected to lock for 1 second to {LONGEST}, but was asked for {lease}.")


def _external(tx: Transaction, row: Any, until: datetime) -> ExternalJob:
    seen = instances.seen_from(tx, row.instance_id, row.state, row.token_id)
    where = f"{row.instance_id}-{row.token_id}", row.topic, row.business_key
    return ExternalJob(*where, seen, row.retries, row.attempts + 1, until)


def _own(tx: Transaction, worker_id: str, job_id: str, wanted: str) -> Job:
    """A job that this worker holds, and nobody has taken over."""
    instance_id, token_id = _place(job_id)
    _locked(tx, job_id, wanted)
    at = (tables.jobs.c.instance_id == instance_id, tables.jobs.c.token_id == token_id)
    row = tx.connection.execute(sa.select(tables.jobs).where(*at, tables.jobs.c.payload.is_(None))).one()
    if row.leased_by != worker_id:
        raise _lost(job_id, wanted)
    return _job(row, worker_id, row.attempts, row.lapses)


def _is_given_up(tx: Transaction, row: Any, worker_id: str) -> bool:
    """Whether nothing was heard of a job too often, which this worker has just locked; an incident then keeps it."""
    job = _job(row, worker_id, row.attempts + 1, row.lapses + leases.has_lapsed(row))
    silence = jobs.silence_of(job.lapses)
    if silence is not None:
        jobs.fail(tx, job, silence)
    return silence is not None


def _job(row: Any, worker_id: str, attempt: int, lapses: int) -> Job:
    return Job(
        row_id=row.id,
        owner=worker_id,
        instance_id=row.instance_id,
        token_id=row.token_id,
        topic=row.topic,
        variables={},
        business_key="",
        retries=row.retries,
        attempt=attempt,
        retry_cycle=row.retry_cycle,
        lapses=lapses,
        time_limit=None,
    )


def _lost(job_id: str, wanted: str) -> InvalidState:
    return InvalidState("job", job_id, wanted, "is not locked by this worker, or no longer")


def _locked(tx: Transaction, job_id: str, wanted: str) -> tuple[Locked, int]:
    """The instance of a job, held, where the actor may work on its topic."""
    instance_id, token_id = _place(job_id)
    locked = jobs.lock(tx, instance_id, token_id, wanted)
    topic = jobs.get(tx, job_id).topic
    if tx.engine.queue_of(topic) == leases.OURS:
        raise InvalidInput(f"Expected a job that is left to external workers, but job {job_id} is not.")
    tx.authorise("work on", f"topic:{topic}")
    return locked, token_id


_ID = re.compile(r"([0-9]{1,18})-([0-9]{1,9})")
"""Instance and token; neither longer than a database takes."""


def _place(job_id: str) -> tuple[int, int]:
    found = _ID.fullmatch(job_id)
    if found is None:
        raise NotFound("job", job_id)
    return int(found[1]), int(found[2])
