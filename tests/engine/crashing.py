"""Processes that do one thing to a database and kill themselves after their k-th SQL statement.

``python -m tests.engine.crashing`` reads lines of URL, scenario and k, and forks one process for each. BEGIN and COMMIT
count as well; with a k of 0 the process runs to its end.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from engine import batches, instances, migration, modification, suspension
from engine.clock import FixedClock
from engine.core import parts
from engine.core.commands import CancelElement, StartBefore
from engine.work import timers
from tests.engine.core.case import diagram, process
from tests.engine.world import World

LIFE = process(
    '<startEvent id="s"/><userTask id="u" camunda:candidateGroups="clerks" camunda:dueDate="P3D"/>'
    '<boundaryEvent id="b" attachedToRef="u" cancelActivity="false"><timerEventDefinition>'
    "<timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>"
    '<dataStoreReference id="dsr" dataStoreRef="ds"/><scriptTask id="x" camunda:asyncBefore="true"><dataOutputAssociation id="do">'
    "<sourceRef>n</sourceRef><targetRef>dsr</targetRef></dataOutputAssociation><script>n = n + 1</script></scriptTask>"
    '<serviceTask id="j" camunda:type="external" camunda:topic="send"/>'
    '<intermediateThrowEvent id="t"><messageEventDefinition messageRef="msg_m"/></intermediateThrowEvent>'
    '<intermediateThrowEvent id="g"><signalEventDefinition signalRef="sig_g"/></intermediateThrowEvent>'
    '<userTask id="v" camunda:candidateGroups="clerks"/><userTask id="late"/>'
    '<endEvent id="e"/><endEvent id="e2"/>',
    "s u x j t g v e",
    "b late e2",
)
RECEIVER = process(
    '<startEvent id="s"/><receiveTask id="r" messageRef="msg_m"/><userTask id="got"/><endEvent id="e"/>',
    "s r got e",
    key="R",
)
STARTED = process(
    '<startEvent id="s"><signalEventDefinition signalRef="sig_g"/></startEvent><userTask id="heard"/><endEvent id="e"/>',
    "s heard e",
    key="S",
)
MANY = process(
    '<startEvent id="s"/><userTask id="many"><multiInstanceLoopCharacteristics camunda:collection="units"'
    ' camunda:elementVariable="unit"><completionCondition>nrOfCompletedInstances == 2</completionCondition>'
    '</multiInstanceLoopCharacteristics></userTask><endEvent id="e"/>',
    "s many e",
    key="M",
)
FEW = {"MANY": 6, "EACH": 2}
"""From how many items on they are kept in parts here, and how many in a part."""

STORE = '<dataStore id="ds" name="numbers"/>'


def open_world(url: str) -> World:
    """A world as a process finds it when it starts on what another one left behind."""
    return World(url, FixedClock(), handlers={"send": lambda *, job_id: {"sent": job_id}})


def prepare(world: World) -> None:
    """One case at its user task, one that waits for the message that the first will throw, and a process that the
    signal of the first will start.
    """
    world.deploy(life_bpmn=diagram(STORE, LIFE), receiver_bpmn=diagram(RECEIVER), started_bpmn=diagram(STARTED))
    world.start("R")
    world.start("P", n=0)


def _fire(world: World) -> None:
    world.clock.move(timedelta(hours=2))
    timers.fire_due(world.engine)


def _cancel(world: World) -> None:
    world.do(instances.cancel, 2, "it was withdrawn")


def deploy_again(world: World) -> None:
    """A second version of the first case's process."""
    world.deploy(life_bpmn=diagram(STORE, LIFE.replace('id="late"', 'id="late" name="Late"')))


def begin_many(world: World) -> None:
    """A case with so many items that its state is kept in parts."""
    world.deploy(many_bpmn=diagram(MANY))
    world.start("M", units=list(range(FEW["MANY"])))


def _migrate(world: World) -> None:
    world.do(migration.migrate, world.see(migration.propose, "P:1", "P:2"), 2, "it is better")


SCENARIOS: dict[str, Callable[[World], Any]] = {
    "deploy": deploy_again,
    "start": lambda world: world.start("P", business_key="case-2", n=0),
    "complete": lambda world: world.complete("u", verdict="yes"),
    "item": lambda world: world.complete("many"),
    "last-item": lambda world: world.complete("many"),
    "timer": _fire,
    "rest": lambda world: world.rest(),
    "cancel": _cancel,
    "suspend": lambda world: world.do(suspension.suspend, 2, "not now"),
    "modify": lambda world: world.do(modification.modify, 2, [StartBefore("x"), CancelElement("u")], "it was done"),
    "migrate": _migrate,
    "batch": lambda world: world.do(batches.create, "set variables", [1, 2], "why", {"variables": {"k": 1}}),
}
"""What is done to a database that `prepare` has filled."""

UPGRADE: dict[str, Callable[[World], Any]] = {"upgrade": lambda world: world.engine.upgrade()}
"""What is done to an empty one."""


class Killer:
    """Ends the process, without a word to anyone, after the k-th statement."""

    def __init__(self, after: int) -> None:
        self.after, self.count = after, 0
        sa.event.listen(sa.Engine, "after_cursor_execute", self._statement)
        sa.event.listen(sa.Engine, "commit", self._statement)

    def _statement(self, *_: Any) -> None:
        """Of a COMMIT we hear before it is done, of all else after: so each lies between two counts."""
        self.count += 1
        if self.count == self.after:
            os.kill(os.getpid(), signal.SIGKILL)


def run(url: str, scenario: str, after: int) -> int:
    """How many statements it took, where it was not killed."""
    world = open_world(url)
    killer = Killer(after)
    {**SCENARIOS, **UPGRADE}[scenario](world)
    return killer.count


def serve() -> None:
    """Do what each line of the input asks for in a process of its own; answer with its exit code and its count."""
    for line in sys.stdin:
        url, scenario, after = line.split()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writing, str(run(url, scenario, int(after))).encode())
            os._exit(0)
        os.close(writing)
        counted = os.read(reading, 20).decode()
        os.close(reading)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{code} {counted or 0}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    for name, number in FEW.items():
        setattr(parts, name, number)
    serve()
