"""Repairs in the shell: what is written, who may, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine import instances, journal, modification
from engine.core.commands import CancelElement, StartAfter, StartBefore, StartOn, WriteVariables
from engine.errors import InvalidChange, InvalidInput, InvalidState, InvalidVariables, NotPermitted
from tests.engine.core.case import END, MESSAGE, START, boundary, event_subprocess, process, timer
from tests.engine.world import BEN, World

BODY = (
    START
    + '<parallelGateway id="f"/><userTask id="a" camunda:candidateGroups="clerks"/><userTask id="b"/>'
    + '<parallelGateway id="j"/><userTask id="z"/>'
    + '<userTask id="many"><multiInstanceLoopCharacteristics camunda:collection="${them}"/></userTask>'
    + boundary("late", "a", timer("PT1H"))
    + END
    + event_subprocess("off", MESSAGE, '<userTask id="wait"/><endEvent id="oe"/>', "off_s wait oe")
)
DRAWN = process(BODY, "s f a j z many e", "f b j", "late e")


def test_everything_that_a_repair_writes_fits_its_history(world: World) -> None:
    world.deploy(DRAWN)
    instance = world.start(them=[1])
    world.complete("b")
    world.do(modification.modify, instance.id, [CancelElement("j"), StartOn("b-j"), StartBefore("a")], "wrong branch")
    assert world.open == ["a", "a"]
    world.message("m")
    world.do(modification.modify, instance.id, [CancelElement("off"), StartAfter("z")], "too early")
    (body,) = [each for each in world.user_tasks() if each.element_id == "many"]
    scope = world.see(instances.state, instance.id).tokens[body.token_id].scope_id
    world.do(modification.modify, instance.id, [StartBefore("many", scope)], "one more")
    assert world.open == ["many", "many"]
    assert world.wrong() == []
    world.complete("many")
    world.complete("many")
    assert world.status(instance) == "completed"
    assert world.wrong() == []


def test_the_instructions_and_the_reason_are_in_the_journal(world: World) -> None:
    world.deploy(DRAWN)
    instance = world.start(them=[])
    wanted = [CancelElement("a"), StartBefore("z", variables={"n": 1}), WriteVariables(1, {"k": 2})]
    world.do(modification.modify, instance.id, wanted, " the branch was wrong ", by=BEN)
    entry = world.see(journal.entries, instance.id)[-1]
    assert entry.actor == "ben"
    assert entry.command == (
        "ModifyInstance",
        {
            "instructions": [
                ["CancelElement", {"element_id": "a"}],
                ["StartBefore", {"element_id": "z", "scope_id": None, "variables": {"n": 1}}],
                ["WriteVariables", {"id": 1, "variables": {"k": 2}}],
            ],
            "reason": "the branch was wrong",
        },
    )


def test_what_is_refused_changes_nothing(world: World) -> None:
    world.deploy(DRAWN)
    instance = world.start(them=[])
    entries = world.see(journal.entries, instance.id)
    for wanted, reason, error in (
        ([StartBefore("z"), StartBefore("nowhere")], "why", InvalidChange),
        ([StartBefore("z")], " ", InvalidInput),
        ([StartBefore("z", variables={"n": {1, 2}})], "why", InvalidVariables),
    ):
        with pytest.raises(error):
            world.do(modification.modify, instance.id, wanted, reason)
    assert world.see(journal.entries, instance.id) == entries
    world.cancel(instance, "withdrawn")
    with pytest.raises(InvalidState, match="was cancelled"):
        world.do(modification.modify, instance.id, [StartBefore("z")], "why")


def test_who_repairs_is_asked(make_world: Callable[..., World]) -> None:
    world = make_world(authorise=lambda actor, action, target: actor != BEN)
    world.deploy(DRAWN)
    instance = world.start(them=[])
    with pytest.raises(NotPermitted, match="modify"):
        world.do(modification.modify, instance.id, [StartBefore("z")], "why", by=BEN)
