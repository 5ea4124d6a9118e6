"""Sets the clock of all processes on and back by hours while they work, and kills one now and then."""

from __future__ import annotations

import time
from datetime import timedelta

from tests.campaigns import books
from tests.campaigns.kills import conclude, finish, prepare, start
from tests.campaigns.processes import Crew
from tests.campaigns.report import Report
from tests.campaigns.scene import Scene, pause

FARTHEST = timedelta(hours=2)


def campaign(scene: Scene, jumps: int) -> Report:
    report = Report("clocks")
    prepare(scene)
    began = time.monotonic()
    with Crew() as crew:
        start(scene, crew)
        jump(scene, crew, jumps)
        finish(scene, crew, report)
    report.figure("jumps", jumps)
    report.figure("seconds_under_load", time.monotonic() - began, "s")
    conclude(scene, report, books.CHECKS)
    return report


def jump(scene: Scene, crew: Crew, jumps: int) -> None:
    """Somewhere else each time; in the end as far ahead as ever, so that nothing waits for the clock to catch up."""
    chance = scene.chance("clock")
    ahead = timedelta(0)
    for number in range(jumps):
        pause(chance.uniform(0.1, 0.8))
        wanted = chance.uniform(-1, 1) * FARTHEST
        scene.jump(wanted - ahead)
        ahead = wanted
        if number % 5 == 4:
            victim = chance.choice(crew.names)
            crew.kill(victim)
            crew.restart(victim)
    scene.jump(FARTHEST + timedelta(minutes=5) - ahead)
