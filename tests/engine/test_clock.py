"""The clock: one offset for all who share the database, and a way forward that leaves nothing out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from engine import clock, leases
from engine.clock import Clock, FixedClock
from engine.engine import Engine
from engine.errors import InvalidInput, InvalidState, NotPermitted
from engine.work import runner
from tests.engine.core.case import flows, process
from tests.engine.world import World

CHAIN = (
    '<startEvent id="s"/>'
    + "".join(
        f'<intermediateCatchEvent id="t{n}"><timerEventDefinition><timeDuration>P1D</timeDuration>'
        f'</timerEventDefinition></intermediateCatchEvent><scriptTask id="l{n}"><script>log(n)</script></scriptTask>'
        for n in (1, 2)
    )
    + '<userTask id="u"/><endEvent id="e"/>'
)


def test_the_real_clock_goes_with_the_world() -> None:
    before = datetime.now(UTC)
    assert before <= Clock().now() <= datetime.now(UTC)


def test_advancing_stops_at_every_due_time(make_world: Callable[..., World]) -> None:
    moments: list[datetime] = []
    world = make_world(functions={"log": lambda _: moments.append(world.clock.now())})
    world.deploy(process(CHAIN, "s t1 l1 t2 l2 u e"))
    began = world.clock.now()
    world.start(n=1)
    world.advance(days=20)
    assert moments == [began + timedelta(days=1), began + timedelta(days=2)]
    assert world.open == ["u"]
    assert world.clock.now() == began + timedelta(days=20)


def test_what_others_hooked_in_is_done_at_its_time_too(world: World) -> None:
    due = [world.clock.now() + timedelta(days=day) for day in (3, 1, 2)]
    seen: list[datetime] = []

    def run(_engine: Engine, now: datetime) -> int:
        ripe = [moment for moment in due if moment <= now]
        seen.extend(now for _ in ripe)
        for moment in ripe:
            due.remove(moment)
        return len(ripe)

    world.engine.on_tick(run, lambda tx: min(due, default=None))
    expected = sorted(due)
    world.advance(days=9)
    assert seen == expected


def test_the_offset_outlives_the_process_and_reaches_others(make_world: Callable[..., World]) -> None:
    first, second = make_world(), make_world()
    second.engine.clock = FixedClock(first.clock.moment)
    first.advance(days=3)
    assert second.engine.clock.offset == timedelta(0)
    clock.refresh(second.engine)
    assert second.engine.clock.now() == first.engine.clock.now()


@pytest.mark.parametrize("delta", [timedelta(seconds=-1), timedelta(days=40_000)])
def test_the_clock_goes_forward_within_reason_only(world: World, delta: timedelta) -> None:
    with pytest.raises(InvalidInput, match="move the clock on by 0 to 36525 days"):
        clock.advance(world.engine, delta)


def test_only_who_may_moves_it(make_world: Callable[..., World]) -> None:
    world = make_world(authorise=lambda actor, action, target: (action, target) != ("move", "clock"))
    with pytest.raises(NotPermitted, match="may move clock"):
        world.advance(days=1)


def test_moving_it_waits_for_what_threads_are_at(make_world: Callable[..., World]) -> None:
    ran: list[str] = []
    world = make_world(handlers={"send": lambda *, job_id: ran.append(job_id)})
    send = '<serviceTask id="j" camunda:type="external" camunda:topic="send"/>'
    wait = (
        '<intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>P1D</timeDuration>'
        "</timerEventDefinition></intermediateCatchEvent>"
    )
    world.deploy(process(f'<startEvent id="s"/>{wait}{send}<userTask id="u"/><endEvent id="e"/>', "s t j u e"))
    for number in range(20):
        world.start(business_key=str(number))
    world.engine.start(threads=3)
    world.advance(days=2)
    assert world.open == ["u"] * 20
    assert len(ran) == len(set(ran)) == 20


def test_a_timer_that_can_never_be_fired_does_not_stop_the_clock(world: World) -> None:
    def timer(when: str) -> str:
        return f"<timerEventDefinition>{when}</timerEventDefinition>"

    unusable = (
        '<subProcess id="es" triggeredByEvent="true"><startEvent id="es_s">'
        f'{timer("<timeDate>${missing}</timeDate>")}</startEvent><endEvent id="x"/>{flows("es_s x")}</subProcess>'
    )
    daily = timer("<timeCycle>R/P1D</timeCycle>")
    world.deploy(process(f'<startEvent id="s">{daily}</startEvent><userTask id="u"/>{unusable}', "s u"))
    before = world.clock.now()
    world.advance(days=2)
    assert world.clock.now() == before + timedelta(days=2)
    assert world.open == []


def test_time_does_not_pass_over_a_job_that_somebody_is_at(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(handlers={"send": lambda *, job_id: {}})
    send = '<serviceTask id="j" camunda:type="external" camunda:topic="send"/>'
    world.deploy(process(f'<startEvent id="s"/>{send}<userTask id="u"/>', "s j u"))
    instance = world.start()
    claimed = world.engine.transact(lambda tx: runner.claim(tx, world.clock.now(), 1))
    assert len(claimed) == 1
    monkeypatch.setattr(clock, "PATIENCE", timedelta(0))
    before = world.clock.now()
    with pytest.raises(InvalidState, match=rf"waits for job {instance.id}-\d+ \(send\), held until 09:01:00 UTC"):
        world.advance(days=1)
    assert world.clock.now() == before
    world.clock.move(leases.LEASE)
    world.advance(days=1)
    assert world.open == ["u"]


def test_what_has_fired_does_not_fire_again_when_the_clock_goes_back(world: World) -> None:
    remind = (
        '<boundaryEvent id="b" attachedToRef="u" cancelActivity="false"><timerEventDefinition>'
        "<timeCycle>R/PT1H</timeCycle></timerEventDefinition></boundaryEvent>"
    )
    body = f'<startEvent id="s"/><userTask id="u"/>{remind}<userTask id="r"/><endEvent id="e"/><endEvent id="e2"/>'
    world.deploy(process(body, "s u e", "b r e2"))
    world.start()
    world.clock.move(timedelta(hours=1))
    world.rest()
    assert sorted(world.open) == ["r", "u"]
    world.clock.move(timedelta(hours=-3))
    world.rest()
    world.clock.move(timedelta(hours=3, minutes=59))
    world.rest()
    assert sorted(world.open) == ["r", "u"]
    world.clock.move(timedelta(minutes=1))
    world.rest()
    assert sorted(world.open) == ["r", "r", "u"]
    assert world.wrong() == []


def test_a_lease_of_one_that_died_ends_soon_although_the_clock_was_set_back(make_world: Callable[..., World]) -> None:
    ran: list[str] = []
    world = make_world(handlers={"send": lambda *, job_id: ran.append(job_id)})
    send = '<serviceTask id="j" camunda:type="external" camunda:topic="send"/>'
    world.deploy(process(f'<startEvent id="s"/>{send}<userTask id="u"/>', "s j u"))
    world.start()
    assert len(world.engine.transact(lambda tx: runner.claim(tx, world.clock.now(), 1))) == 1
    world.clock.move(timedelta(days=-1))
    world.rest()
    assert ran == []
    world.clock.move(leases.LEASE)
    world.rest()
    assert len(ran) == 1
    assert world.open == ["u"]
    assert world.wrong() == []


def test_what_was_put_off_or_is_to_be_delivered_is_there_still_when_the_clock_goes_back(world: World) -> None:
    throw = '<endEvent id="e"><messageEventDefinition messageRef="msg_m"/></endEvent>'
    world.deploy(process(f'<startEvent id="s"/>{throw}', "s e", key="T"), process(RECEIVE, "s2 r u", key="R"))
    world.start("T")
    world.clock.move(timedelta(hours=-5))
    world.rest()
    world.start("R")
    world.clock.move(timedelta(hours=5))
    world.rest()
    assert world.open == ["u"]
    assert world.incidents == []
    assert world.wrong() == []


RECEIVE = '<startEvent id="s2"/><receiveTask id="r" messageRef="msg_m"/><userTask id="u"/>'
