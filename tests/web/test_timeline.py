"""The journal as people read it: what was undone, called off and escalated stands there too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import instances, journal, user_tasks
from engine.clock import FixedClock
from tests.engine.core.case import diagram, process
from tests.engine.world import World
from web import timeline
from web.labels import Labels

TRIP = process(
    '<dataStoreReference id="plan" dataStoreRef="plans"/><startEvent id="s"/><transaction id="trip" name="The trip">'
    '<startEvent id="ts"/><userTask id="book" name="Book the room"/><boundaryEvent id="undo" attachedToRef="book">'
    '<compensateEventDefinition/></boundaryEvent><manualTask id="unbook" isForCompensation="true"/>'
    '<userTask id="ask" name="Ask the boss"/><endEvent id="no"><cancelEventDefinition/></endEvent>'
    '<sequenceFlow id="t1" sourceRef="ts" targetRef="book"/><sequenceFlow id="t2" sourceRef="book" targetRef="ask"/>'
    '<sequenceFlow id="t3" sourceRef="ask" targetRef="no"/>'
    '<association id="a" associationDirection="One" sourceRef="undo" targetRef="unbook"/></transaction>'
    '<boundaryEvent id="off" attachedToRef="trip"><cancelEventDefinition/></boundaryEvent>'
    '<boundaryEvent id="late" attachedToRef="trip" cancelActivity="false"><escalationEventDefinition'
    ' escalationRef="esc_c"/></boundaryEvent><manualTask id="heard"/><scriptTask id="note"><ioSpecification><dataOutput id="out" name="out"/>'
    "<inputSet/><outputSet><dataOutputRefs>out</dataOutputRefs></outputSet></ioSpecification><dataOutputAssociation>"
    "<sourceRef>out</sourceRef><targetRef>plan</targetRef></dataOutputAssociation><script>out = 1</script></scriptTask>",
    "s trip",
    "off note",
    "late heard",
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    opened = World(f"sqlite:///{tmp_path / 'engine.db'}", FixedClock())
    opened.engine.upgrade()
    yield opened
    opened.engine.stop()


def test_what_is_undone_called_off_and_escalated_can_be_read(world: World) -> None:
    world.deploy(trip_bpmn=diagram('<dataStore id="plans" name="trip_plans"/>', TRIP))
    instance = world.start()
    world.complete("book")
    ask = world.user_task("ask").id
    world.do(user_tasks.escalate, ask, "C")
    world.do(user_tasks.escalate, ask, "D")
    world.complete("ask")
    _, _, first, second, last = timeline.read(world.see(journal.entries, instance.id), Labels({}, {}))
    assert first.what == "“Ask the boss” calls for attention: C"
    assert first.then == ("Escalated: C",)
    assert second.then == ("Escalated, and nobody minds: D",)
    assert last.then == (
        "Called off: The trip",
        "To be undone: Book the room",
        "Written to the data store “Trip plans”",
        "The process is complete",
    )


ALARM = process(
    '<startEvent id="s"/><userTask id="check" name="Check"/><boundaryEvent id="urgent" name="It became urgent"'
    ' attachedToRef="check" cancelActivity="false"><conditionalEventDefinition><condition>${level == 1}</condition>'
    '</conditionalEventDefinition></boundaryEvent><intermediateThrowEvent id="tell" name="Tell all">'
    '<signalEventDefinition signalRef="sig_g"/></intermediateThrowEvent><endEvent id="e"><messageEventDefinition'
    ' messageRef="msg_m"/></endEvent>',
    "s check e",
    "urgent tell",
)


def test_what_happened_by_itself_and_what_was_sent_out_can_be_read(world: World) -> None:
    world.deploy(ALARM)
    instance = world.start()
    world.do(instances.set_variables, instance.id, {"level": 1})
    world.complete("check")
    _, changed, completed = timeline.read(world.see(journal.entries, instance.id), Labels({}, {}))
    assert changed.then == ("Happened: It became urgent", "Signal to everybody who waits for it: G")
    assert completed.then == ("Message sent: M", "The process is complete")
