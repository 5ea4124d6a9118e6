"""Leases: who is at which job, and until when. Whoever lets one run out loses it to the next who asks.

They are reckoned by the world's clock: a demonstration that moves the engine's makes nobody slower.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa

from engine.store.database import Transaction
from engine.store.statements import Statement
from engine.store.tables import jobs, process_instances

LEASE = timedelta(minutes=1)
"""How long a claimed job is left to who claimed it. Whoever is at it renews that long before it ends."""

OURS = ""
"""The queue of what this engine's own processes run. What is left to external workers queues by topic."""


class Claim(Protocol):
    """A job or delivery that somebody has taken: its row, and the name that it was taken under."""

    @property
    def row_id(self) -> int: ...

    @property
    def owner(self) -> str: ...


_NOW = sa.bindparam("now", type_=jobs.c.due.type)
_WORLD = sa.bindparam("world", type_=jobs.c.due.type)
_UNTIL = sa.bindparam("until", type_=jobs.c.due.type)
_QUEUE, _RANK = sa.bindparam("of_queue", type_=sa.Text), sa.bindparam("of_rank", type_=sa.Integer)
_TO_DO = (jobs.c.queue == _QUEUE) & jobs.c.leased_by.is_(None) & jobs.c.due.is_not(None)
_RAN_OUT = (jobs.c.queue == _QUEUE) & (jobs.c.leased_until <= _WORLD) & jobs.c.due.is_not(None)


def _ranks() -> sa.CTE:
    """The ranks of what is to do, the first first: each is one look into the index, however many rows have it."""
    first = sa.select(sa.func.min(jobs.c.rank).label("rank")).where(_TO_DO)
    found = first.cte("ranks", recursive=True)
    following = sa.select(sa.func.min(jobs.c.rank)).where(_TO_DO, jobs.c.rank > found.c.rank).scalar_subquery()
    return found.union_all(sa.select(following).where(found.c.rank.is_not(None)))


_FOUND = _ranks()
_RANKS = Statement(sa.select(_FOUND.c.rank).where(_FOUND.c.rank.is_not(None)))
_IS_DUE = Statement(
    sa.union_all(
        sa.select(sa.literal(1))
        .where(sa.exists().where(_TO_DO, jobs.c.rank == _FOUND.c.rank, jobs.c.due <= _NOW).correlate(_FOUND))
        .select_from(_FOUND),
        sa.select(sa.literal(1)).select_from(jobs).where(_RAN_OUT),
    ).limit(1)
)
_FIRST_DUE = (
    sa.select(sa.func.min(jobs.c.due)).where(_TO_DO, jobs.c.rank == _FOUND.c.rank).correlate(_FOUND).scalar_subquery()
)
_NEXT_DUE = sa.select(sa.func.min(_FIRST_DUE)).select_from(_FOUND)
_ROWS = (
    sa.select(jobs, process_instances.c.business_key, process_instances.c.state)
    .join_from(jobs, process_instances, jobs.c.instance_id == process_instances.c.id, isouter=True)
    .limit(sa.bindparam("batch", type_=sa.Integer))
    .with_for_update(of=jobs, skip_locked=True)
)
_DUE = _ROWS.where(_TO_DO, jobs.c.rank == _RANK, jobs.c.due <= _NOW).order_by(jobs.c.due, jobs.c.id)
_LOST = _ROWS.where(_RAN_OUT).order_by(jobs.c.leased_until, jobs.c.id)
_TAKE = Statement(
    sa.update(jobs)
    .where(jobs.c.id == sa.bindparam("of_id"))
    .values(
        leased_until=_UNTIL,
        leased_by=sa.bindparam("new_owner"),
        attempts=jobs.c.attempts + 1,
        lapses=jobs.c.lapses + sa.bindparam("lapsed", type_=sa.Integer),
    )
)
_OWN = (jobs.c.id == sa.bindparam("of_id")) & (jobs.c.leased_by == sa.bindparam("of_owner"))
_RENEW = Statement(sa.update(jobs).where(_OWN).values(leased_until=_UNTIL))
_RELEASE = Statement(
    sa.update(jobs).where(_OWN).values(leased_until=None, leased_by=None, attempts=jobs.c.attempts - 1)
)


def is_due(tx: Transaction, now: datetime, queue: str = OURS) -> bool:
    """Whether anything waits to be taken; takes no lock."""
    moments = {"of_queue": queue, "now": now, "world": tx.engine.clock.world()}
    return _IS_DUE.execute(tx.connection, moments).first() is not None


def next_due(tx: Transaction) -> datetime | None:
    """When the next job of ours is to be run, those aside that someone is at."""
    due: datetime | None = tx.connection.execute(_NEXT_DUE, {"of_queue": OURS}).scalar()
    return due


def take(
    tx: Transaction, queue: str, now: datetime, batch: int, owner: str = "", lease: timedelta = LEASE
) -> tuple[str, list[Any]]:
    """Take up to `batch` rows that are due: what was left behind first, then by priority, the longest due first.

    Returns the owner, who is made up where none is given, and the rows as they were before.
    """
    owner, world = owner or secrets.token_hex(8), tx.engine.clock.world()
    rows: list[Any] = []
    for some in _due(tx, {"of_queue": queue, "now": now, "world": world}, batch):
        rows += some
        if len(rows) == batch:
            break
    taken = [
        {"of_id": row.id, "until": world + lease, "new_owner": owner, "lapsed": int(row.leased_by is not None)}
        for row in rows
    ]
    _TAKE.execute_many(tx.connection, taken)
    return owner, rows


def _due(tx: Transaction, asked: dict[str, Any], batch: int) -> Iterator[Sequence[Any]]:
    found = tx.connection.execute(_LOST, {**asked, "batch": batch}).all()
    yield found
    left = batch - len(found)
    for (rank,) in _RANKS.execute(tx.connection, asked).all():
        if left:
            found = tx.connection.execute(_DUE, {**asked, "of_rank": rank, "batch": left}).all()
            left -= len(found)
            yield found


def renew(tx: Transaction, claims: Sequence[Claim], lease: timedelta = LEASE) -> list[Claim]:
    """Keep what is still being worked on for another lease. Returns what others have taken over, or is done."""
    until = tx.engine.clock.world() + lease
    return [
        claim
        for claim in claims
        if not _RENEW.execute(tx.connection, {"of_id": claim.row_id, "of_owner": claim.owner, "until": until}).rowcount
    ]


def release(tx: Transaction, claims: Sequence[Claim]) -> None:
    """Hand back what was not begun or will not be ended: the next who asks may have it, as if it had not been taken."""
    _RELEASE.execute_many(tx.connection, [{"of_id": claim.row_id, "of_owner": claim.owner} for claim in claims])
    tx.after_commit(tx.engine.wake)
