"""The diagrams of the load, and the handler of their jobs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from tests.campaigns.scene import Scene, pause
from tests.engine.core.case import SIGNAL, SIGNAL_H, boundary, diagram, event, event_subprocess, process, timer

EFFECT = "effect"
"""The topic of every job."""


class LetterBoxShutError(OSError):
    """What a run of a handler that fails raises. An incident tells no more of it than this name."""


ROUNDS = 20
"""User tasks of a ``crowd``."""

_MESSAGES = "".join(f'<message id="msg_{name}" name="{name}"/>' for name in ("go", "report", "withdraw"))
_CYCLE = "<timerEventDefinition><timeCycle>R3/PT10S</timeCycle></timerEventDefinition>"


def _message(name: str) -> str:
    return f'<messageEventDefinition messageRef="msg_{name}"/>'


def _user_task(name: str) -> str:
    return f'<userTask id="{name}" camunda:candidateGroups="clerks"/>'


def _job(name: str) -> str:
    return f'<serviceTask id="{name}" camunda:type="external" camunda:topic="{EFFECT}"/>'


def _count(name: str, variable: str, attributes: str = "") -> str:
    return f'<scriptTask id="{name}" {attributes}><script>{variable} = {variable} + 1</script></scriptTask>'


_LIFE = process(
    '<startEvent id="s"/><parallelGateway id="f"/>'
    + (_user_task("a") + _job("ja") + _count("xa", "n", 'camunda:asyncBefore="true"'))
    + (event("intermediateCatchEvent", "w", timer("PT20S")) + _count("xw", "n"))
    + ('<receiveTask id="r" messageRef="msg_go"/>' + _count("xr", "n", 'camunda:asyncAfter="true"'))
    + '<parallelGateway id="join"/>'
    + event("intermediateThrowEvent", "rep", _message("report"))
    + _user_task("b")
    + boundary("late", "b", _CYCLE, interrupting=False)
    + (_count("xl", "late") + _job("jb"))
    + event("intermediateThrowEvent", "ring", SIGNAL, 'camunda:asyncBefore="true"')
    + '<endEvent id="e"/><endEvent id="e2"/>'
    + event_subprocess("away", _message("withdraw"), '<endEvent id="e3"/>', "away_s e3"),
    "s f a ja xa join rep b jb ring e",
    "f w xw join",
    "f r xr join",
    "late xl e2",
    key="life",
)
_REPORT = process(
    event("startEvent", "s", _message("report")) + _job("j") + _user_task("c") + '<endEvent id="e"/>',
    "s j c e",
    key="report",
)
_BELL = process(event("startEvent", "s", SIGNAL) + _job("j") + '<endEvent id="e"/>', "s j e", key="bell")

_CROWD = process(
    '<startEvent id="s"/>'
    + (_user_task("u") + _count("x", "n"))
    + '<exclusiveGateway id="g" default="g-e"/><endEvent id="e"/>'
    + event_subprocess(
        "more", _message("go"), _count("y", "m") + '<endEvent id="e2"/>', "more_s y e2", interrupting=False
    )
    + event_subprocess("away", _message("withdraw"), '<endEvent id="e3"/>', "away_s e3"),
    "s u x g u",
    "g e",
    key="crowd",
    conditions={"g-u": f"n &lt; {ROUNDS}"},
)

_EAR = process(
    '<startEvent id="s"/>' + event("intermediateCatchEvent", "c", SIGNAL_H) + '<endEvent id="e"/>', "s c e", key="ear"
)
_SINGLE = process('<startEvent id="s"/>' + _job("j") + '<endEvent id="e"/>', "s j e", key="single")

_DRAWN = {"life": _LIFE, "report": _REPORT, "bell": _BELL, "crowd": _CROWD, "single": _SINGLE, "ear": _EAR}
FILES: Mapping[str, bytes] = {f"{name}.bpmn": diagram(_MESSAGES, drawn) for name, drawn in _DRAWN.items()}
"""What is deployed before the load begins.

``life`` waits for a person, a timer and a message at once, and stops in between to be taken on; then it throws a message that starts one ``report``, waits
for a person while a cycle of three timers runs, and throws a signal that starts one ``bell``. Each has jobs.
``crowd`` has one user task after the other, and takes messages beside them. ``single`` is a job and nothing else,
``ear`` waits for a signal.
"""

START: Mapping[str, Any] = {"n": 0, "late": 0, "m": 0}


def handlers(scene: Scene, failing: float = 0.0) -> dict[str, Callable[..., Any]]:
    """One handler that writes down that it ran and takes its time; a share of its runs fails after the effect."""
    chance = scene.chance(f"handler {os.getpid()}")

    def effect(*, job_id: str) -> dict[str, Any]:
        run = f"{job_id} {os.getpid()} {os.urandom(4).hex()}"
        with scene.effects.open("a", encoding="ascii") as file:
            file.write(f"{run}\n")
        pause(chance.choice((0, 0, 0.005, 0.05)))
        if chance.random() < failing:
            raise LetterBoxShutError
        return {"effect": run}

    return {EFFECT: effect}
