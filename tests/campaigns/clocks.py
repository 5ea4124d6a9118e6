"""Sets the clock of all processes on and back by hours while they work, and kills one now and then.

Once through the engine's clock, and once through the machine's, as `pujiang serve` and everything in it sees that.
"""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial

from tests.campaigns import books, faking, office
from tests.campaigns.commands import Server
from tests.campaigns.kills import conclude, finish, prepare, replace, start
from tests.campaigns.missing import Missing
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
        jump(scene, crew, jumps, report)
        finish(scene, crew, report)
    report.figure("jumps", jumps)
    report.figure("seconds_under_load", time.monotonic() - began, "s")
    conclude(scene, report, books.CHECKS)
    return report


def jump(scene: Scene, crew: Crew, jumps: int, report: Report) -> None:
    """Somewhere else each time; in the end as far ahead as ever, so that nothing waits for the clock to catch up."""
    chance = scene.chance("clock")
    ahead = timedelta(0)
    for number in range(jumps):
        pause(chance.uniform(0.1, 0.8))
        wanted = chance.uniform(-1, 1) * FARTHEST
        scene.jump(wanted - ahead)
        ahead = wanted
        if number % 5 == 4:
            replace(crew, chance.choice(crew.names), report)
    scene.jump(FARTHEST + timedelta(minutes=5) - ahead)


def of_the_machine(scene: Scene, jumps: int) -> Report:
    """
    Raises:
        Missing: there is no libfaketime here.
    """
    library = faking.library()
    if library is None:
        raise Missing("no libfaketime here: apt-get install libfaketime runs this campaign")
    report = Report("machine_clocks")
    office.prepare(scene)
    fake = faking.FakeTime(library, scene.folder / "time")
    server = Server(scene, fake.environment)
    expected = office.EXPECTED | office.SIGNED_OUT
    office.drive(scene, server, partial(_set, scene, fake, jumps), report, expected)
    report.figure("jumps", jumps)
    return report


def _set(scene: Scene, fake: faking.FakeTime, jumps: int) -> None:
    """Not too often: the web server drops whoever was connected before a jump, as having been silent for so long."""
    chance = scene.chance("clock")
    for _ in range(jumps):
        pause(chance.uniform(5, 10))
        fake.set(chance.uniform(-1, 1) * FARTHEST)
    fake.set(FARTHEST + timedelta(minutes=5))
