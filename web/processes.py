"""What the commands run until they are told to stop: pages, jobs, ticks, or all of it in one process."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from engine.engine import Engine
from web.app import create_app
from web.listening import Listener
from web.settings import Settings
from web.signals import Stop

log = logging.getLogger(__name__)

Ready = Callable[[str], None]


def serve(settings: Settings, engine: Engine, ready: Ready) -> None:
    """Everything in one process: pages, jobs and ticks. `ready` is told the address once requests are taken.

    Raises:
        AssetsMissing: the front end was not built.
        OSError: the address is taken, or cannot be listened on.
    """
    _serve(settings, engine, lambda: engine.start(settings.job_threads), ready)


def serve_pages(settings: Settings, engine: Engine, ready: Ready) -> None:
    """Pages alone: workers run jobs, and tickers do what becomes due. Raises as `serve` does."""
    _serve(settings, engine, engine.start_polls, ready)


def work(settings: Settings, engine: Engine, ready: Callable[[], None]) -> None:
    """Run jobs, whoever made them."""

    def start() -> None:
        engine.start_jobs(settings.job_threads)
        engine.start_polls()

    _run(settings, engine, start, ready)


def tick(settings: Settings, engine: Engine, ready: Callable[[], None]) -> None:
    """Fire timers, and do whatever else becomes due by itself."""
    _run(settings, engine, engine.start_ticks, ready)


def _serve(settings: Settings, engine: Engine, start: Callable[[], None], ready: Ready) -> None:
    with _running(settings, engine) as stop:
        listener = _listen(settings, engine)
        start()
        listener.start()
        ready(listener.address)
        stop.wait()
        listener.stop(timedelta(seconds=settings.stop_seconds))


def _run(settings: Settings, engine: Engine, start: Callable[[], None], ready: Callable[[], None]) -> None:
    with _running(settings, engine) as stop:
        start()
        ready()
        stop.wait()


@contextmanager
def _running(settings: Settings, engine: Engine) -> Iterator[Stop]:
    """The engine is stopped at the end, whatever happens, and waited for as long as the settings say."""
    try:
        yield Stop()
    finally:
        if not engine.stop(timedelta(seconds=settings.stop_seconds)):
            log.warning("Not everything ended within %s s; what did not is taken up by others.", settings.stop_seconds)
            logging.shutdown()
            # A tick's thread would be waited for by the interpreter. Nothing is lost: what is not committed is undone.
            os._exit(0)


def _listen(settings: Settings, engine: Engine) -> Listener:
    app = create_app(settings, engine)
    try:
        return Listener(
            app, settings.host, settings.port, threads=settings.threads, max_request_kib=settings.max_request_kib
        )
    except OSError as error:
        reason = f"{error.strerror or error}: {settings.host}, port {settings.port}"
        raise OSError(error.errno, f"{reason}. Choose another one with --port or PUJIANG_PORT") from error
