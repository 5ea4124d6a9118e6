"""An engine on a database of its own, with a clock that the test moves, and the few words that tests need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from engine import clock, deployments, history, incidents, instances, journal, messages, user_tasks
from engine.actors import Actor
from engine.clock import FixedClock
from engine.deployments import Deployment
from engine.engine import Engine
from engine.incidents import Incident
from engine.instances import Instance
from engine.journal import Finding
from engine.store.database import Transaction
from engine.user_tasks import UserTask, UserTaskQuery
from tests.engine.core.case import diagram

ANNA = Actor("anna", frozenset({"clerks"}))
BEN = Actor("ben", frozenset({"clerks"}))


class World:
    """Jobs run where the test says so: `rest` does everything that is due."""

    def __init__(self, url: str, moving: FixedClock, **options: Any) -> None:
        self.url, self.clock = url, moving
        self.engine = Engine(url, clock=moving, **options)

    # Doing

    def deploy(self, *processes: str, **files: bytes) -> Deployment:
        """Deploy processes as one diagram, or files whose names are written with ``_`` for the dot."""
        named = {name.replace("_", "."): content for name, content in files.items()}
        if processes:
            named["test.bpmn"] = diagram(*processes)
        return self.engine.transact(lambda tx: deployments.deploy(tx, named), ANNA)

    def start(self, key: str = "P", business_key: str = "case-1", **variables: Any) -> Instance:
        return self.engine.transact(
            lambda tx: instances.start(tx, key, business_key=business_key, variables=variables), ANNA
        )

    def complete(self, element_id: str, by: Actor = ANNA, **variables: Any) -> None:
        """Complete the first open user task of an element."""
        user_task = self.user_task(element_id)
        self.engine.transact(lambda tx: user_tasks.complete(tx, user_task.id, variables), by)

    def message(self, name: str, key: str = "case-1", **variables: Any) -> Instance:
        """Publish a message to one that waits, or that it starts: the instance that took it."""
        receipt = self.engine.transact(lambda tx: messages.publish(tx, name, variables, key), ANNA)
        found: Instance = self.see(instances.get, receipt.instance_id)
        return found

    def cancel(self, instance: Instance, reason: str) -> None:
        self.engine.transact(lambda tx: instances.cancel(tx, instance.id, reason), ANNA)

    def retry(self, incident: Incident) -> None:
        self.engine.transact(lambda tx: incidents.retry(tx, incident.id), ANNA)

    def rest(self) -> None:
        self.engine.run_to_rest()

    def advance(self, **span: float) -> None:
        clock.advance(self.engine, timedelta(**span), ANNA)

    def do(self, work: Callable[..., Any], *arguments: Any, by: Actor = ANNA, **options: Any) -> Any:
        """One verb of the engine in a transaction of its own."""
        return self.engine.transact(lambda tx: work(tx, *arguments, **options), by)

    def tamper(self, sql: str) -> None:
        """Go around the engine."""
        with self.engine.database.write() as connection:
            assert connection.exec_driver_sql(sql).rowcount, "nothing was tampered with"

    # Looking

    def see(self, work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """One query of the engine."""
        return self.engine.read(lambda tx: work(tx, *arguments, **options), ANNA)

    def path(self, instance_id: int, definition_id: str) -> history.Path:
        """The way of an instance through one definition."""

        def work(tx: Transaction) -> history.Path:
            ways, entries = history.activities_of(tx, instance_id), journal.entries(tx, instance_id)
            return history.paths(tx, instance_id, ways, entries)[definition_id]

        return self.engine.read(work, ANNA)

    def user_tasks(self, **query: Any) -> list[UserTask]:
        found: list[UserTask] = self.see(user_tasks.find, UserTaskQuery(**query))
        return found

    def user_task(self, element_id: str) -> UserTask:
        return next(each for each in self.user_tasks() if each.element_id == element_id)

    @property
    def open(self) -> list[str]:
        return [each.element_id for each in self.user_tasks()]

    @property
    def incidents(self) -> list[Incident]:
        found: list[Incident] = self.see(incidents.find)
        return found

    def status(self, instance: Instance) -> str:
        return str(self.see(instances.get, instance.id).status)

    def variables(self, instance: Instance) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.see(instances.variables, instance.id)
        return found

    def wrong(self) -> list[Finding]:
        """What the journal's verification finds, replay included."""
        found: list[Finding] = self.see(journal.verify, replayed=True)
        return found
