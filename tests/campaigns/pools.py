"""Takes every connection that PostgreSQL has under load, throws everybody else out, and gives them back."""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress
from dataclasses import replace

import psycopg

from tests.campaigns import books, postgres
from tests.campaigns.kills import conclude, finish, prepare, start
from tests.campaigns.ledger import UNAVAILABLE, read
from tests.campaigns.processes import Crew
from tests.campaigns.report import Report
from tests.campaigns.scene import Scene, pause

CONNECTIONS = 40


def campaign(scene: Scene, times: int) -> Report:
    report = Report("pools")
    # Those that are kept back for whoever looks after the server would be taken too, for the campaign is that.
    settings = {"max_connections": str(CONNECTIONS), "superuser_reserved_connections": "1"}
    with postgres.server(settings) as server:
        scene = replace(scene, url=server.url)
        prepare(scene)
        began = time.monotonic()
        with Crew() as crew:
            start(scene, crew)
            for _ in range(times):
                exhaust(scene, server)
            finish(scene, crew, report)
        report.figure("times_full", times)
        report.figure("seconds_under_load", time.monotonic() - began, "s")
        conclude(scene, report, books.THROUGH_OUTAGES)
    told = [each for each in read(scene.ledgers()).values() if each.outcome == UNAVAILABLE]
    if not told:
        report.blame(["expected somebody to be told that there is no connection, but nobody was"])
    return report


def exhaust(scene: Scene, server: postgres.Server) -> None:
    """Wherever one is free it is taken, until nobody else has any; for some seconds."""
    chance = scene.chance("connections")
    address = server.url.replace("+psycopg", "")
    pause(chance.uniform(0.5, 2))
    with ExitStack() as held:
        ours = held.enter_context(psycopg.connect(address, autocommit=True))
        end = time.monotonic() + chance.uniform(2, 15)
        while time.monotonic() < end:
            ours.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pujiang'")
            with suppress(psycopg.OperationalError):
                while True:
                    held.enter_context(psycopg.connect(address))
            pause(0.05)
