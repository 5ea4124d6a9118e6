"""Serves the application with waitress, beside the engine's own threads, until it is told to stop."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Any

from flask import Flask
from waitress.server import create_server

from engine.engine import Engine
from web.app import create_app
from web.settings import Settings

_OVERHEAD = 64 * 1024
"""Bytes of a form around what is uploaded in it."""


def serve(settings: Settings, engine: Engine, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; then what is under way ends, and the database is closed.

    `ready` is told the address once requests are taken.

    Raises:
        AssetsMissing: the front end was not built.
        OSError: the address is taken, or cannot be listened on.
    """
    app = create_app(settings, engine)
    try:
        server = _listen(app, settings)
    except OSError as error:
        reason = f"{error.strerror or error}: {settings.host}, port {settings.port}"
        raise OSError(error.errno, f"{reason}. Choose another one with --port or PUJIANG_PORT") from error
    # waitress takes SystemExit for the wish to stop, as it does KeyboardInterrupt
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    engine.start()
    try:
        ready(f"http://{_reachable(settings.host)}:{_port(server)}/")
        server.run()
    finally:
        engine.stop()


def _listen(app: Flask, settings: Settings) -> Any:
    return create_server(
        app,
        host=settings.host,
        port=settings.port,
        threads=settings.threads,
        ident="pujiang",
        max_request_body_size=settings.max_request_kib * 1024 + _OVERHEAD,
    )


def _port(server: Any) -> int:
    """The port in use, which 0 leaves to the machine; a name may stand for several addresses with the same one."""
    listening = getattr(server, "effective_listen", None) or [(server.effective_host, server.effective_port)]
    return int(listening[0][1])


def _reachable(host: str) -> str:
    """An address that can be opened: what listens everywhere is here as well."""
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
