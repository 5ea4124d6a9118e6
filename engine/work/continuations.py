"""Takes tokens on that have stopped before or after an element, each in a transaction of its own.

What fails on the way to where it rests again is undone, back to the stop, and tried again; after the last attempt the
stop gets an incident.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

from engine import instances, jobs, leases
from engine.core.commands import Continue
from engine.core.facts import ElementActivated, Fact, IncidentRaised
from engine.errors import InvalidState, OutcomeUnknown, Suspended, Unavailable
from engine.failures import Undone
from engine.jobs import Job
from engine.store.database import Runtime, Transaction

log = logging.getLogger(__name__)


def run(engine: Runtime, job: Job) -> None:
    """Take a token on. Whoever has lost its lease leaves that to whoever has it now."""
    try:
        try:
            engine.transact(partial(_go_on, job))
        except (InvalidState, Unavailable, OutcomeUnknown):
            raise
        except Exception as error:
            log.info("What follows stop %s failed in attempt %s: %s", job.id, job.attempt, error)
            engine.transact(partial(jobs.fail, job=job, error=error))
    except Suspended as suspended:
        log.info("Stop %s is not left: %s", job.id, suspended)
        engine.transact(lambda tx: leases.release(tx, [job]))
    except (Unavailable, OutcomeUnknown) as away:
        log.warning("Whether stop %s was left is not known; its lease runs out if not: %s", job.id, away)
    except InvalidState as late:
        log.info("Stop %s needs nothing any more: %s", job.id, late)


def _go_on(job: Job, tx: Transaction) -> None:
    silence = jobs.silence_of(job.lapses)
    if silence is not None:
        raise silence
    locked = jobs.lock_own(tx, job, "go on from")
    traces: dict[int, str] = {}
    happened = instances.step(tx, locked, Continue(job.token_id), traces)
    failed = next((fact for fact in happened if isinstance(fact, IncidentRaised)), None)
    if failed is not None:
        raise Undone(_told(happened, failed), traces.get(failed.id))


def _told(happened: Sequence[Fact], failed: IncidentRaised) -> str:
    """What is wrong, and where, if that is another element than the one that is stopped at."""
    begun = {fact.id: fact.element_id for fact in happened if isinstance(fact, ElementActivated)}
    return f"At '{begun[failed.token_id]}': {failed.message}" if failed.token_id in begun else failed.message
