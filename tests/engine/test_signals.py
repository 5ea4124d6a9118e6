"""Signals: handed to everyone who waits, each in a transaction of its own."""

from __future__ import annotations

import pytest

from engine import signals
from engine.errors import InvalidVariables
from tests.engine.core.case import diagram, process
from tests.engine.world import World

CATCH = '<intermediateCatchEvent id="c"><signalEventDefinition signalRef="sig_g"/></intermediateCatchEvent>'
CATCHER = process(f'<startEvent id="s"/>{CATCH}<userTask id="u"/><endEvent id="e"/>', "s c u e", key="C")
THROW = '<intermediateThrowEvent id="t"><signalEventDefinition signalRef="sig_g"/></intermediateThrowEvent>'


def test_a_signal_reaches_everyone_who_waits_for_it(world: World) -> None:
    world.deploy(CATCHER)
    caught = [world.start("C", business_key=key) for key in ("a", "b")]
    assert world.do(signals.broadcast, "g", {"news": 1}) == 2
    world.rest()
    assert [each.business_key for each in world.user_tasks()] == ["a", "b"]
    assert [world.variables(each) for each in caught] == [{"news": 1}, {"news": 1}]
    assert world.wrong() == []


def test_a_signal_that_nobody_waits_for_is_no_error(world: World) -> None:
    assert world.do(signals.broadcast, "g") == 0
    with pytest.raises(InvalidVariables):
        world.do(signals.broadcast, "g", {"bad": object()})


def test_a_thrown_signal_reaches_others_and_its_own_instance(world: World) -> None:
    both = process(
        f'<startEvent id="s"/><parallelGateway id="g"/>{CATCH}{THROW}<parallelGateway id="j"/><endEvent id="e"/>',
        "s g c j e",
        "g t j",
    )
    world.deploy(c_bpmn=diagram(CATCHER), p_bpmn=diagram(both))
    world.start("C", business_key="other")
    own = world.start("P")
    world.rest()
    assert world.status(own) == "completed"
    assert world.open == ["u"]


def test_one_that_ended_before_the_signal_came_is_left_in_peace(world: World) -> None:
    world.deploy(CATCHER)
    instance = world.start("C")
    world.do(signals.broadcast, "g")
    world.cancel(instance, "it was withdrawn")
    world.advance(days=1)
    assert world.incidents == []
    assert world.status(instance) == "cancelled"
