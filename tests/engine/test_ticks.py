"""The ticks: what is due is done by itself, and one kind of work that fails stops no other."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from engine.engine import Engine
from engine.errors import Unavailable
from engine.work.ticks import poll, tick
from tests.engine.core.case import process
from tests.engine.world import World

TIMER = process(
    '<startEvent id="s"/><intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
    '</timerEventDefinition></intermediateCatchEvent><userTask id="u"/><endEvent id="e"/>',
    "s t u e",
)


def test_a_tick_fires_what_is_due(world: World) -> None:
    world.deploy(TIMER)
    world.start()
    tick(world.engine)
    assert world.open == []
    world.clock.move(timedelta(hours=1))
    tick(world.engine)
    assert world.open == ["u"]


def test_work_that_fails_stops_no_other_work(world: World) -> None:
    ticked = []

    def fail(_engine: Engine, _now: datetime) -> int:
        raise OSError("a defect")

    world.engine.on_tick(fail)
    world.engine.on_tick(lambda _engine, now: ticked.append(now))
    tick(world.engine)
    tick(world.engine)
    assert ticked == [world.clock.now()] * 2


def test_started_it_ticks_by_itself_and_stops_when_told(world: World) -> None:
    ticked = threading.Event()
    world.engine.on_tick(lambda _engine, _now: ticked.set())
    before = set(threading.enumerate())
    world.engine.start(threads=1)
    assert ticked.wait(timeout=30)
    world.engine.stop()
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=30)
        assert not thread.is_alive()


def test_who_only_polls_leaves_what_is_due_to_others(world: World) -> None:
    world.deploy(TIMER)
    world.start()
    world.clock.move(timedelta(hours=1))
    poll(world.engine)
    assert world.open == []


def test_it_stops_without_a_tick_that_does_not_end(world: World) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def hang(_engine: Engine, _now: datetime) -> None:
        begun.set()
        may_end.wait(timeout=30)

    world.engine.on_tick(hang)
    world.engine.start_ticks()
    assert begun.wait(timeout=30)
    assert not world.engine.stop(timedelta(seconds=0.01))
    may_end.set()


def test_a_database_that_is_away_is_told_in_a_line(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = threading.Event()

    def away(*_arguments: object) -> None:
        asked.set()
        raise Unavailable("Expected the database to answer, but it does not.")

    monkeypatch.setattr(world.engine, "read", away)
    world.engine.start_polls()
    assert asked.wait(timeout=30)
    assert world.engine.stop()
    record = next(record for record in caplog.records if record.name == "engine.work.ticks")
    assert record.exc_info is None
    assert "but it does not." in record.getMessage()
