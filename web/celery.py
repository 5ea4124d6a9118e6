"""Celery, for many machines: jobs go to its workers through RabbitMQ or Redis, and are run there as anywhere else.

A message carries the number of a row, which stays the truth (engine.work.handout): what is lost on the way is sent
once more, and what comes twice does nothing the second time. So nothing here is retried, and no result is kept.
"""

from __future__ import annotations

import fnmatch
import os
import signal
import threading
from collections.abc import Callable, Sequence
from typing import Any

from celery import Celery, bootsteps, signals

from engine.engine import Engine
from engine.leases import Lent
from engine.work.handout import run_handed
from web.settings import Settings
from web.watching import Taking, Tell

TASK = "pujiang.run"

DEFAULT_QUEUE = "pujiang"
"""Where everything goes that no setting sends elsewhere."""

PATIENCE = 2
"""Seconds in which the broker has to answer whoever hands out."""

PULSE = 1.0
"""Seconds between two times that a worker says that it takes messages."""

VISIBILITY = 3600
"""Seconds after which Redis delivers anew what no worker has acknowledged. Far above the lease of a job: by then the
sweep has handed it out again, and the old message does nothing.
"""

_CONFIGURATION: dict[str, Any] = {
    "accept_content": ["json"],
    "task_serializer": "json",
    "event_serializer": "json",
    "result_backend": None,
    "task_ignore_result": True,
    "task_default_queue": DEFAULT_QUEUE,
    # A message is done with only when its job is, and one job is at a worker's door while it runs another.
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    # What is cancelled because the connection broke may be handed out again; a job that runs may end.
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "broker_connection_timeout": PATIENCE,
    "broker_transport_options": {"visibility_timeout": VISIBILITY, "socket_connect_timeout": PATIENCE},
    # Nobody commands workers through the broker, and nobody watches their events there.
    "worker_enable_remote_control": False,
    "worker_send_task_events": False,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "worker_proc_alive_timeout": 60,
}

_BOUNDED = {
    # Redis
    "socket_timeout": PATIENCE,
    "retry_on_timeout": False,
    # RabbitMQ: what goes into a connection that has just died is lost unless the broker is asked whether it came
    "confirm_publish": True,
    "read_timeout": PATIENCE,
    "write_timeout": PATIENCE,
    # Both: one try, for the engine tries again later
    "max_retries": 0,
}


def create(settings: Settings) -> Celery:
    """The application, made from the settings alone."""
    app = Celery("pujiang", broker=settings.broker_url, set_as_current=False)
    app.conf.update(_CONFIGURATION)
    app.conf.worker_concurrency = settings.job_threads
    return app


class Publisher:
    """Sends messages on a connection of its own, which is made anew after a failure. For one thread."""

    def __init__(self, app: Celery, queues: Sequence[tuple[str, str]]) -> None:
        self._app, self._queues = app, queues
        self._producer: Any = None

    def __call__(self, lent: Lent) -> None:
        """
        Raises:
            Exception: the broker did not take it within PATIENCE or a little more.
        """
        try:
            if self._producer is None:
                connection = self._app.connection_for_write(transport_options=_BOUNDED)
                self._producer = self._app.amqp.Producer(connection, auto_declare=False)
            queue = queue_of(lent.topic, self._queues)
            options = {"queue": queue, "producer": self._producer, "retry": False, "confirm_timeout": PATIENCE}
            self._app.send_task(TASK, (lent.row_id,), **options)
        except Exception:
            self._close()
            raise

    def _close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.connection.collect(PATIENCE)


def queue_of(topic: str, queues: Sequence[tuple[str, str]]) -> str:
    """The queue of the first pattern that fits the topic."""
    return next((queue for pattern, queue in queues if fnmatch.fnmatchcase(topic, pattern)), DEFAULT_QUEUE)


def publisher(settings: Settings) -> Publisher:
    """What hands jobs out to the broker of the settings."""
    return Publisher(create(settings), settings.broker_queues)


def work(
    settings: Settings, open_engine: Callable[[], Engine], ready: Callable[[], None], queues: Sequence[str], tell: Tell
) -> None:
    """Run jobs that the broker brings, in processes of their own, until told to stop.

    Args:
        open_engine: opens the engine of one such process.
        ready: called once messages are taken.
        queues: those to take from; all that there are where it is empty.
        tell: called in any of the processes with what happens there.
    """
    app = create(settings)
    app.steps["consumer"].add(_pulse(tell))
    desk = _Desk(open_engine, Publisher(app, settings.broker_queues), tell)
    app.task(desk.run, name=TASK)
    known = sorted({DEFAULT_QUEUE, *(queue for _, queue in settings.broker_queues)})
    receivers = (
        (signals.setup_logging, _leave_logging),
        (signals.worker_process_init, desk.open),
        (signals.worker_process_shutdown, desk.close),
        (signals.worker_ready, lambda **_: ready()),
        (signals.worker_shutting_down, lambda **_: _end_within(settings.stop_seconds)),
    )
    for sent, receiver in receivers:
        sent.connect(receiver, weak=False)
    # Workers tell each other nothing: while the broker is away a heartbeat would have the consumer wait for good.
    alone = {"without_gossip": True, "without_mingle": True, "without_heartbeat": True}
    worker = app.Worker(pool="prefork", queues=list(queues) or known, quiet=True, **alone)
    worker.start()


class _Desk:
    """The engine of a process that runs jobs: opened after the fork, for no connection may be shared across one."""

    def __init__(self, open_engine: Callable[[], Engine], publish: Publisher, tell: Tell) -> None:
        self._open_engine, self._publish, self._tell = open_engine, publish, tell
        self._engine: Engine | None = None

    def open(self, **_given: Any) -> None:
        engine = self._open_engine()
        engine.claims.on_given_up = _end_process
        engine.observe(self._tell)
        engine.start_handing_out(self._publish)
        engine.start_polls()
        self._engine = engine

    def close(self, **_given: Any) -> None:
        if self._engine is not None:
            self._engine.stop()

    def run(self, row_id: int) -> None:
        if self._engine is None:
            # The database was not there when this process began.
            self.open()
        assert self._engine is not None
        run_handed(self._engine, row_id)


def _pulse(tell: Tell) -> type[bootsteps.StartStopStep]:
    """A step of Celery's consumer, which begins its steps with each connection and ends them when it is lost."""

    class Pulse(bootsteps.StartStopStep):
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def start(self, consumer: Any) -> None:
            tell(Taking(True))
            self._beats = consumer.timer.call_repeatedly(PULSE, tell, (Taking(True),))

        def stop(self, consumer: Any) -> None:
            self._beats.cancel()
            tell(Taking(False))

    return Pulse


def _end_process(_thread: threading.Thread) -> None:
    """A handler that takes too long holds up nobody: its process goes, and Celery starts another one."""
    os._exit(1)


def _leave_logging(**_given: Any) -> None:
    """Logging is set up by whoever started this; Celery sets up none of its own where somebody receives this."""


def _end_within(seconds: int) -> None:
    """Jobs that have not ended by then are left to others, who take them up when their leases have run out."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGQUIT))
    timer.daemon = True
    timer.start()
