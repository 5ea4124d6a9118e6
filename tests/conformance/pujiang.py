"""The engine of this repository: its shell on a database of its own in memory, its clock moved by the runner."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from engine import clock, conditions, deployments, handlers, instances, messages, signals, user_tasks
from engine.actors import SYSTEM, Actor
from engine.clock import FixedClock
from engine.engine import Engine
from engine.errors import BpmnError, ExecutionFailed, InvalidDefinition, InvalidState, NotFound
from engine.handlers import Handler
from engine.instances import ACTIVE, FAILED, InstanceQuery
from engine.store.database import Transaction
from engine.user_tasks import UserTask, UserTaskQuery
from tests.conformance.running import Refused

T = TypeVar("T")

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)

MOST = 500
"""Instances and user tasks that a case may have."""


class PujiangUnderTest:
    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(dir=_memory())
        path = Path(self._folder.name) / "engine.db"
        path.write_bytes(_empty_database())
        self._engine = _Recording(f"sqlite:///{path}")
        self._not_started: list[str] = []

    @property
    def trace(self) -> list[str]:
        return self._engine.trace

    def deploy(self, xml: bytes) -> None:
        try:
            self._do(lambda tx: deployments.deploy(tx, {"case.bpmn": xml}))
        except InvalidDefinition as error:
            raise Refused("; ".join(map(str, error.problems))) from error

    def start(self, process_id: str, variables: Mapping[str, Any]) -> None:
        try:
            self._do(lambda tx: instances.start(tx, process_id, variables=variables))
        except ExecutionFailed as error:
            self._not_started.append(str(error))

    def complete(self, element_id: str) -> int:
        found = [user_task for user_task in self._open() if user_task.element_id == element_id]
        for user_task in found:
            try:
                self._engine.transact(lambda tx, id=user_task.id: user_tasks.complete(tx, id))
            except InvalidState:
                # One before it has ended them all: a completion condition, say.
                continue
        self._engine.run_to_rest()
        return len(found)

    def user_tasks(self) -> int:
        return len(self._open())

    def _open(self) -> list[UserTask]:
        return self._engine.read(lambda tx: user_tasks.find(tx, UserTaskQuery(limit=MOST)))

    def broadcast(self, name: str, variables: Mapping[str, Any]) -> None:
        given = self._unless_running(variables)
        self._do(lambda tx: messages.broadcast(tx, name, given))

    def message(self, name: str, payload: Mapping[str, Any]) -> None:
        # A message that nobody wants is lost.
        with suppress(NotFound):
            self._do(lambda tx: messages.publish(tx, name, payload))

    def correlate(self, name: str, payload: Mapping[str, Any]) -> None:
        self.message(name, payload)

    def signal(self, name: str, variables: Mapping[str, Any]) -> None:
        given = self._unless_running(variables)
        self._do(lambda tx: signals.broadcast(tx, name, given))

    def _unless_running(self, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is sent is for everyone, and must not set back the variables of those that run."""
        return {} if self._instances(ACTIVE) else variables

    def set(self, values: Mapping[str, Any]) -> None:
        running = self._instances(ACTIVE)
        for instance_id in running:
            self._engine.transact(lambda tx, id=instance_id: instances.set_variables(tx, id, values))
        if not running:
            self._engine.transact(lambda tx: conditions.start_by_condition(tx, values))
        self._engine.run_to_rest()

    def advance(self, seconds: float) -> None:
        clock.advance(self._engine, timedelta(seconds=seconds))

    def has_ended(self) -> bool:
        return not self._instances(ACTIVE)

    def incidents(self) -> list[str]:
        """Of tokens that have stopped. Not of joins that wait for ever, which the standard lets wait, nor of messages
        that found nobody: their throwers went on. An instance that an error has ended did not get to its end either.
        """
        failed = self._engine.read(lambda tx: instances.search(tx, InstanceQuery(status=FAILED, limit=MOST)))
        return [*self._not_started, *self._stopped(), *(each.end_reason or FAILED for each in failed)]

    def _stopped(self) -> Iterator[str]:
        for instance_id in self._instances(ACTIVE):
            state = self._engine.read(lambda tx, id=instance_id: instances.state(tx, id))
            for token in state.tokens.values():
                if token.incident is not None and token.incident.phase != "join":
                    yield token.incident.message

    def _instances(self, status: str) -> list[int]:
        found = self._engine.read(lambda tx: instances.search(tx, InstanceQuery(status=status, limit=MOST)))
        return sorted(instance.id for instance in found)

    def _do(self, work: Callable[[Transaction], object]) -> None:
        self._engine.transact(work)
        self._engine.run_to_rest()

    def close(self) -> None:
        self._engine.stop()
        self._folder.cleanup()


class _Recording(Engine):
    """Counts what scripts log once they are committed: a transaction that is begun anew logs anew."""

    def __init__(self, url: str) -> None:
        self.trace: list[str] = []
        self._logged: list[str] = []
        functions = {"log": lambda value: self._logged.append(str(value)), "throw_error": _throw_error}
        super().__init__(url, clock=FixedClock(BEGIN), functions=functions)
        self.handlers = _EveryTopic()

    def transact(self, work: Callable[[Transaction], T], actor: Actor = SYSTEM) -> T:
        def afresh(tx: Transaction) -> T:
            self._logged.clear()
            return work(tx)

        result = super().transact(afresh, actor)
        self.trace += self._logged
        self._logged.clear()
        return result


class _EveryTopic(dict[str, Handler]):
    """A handler for each topic, which does nothing: jobs are done as soon as there are any."""

    def get(self, topic: str, _default: object = None) -> Handler:  # type: ignore[override]
        return handlers.read({topic: lambda: None})[topic]


def _throw_error(code: str) -> None:
    raise BpmnError(code)


@cache
def _empty_database() -> bytes:
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        path = Path(folder) / "engine.db"
        engine = Engine(f"sqlite:///{path}")
        engine.upgrade()
        engine.stop()
        return path.read_bytes()


def _memory() -> str | None:
    """A folder that is kept in memory; None, for the usual one, where the system has none."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
