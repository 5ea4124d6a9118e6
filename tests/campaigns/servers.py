"""Kills PostgreSQL itself under load: SIGKILL to the postmaster, or an immediate stop; and starts it again."""

from __future__ import annotations

import signal
import time
from dataclasses import replace

from tests.campaigns import books, postgres
from tests.campaigns.kills import conclude, finish, prepare, start
from tests.campaigns.processes import Crew
from tests.campaigns.report import Report
from tests.campaigns.scene import Scene, pause


def campaign(scene: Scene, kills: int) -> Report:
    report = Report("servers")
    with postgres.server() as server:
        scene = replace(scene, url=server.url)
        prepare(scene)
        began = time.monotonic()
        with Crew() as crew:
            start(scene, crew)
            shoot(scene, server, kills)
            finish(scene, crew, report)
        report.figure("kills", kills)
        report.figure("seconds_under_load", time.monotonic() - began, "s")
        conclude(scene, report, books.THROUGH_OUTAGES)
    return report


def shoot(scene: Scene, server: postgres.Server, kills: int) -> None:
    """Now and then it is away for a while, as where a machine has to start again."""
    chance = scene.chance("killer")
    for _ in range(kills):
        pause(chance.uniform(0.3, 2))
        server.end(chance.choice((signal.SIGKILL, signal.SIGQUIT, signal.SIGINT)))
        pause(chance.choice((0, 0, 0.5, 2)))
        server.start()
    pause(1)
