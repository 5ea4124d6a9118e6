"""Tells other processes on the same PostgreSQL that there is work, and hears it from them.

A NOTIFY in a transaction takes a lock of the whole server at its commit, so that commits would queue. It is sent after
the commit instead, on a connection of its own, and one tells of all commits of a moment. Nothing depends on it: where
one is lost, work waits for the next tick.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

log = logging.getLogger(__name__)

CHANNEL = "pujiang_work"

PAUSE = 0.05
"""Seconds between two notices of one process: at most 20 a second."""

RECONNECT = 2.0
"""Seconds before a connection that was lost is sought anew; ticks go on meanwhile."""

Connect = Callable[[], Any]
"""Opens a psycopg connection that commits each statement by itself."""


class Announcer:
    """A thread that tells others. `wake` costs the one who calls it next to nothing, whatever the server does."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._pending = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="announcer", daemon=True)
        self.sender: int | None = None
        """The server's process that sends, by which a listener beside it knows its own notices."""

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """There may be work for others."""
        self._pending.set()

    def drain(self) -> None:
        """Tell nothing more."""
        self._stopped.set()
        self._pending.set()

    def wait(self, within: timedelta) -> bool:
        """Whether the thread ended within that time."""
        self._thread.join(within.total_seconds())
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                with self._connect() as connection:
                    self.sender = connection.info.backend_pid
                    self._announce(connection)
            except Exception as error:
                log.info("Other processes are not told of work, which they find at their next tick: %s", error)
                self._pending.set()
                self._stopped.wait(RECONNECT)

    def _announce(self, connection: Any) -> None:
        while self._pending.wait() and not self._stopped.is_set():
            self._pending.clear()
            connection.execute(f"NOTIFY {CHANNEL}")
            self._stopped.wait(PAUSE)


class Listener:
    """A thread that calls `heard` when another process has told of work, and each time it begins to listen."""

    def __init__(self, connect: Connect, heard: Callable[[], None], own: Callable[[], int | None]) -> None:
        """
        Args:
            own: the server's process that sends for this one, whose notices are no news.
        """
        self._connect, self._heard, self._own = connect, heard, own
        self._stopped = threading.Event()
        self._stopping, self._stop = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def drain(self) -> None:
        """Listen no more."""
        self._stopped.set()
        self._stop.close()

    def wait(self, within: timedelta) -> bool:
        """Whether the thread ended within that time."""
        self._thread.join(within.total_seconds())
        return not self._thread.is_alive()

    def _run(self) -> None:
        with self._stopping:
            while not self._stopped.is_set():
                self._listen_once()

    def _listen_once(self) -> None:
        try:
            with self._connect() as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                self._heard()
                self._listen(connection)
        except Exception as error:
            log.info("Other processes are not listened to; work is looked for at ticks: %s", error)
            self._stopped.wait(RECONNECT)

    def _listen(self, connection: Any) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(connection.fileno(), selectors.EVENT_READ)
            # Readable once its other end is closed, so that a stop is not waited for.
            waiting.register(self._stopping, selectors.EVENT_READ)
            while waiting.select() and not self._stopped.is_set():
                senders = {notice.pid for notice in connection.notifies(timeout=0)}
                if senders - {self._own()}:
                    self._heard()
