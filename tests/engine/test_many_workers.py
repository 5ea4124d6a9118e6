"""Many processes on one database: each job is run once, by one of them, and none of them is told of a lock."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sa

from engine.store.tables import jobs, process_instances
from tests.engine.core.case import process
from tests.engine.world import World

ROOT = Path(__file__).parents[2]
PROCESSES, INSTANCES, JOBS_EACH = 3, 40, 4

_A_MOMENT = threading.Event()


def notes() -> str:
    """Jobs of one instance that are due at the same time, so that those who run them meet at its row."""
    tasks = [f'<serviceTask id="j{n}" camunda:type="external" camunda:topic="note"/>' for n in range(JOBS_EACH)]
    body = f'<startEvent id="s"/><parallelGateway id="f"/>{"".join(tasks)}<parallelGateway id="g"/><endEvent id="e"/>'
    return process(body, "s f", *(f"f j{n} g" for n in range(JOBS_EACH)), "g e")


@contextmanager
def worker(world: World, path: Path, log: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "tests.engine.working", world.url, str(path), "2"]
    with log.open("a") as errors:
        started = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    with started:
        assert started.stdin is not None
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n", log.read_text()
        yield started.pid
        started.stdin.close()
        assert started.wait(60) == 0


def all_completed(world: World) -> bool:
    active = sa.select(sa.func.count()).where(process_instances.c.status == "active")
    return world.engine.read(lambda tx: tx.connection.execute(active).scalar()) == 0


def test_many_processes_run_each_job_once_without_a_word_of_locks(world: World, tmp_path: Path) -> None:
    path, log = tmp_path / "notes", tmp_path / "log"
    world.deploy(notes())
    with ExitStack() as stack:
        workers = [stack.enter_context(worker(world, path, log)) for _ in range(PROCESSES)]
        for number in range(INSTANCES):
            world.start(business_key=f"case-{number}")
        for _ in range(6000):
            if all_completed(world):
                break
            _A_MOMENT.wait(0.01)
    assert all_completed(world), log.read_text()
    ran = [line.split() for line in path.read_text().splitlines()]
    assert Counter(job_id for job_id, _ in ran).most_common(1)[0][1] == 1
    assert len(ran) == INSTANCES * JOBS_EACH
    took_part = {int(pid) for _, pid in ran}
    assert took_part <= set(workers)
    if world.engine.database.is_server:
        assert len(took_part) > 1, "where all are told of work, one does not do it all"
    assert world.engine.read(lambda tx: tx.connection.execute(sa.select(jobs.c.id)).all()) == []
    assert [word for word in ("Traceback", "lock", "conflict", "late") if word in log.read_text()] == []
    assert world.wrong() == []
