"""Leases: who is at which job, and until when. Whoever lets one run out loses it to the next who asks.

They are reckoned by the world's clock: a demonstration that moves the engine's makes nobody slower.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
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


BROKER = ":broker"
"""Who has what was lent to a broker, until the worker that gets the message takes it over."""

PATIENCE = timedelta(minutes=1)
"""How long a broker may have a row before it is lent to it anew: its message is lost, or waits for a worker."""


class Claim(Protocol):
    """A job or delivery that somebody has taken: its row, and the name that it was taken under."""

    @property
    def row_id(self) -> int: ...

    @property
    def owner(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Lent:
    """A row of the jobs that a broker has, and the topic by which it finds its queue."""

    row_id: int
    topic: str


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


def _queues() -> sa.CTE:
    """The queues in which there is something to do."""
    to_do = jobs.c.leased_by.is_(None) & jobs.c.due.is_not(None)
    found = sa.select(sa.func.min(jobs.c.queue).label("queue")).where(to_do).cte("queues", recursive=True)
    following = sa.select(sa.func.min(jobs.c.queue)).where(to_do, jobs.c.queue > found.c.queue).scalar_subquery()
    return found.union_all(sa.select(following).where(found.c.queue.is_not(None)))


_WAITING = _queues()
_QUEUES = sa.select(_WAITING.c.queue).where(_WAITING.c.queue.is_not(None))
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
_BATCH = sa.bindparam("batch", type_=sa.Integer)
# In the order of the index, which PostgreSQL would otherwise leave aside for the whole table.
_SOME_DUE = (
    sa.select(sa.literal(1))
    .where(_TO_DO, jobs.c.rank == _FOUND.c.rank, jobs.c.due <= _NOW)
    .order_by(jobs.c.due)
    .limit(_BATCH)
    .correlate(_FOUND)
    .subquery()
)
_HOW_MANY = sa.select(sa.func.count()).select_from(_SOME_DUE).scalar_subquery()
_BACKLOG = (
    sa.select(sa.func.sum(_HOW_MANY), sa.func.min(_FIRST_DUE)).select_from(_FOUND).where(_FOUND.c.rank.is_not(None))
)
_WITH_BROKER = (
    sa.select(jobs.c.due)
    .where(jobs.c.queue == OURS, jobs.c.leased_until.is_not(None), jobs.c.leased_by == BROKER, jobs.c.due <= _NOW)
    .order_by(jobs.c.leased_until)
    .limit(_BATCH)
    .subquery()
)
_BACKLOG_OF_BROKER = sa.select(sa.func.count(), sa.func.min(_WITH_BROKER.c.due))
_ROWS = (
    sa.select(jobs, process_instances.c.business_key, process_instances.c.state)
    .join_from(jobs, process_instances, jobs.c.instance_id == process_instances.c.id, isouter=True)
    .with_for_update(of=jobs, skip_locked=True)
)
_WAYS = sa.select(jobs.c.id, jobs.c.topic, jobs.c.leased_by).with_for_update(skip_locked=True)


def _due_of(rows: sa.Select[Any]) -> sa.Select[Any]:
    due = rows.where(_TO_DO, jobs.c.rank == _RANK, jobs.c.due <= _NOW)
    return due.order_by(jobs.c.due, jobs.c.id).limit(_BATCH)


def _lost_of(rows: sa.Select[Any]) -> sa.Select[Any]:
    return rows.where(_RAN_OUT).order_by(jobs.c.leased_until, jobs.c.id).limit(_BATCH)


_DUE, _LOST = _due_of(_ROWS), _lost_of(_ROWS)
_DUE_TO_LEND, _LOST_TO_LEND = _due_of(_WAYS), _lost_of(_WAYS)
_LENT = _ROWS.where(jobs.c.id == sa.bindparam("of_id"), jobs.c.leased_by == BROKER, jobs.c.due.is_not(None))
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
_LEND = Statement(
    sa.update(jobs)
    .where(jobs.c.id == sa.bindparam("of_id"))
    .values(
        leased_until=_UNTIL,
        leased_by=BROKER,
        lapses=jobs.c.lapses + sa.bindparam("lapsed", type_=sa.Integer),
    )
)
_OWN = (jobs.c.id == sa.bindparam("of_id")) & (jobs.c.leased_by == sa.bindparam("of_owner"))
_RENEW = Statement(sa.update(jobs).where(_OWN).values(leased_until=_UNTIL))
_RELEASE = Statement(
    sa.update(jobs).where(_OWN).values(leased_until=None, leased_by=None, attempts=jobs.c.attempts - 1)
)


_TOO_LONG = (jobs.c.queue == OURS) & (jobs.c.leased_until > _UNTIL)
_IS_TOO_LONG = Statement(sa.select(jobs.c.id).where(_TOO_LONG).limit(1))
_SHORTEN = Statement(sa.update(jobs).where(_TOO_LONG).values(leased_until=_UNTIL))


def is_too_long(tx: Transaction) -> bool:
    """Whether one of our leases ends later than any that is taken now: the machine's clock was set back since. One
    look-up.
    """
    return _IS_TOO_LONG.execute(tx.connection, {"until": tx.engine.clock.world() + LEASE}).first() is not None


def shorten(tx: Transaction) -> None:
    """Let no lease of ours last longer than one that is taken now. Whoever is at work renews it; who died loses it."""
    _SHORTEN.execute(tx.connection, {"until": tx.engine.clock.world() + LEASE})


def is_due(tx: Transaction, now: datetime, queue: str = OURS) -> bool:
    """Whether anything waits to be taken; takes no lock."""
    moments = {"of_queue": queue, "now": now, "world": tx.engine.clock.world()}
    return _IS_DUE.execute(tx.connection, moments).first() is not None


def next_due(tx: Transaction) -> datetime | None:
    """When the next job of ours is to be run, those aside that someone is at."""
    due: datetime | None = tx.connection.execute(_NEXT_DUE, {"of_queue": OURS}).scalar()
    return due


def backlog(tx: Transaction, most: int) -> tuple[int, datetime | None]:
    """What is to be run now and nobody is at, what a broker has included: how many, at most about so many, and since
    when the oldest is due. A look or two for each queue and priority, whatever waits for later.
    """
    asked = {"now": tx.now, "batch": most}
    found = [tx.connection.execute(_BACKLOG_OF_BROKER, asked).one()]
    for (queue,) in tx.connection.execute(_QUEUES).all():
        found.append(tx.connection.execute(_BACKLOG, {**asked, "of_queue": queue}).one())
    since = min((since for _, since in found if since is not None), default=None)
    return sum(count or 0 for count, _ in found), since


def take(
    tx: Transaction, queue: str, now: datetime, batch: int, owner: str = "", lease: timedelta = LEASE
) -> tuple[str, list[Any]]:
    """Take up to `batch` rows that are due: what was left behind first, then by priority, the longest due first.

    What was left behind may be what has killed its process. It is taken alone, so that nothing dies with it again.

    Returns the owner, who is made up where none is given, and the rows as they were before.
    """
    asked = {"of_queue": queue, "now": now, "world": tx.engine.clock.world()}
    left_behind = list(tx.connection.execute(_LOST, {**asked, "batch": 1}).all())
    return _taken(tx, left_behind or _due(tx, _DUE, asked, batch), owner, lease)


def _due(tx: Transaction, statement: sa.Select[Any], asked: dict[str, Any], batch: int) -> list[Any]:
    """By priority, and of one priority the longest due first."""
    rows: list[Any] = []
    for (rank,) in _RANKS.execute(tx.connection, asked).all():
        if len(rows) < batch:
            left = {**asked, "of_rank": rank, "batch": batch - len(rows)}
            rows += tx.connection.execute(statement, left).all()
    return rows


def _taken(tx: Transaction, rows: list[Any], owner: str, lease: timedelta) -> tuple[str, list[Any]]:
    owner, until = owner or secrets.token_hex(8), tx.engine.clock.world() + lease
    _TAKE.execute_many(
        tx.connection,
        [{"of_id": row.id, "until": until, "new_owner": owner, "lapsed": int(has_lapsed(row))} for row in rows],
    )
    return owner, rows


def has_lapsed(row: Any) -> bool:
    """Whether somebody was at this row, which is due again, and fell silent. A broker's worker has not begun."""
    return row.leased_by not in (None, BROKER)


def lend(tx: Transaction, now: datetime, batch: int) -> list[Lent]:
    """Lend up to `batch` rows of ours that are due to the broker, which counts as no attempt."""
    return _lent(tx, _due(tx, _DUE_TO_LEND, {"of_queue": OURS, "now": now}, batch))


def lend_anew(tx: Transaction, batch: int) -> list[Lent]:
    """Lend up to `batch` rows to the broker that it had or that a worker had, and nobody has seen to in time."""
    asked = {"of_queue": OURS, "world": tx.engine.clock.world(), "batch": batch}
    return _lent(tx, tx.connection.execute(_LOST_TO_LEND, asked).all())


def _lent(tx: Transaction, rows: Sequence[Any]) -> list[Lent]:
    until = tx.engine.clock.world() + PATIENCE
    _LEND.execute_many(
        tx.connection, [{"of_id": row.id, "until": until, "lapsed": int(has_lapsed(row))} for row in rows]
    )
    return [Lent(row.id, row.topic) for row in rows]


def take_back(tx: Transaction, lent: Sequence[Lent]) -> None:
    """Let others have what the broker did not take. What a worker has by now, because its message came, it keeps."""
    ids = [each.row_id for each in lent]
    refused = sa.update(jobs).where(jobs.c.id.in_(ids), jobs.c.leased_by == BROKER)
    tx.connection.execute(refused.values(leased_until=None, leased_by=None))


def take_over(tx: Transaction, row_id: int) -> tuple[str, Any] | None:
    """Take from the broker what a message tells of, as `take` does; None where the broker has it no more."""
    owner, rows = _taken(tx, list(tx.connection.execute(_LENT, {"of_id": row_id}).all()), "", LEASE)
    return (owner, rows[0]) if rows else None


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
