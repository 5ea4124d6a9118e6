"""Whatever is done to an instance, the rows that people query say what its state says."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine import incidents, instances, messages, signals, user_tasks
from engine.core.state import State
from engine.errors import BpmnError, EngineError
from engine.store.tables import FAR, activities, candidates, jobs, process_instances, subscriptions
from engine.store.tables import incidents as incident_rows
from engine.store.tables import timers as timer_rows
from engine.work import timers
from tests.engine.core.case import process
from tests.engine.core.shelf import everything_in_parts
from tests.engine.world import World

EVERYTHING = process(
    '<startEvent id="s"/><userTask id="u" camunda:candidateGroups="clerks" camunda:candidateUsers="anna,ben"'
    ' camunda:dueDate="P2D"/>'
    '<boundaryEvent id="tick" attachedToRef="u" cancelActivity="false"><timerEventDefinition>'
    '<timeCycle>R3/PT1H</timeCycle></timerEventDefinition></boundaryEvent><userTask id="ticked"/><endEvent id="e1"/>'
    '<serviceTask id="j" camunda:type="external" camunda:topic="work"/>'
    '<boundaryEvent id="wrong" attachedToRef="j"><errorEventDefinition errorRef="err_x"/></boundaryEvent>'
    '<scriptTask id="x"><script>half = 10 / parts</script></scriptTask>'
    '<parallelGateway id="g"/><eventBasedGateway id="w"/>'
    '<intermediateCatchEvent id="m"><messageEventDefinition messageRef="msg_m"/></intermediateCatchEvent>'
    '<intermediateCatchEvent id="day"><timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>'
    "</intermediateCatchEvent>"
    '<userTask id="many" camunda:candidateGroups="unit:${unit}"><multiInstanceLoopCharacteristics'
    ' camunda:collection="${units}" camunda:elementVariable="unit"/></userTask>'
    '<intermediateThrowEvent id="shout"><signalEventDefinition signalRef="sig_g"/></intermediateThrowEvent>'
    '<endEvent id="e2"/><endEvent id="e3"/>'
    '<subProcess id="off" triggeredByEvent="true"><startEvent id="os"><messageEventDefinition messageRef="msg_k"/>'
    '</startEvent><userTask id="ou"/><endEvent id="oe"/><sequenceFlow id="o1" sourceRef="os" targetRef="ou"/>'
    '<sequenceFlow id="o2" sourceRef="ou" targetRef="oe"/></subProcess>'
    '<subProcess id="on" triggeredByEvent="true"><startEvent id="ns" isInterrupting="false">'
    '<signalEventDefinition signalRef="sig_g"/></startEvent><userTask id="nu"/><endEvent id="ne"/>'
    '<sequenceFlow id="n1" sourceRef="ns" targetRef="nu"/><sequenceFlow id="n2" sourceRef="nu" targetRef="ne"/>'
    "</subProcess>",
    "s u j x g many shout e2",
    "g w m e3",
    "w day e3",
    "tick ticked e1",
    "wrong u",
)


CANDIDATE = (candidates.c.token_id, candidates.c.queue_due)


def unreliable(chance: random.Random) -> Callable[..., Any]:
    def work(*, job_id: str) -> dict[str, str]:
        what = chance.random()
        if what < 0.2:
            raise BpmnError("X")
        if what < 0.4:
            raise ConnectionError("not now")
        return {"done": job_id}

    return work


def rows(world: World, *columns: sa.Column[Any], where: sa.ColumnElement[bool] | None = None) -> set[tuple[Any, ...]]:
    query = sa.select(*columns)
    query = query if where is None else query.where(where)
    return set(world.see(lambda tx: [tuple(row) for row in tx.connection.execute(query)]))


def check(world: World, instance_id: int) -> None:
    """Every table against the state."""
    state: State = world.see(instances.state, instance_id)
    tokens, waits = state.tokens.values(), state.waits.values()
    assert rows(world, activities.c.token_id, where=activities.c.ended_at.is_(None)) == {(t.id,) for t in tokens}
    open_tasks = {(t.id, t.assignee, t.due) for t in tokens if t.work == "user_task"}
    shown = (activities.c.token_id, activities.c.assignee, activities.c.due)
    assert rows(world, *shown, where=activities.c.status == "open") == open_tasks
    queued = {(token, None if due == FAR else due) for token, due in rows(world, *CANDIDATE)}
    assert queued <= {(token, due) for token, _, due in open_tasks}
    found = rows(world, jobs.c.token_id, where=jobs.c.payload.is_(None))
    assert found == {(t.id,) for t in tokens if t.work == "job"}
    assert rows(world, timer_rows.c.id, timer_rows.c.due) == {(w.id, w.due) for w in waits if w.kind == "timer"}
    named = (subscriptions.c.id, subscriptions.c.kind, subscriptions.c.name)
    assert rows(world, *named) == {(w.id, w.kind, w.name) for w in waits if w.kind != "timer"}
    stuck = rows(world, incident_rows.c.id, incident_rows.c.token_id, where=incident_rows.c.resolved_at.is_(None))
    assert stuck == {(t.incident.id, t.id) for t in tokens if t.incident is not None}
    assert rows(world, process_instances.c.status) == {(state.ended or "active",)}


def move_some_due_date(world: World, instance_id: int, chance: random.Random) -> None:
    state: State = world.see(instances.state, instance_id)
    old = chance.choice([each.due for each in (*state.tokens.values(), *state.waits.values()) if each.due])
    world.do(instances.move_due_date, instance_id, old, old + timedelta(minutes=chance.choice([-30, 30])))


@pytest.mark.parametrize("seed", range(12))
def test_rows_say_what_the_state_says_whatever_is_done(make_world: Callable[..., World], seed: int) -> None:
    """Every other time on a state that is all in parts."""
    with everything_in_parts() if seed % 2 else nullcontext():
        do_this_and_that(make_world, random.Random(seed))


def do_this_and_that(make_world: Callable[..., World], chance: random.Random) -> None:
    world = make_world(handlers={"work": unreliable(chance)})
    world.deploy(EVERYTHING)
    instance = world.start(units=["roads", "water", "parks"], parts=0)
    steps: list[Callable[[], Any]] = [
        lambda: world.do(user_tasks.complete, chance.choice(world.user_tasks()).id),
        lambda: world.do(user_tasks.complete, chance.choice(world.user_tasks()).id),
        lambda: world.do(user_tasks.claim, chance.choice(world.user_tasks()).id),
        lambda: world.do(user_tasks.release, chance.choice(world.user_tasks()).id),
        lambda: world.rest(),
        lambda: world.advance(minutes=chance.choice([1, 90])),
        lambda: world.do(instances.set_variables, instance.id, {"parts": chance.choice([0, 2])}),
        lambda: world.do(incidents.retry, chance.choice(world.incidents).id),
        lambda: world.do(messages.publish, "m", key="case-1"),
        lambda: world.do(signals.broadcast, "g"),
        lambda: world.do(timers.fire, instance.id, chance.randrange(30)),
        lambda: move_some_due_date(world, instance.id, chance),
    ]
    for turn in range(40):
        # Too late, or nothing there: as good a thing to do as any.
        with suppress(EngineError, IndexError):
            chance.choice(steps)()
        check(world, instance.id)
        if turn == 30 and world.status(instance) == "active" and chance.random() < 0.5:
            world.message("k")
    assert world.wrong() == []
    if world.status(instance) == "active":
        world.cancel(instance, "it was withdrawn")
    check(world, instance.id)
    assert world.open == []
    assert world.wrong() == []
