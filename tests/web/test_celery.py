"""Celery with a real broker: what is handed out is run once, and what is lost on the way only comes later."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine import deployments, gauges, instances, journal, user_tasks
from engine.engine import Engine
from engine.instances import Instance
from engine.leases import BROKER, Lent
from engine.store.database import Transaction
from engine.store.tables import jobs
from engine.work import handout
from tests import brokers
from tests.brokers import Broker, RabbitMQ
from tests.bureau import CLAIMS, MING, Bureau
from tests.engine.core.case import diagram, process
from tests.web import processes
from tests.web.celery_worker import handlers
from web import celery, settings
from web.celery import Publisher
from web.settings import Settings
from workflows.permissions import PUBLIC
from workflows.register import cases
from workflows.register.cases import Petition

SECONDS = 60
_A_MOMENT = threading.Event()


def service(key: str, topic: str) -> str:
    task = f'<serviceTask id="job{key}" camunda:type="external" camunda:topic="{topic}"/>'
    return process(
        f'<startEvent id="s{key}"/>{task}<userTask id="u{key}"/><endEvent id="e{key}"/>',
        f"s{key} job{key} u{key} e{key}",
        key=key,
    )


SIGNAL = '<signalEventDefinition signalRef="sig_g"/>'
THROW = process(f'<startEvent id="sT"/><endEvent id="eT">{SIGNAL}</endEvent>', "sT eT", key="T")
CATCH = process(
    f'<startEvent id="sC"/><intermediateCatchEvent id="c">{SIGNAL}</intermediateCatchEvent><userTask id="uC"/>',
    "sC c uC",
    key="C",
)


class Worker:
    """A process as `pujiang worker` is one, and those that it starts."""

    def __init__(self, hall: Hall, time_limit: float) -> None:
        variables = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PUJIANG_")},
            "PUJIANG_DATA_DIR": str(hall.folder),
            "PUJIANG_DATABASE_URL": hall.settings.database_url,
            "PUJIANG_BROKER_URL": hall.settings.broker_url,
            "PUJIANG_JOB_THREADS": "2",
        }
        command = [sys.executable, "-m", "tests.web.celery_worker", str(hall.folder), str(time_limit)]
        with (hall.folder / "worker.log").open("a") as log:
            self.process = subprocess.Popen(
                command,
                env=variables,
                cwd=Path(__file__).parents[2],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n", (hall.folder / "worker.log").read_text()

    def tell(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        return self.process.wait(SECONDS)

    def kill(self) -> None:
        """With every process of its own, as when its machine goes down."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass
class Hall:
    """An engine that hands out, as web and ticker do, and what its workers have done."""

    engine: Engine
    settings: Settings
    folder: Path
    broker: Broker
    _worker: Worker | None = None

    def with_worker(self) -> Worker:
        """One that is there from an earlier test, for it takes seconds to start, or a new one."""
        if self._worker is None or self._worker.process.poll() is not None:
            self._worker = self.new_worker()
        return self._worker

    def without_worker(self) -> None:
        if self._worker is not None and self._worker.process.poll() is None:
            self._worker.kill()
            # Once the broker has answered it has seen that the worker is gone, and gives it no message more.
            assert self.broker.answers()

    def new_worker(self, time_limit: float = SECONDS) -> Worker:
        self.without_worker()
        self._worker = Worker(self, time_limit)
        return self._worker

    def hold_slow_jobs(self) -> None:
        (self.folder / "may-end").unlink(missing_ok=True)
        (self.folder / "at-it").unlink(missing_ok=True)

    def let_slow_jobs_end(self) -> None:
        (self.folder / "may-end").touch()

    def at_slow_job(self) -> int:
        """The process that is at one, once there is."""
        path = self.folder / "at-it"
        until(lambda: path.exists() and path.read_text())
        return int(path.read_text())

    def start(self, key: str) -> Instance:
        return self.engine.transact(lambda tx: instances.start(tx, key, business_key=f"{key}-{time.monotonic_ns()}"))

    def cancel(self, instance: Instance) -> None:
        self.engine.transact(lambda tx: instances.cancel(tx, instance.id, "it would be tried again in other tests"))

    def variables(self, instance: Instance) -> Any:
        return self.engine.read(lambda tx: instances.variables(tx, instance.id))

    def waits(self, instance: Instance) -> bool:
        """Whether the user task behind the job is open."""
        query = user_tasks.UserTaskQuery(business_key=instance.business_key)
        return bool(self.engine.read(lambda tx: user_tasks.find(tx, query)))

    def runs(self, instance: Instance) -> int:
        path = self.folder / "runs"
        return path.read_text().split().count(f"{instance.id}-3") if path.exists() else 0

    def completions(self, instance: Instance) -> int:
        entries = self.engine.read(lambda tx: list(journal.entries(tx, instance.id)))
        return sum(name == "JobCompleted" for entry in entries for name, _ in entry.facts)

    def row(self, instance: Instance) -> Any:
        this = sa.select(jobs).where(jobs.c.instance_id == instance.id)
        return self.engine.read(lambda tx: tx.connection.execute(this).first())

    def let_lease_run_out(self, instance: Instance) -> None:
        """As if the time had passed for which it is left to whoever has it."""

        def work(tx: Transaction) -> None:
            past = self.engine.clock.world() - timedelta(seconds=1)
            row = sa.update(jobs).where(jobs.c.instance_id == instance.id, jobs.c.leased_until.is_not(None))
            tx.connection.execute(row.values(leased_until=past))

        self.engine.transact(work)

    def verifies(self) -> bool:
        return self.engine.read(lambda tx: journal.verify(tx, replayed=True)) == []


def until(come: Callable[[], object]) -> None:
    given_up = time.monotonic() + SECONDS
    while not come():
        assert time.monotonic() < given_up, "it did not come"
        _A_MOMENT.wait(0.02)


@pytest.fixture(scope="module", params=os.environ.get("BROKERS", "redis").split())
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    broker = brokers.start(request.param, tmp_path_factory.mktemp(request.param))
    yield broker
    broker.close()


@pytest.fixture(scope="module")
def hall(request: pytest.FixtureRequest, broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    folder = tmp_path_factory.mktemp("hall")
    store = request.getfixturevalue("sqlite" if isinstance(broker, RabbitMQ) else "postgresql")
    variables = {
        "PUJIANG_DATA_DIR": str(folder),
        "PUJIANG_DATABASE_URL": store.empty(),
        "PUJIANG_BROKER_URL": broker.url,
        "PUJIANG_JOB_THREADS": "2",
    }
    chosen = settings.load(variables)
    engine = Engine(chosen.database_url, handlers=handlers(folder))
    engine.upgrade()
    drawn = diagram(service("P", "send"), service("S", "slow"), THROW, CATCH)
    engine.transact(lambda tx: deployments.deploy(tx, {"test.bpmn": drawn}))
    patch = pytest.MonkeyPatch()
    patch.setattr(handout, "FIRST_PAUSE", 0.2)
    patch.setattr(handout, "LONGEST_PAUSE", 0.2)
    engine.start_handing_out(celery.publisher(chosen))
    engine.start_ticks()
    hall = Hall(engine, chosen, folder, broker)
    yield hall
    hall.without_worker()
    engine.stop()
    store.drop(chosen.database_url)
    patch.undo()


def test_what_is_handed_out_is_run_by_a_worker_and_so_is_what_follows(hall: Hall) -> None:
    hall.with_worker()
    waiting = hall.start("C")
    instance = hall.start("P")
    hall.start("T")
    until(lambda: hall.waits(instance) and hall.waits(waiting))
    assert hall.variables(instance) == {"run": 1}
    assert hall.completions(instance) == 1
    assert hall.verifies()


def test_a_message_that_comes_twice_changes_nothing_the_second_time(hall: Hall) -> None:
    hall.without_worker()
    first = hall.start("P")
    until(lambda: hall.row(first).leased_by == BROKER)
    publish = celery.publisher(hall.settings)
    for _ in range(5):
        publish(Lent(hall.row(first).id, "send"))
    hall.with_worker()
    last = hall.start("P")
    until(lambda: hall.waits(first) and hall.waits(last))
    assert hall.runs(first) == hall.completions(first) == 1


def test_messages_that_are_lost_are_sent_anew(hall: Hall) -> None:
    hall.without_worker()
    instance = hall.start("P")
    until(lambda: hall.row(instance).leased_by == BROKER)
    with celery.create(hall.settings).connection_for_write() as connection:
        until(lambda: connection.default_channel.queue_purge(celery.DEFAULT_QUEUE))
    hall.with_worker()
    assert not hall.waits(instance)
    hall.let_lease_run_out(instance)
    until(lambda: hall.waits(instance))
    assert hall.runs(instance) == 1


def test_the_job_of_a_worker_that_is_killed_is_taken_up_after_its_lease_and_counts_once(hall: Hall) -> None:
    hall.hold_slow_jobs()
    first = hall.with_worker()
    instance = hall.start("S")
    hall.at_slow_job()
    first.kill()
    hall.new_worker()
    assert hall.row(instance).leased_by not in (None, BROKER), "the job is still left to the one that is dead"
    hall.let_slow_jobs_end()
    hall.let_lease_run_out(instance)
    until(lambda: hall.waits(instance))
    assert hall.runs(instance) == 2
    assert hall.variables(instance) == {"run": 2}
    assert hall.completions(instance) == 1
    assert hall.verifies()


def test_a_process_that_is_killed_in_the_middle_of_a_job_is_replaced(hall: Hall) -> None:
    hall.hold_slow_jobs()
    hall.with_worker()
    instance = hall.start("S")
    os.kill(hall.at_slow_job(), signal.SIGKILL)
    hall.let_slow_jobs_end()
    others = [hall.start("P") for _ in range(3)]
    until(lambda: all(hall.waits(each) for each in others))
    assert not hall.waits(instance), "the message came again, but the job is left to the one that is dead"
    hall.let_lease_run_out(instance)
    until(lambda: hall.waits(instance))
    assert hall.completions(instance) == 1


def test_a_handler_that_hangs_is_given_up_and_its_process_replaced(hall: Hall) -> None:
    hall.hold_slow_jobs()
    hall.new_worker(time_limit=0.5)
    hanging = [hall.start("S") for _ in range(2)]
    until(lambda: all(hall.row(each).retries == 2 for each in hanging))
    assert ["Overdue" in hall.row(each).last_error for each in hanging] == [True, True]
    after = hall.start("P")
    until(lambda: hall.waits(after))
    hall.without_worker()
    for each in hanging:
        hall.cancel(each)


def test_commands_go_on_without_the_broker_and_what_they_made_is_run_when_it_is_back(hall: Hall) -> None:
    hall.with_worker()
    hall.broker.kill()
    made = [hall.start("P") for _ in range(20)]
    assert all(hall.row(each) is not None for each in made)
    hall.broker.start()
    until(lambda: all(hall.waits(each) for each in made))
    assert [hall.runs(each) for each in made] == [1] * 20


def test_a_worker_that_is_told_to_stop_ends_its_job_first(hall: Hall) -> None:
    hall.hold_slow_jobs()
    worker = hall.with_worker()
    instance = hall.start("S")
    hall.at_slow_job()
    worker.tell(signal.SIGTERM)
    hall.let_slow_jobs_end()
    assert worker.end() == 0
    assert hall.waits(instance)
    assert hall.completions(instance) == 1


def test_the_commands_do_a_petitions_jobs_through_a_queue_of_the_broker(broker: Broker, tmp_path: Path) -> None:
    bureau = Bureau(f"sqlite:///{tmp_path / 'pujiang.db'}", datetime.now(UTC))
    petition = Petition("online", CLAIMS, "utilities", "north", people=(MING,))
    bureau.engine.transact(lambda tx: cases.hand_in(tx, petition), PUBLIC)
    assert bureau.ask(gauges.read).jobs.count > 0
    variables = {
        "PUJIANG_BROKER_URL": broker.url,
        "PUJIANG_BROKER_QUEUES": "*=petitions",
        "PUJIANG_JOB_THREADS": "1",
    }
    started = [processes.start(tmp_path, "worker", "--queue", "petitions", **variables)]
    try:
        started.append(processes.start(tmp_path, "ticker", **variables))
        until(lambda: bureau.ask(gauges.read).jobs.count == 0)
    finally:
        for one in started:
            one.tell(signal.SIGTERM)
        assert [one.end() for one in started] == [0, 0]
    assert started[0].said == "Pujiang runs jobs that the broker brings.\n"
    assert bureau.ask(lambda tx: user_tasks.find(tx, user_tasks.UserTaskQuery())), "somebody has something to do"
    bureau.close()


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_says_nothing_is_given_up_soon(scheme: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/"
        chosen = settings.load({"PUJIANG_DATA_DIR": str(tmp_path), "PUJIANG_BROKER_URL": url})
        publish = celery.publisher(chosen)
        begun = time.monotonic()
        with pytest.raises(Exception, match=r"(?i)time"):
            publish(Lent(1, "send"))
    assert time.monotonic() - begun < 10 * celery.PATIENCE


def test_a_topic_goes_to_the_first_queue_that_fits() -> None:
    chosen = settings.load({"PUJIANG_BROKER_QUEUES": "send-*=letters, archive=slow, send-fax=fax"})
    asked = ("send-mail", "send-fax", "archive", "archives", ":signal")
    queues = [celery.queue_of(topic, chosen.broker_queues) for topic in asked]
    assert queues == ["letters", "letters", "slow", "pujiang", "pujiang"]


def test_messages_carry_the_number_of_a_row_and_nothing_else(tmp_path: Path) -> None:
    app = celery.create(settings.load({"PUJIANG_DATA_DIR": str(tmp_path)}))
    app.conf.broker_url = "memory://"
    Publisher(app, [("send", "letters")])(Lent(42, "send"))
    with app.connection_for_read() as connection:
        message = connection.default_channel.basic_get("letters")
        assert message.payload == [[42], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
        assert message.content_type == "application/json"
