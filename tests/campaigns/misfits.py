"""Handlers that hang, kill their process or always fail, among thousands that do their work: do they hold others up?"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from engine import instances
from engine.engine import Engine
from engine.store.database import Transaction
from tests.campaigns import books, models
from tests.campaigns.kills import conclude, prepare
from tests.campaigns.processes import Crew, ends_with_parent
from tests.campaigns.report import Report
from tests.campaigns.scene import Scene, pause, until

KINDS = ("hang", "kill", "fail")
MISFITS = 3
"""Of each kind, among a hundred others or more; else one."""

WORKERS, THREADS = 2, 2
TIME_LIMIT = timedelta(seconds=2)
"""An attempt may not take longer, in the real world's time."""

SLOWER = 3.0
"""How many times as long the others may take where there are misfits."""

SPARE = 30
"""Seconds on top of that: what a process that was killed had claimed waits for its lease."""


def campaign(scene: Scene, jobs: int) -> Report:
    report = Report("misfits")
    prepare(scene)
    with Crew() as crew:
        alone = _timed(scene, crew, "quiet", jobs, report)
        for name in crew.names:
            crew.kill(name)
        misfits = MISFITS if jobs >= 100 else 1
        _start(scene, [f"{kind} {number}" for kind in KINDS for number in range(misfits)])
        beside = _timed(scene, crew, "beside", jobs, report)
        _wait(scene, crew, lambda: len(_incidents(scene)) >= len(KINDS) * misfits, 120)
    report.figure("jobs_per_second_alone", jobs / alone, "1/s")
    report.figure("jobs_per_second_beside_misfits", jobs / beside, "1/s")
    if beside > SLOWER * alone + SPARE:
        report.blame([f"{jobs} jobs took {alone:.1f} s alone, and {beside:.1f} s beside misfits"])
    report.blame(_called(scene, misfits))
    conclude(scene, report, [check for check in books.CHECKS if check is not books.blamed])
    return report


def _timed(scene: Scene, crew: Crew, kind: str, jobs: int, report: Report) -> float:
    """Seconds until so many plain jobs are done by workers that are started for them."""
    _start(scene, [f"{kind} {number}" for number in range(jobs)])
    began = time.monotonic()
    for number in range(WORKERS):
        crew.start(f"{kind}-{number}", worker, scene)
    if not _wait(scene, crew, lambda: _done(scene, kind) == jobs, 60 + jobs / 10):
        report.blame([f"expected {jobs} jobs to be done, but only {_done(scene, kind)} are"])
    return time.monotonic() - began


def _start(scene: Scene, keys: list[str]) -> None:
    """Cases with a job each, a hundred in a transaction."""
    engine = Engine(scene.url, clock=scene.clock)
    for place in range(0, len(keys), 100):

        def work(tx: Transaction, some: list[str] = keys[place : place + 100]) -> None:
            for key in some:
                instances.start(tx, "single", business_key=key)

        engine.transact(work)
    engine.stop()


def _wait(scene: Scene, crew: Crew, is_over: Callable[[], bool], seconds: float) -> bool:
    """Until it is over; whoever was killed is started again, as a service manager would."""
    for _ in until(seconds):
        for name in crew.names:
            if not crew.is_alive(name):
                crew.kill(name)
                crew.restart(name)
        if is_over():
            return True
        pause(0.1)
    return False


def worker(scene: Scene) -> None:
    orphaned = ends_with_parent()
    scene.log_here(f"worker-{os.getpid()}")
    engine = Engine(scene.url, clock=scene.clock, handlers={models.EFFECT: _handler(scene)}, time_limit=TIME_LIMIT)
    engine.start(threads=THREADS)
    while not orphaned():
        pause(0.2)


def _handler(scene: Scene) -> Callable[..., Any]:
    plain = models.handlers(scene)[models.EFFECT]

    def effect(*, job_id: str, business_key: str) -> dict[str, Any]:
        kind = business_key.partition(" ")[0]
        if kind == "hang":
            threading.Event().wait()
        if kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if kind == "fail":
            raise models.LetterBoxShutError
        return dict(plain(job_id=job_id))

    return effect


def _done(scene: Scene, kind: str) -> int:
    return int(
        _ask(
            scene,
            "SELECT count(*) FROM process_instances WHERE status = 'completed' AND business_key LIKE :like",
            like=f"{kind} %",
        )[0][0]
    )


def _incidents(scene: Scene) -> list[tuple[str, str]]:
    """Business key and message of each."""
    found = _ask(
        scene, "SELECT p.business_key, i.message FROM incidents i JOIN process_instances p ON p.id = i.instance_id"
    )
    return [(str(key), str(message)) for key, message in found]


def _ask(scene: Scene, sql: str, **values: str) -> list[Any]:
    database = sa.create_engine(scene.url)
    with database.connect() as connection:
        found = list(connection.execute(sa.text(sql), values))
    database.dispose()
    return found


def _called(scene: Scene, misfits: int) -> Iterator[str]:
    """A person is called for every misfit, and for nobody else."""
    called = Counter(key.partition(" ")[0] for key, _ in _incidents(scene))
    for kind in KINDS:
        if called[kind] != misfits:
            left = _ask(
                scene,
                "SELECT j.* FROM jobs j JOIN process_instances p ON p.id = j.instance_id WHERE p.business_key LIKE :like",
                like=f"{kind} %",
            )
            yield f"expected {misfits} incidents of what does '{kind}', but there are {called[kind]}; jobs left: {left}"
    for key, message in _incidents(scene):
        if key.partition(" ")[0] not in KINDS:
            yield f"an incident of '{key}', which does its work: {message}"
