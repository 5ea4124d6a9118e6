"""Writes the database that this release leaves behind in the middle of things: ``python -m tests.engine.releases NAME``.

Once for each release, before its number is given; what it wrote is never made again.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from engine import instances, journal, user_tasks
from engine.clock import FixedClock
from tests.engine.core.case import diagram, process
from tests.engine.world import BEN, World

CASE = process(
    '<startEvent id="s"><messageEventDefinition messageRef="msg_m"/></startEvent>'
    '<userTask id="look" camunda:candidateGroups="clerks" camunda:dueDate="P2D"/>'
    '<boundaryEvent id="tick" attachedToRef="look" cancelActivity="false"><timerEventDefinition>'
    '<timeCycle>R3/PT1H</timeCycle></timerEventDefinition></boundaryEvent><manualTask id="ticked"/><endEvent id="e1"/>'
    '<parallelGateway id="fork"/><callActivity id="call" calledElement="CALLED"><extensionElements>'
    '<camunda:in variables="all"/><camunda:out variables="all"/></extensionElements></callActivity>'
    '<userTask id="opinion" camunda:candidateGroups="unit:${unit}"><multiInstanceLoopCharacteristics'
    ' camunda:collection="${units}" camunda:elementVariable="unit"/></userTask>'
    '<parallelGateway id="join"/><userTask id="answer"/><endEvent id="e2"/>'
    '<subProcess id="off" triggeredByEvent="true"><startEvent id="os"><messageEventDefinition messageRef="msg_k"/>'
    '</startEvent><endEvent id="oe"/><sequenceFlow id="o1" sourceRef="os" targetRef="oe"/></subProcess>'
    '<subProcess id="on" triggeredByEvent="true"><startEvent id="ns" isInterrupting="false">'
    '<signalEventDefinition signalRef="sig_g"/></startEvent><manualTask id="nu"/><endEvent id="ne"/>'
    '<sequenceFlow id="n1" sourceRef="ns" targetRef="nu"/><sequenceFlow id="n2" sourceRef="nu" targetRef="ne"/>'
    "</subProcess>",
    "s look fork call join answer e2",
    "fork opinion join",
    "tick ticked e1",
    key="CASE",
)
CALLED = process(
    '<startEvent id="s"/><subProcess id="inner"><startEvent id="is"/>'
    '<serviceTask id="work" camunda:type="external" camunda:topic="work"/><endEvent id="ie"/>'
    '<sequenceFlow id="i1" sourceRef="is" targetRef="work"/><sequenceFlow id="i2" sourceRef="work" targetRef="ie"/>'
    '</subProcess><scriptTask id="share"><script>share = 10 / parts</script></scriptTask><endEvent id="e"/>',
    "s inner share e",
    key="CALLED",
)
DAILY = process(
    '<startEvent id="s"><timerEventDefinition><timeCycle>R/PT1H</timeCycle></timerEventDefinition></startEvent>'
    '<eventBasedGateway id="w"/><intermediateCatchEvent id="m"><messageEventDefinition messageRef="msg_k"/>'
    '</intermediateCatchEvent><intermediateCatchEvent id="day"><timerEventDefinition><timeDuration>P1D</timeDuration>'
    '</timerEventDefinition></intermediateCatchEvent><endEvent id="e"/>',
    "s w m e",
    "w day e",
    key="DAILY",
)


def work_on(world: World) -> None:
    """Cases that have just begun, are stuck, wait for a job, and have ended; and a process that a timer has started."""
    world.deploy(case_bpmn=diagram(CASE), called_bpmn=diagram(CALLED), daily_bpmn=diagram(DAILY))
    units = ["roads", "water", "parks"]
    begun = world.message("m", "begun", units=units, parts=2)
    stuck = world.message("m", "stuck", units=units, parts=0)
    ended = world.message("m", "ended", units=units, parts=5)
    for business_key in ("stuck", "ended"):
        [user_task] = world.user_tasks(business_key=business_key)
        world.do(user_tasks.claim, user_task.id, by=BEN)
        world.do(user_tasks.complete, user_task.id, {"note": "looked at"}, by=BEN)
    world.advance(hours=1)
    for user_task in world.user_tasks(business_key="ended"):
        world.do(user_tasks.complete, user_task.id)
    world.complete("answer")
    [first, *_] = world.user_tasks(business_key="stuck")
    world.do(user_tasks.complete, first.id, {"opinion": "yes"})
    [incident] = world.incidents
    world.retry(incident)
    world.do(instances.set_variables, stuck.id, {"subject": "water"})
    world.do(journal.note, stuck.id, "read", {"purpose": "audit"})
    [look] = world.user_tasks(business_key="begun")
    assert look.due is not None
    world.do(instances.move_due_date, begun.id, look.due, look.due + timedelta(days=3))
    world.message("m", "late", units=units, parts=1)
    [look] = world.user_tasks(business_key="late")
    world.do(user_tasks.complete, look.id)
    world.rest()
    assert world.status(ended) == "completed"


def work(*, business_key: str) -> dict[str, str]:
    if business_key == "late":
        raise ConnectionError("not now")
    return {"done": business_key}


def main(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "engine.db"
        world = World(f"sqlite:///{path}", FixedClock(), handlers={"work": work})
        world.engine.upgrade()
        work_on(world)
        world.engine.stop()
        with sqlite3.connect(path) as connection:
            dump = "\n".join(connection.iterdump())
    Path(__file__).with_name(f"{name}.sql").write_text(dump + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
