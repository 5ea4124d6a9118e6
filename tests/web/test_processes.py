"""Pages, jobs and ticks in processes of their own, and how they end."""

from __future__ import annotations

import json
import signal
import socket
import threading
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from engine import gauges
from tests.bureau import CLAIMS, MING, Bureau
from tests.web import processes
from web import processes as running
from web import settings
from web.listening import Listener
from web.signals import SIGNALS, Stop
from workflows.permissions import PUBLIC
from workflows.register import cases
from workflows.register.cases import Petition

SOON = timedelta(seconds=20)


@pytest.fixture
def slow() -> Iterator[tuple[Listener, threading.Event, threading.Event]]:
    """A listener whose page says when it was asked for and waits until it may answer."""
    asked, may_answer = threading.Event(), threading.Event()
    app = Flask(__name__)

    @app.get("/")
    def answer() -> str:
        asked.set()
        assert may_answer.wait(timeout=20)
        return "answered"

    listener = Listener(app, "127.0.0.1", 0, threads=2)
    yield listener, asked, may_answer
    may_answer.set()
    listener.stop(SOON)


def fetch(address: str) -> str:
    with urllib.request.urlopen(address, timeout=20) as answer:
        return str(answer.read().decode())


def is_reached(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


def test_what_was_asked_before_the_stop_is_answered_and_nothing_after(
    slow: tuple[Listener, threading.Event, threading.Event],
) -> None:
    listener, asked, may_answer = slow
    listener.start()
    answers: list[str] = []
    client = threading.Thread(target=lambda: answers.append(fetch(listener.address)))
    client.start()
    assert asked.wait(timeout=20)
    stopping = threading.Thread(target=listener.stop, args=[SOON])
    stopping.start()
    while is_reached(listener.port):
        pass
    assert stopping.is_alive(), "it waits for the answer"
    may_answer.set()
    client.join()
    stopping.join()
    assert answers == ["answered"]


def test_a_request_that_hangs_does_not_keep_a_process_for_ever(
    slow: tuple[Listener, threading.Event, threading.Event],
) -> None:
    listener, asked, _may_answer = slow
    listener.start()
    client = socket.create_connection(("127.0.0.1", listener.port))
    client.sendall(b"GET / HTTP/1.0\r\n\r\n")
    assert asked.wait(timeout=20)
    listener.stop(timedelta(seconds=0.1))
    client.close()


def test_the_first_signal_is_a_wish_and_the_second_an_order() -> None:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        stop = Stop(SOON)
        signal.raise_signal(signal.SIGTERM)
        stop.wait()
        assert {signal.getsignal(number) for number in SIGNALS} == {signal.SIG_DFL}
        assert timedelta(0) < stop.left < SOON
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_requests_jobs_and_whoever_watches_share_the_time_that_a_stop_may_take(
    bureau: Bureau, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    given: list[timedelta] = []
    stop_listener, stop_engine = Listener.stop, bureau.engine.stop

    def slowly(listener: Listener, within: timedelta) -> None:
        given.append(within)
        stop_listener(listener, within)
        threading.Event().wait(0.1)

    def all_ended(within: timedelta) -> bool:
        given.append(within)
        return stop_engine(within)

    monkeypatch.setattr(Listener, "stop", slowly)
    monkeypatch.setattr(bureau.engine, "stop", all_ended)
    chosen = settings.load({"PUJIANG_DATA_DIR": str(tmp_path), "PUJIANG_PORT": "0", "PUJIANG_MONITOR_PORT": "0"})
    try:
        running.serve(chosen, bureau.engine, lambda _address: signal.raise_signal(signal.SIGTERM))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    pages, watched, engine = given
    assert pages <= timedelta(seconds=chosen.stop_seconds)
    assert min(pages - watched, watched - engine) >= timedelta(seconds=0.1)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_pages_jobs_and_ticks_run_apart_on_one_database_and_end_well(tmp_path: Path) -> None:
    bureau = Bureau(f"sqlite:///{tmp_path / 'pujiang.db'}", datetime.now(UTC))
    petition = Petition("online", CLAIMS, "utilities", "north", people=(MING,))
    bureau.engine.transact(lambda tx: cases.hand_in(tx, petition), PUBLIC)
    assert bureau.ask(gauges.read).jobs.count > 0, "there is something to do for a worker"
    ports = {"worker": free_port(), "ticker": free_port()}
    started = [processes.start(tmp_path, "serve", "--pages-only", "--port", "0", PUJIANG_LOG_FORMAT="json")]
    try:
        started += [
            processes.start(tmp_path, name, PUJIANG_MONITOR_PORT=str(port), PUJIANG_JOB_THREADS="1")
            for name, port in ports.items()
        ]
        assert "Pujiang" in fetch(started[0].address)
        for port in ports.values():
            assert fetch(f"http://127.0.0.1:{port}/readyz") == "ready\n"
        while due(ports["ticker"]):
            pass
    finally:
        for one in started:
            one.tell(signal.SIGTERM)
        assert [one.end() for one in started] == [0, 0, 0]
        bureau.close()
    [line] = started[0].log.splitlines()
    assert json.loads(line)["message"].startswith("GET / 200 in ")
    assert [one.log for one in started[1:]] == ["", ""]


def due(port: int) -> float:
    """How many jobs are to be run, as a process tells Prometheus."""
    page = fetch(f"http://127.0.0.1:{port}/metrics")
    return float(page.partition("\npujiang_jobs_due ")[2].partition("\n")[0])
