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
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine import deployments, instances, journal, user_tasks
from engine.engine import Engine
from engine.instances import Instance
from engine.leases import BROKER, Lent
from engine.store.database import Transaction
from engine.store.tables import jobs
from engine.work import handout
from tests import brokers
from tests.brokers import Broker
from tests.engine.core.case import diagram, process
from tests.web.celery_worker import handlers
from web import celery, settings
from web.celery import Publisher
from web.settings import Settings

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


@dataclass
class Hall:
    """An engine that hands out, as web and ticker do, and what its workers have done."""

    engine: Engine
    settings: Settings
    folder: Path
    broker: Broker

    def start(self, key: str) -> Instance:
        return self.engine.transact(lambda tx: instances.start(tx, key, business_key=f"{key}-{time.monotonic_ns()}"))

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


@dataclass
class Worker:
    process: subprocess.Popen[str]

    def kill(self) -> None:
        """With every process of its own, as when its machine goes down."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


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
def hall(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    folder = tmp_path_factory.mktemp("hall")
    variables = {"PUJIANG_DATA_DIR": str(folder), "PUJIANG_BROKER_URL": broker.url, "PUJIANG_JOB_THREADS": "2"}
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
    yield Hall(engine, chosen, folder, broker)
    engine.stop()
    patch.undo()


@pytest.fixture
def make_worker(hall: Hall) -> Iterator[Callable[..., Worker]]:
    made: list[Worker] = []

    def make(time_limit: float = SECONDS) -> Worker:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PUJIANG_")},
            "PUJIANG_DATA_DIR": str(hall.folder),
            "PUJIANG_BROKER_URL": hall.settings.broker_url,
            "PUJIANG_JOB_THREADS": "2",
        }
        command = [sys.executable, "-m", "tests.web.celery_worker", str(hall.folder), str(time_limit)]
        with (hall.folder / "worker.log").open("a") as log:
            process = subprocess.Popen(
                command,
                env=environment,
                cwd=Path(__file__).parents[2],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        made.append(Worker(process))
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", (hall.folder / "worker.log").read_text()
        return made[-1]

    yield make
    for each in made:
        if each.process.poll() is None:
            each.kill()


@pytest.fixture
def worker(make_worker: Callable[..., Worker]) -> Worker:
    return make_worker()


def test_what_is_handed_out_is_run_by_a_worker_and_so_is_what_follows(hall: Hall, worker: Worker) -> None:
    waiting = hall.start("C")
    instance = hall.start("P")
    hall.start("T")
    until(lambda: hall.waits(instance) and hall.waits(waiting))
    assert hall.variables(instance) == {"run": 1}
    assert hall.completions(instance) == 1
    assert hall.verifies()


def test_a_message_that_comes_twice_changes_nothing_the_second_time(hall: Hall, worker: Worker) -> None:
    publish = celery.publisher(hall.settings)
    first = hall.start("P")
    until(lambda: hall.row(first) is None or hall.row(first).leased_by == BROKER)
    for _ in range(5):
        publish(Lent(hall.row(first).id if hall.row(first) is not None else 1, "send"))
    until(lambda: hall.waits(first))
    last = hall.start("P")
    until(lambda: hall.waits(last))
    assert hall.runs(first) == hall.completions(first) == 1


def test_messages_that_are_lost_are_sent_anew(hall: Hall, make_worker: Callable[..., Worker]) -> None:
    instance = hall.start("P")
    until(lambda: hall.row(instance).leased_by == BROKER)
    with celery.create(hall.settings).connection_for_write() as connection:
        until(lambda: connection.default_channel.queue_purge(celery.DEFAULT_QUEUE))
    make_worker()
    assert not hall.waits(instance)
    hall.let_lease_run_out(instance)
    until(lambda: hall.waits(instance))
    assert hall.runs(instance) == 1


def test_the_job_of_a_worker_that_is_killed_is_taken_up_after_its_lease_and_counts_once(
    hall: Hall, make_worker: Callable[..., Worker]
) -> None:
    (hall.folder / "may-end").unlink(missing_ok=True)
    first = make_worker()
    instance = hall.start("S")
    until(lambda: hall.runs(instance) == 1)
    first.kill()
    make_worker()
    assert hall.row(instance).leased_by not in (None, BROKER), "the job is still left to the one that is dead"
    (hall.folder / "may-end").touch()
    hall.let_lease_run_out(instance)
    until(lambda: hall.waits(instance))
    assert hall.runs(instance) == 2
    assert hall.variables(instance) == {"run": 2}
    assert hall.completions(instance) == 1
    assert hall.verifies()


def test_a_process_that_is_killed_in_the_middle_of_a_job_is_replaced(hall: Hall, worker: Worker) -> None:
    (hall.folder / "may-end").unlink(missing_ok=True)
    (hall.folder / "at-it").unlink(missing_ok=True)
    instance = hall.start("S")
    until(lambda: (hall.folder / "at-it").exists() and (hall.folder / "at-it").read_text())
    os.kill(int((hall.folder / "at-it").read_text()), signal.SIGKILL)
    (hall.folder / "may-end").touch()
    others = [hall.start("P") for _ in range(3)]
    until(lambda: all(hall.waits(each) for each in others))
    assert not hall.waits(instance), "the message came again, but the job is left to the one that is dead"
    hall.let_lease_run_out(instance)
    until(lambda: hall.waits(instance))
    assert hall.completions(instance) == 1


def test_a_handler_that_hangs_is_given_up_and_its_process_replaced(
    hall: Hall, make_worker: Callable[..., Worker]
) -> None:
    (hall.folder / "may-end").unlink(missing_ok=True)
    make_worker(time_limit=0.5)
    instances = [hall.start("S") for _ in range(2)]
    until(lambda: all(hall.row(each).retries == 2 for each in instances))
    assert ["Overdue" in hall.row(each).last_error for each in instances] == [True, True]
    after = hall.start("P")
    until(lambda: hall.waits(after))


def test_commands_go_on_without_the_broker_and_what_they_made_is_run_when_it_is_back(
    hall: Hall, worker: Worker
) -> None:
    before = hall.start("P")
    until(lambda: hall.waits(before))
    hall.broker.kill()
    made = [hall.start("P") for _ in range(20)]
    until(lambda: all(hall.row(each) is not None for each in made))
    hall.broker.start()
    for each in made:
        until(lambda each=each: hall.waits(each))
    assert [hall.runs(each) for each in made] == [1] * 20


def test_a_worker_that_is_told_to_stop_ends_its_job_first(hall: Hall, worker: Worker) -> None:
    (hall.folder / "may-end").unlink(missing_ok=True)
    instance = hall.start("S")
    until(lambda: hall.runs(instance) == 1)
    worker.process.send_signal(signal.SIGTERM)
    (hall.folder / "may-end").touch()
    assert worker.process.wait(SECONDS) == 0
    assert hall.waits(instance)
    assert hall.completions(instance) == 1


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
