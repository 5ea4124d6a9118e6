"""Kills workers and clients at random points while they work, and looks whether every case ends, with each effect once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from engine import deployments
from tests.campaigns import books, models, roles
from tests.campaigns.books import Books, Check
from tests.campaigns.ledger import DONE, REFUSED, UNAVAILABLE, UNKNOWN
from tests.campaigns.processes import Crew, run
from tests.campaigns.report import Report
from tests.campaigns.scene import Scene, pause, until

WORKERS, CLIENTS = 2, 3

FAILING = 0.1
"""Share of the runs of a handler that fail after their effect."""


def campaign(scene: Scene, kills: int) -> Report:
    report = Report("kills")
    prepare(scene)
    began = time.monotonic()
    with Crew() as crew:
        start(scene, crew)
        shoot(scene, crew, kills, report)
        finish(scene, crew, report)
    report.figure("kills", kills)
    report.figure("seconds_under_load", time.monotonic() - began, "s")
    conclude(scene, report, books.CHECKS)
    return report


def prepare(scene: Scene) -> None:
    engine = roles.open_engine(scene)
    engine.upgrade()
    engine.transact(lambda tx: deployments.deploy(tx, models.FILES))
    engine.stop()


def start(scene: Scene, crew: Crew) -> None:
    for number in range(WORKERS):
        crew.start(f"worker-{number}", roles.worker, scene, FAILING)
    for number in range(CLIENTS):
        crew.start(f"client-{number}", roles.client, scene, f"client-{number}")


def shoot(scene: Scene, crew: Crew, kills: int, report: Report) -> None:
    """Kill one after the other at random, and start each again at once."""
    chance = scene.chance("killer")
    for _ in range(kills):
        pause(chance.uniform(0.05, 0.5))
        replace(crew, chance.choice(crew.names), report)


def replace(crew: Crew, victim: str, report: Report) -> None:
    """Kill one who has to be at work until then, and start it again."""
    if not crew.is_alive(victim):
        report.blame([f"{victim} had ended by itself before it was killed"])
    crew.kill(victim)
    crew.restart(victim)


def finish(scene: Scene, crew: Crew, report: Report) -> None:
    """Let clients end what they are at, and workers what is due: those that are there must be enough for it."""
    scene.stop.touch()
    for name in crew.names:
        if name.startswith("client") and crew.wait(name, 90) != 0:
            report.blame([f"{name} did not end by itself"])
    left = books.due(scene)
    for _ in until(60):
        left = books.due(scene)
        if not left:
            return
    report.blame([f"expected the workers to do what is due, but after a minute {left} jobs and timers are left"])


def conclude(scene: Scene, report: Report, checks: Sequence[Check]) -> None:
    """Bring everything to its end, and look."""
    if run(roles.closing, scene) != 0:
        report.blame(["what was left could not be brought to its end"])
    found = books.read(scene)
    for check in checks:
        report.blame(check(found))
    report.blame(books.unverified(scene))
    count(scene, found, report)


def count(scene: Scene, found: Books, report: Report) -> None:
    told = Counter((told.verb, told.outcome) for told in found.told.values())
    report.figure("cases", len(found.instances))
    report.figure("journal_entries", len(found.entries))
    report.figure("commands_done", sum(told[key] for key in told if key[1] == DONE))
    report.figure("commands_refused", sum(told[key] for key in told if key[1] == REFUSED))
    report.figure("commands_unavailable", sum(told[key] for key in told if key[1] == UNAVAILABLE))
    report.figure("commands_cut_off", sum(told[key] for key in told if key[1] == UNKNOWN))
    runs = Counter(run.split()[0] for run in found.runs)
    report.figure("jobs", len(runs))
    report.figure("errors_logged", scene.logged())
    report.figure("jobs_run_again", sum(1 for times in runs.values() if times > 1))
