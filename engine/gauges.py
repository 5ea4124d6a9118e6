"""How much there is to do, and how late it is: a look at each index's beginning, whatever the size of the tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from engine import leases
from engine.store.database import Transaction
from engine.store.tables import incidents, process_instances, start_timers, timers

MOST = 10_000
"""What is counted is counted so far; more is as bad as this many."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is due: how many, at most `MOST`, and seconds since the oldest of them became due."""

    count: int
    age: float


@dataclass(frozen=True, slots=True)
class Gauges:
    """`jobs` are those that wait to be run now, deliveries and what a broker has included; `started` counts every
    instance that there ever was.
    """

    jobs: Backlog
    timers: Backlog
    open_incidents: int
    started: int


def read(tx: Transaction) -> Gauges:
    """Nobody is asked: it tells of no case."""
    ours, starts = (
        _backlog(tx, sa.select(table.c.due).where(table.c.due <= tx.now).order_by(table.c.due))
        for table in (timers, start_timers)
    )
    unresolved = sa.select(sa.literal(1)).where(incidents.c.resolved_at.is_(None)).limit(MOST).subquery()
    return Gauges(
        jobs=_jobs(tx),
        timers=Backlog(min(MOST, ours.count + starts.count), max(ours.age, starts.age)),
        open_incidents=tx.connection.execute(sa.select(sa.func.count()).select_from(unresolved)).scalar_one(),
        started=tx.connection.execute(sa.select(sa.func.max(process_instances.c.id))).scalar() or 0,
    )


def _jobs(tx: Transaction) -> Backlog:
    count, since = leases.backlog(tx, MOST)
    return Backlog(min(MOST, count), _age(tx, since) if count else 0.0)


def _backlog(tx: Transaction, moments: sa.Select[tuple[datetime]]) -> Backlog:
    waiting = moments.limit(MOST).subquery()
    count, oldest = tx.connection.execute(sa.select(sa.func.count(), sa.func.min(waiting.c.due))).one()
    return Backlog(count, _age(tx, oldest))


def _age(tx: Transaction, moment: datetime | None) -> float:
    return 0.0 if moment is None else max(0.0, (tx.now - moment).total_seconds())
