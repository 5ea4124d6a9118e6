"""Serves an application with waitress, in threads, until it is told to stop; what was asked by then is answered."""

from __future__ import annotations

import errno
import threading
import time
from datetime import timedelta
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server

_OVERHEAD = 64 * 1024
"""Bytes of a form around what is uploaded in it."""

_LOOK = 0.5
"""Seconds between two looks at whether it is told to stop."""


_LET_IN = 50
"""Looks at the door before it is closed; one lets in one."""


class Listener:
    """An application on an address. It listens from the first moment, and answers once started."""

    def __init__(self, app: Flask, host: str, port: int, *, threads: int, max_request_kib: int = 64) -> None:
        """
        Raises:
            OSError: the address is taken, or cannot be listened on.
        """
        self._sockets: dict[int, Any] = {}
        self._stopped = threading.Event()
        try:
            self._server = create_server(
                app,
                map=self._sockets,
                host=host,
                port=port,
                threads=threads,
                ident="pujiang",
                max_request_body_size=max_request_kib * 1024 + _OVERHEAD,
            )
        except ValueError as error:
            raise OSError(errno.EADDRNOTAVAIL, "It is no address that is known here") from error
        self._loop = threading.Thread(target=self._run, name=f"listener-{port}", daemon=True)
        self._host = host

    def start(self) -> None:
        self._loop.start()

    @property
    def address(self) -> str:
        """One that can be opened: what listens everywhere is here as well."""
        host = "127.0.0.1" if self._host in ("0.0.0.0", "::") else self._host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    @property
    def port(self) -> int:
        """The port in use, which 0 leaves to the machine; a name may stand for several addresses with the same one."""
        one = [(self._server.effective_host, self._server.effective_port)] if self._is_one else None
        return int((one or self._server.effective_listen)[0][1])

    @property
    def _is_one(self) -> bool:
        return isinstance(self._server, BaseWSGIServer)

    def stop(self, within: timedelta) -> None:
        """Take no more connections, and wait until everything that was asked is answered, at most so long."""
        until = time.monotonic() + within.total_seconds()
        self._stopped.set()
        if self._loop.is_alive():
            self._loop.join(within.total_seconds())
        self._server.task_dispatcher.shutdown(timeout=max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        while not self._stopped.is_set():
            wasyncore.loop(timeout=_LOOK, count=1, map=self._sockets)
        # Who has connected already is let in: closing the door would throw them out unheard.
        wasyncore.loop(timeout=0, count=_LET_IN, map=self._sockets)
        for server in [each for each in self._sockets.values() if isinstance(each, BaseWSGIServer)]:
            # Only its socket: what wakes this loop for an answer is closed by `close`.
            wasyncore.dispatcher.close(server)
        while any(_is_busy(each) for each in list(self._sockets.values())):
            wasyncore.loop(timeout=0.05, count=1, map=self._sockets)


def _is_busy(each: Any) -> bool:
    return isinstance(each, HTTPChannel) and bool(each.requests or each.total_outbufs_len)
