"""Two hosts and a third: workers, cut off from their database under load, and healed after their leases ran out.

The cut is silent, as where a cable is pulled behind a switch: neither end is told, and what was open stays half open.
"""

from __future__ import annotations

import signal
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from engine import instances, user_tasks
from engine.engine import Engine
from engine.errors import Unavailable
from engine.store.database import Transaction
from engine.user_tasks import UserTask, UserTaskQuery
from tests.campaigns import books, roles
from tests.campaigns.kills import CLIENTS, FAILING, conclude, finish, prepare
from tests.campaigns.networks import Host, Line, hosts, there
from tests.campaigns.postgres import Server
from tests.campaigns.processes import Crew
from tests.campaigns.report import Report
from tests.campaigns.scene import Scene, pause, until

FREED = 45
"""Seconds after which nobody may any more be kept from a case by a host that was cut off in the middle of a command."""


def campaign(scene: Scene, cuts: int) -> Report:
    report = Report("partitions")
    with tempfile.TemporaryDirectory(prefix="campaign-postgresql-") as folder, hosts("database", "worker") as both:
        data = Path(folder) / "data"
        data.mkdir()
        near, far = Line(both[0], None), Line(both[0], both[1])
        server = Server(data, host="0.0.0.0", prefix=both[0].prefix)
        server.start()
        try:
            here, there_ = (replace(scene, url=server.url.replace("0.0.0.0", line.a)) for line in (near, far))
            prepare(here)
            _campaign(here, there_, both[1], far, cuts, report)
        finally:
            server.end(signal.SIGINT)
    return report


def _campaign(here: Scene, far: Scene, host: Host, line: Line, cuts: int, report: Report) -> None:
    began = time.monotonic()
    with Crew() as crew:
        crew.start("worker-here", roles.worker, here, FAILING)
        for number in range(2):
            crew.start(f"worker-there-{number}", there, host, roles.worker, far, FAILING)
        crew.start("client-there", there, host, roles.client, far, "client-there")
        for number in range(CLIENTS - 1):
            crew.start(f"client-{number}", roles.client, here, f"client-{number}")
        _cut_and_heal(here, line, cuts)
        _work_again(here, crew, report)
        finish(here, crew, report)
        _half_open(here, far, host, line, crew, report)
    report.figure("cuts", cuts)
    report.figure("seconds_under_load", time.monotonic() - began, "s")
    conclude(here, report, books.THROUGH_OUTAGES)


def _cut_and_heal(scene: Scene, line: Line, cuts: int) -> None:
    """At times for longer than a lease, at times for longer than either end keeps a dead connection."""
    chance = scene.chance("cut")
    for _ in range(cuts):
        pause(chance.uniform(0.5, 2))
        line.cut()
        pause(chance.choice((0.5, 5, scene.longest)))
        line.heal()


def _work_again(scene: Scene, crew: Crew, report: Report) -> None:
    """Workers that were cut off find back by themselves."""
    began, before = time.monotonic(), len(_runs(scene))
    for name in ("worker-there-0", "worker-there-1"):
        pid = str(crew.pid(name))
        if not any(pid in _runs(scene)[before:] for _ in until(60)):
            report.blame([f"expected {name} to run jobs again within a minute after the line was healed"])
    report.figure("workers_back_after", time.monotonic() - began, "s")


def _runs(scene: Scene) -> list[str]:
    """The process that ran each job, in order."""
    return [line.split()[1] for line in scene.effects.read_text("ascii").splitlines()]


def _half_open(here: Scene, far: Scene, host: Host, line: Line, crew: Crew, report: Report) -> None:
    """A host is cut off while it holds a case: how long others are kept from it."""
    engine = roles.open_engine(here)
    engine.transact(lambda tx: instances.start(tx, "crowd", business_key="half open", variables={"n": 0, "m": 0}))
    (task,) = engine.read(partial(user_tasks.find, query=UserTaskQuery(business_key="half open")))
    crew.start("holder", there, host, hold, far, task.instance_id)
    if not any((here.folder / "held").exists() for _ in until(30)):
        report.blame(["expected a host to hold the case, but it does not"])
    line.cut()
    report.figure("half_open_freed_after", _freed(engine, task), "s")
    if report.figures["half_open_freed_after"][0] > FREED:
        report.blame([f"a case was kept from others for more than {FREED} s by a host that was cut off"])
    line.heal()
    crew.kill("holder")
    engine.transact(lambda tx: instances.cancel(tx, task.instance_id, "it was only tried"))
    engine.stop()


def _freed(engine: Engine, task: UserTask) -> float:
    began = time.monotonic()
    for _ in until(3 * FREED):
        try:
            engine.transact(lambda tx: user_tasks.claim(tx, task.id))
            break
        except Unavailable:
            continue
    return time.monotonic() - began


def hold(scene: Scene, instance_id: int) -> None:
    """Begin a command on a case, and come to no end."""
    scene.log_here("holder")

    def work(tx: Transaction) -> None:
        instances.lock(tx, instance_id)
        (scene.folder / "held").touch()
        pause(600)

    roles.open_engine(scene).transact(work)
