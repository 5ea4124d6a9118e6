"""What a handler is given to work with, and how an engine with the petition domain in it is opened."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import resources
from typing import Any, TypeVar

import sqlalchemy as sa

from engine import deployments, instances
from engine.clock import Clock
from engine.engine import Engine
from engine.store import locks
from engine.store.database import Transaction
from engine.store.statements import Statement
from workflows import permissions, tables
from workflows.organisation import bundled_units
from workflows.register import retention
from workflows.time import clocks
from workflows.time.calendars import LOCAL

T = TypeVar("T")

MIGRATIONS = "workflows:migrations/versions"

_RESULT = Statement(
    sa.select(tables.handled_jobs.c.result).where(tables.handled_jobs.c.job_id == sa.bindparam("of_job"))
)
_KEEP = Statement(sa.insert(tables.handled_jobs), ("job_id", "result"))


class Office:
    """The desk of a handler: transactions on the one engine, and work that is done once for a job."""

    def __init__(self) -> None:
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            raise RuntimeError("expected an office that is open, but no engine was given to it")
        return self._engine

    def open(self, engine: Engine) -> None:
        """Engine and office know each other: the engine hands the office to its handlers."""
        self._engine = engine

    def now(self) -> datetime:
        return self.engine.clock.now()

    def transact(self, work: Callable[[Transaction], T]) -> T:
        return self.engine.transact(work)

    def read(self, work: Callable[[Transaction], T]) -> T:
        return self.engine.read(work)

    def once(self, job_id: str, work: Callable[[Transaction], dict[str, Any]]) -> dict[str, Any]:
        """Do the work of a job in one transaction; a job that runs again gets the first run's result.

        Whatever the work raises undoes all of it, so that a retry begins from nothing. Nobody else is at the case
        meanwhile: what is read of it stays so until the end.
        """

        def guarded(tx: Transaction) -> dict[str, Any]:
            instances.lock(tx, int(job_id.partition("-")[0]))
            before = _RESULT.execute(tx.connection, {"of_job": job_id}).first()
            if before is not None:
                return dict(json.loads(before[0]))
            result = work(tx)
            _KEEP.execute(tx.connection, {"job_id": job_id, "result": json.dumps(result)})
            return result

        return self.transact(guarded)


def open_engine(
    database_url: str, handlers: Mapping[str, Callable[..., Any]], *, clock: Clock | None = None, **options: Any
) -> Engine:
    """An engine with the petition domain in it, brought up to this release: schema, bundled diagrams and units.

    `options` go to the engine as they are.
    """
    engine = _engine(database_url, handlers, clock, options)
    engine.upgrade(MIGRATIONS)
    deploy_bundled(engine)
    engine.transact(bundled_units.settle)
    return engine


def open_to_read(database_url: str, handlers: Mapping[str, Callable[..., Any]], **options: Any) -> Engine:
    """As `open_engine`, but the database stays as it is: to look at what someone else keeps, or a backup.

    Raises:
        InvalidState: it is not of this release.
    """
    engine = _engine(database_url, handlers, None, options)
    engine.check(MIGRATIONS)
    return engine


def _engine(
    database_url: str, handlers: Mapping[str, Callable[..., Any]], clock: Clock | None, options: Mapping[str, Any]
) -> Engine:
    office = Office()
    engine = Engine(
        database_url,
        clock=clock,
        authorise=permissions.decide,
        handlers=handlers,
        services={"office": office},
        zone=LOCAL,
        **options,
    )
    office.open(engine)
    engine.on_tick(clocks.tick, clocks.next_due)
    engine.on_clean_up(retention.keeps)
    return engine


def deploy_bundled(engine: Engine) -> None:
    """Deploy what this release brings along and has not deployed before.

    A definition that a designer has deployed since stays the latest until the release brings a new one.
    """
    folder = resources.files("bpmn")
    wanted = (entry for entry in folder.iterdir() if entry.name.endswith((".bpmn", ".dmn", ".form")))
    content = {entry.name: entry.read_bytes() for entry in sorted(wanted, key=lambda entry: entry.name)}

    digests = {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}
    table = tables.bundled_resources
    fresh = engine.read(lambda tx: _fresh(tx, digests))
    if not fresh:
        return
    prepared = deployments.prepare({name: content[name] for name in fresh}, engine.functions)

    def work(tx: Transaction) -> None:
        # Of processes that start together one deploys; the others find that it is done.
        locks.alone(tx, deployments.LOCK)
        if not _fresh(tx, digests):
            return
        deployments.deploy(tx, prepared)
        tx.connection.execute(sa.delete(table).where(table.c.name.in_(fresh)))
        tx.connection.execute(sa.insert(table), [{"name": name, "sha256": digests[name]} for name in fresh])

    engine.transact(work)


def _fresh(tx: Transaction, digests: Mapping[str, str]) -> list[str]:
    """What of this release was not deployed before."""
    before = {row.name: row.sha256 for row in tx.connection.execute(sa.select(tables.bundled_resources))}
    return [name for name in digests if before.get(name) != digests[name]]
