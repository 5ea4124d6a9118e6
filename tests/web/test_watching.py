"""A worker of the broker is asked how it does, as any other process is; what its processes do is told in one place."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.observing import Committed, JobRun
from tests import brokers
from tests.brokers import Broker, free_port
from tests.bureau import CLAIMS, MING, Bureau
from tests.campaigns.processes import gone
from tests.web import processes
from tests.web.processes import Started
from tests.web.test_monitoring import value
from web.watching import Child, Line, Taking
from workflows.permissions import PUBLIC
from workflows.register import cases
from workflows.register.cases import Petition

SECONDS = 60
RUNS = 'pujiang_job_seconds_count{outcome="completed",topic="start-clocks"}'
STEPS = 'pujiang_steps_total{command="CompleteJob"}'
_A_MOMENT = threading.Event()


def until(come: Callable[[], object]) -> None:
    given_up = time.monotonic() + SECONDS
    while not come():
        assert time.monotonic() < given_up, "it did not come"
        _A_MOMENT.wait(0.05)


def test_what_is_told_is_heard_as_it_was_told() -> None:
    line = Line()
    told = [
        Committed(("StartInstance", "CompleteJob", "StartInstance"), 0.25),
        JobRun("归档", "failed", 3.5),
        Taking(True),
    ]
    for news in told:
        line.tell(news)
    line.only_hear()
    (commands, run, taking) = line.hear()
    assert isinstance(commands, Committed)
    assert Counter(commands.commands) == Counter(told[0].commands)
    assert [commands.seconds, run, taking] == [0.25, *told[1:]]


def test_processes_that_are_killed_while_they_tell_leave_nothing_half_told() -> None:
    line, told = Line(), JobRun("send" * 500, "completed", 1.0)
    tellers = []
    for _ in range(4):
        pid = os.fork()
        if pid == 0:
            while True:
                line.tell(told)
        tellers.append(pid)
    line.only_hear()
    heard = line.hear()
    first = [next(heard) for _ in range(1000)]
    for pid in tellers:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert {*first, *heard} == {told}


def test_whoever_tells_waits_for_nobody() -> None:
    line = Line()
    for _ in range(5000):
        line.tell(JobRun("send", "completed", 1.0))
    line.tell(JobRun("x" * 100_000, "completed", 1.0))
    line.only_hear()
    assert {*line.hear()} == {JobRun("send", "completed", 1.0)}
    deaf = Line()
    deaf.only_tell()
    deaf.tell(Taking(True))


@dataclass
class Place:
    """A worker that takes what a broker brings."""

    bureau: Bureau
    broker: Broker
    worker: Started
    port: int
    folder: Path
    variables: dict[str, str]

    def answer(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def count(self, name: str) -> float:
        page = self.answer("/metrics")[1]
        return value(page, name) if name in page else 0.0

    def ticker(self) -> Started:
        """One that hands out what is to be done."""
        return processes.start(self.folder, "ticker", **self.variables)

    def hand_in(self) -> None:
        petition = Petition("online", CLAIMS, "utilities", "north", people=(MING,))
        self.bureau.engine.transact(lambda tx: cases.hand_in(tx, petition), PUBLIC)


def children(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            parent = int(path.read_text("utf-8", "replace").rpartition(")")[2].split()[1])
            found += [int(path.parent.name)] if parent == pid else []
    return found


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    broker, port = brokers.start("redis", tmp_path), free_port()
    bureau = Bureau(f"sqlite:///{tmp_path / 'pujiang.db'}", datetime.now(UTC))
    variables = {"PUJIANG_BROKER_URL": broker.url, "PUJIANG_JOB_THREADS": "1"}
    worker = processes.start(tmp_path, "worker", PUJIANG_MONITOR_PORT=str(port), **variables)
    try:
        yield Place(bureau, broker, worker, port, tmp_path, variables)
    finally:
        worker.process.kill()
        worker.end()
        broker.close()
        bureau.close()


def test_what_the_processes_of_a_worker_do_is_counted_and_stays_so_when_one_is_killed(place: Place) -> None:
    ticker = place.ticker()
    place.hand_in()
    until(lambda: place.count(RUNS) == 1 and place.count(STEPS) >= 1)
    assert place.count("pujiang_database_up") == 1

    [takes] = children(place.worker.process.pid)
    [runs] = children(takes)
    os.kill(runs, signal.SIGKILL)
    until(lambda: children(takes) not in ([], [runs]))
    place.hand_in()
    until(lambda: place.count(RUNS) == 2)
    ticker.tell(signal.SIGTERM)
    assert ticker.end() == 0


def test_a_worker_is_ready_while_it_takes_messages_and_ends_in_good_order(place: Place) -> None:
    until(lambda: place.answer("/readyz") == (200, "ready\n"))
    place.broker.kill()
    until(lambda: place.answer("/readyz") == (503, "not ready\n"))
    assert "no messages are taken from the broker" in place.worker.log
    assert place.answer("/healthz") == (200, "alive\n")
    place.broker.start()
    until(lambda: place.answer("/readyz")[0] == 200)
    [takes] = children(place.worker.process.pid)
    place.worker.tell(signal.SIGTERM)
    assert place.worker.end() == 0
    assert gone(takes)


def test_a_child_that_was_ended_before_anybody_waits_for_it_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong: list[object] = []
    monkeypatch.setattr(threading, "excepthook", wrong.append)
    child = Child(os.posix_spawn("/bin/sleep", ["sleep", "60"], {}))
    assert child.end() == 128 + signal.SIGTERM
    child.on_end(lambda: wrong.append("it did not end by itself"))
    for each in [each for each in threading.enumerate() if each.name == "child"]:
        each.join(20)
    assert wrong == []


def test_whoever_takes_jobs_stops_when_the_process_that_is_asked_is_killed(place: Place) -> None:
    [takes] = children(place.worker.process.pid)
    place.worker.process.kill()
    assert gone(takes)


def test_whoever_is_asked_ends_when_the_process_that_takes_jobs_is_killed(place: Place) -> None:
    [takes] = children(place.worker.process.pid)
    os.kill(takes, signal.SIGKILL)
    assert place.worker.end() == 128 + signal.SIGKILL


def test_a_worker_of_the_broker_says_that_the_port_of_its_monitor_is_taken(tmp_path: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PUJIANG_")}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        own = {
            "PUJIANG_DATA_DIR": str(tmp_path),
            "PUJIANG_BROKER_URL": "redis://127.0.0.1:1/0",
            "PUJIANG_MONITOR_PORT": port,
            "PYTHONPATH": str(processes.ROOT),
        }
        command = [*processes.COMMAND, "worker"]
        ended = subprocess.run(command, env={**inherited, **own}, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 1
    assert f"Address already in use: 127.0.0.1, port {port}" in ended.stderr
