"""Timers: in order of due time, each once, also after an outage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine import instances, journal, retry, starts
from engine.errors import InvalidDefinition, InvalidState, OutcomeUnknown, Unavailable
from engine.instances import InstanceQuery
from engine.work import timers
from tests.engine.core.case import process
from tests.engine.world import World

BOUNDARY = process(
    '<startEvent id="s"/><userTask id="u"/><boundaryEvent id="b" attachedToRef="u"><timerEventDefinition>'
    "<timeDuration>${wait}</timeDuration></timerEventDefinition></boundaryEvent>"
    '<userTask id="late"/><endEvent id="e"/><endEvent id="e2"/>',
    "s u e",
    "b late e2",
)


def timer_start(kind: str, value: str, after: str = "u") -> str:
    event = f"<timerEventDefinition><{kind}>{value}</{kind}></timerEventDefinition>"
    body = f'<startEvent id="s">{event}</startEvent><userTask id="{after}"/><endEvent id="e"/>'
    return process(body, f"s {after} e")


def test_a_timer_fires_when_it_is_due_and_not_before(world: World) -> None:
    world.deploy(BOUNDARY)
    world.start(wait="P3D")
    world.advance(days=2, hours=23)
    assert world.open == ["u"]
    world.advance(hours=1)
    assert world.open == ["late"]
    assert world.wrong() == []


def test_after_an_outage_timers_fire_in_order_of_due_time_and_each_once(world: World) -> None:
    world.deploy(BOUNDARY)
    started = {span: world.start(business_key=span, wait=span) for span in ("PT3H", "PT1H", "PT2H")}
    world.clock.move(timedelta(days=2))
    assert timers.fire_due(world.engine) == 3
    assert timers.fire_due(world.engine) == 0
    entries = [
        (entry.seq, entry.command[0], instance.business_key)
        for instance in sorted(started.values(), key=lambda each: each.business_key)
        for entry in world.see(journal.entries, instance.id)
    ]
    assert entries == [
        (seq, command, key)
        for key in ("PT1H", "PT2H", "PT3H")
        for seq, command in ((1, "StartInstance"), (2, "FireTimer"))
    ]


def test_timers_of_different_instances_take_their_turns(make_world: Callable[..., World]) -> None:
    order: list[str] = []
    world = make_world(functions={"log": order.append})
    catch = "<timerEventDefinition><timeDuration>${wait}</timeDuration></timerEventDefinition>"
    body = (
        f'<startEvent id="s"/><intermediateCatchEvent id="t">{catch}</intermediateCatchEvent>'
        '<scriptTask id="l"><script>log(wait)</script></scriptTask><endEvent id="e"/>'
    )
    world.deploy(process(body, "s t l e"))
    for wait in ("PT5M", "PT1M", "PT9M", "PT2M"):
        world.start(business_key=wait, wait=wait)
    world.clock.move(timedelta(hours=1))
    world.rest()
    assert order == ["PT1M", "PT2M", "PT5M", "PT9M"]


def test_a_timer_that_was_cancelled_does_not_fire(world: World) -> None:
    world.deploy(BOUNDARY)
    instance = world.start(wait="PT1H")
    world.complete("u")
    world.advance(days=1)
    assert world.open == []
    assert world.incidents == []
    assert world.status(instance) == "completed"


def test_firing_what_fired_or_was_cancelled_is_refused_with_when(world: World) -> None:
    world.deploy(BOUNDARY)
    fired, cancelled = world.start(wait="PT1H"), world.start(wait="PT9H")
    number = next(wait.id for wait in world.see(instances.state, fired.id).waits.values())
    world.complete("u") if world.user_task("u").instance_id == cancelled.id else None
    world.cancel(cancelled, "it was withdrawn")
    world.advance(hours=2)
    with pytest.raises(InvalidState, match=f"Expected to fire timer 1-{number}, but it fired at 10:00"):
        world.do(timers.fire, fired.id, number)
    with pytest.raises(InvalidState, match=f"Expected to fire timer 2-{number}, but it was cancelled at 09:00"):
        world.do(timers.fire, cancelled.id, number)
    with pytest.raises(InvalidState, match="Expected to fire timer 1-99, but it never was"):
        world.do(timers.fire, fired.id, 99)


def test_a_cycle_goes_by_when_it_was_due_and_not_by_when_it_fired(world: World) -> None:
    world.deploy(timer_start("timeCycle", "R3/PT1H"))
    world.clock.move(timedelta(minutes=90))
    world.rest()
    assert len(world.user_tasks()) == 1
    world.clock.move(timedelta(minutes=30))
    world.rest()
    assert len(world.user_tasks()) == 2
    world.clock.move(timedelta(days=9))
    world.rest()
    assert len(world.user_tasks()) == 3


def test_a_timer_starts_the_newest_version_only(world: World) -> None:
    world.deploy(timer_start("timeDate", "2026-03-05T09:00:00Z", after="old"))
    world.deploy(timer_start("timeDate", "2026-03-04T09:00:00Z", after="new"))
    world.advance(days=5)
    assert world.open == ["new"]
    [instance] = world.see(instances.search, InstanceQuery(definition_key="P"))
    assert instance.definition_id == "P:2"
    assert instance.started_at == datetime(2026, 3, 4, 9, tzinfo=UTC)


def test_a_new_version_without_its_timer_is_started_no_more(world: World) -> None:
    world.deploy(timer_start("timeCycle", "R/P1D"))
    world.deploy(process('<startEvent id="s"/><userTask id="u"/><endEvent id="e"/>', "s u e"))
    world.advance(days=3)
    assert world.open == []


def test_a_start_timer_that_reckons_with_variables_is_refused(world: World) -> None:
    with pytest.raises(InvalidDefinition, match="A start event can use no variables"):
        world.deploy(timer_start("timeDate", "${when}"))


def beside(cycle: str, more: str = "") -> str:
    """A user task, and a reminder that comes again and again while it is open."""
    event = (
        f'<boundaryEvent id="b" attachedToRef="u" cancelActivity="false">{more}<timerEventDefinition>'
        f"<timeCycle>{cycle}</timeCycle></timerEventDefinition></boundaryEvent>"
    )
    return process(
        f'<startEvent id="s"/><userTask id="u"/>{event}<userTask id="r"/><endEvent id="e"/><endEvent id="e2"/>',
        "s u e",
        "b r e2",
    )


EACH = (
    '<extensionElements><camunda:properties><camunda:property name="missedRounds" value="each"/>'
    "</camunda:properties></extensionElements>"
)


def test_rounds_that_were_missed_come_once_and_the_next_at_its_hour(world: World) -> None:
    world.deploy(beside("R/PT1H"))
    world.start()
    world.clock.move(timedelta(hours=5, minutes=20))
    world.rest()
    assert sorted(world.open) == ["r", "u"]
    world.clock.move(timedelta(minutes=39))
    world.rest()
    assert sorted(world.open) == ["r", "u"]
    world.clock.move(timedelta(minutes=1))
    world.rest()
    assert sorted(world.open) == ["r", "r", "u"]
    assert world.wrong() == []


def test_rounds_that_were_missed_count_among_those_that_are_wanted(world: World) -> None:
    world.deploy(beside("R5/PT1H"))
    world.start()
    world.clock.move(timedelta(hours=3))
    world.rest()
    world.advance(days=1)
    assert sorted(world.open) == ["r", "r", "r", "u"]


def test_a_diagram_may_want_each_of_the_rounds_that_were_missed(world: World) -> None:
    world.deploy(beside("R/PT1H", EACH))
    world.start()
    world.clock.move(timedelta(hours=3))
    world.rest()
    assert sorted(world.open) == ["r", "r", "r", "u"]
    with pytest.raises(InvalidDefinition, match=r"'some' does not say which missed rounds come\. Write one, or each\."):
        world.deploy(beside("R/PT1H", EACH.replace("each", "some")))


def test_a_start_timer_that_missed_rounds_starts_one_instance(world: World) -> None:
    world.deploy(timer_start("timeCycle", "R/P1D"))
    world.clock.move(timedelta(days=3, hours=2))
    world.rest()
    assert world.open == ["u"]
    world.advance(hours=22)
    assert world.open == ["u", "u"]


def test_one_timer_that_cannot_be_fired_holds_up_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.deploy(BOUNDARY)
    broken, sound = world.start(wait="PT1H"), world.start(wait="PT2H")
    execute = instances.execute

    def fail_for_one(tx: object, instance_id: int, command: object) -> object:
        if instance_id == broken.id:
            raise OSError("a defect of ours")
        return execute(tx, instance_id, command)  # type: ignore[arg-type]

    world.clock.move(timedelta(days=1))
    with monkeypatch.context() as patched:
        patched.setattr(instances, "execute", fail_for_one)
        assert timers.fire_due(world.engine) == 1
    assert [each.instance_id for each in world.user_tasks() if each.element_id == "late"] == [sound.id]
    assert timers.fire_due(world.engine) == 0
    world.clock.move(retry.PAUSE)
    assert timers.fire_due(world.engine) == 1


def broken_for(monkeypatch: pytest.MonkeyPatch, instance_id: int) -> None:
    """From now on every command to this instance fails for a reason that is not its own."""
    execute = instances.execute

    def fail(tx: object, each: int, command: object) -> object:
        if each == instance_id:
            raise OSError("a defect of ours")
        return execute(tx, each, command)  # type: ignore[arg-type]

    monkeypatch.setattr(instances, "execute", fail)


def test_a_timer_that_fails_again_and_again_becomes_an_incident_and_stays(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.deploy(BOUNDARY)
    instance = world.start(wait="PT1H")
    with monkeypatch.context() as patched:
        broken_for(patched, instance.id)
        world.advance(hours=2)
        [incident] = world.incidents
        assert (incident.kind, incident.element_id) == ("timer", "b")
        assert incident.message == "Expected it to go well, but it raised OSError."
        assert world.engine.next_due() is None
        world.advance(days=30)
    assert world.open == ["u"]
    assert world.wrong() == []
    world.retry(incident)
    world.rest()
    assert world.open == ["late"]
    assert world.incidents == []
    assert world.wrong() == []
    notes = [entry.command[0] for entry in world.see(journal.entries, instance.id) if entry.kind == "note"]
    assert notes == ["timer failed", "timer retried"]


@pytest.mark.parametrize("away", [Unavailable("there is no room"), OutcomeUnknown()])
def test_a_database_that_is_away_is_no_failure_of_a_timer(
    world: World, monkeypatch: pytest.MonkeyPatch, away: Exception
) -> None:
    world.deploy(BOUNDARY)
    world.start(wait="PT1H")
    world.clock.move(timedelta(hours=1))

    def fail(*_: object) -> None:
        raise away

    with monkeypatch.context() as patched:
        patched.setattr(instances, "execute", fail)
        for _ in range(retry.ATTEMPTS + 1):
            with pytest.raises(type(away)):
                timers.fire_due(world.engine)
    assert world.incidents == []
    assert timers.fire_due(world.engine) == 1
    assert world.open == ["late"]


def test_retrying_a_timer_whose_activity_has_ended_leaves_nothing_to_do(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.deploy(BOUNDARY)
    instance = world.start(wait="PT1H")
    with monkeypatch.context() as patched:
        broken_for(patched, instance.id)
        world.advance(hours=2)
    world.complete("u")
    [incident] = world.incidents
    world.retry(incident)
    world.rest()
    assert world.incidents == world.open == []


def test_a_start_timer_that_fails_is_seen_is_tried_again_and_keeps_its_hour(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.deploy(timer_start("timeCycle", "R/P1D"))
    launch = starts.launch
    with monkeypatch.context() as patched:
        patched.setattr(starts, "launch", lambda *_: 1 / 0)
        world.advance(days=1, hours=1)
        [failing] = world.see(starts.failing)
        assert (failing.definition_id, failing.element_id) == ("P:1", "s")
        assert failing.error == "ZeroDivisionError: division by zero"
        assert failing.attempts > retry.ATTEMPTS
    assert starts.launch is launch
    world.advance(minutes=5)
    assert world.open == ["u"]
    assert world.see(starts.failing) == []
    world.advance(hours=22, minutes=54)
    assert world.open == ["u"]
    world.advance(minutes=1)
    assert world.open == ["u", "u"]


def test_an_idle_tick_is_one_look_up(world: World) -> None:
    world.deploy(BOUNDARY)
    for _ in range(5):
        world.start(wait="P9D")
    with counting() as statements:
        assert timers.fire_due(world.engine) == 0
    assert len([each for each in statements if each.startswith("SELECT")]) == 1


@contextmanager
def counting() -> Iterator[list[str]]:
    """Every statement that any engine carries out meanwhile."""
    statements: list[str] = []

    def note(*given: Any) -> None:
        statements.append(given[2])

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
