"""What the commands run until they are told to stop: pages, jobs, ticks, or all of it in one process."""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from importlib import import_module
from types import ModuleType

from flask import Flask

from engine.engine import Engine
from web import monitoring
from web.app import create_app
from web.health import Problems
from web.listening import Listener
from web.metrics import Metrics
from web.settings import InvalidSetting, Settings
from web.signals import Stop
from web.watching import Child, Line, Watch, stopping_without

log = logging.getLogger(__name__)

Ready = Callable[[str], None]

_ELSEWHERE = "Choose another one with --port, PUJIANG_PORT or PUJIANG_MONITOR_PORT"
_NOT_HERE = "Choose an address of this machine with --host, PUJIANG_HOST or PUJIANG_MONITOR_HOST; 0.0.0.0 is any"


def serve(settings: Settings, engine: Engine, ready: Ready) -> None:
    """Everything in one process: pages, jobs and ticks. `ready` is told the address once requests are taken.

    Raises:
        AssetsMissing: the front end was not built.
        OSError: the address is taken, or cannot be listened on.
    """

    def start() -> None:
        if settings.broker_url:
            _hand_out(settings, engine)
        else:
            engine.start_jobs(settings.job_threads)
        engine.start_ticks()

    _serve(settings, engine, start, ready)


def serve_pages(settings: Settings, engine: Engine, ready: Ready) -> None:
    """Pages alone: workers run jobs, and tickers do what becomes due. Raises as `serve` does."""

    def start() -> None:
        _hand_out(settings, engine)
        engine.start_polls()

    _serve(settings, engine, start, ready)


def work(settings: Settings, engine: Engine, ready: Callable[[], None]) -> None:
    """Run jobs, whoever made them."""

    def start() -> None:
        engine.start_jobs(settings.job_threads)
        engine.start_polls()

    _run(settings, engine, start, ready)


def work_for_broker(
    settings: Settings, open_engine: Callable[[], Engine], ready: Callable[[], None], queues: Sequence[str]
) -> None:
    """Run jobs that the broker brings from these queues; from all where none is named.

    Raises:
        InvalidSetting: Celery is not installed.
        OSError: the address of the monitor is taken, or cannot be listened on.
    """
    run = partial(_celery().work, settings, open_engine, ready, queues)
    if settings.monitor_port is None:
        run(lambda _news: None)
        return
    line, watcher = Line(), os.getpid()
    forked = os.fork()
    if forked == 0:
        line.only_tell()
        run(stopping_without(watcher, line.tell))
        return
    line.only_hear()
    sys.exit(_watch(settings, open_engine, line, Child(forked)))


def _watch(settings: Settings, open_engine: Callable[[], Engine], line: Line, child: Child) -> int:
    """Answer for a worker until it ends, or is to stop; its exit code."""
    watch = Watch(line)
    try:
        engine = open_engine()
        with _running(settings, engine, watch.problems) as (stop, metrics):
            watch.start(metrics.take)
            engine.start_polls()
            child.on_end(stop.now)
            stop.wait()
            child.end()
    finally:
        code = child.end()
    return code


def tick(settings: Settings, engine: Engine, ready: Callable[[], None]) -> None:
    """Fire timers, and do whatever else becomes due by itself."""

    def start() -> None:
        _hand_out(settings, engine)
        engine.start_ticks()

    _run(settings, engine, start, ready)


def _hand_out(settings: Settings, engine: Engine) -> None:
    """Where there is a broker its workers run jobs, whoever made them."""
    if settings.broker_url:
        engine.start_handing_out(_celery().publisher(settings))


def _celery() -> ModuleType:
    """Loaded only where there is a broker, for it comes with an extra."""
    try:
        return import_module("web.celery")
    except ModuleNotFoundError as error:
        raise InvalidSetting(
            f"Expected Celery, as PUJIANG_BROKER_URL is set, but {error.name} is not installed: "
            "pip install 'pujiang[celery]'."
        ) from error


def _serve(settings: Settings, engine: Engine, start: Callable[[], None], ready: Ready) -> None:
    with _running(settings, engine) as (stop, metrics):
        app = create_app(settings, engine)
        metrics.watch(app)
        options = {"threads": settings.threads, "max_request_kib": settings.max_request_kib}
        with _listening(app, stop, settings.host, settings.port, **options) as listener:
            start()
            listener.start()
            ready(listener.address)
            stop.wait()
            # Jobs end while the last requests are answered.
            engine.drain()


def _run(settings: Settings, engine: Engine, start: Callable[[], None], ready: Callable[[], None]) -> None:
    with _running(settings, engine) as (stop, _metrics):
        start()
        ready()
        stop.wait()


@contextmanager
def _running(settings: Settings, engine: Engine, *problems: Problems) -> Iterator[tuple[Stop, Metrics]]:
    """The engine is stopped at the end, whatever happens, and waited for as long as the settings say.

    Args:
        problems: why this process cannot do its work, beside what holds for every process.
    """
    metrics, stop = Metrics(engine), Stop(timedelta(seconds=settings.stop_seconds))
    try:
        with _monitored(settings, stop, engine, metrics, problems):
            yield stop, metrics
    finally:
        if not engine.stop(stop.left):
            log.warning("Not everything ended within %s s; what did not is taken up by others.", settings.stop_seconds)
            logging.shutdown()
            # The interpreter would wait for the thread of a tick. Nothing is lost: what is not committed is undone.
            os._exit(0)


@contextmanager
def _monitored(
    settings: Settings, stop: Stop, engine: Engine, metrics: Metrics, problems: Sequence[Problems]
) -> Iterator[None]:
    """Whoever watches the process is answered to its end, where the settings name a port."""
    if settings.monitor_port is None:
        yield
        return
    app = monitoring.create_app(settings, engine, metrics, *problems)
    with _listening(app, stop, settings.monitor_host, settings.monitor_port, threads=2) as listener:
        listener.start()
        yield


@contextmanager
def _listening(app: Flask, stop: Stop, host: str, port: int, **options: int) -> Iterator[Listener]:
    try:
        listener = Listener(app, host, port, **options)
    except OSError as error:
        advice = _NOT_HERE if error.errno == errno.EADDRNOTAVAIL else _ELSEWHERE
        raise OSError(error.errno, f"{error.strerror or error}: {host}, port {port}. {advice}") from error
    try:
        yield listener
    finally:
        listener.stop(stop.left)
