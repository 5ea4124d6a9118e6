"""What every request has: an id, which its answer and its lines in the log carry, and a line when it is answered."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable
from http import HTTPMethod
from typing import Any

from flask import Flask, Response, current_app, g, request

from engine import observing
from web import logs
from web.settings import Settings

HEADER = "X-Request-ID"
QUIET = frozenset({"static", "health.healthz", "health.readyz", "metrics"})
"""Asked for so often that a line for each would hide the others."""

_ID = "pujiang.request_id"
_ANSWERED = "pujiang.answered"
_METHODS = frozenset(HTTPMethod)
_GIVEN = re.compile(r"[A-Za-z0-9._-]{8,64}")

Answered = Callable[[str, str, int, float], None]
"""Told of each answer: method, route, status, seconds."""


def init_app(app: Flask, settings: Settings) -> None:
    """Give every request its id, taken from a trusted proxy where one is in front."""
    inner = app.wsgi_app

    def identified(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "") if settings.proxies else ""
        environ[_ID] = given if _GIVEN.fullmatch(given) else secrets.token_hex(4)
        with observing.about(request=environ[_ID]):
            return inner(environ, start_response)

    app.wsgi_app = identified  # type: ignore[method-assign]
    app.extensions[_ANSWERED] = [_log]
    app.before_request(_begin)
    app.after_request(_end)


def on_answer(app: Flask, answered: Answered) -> None:
    """Have `answered` told of each answer."""
    app.extensions[_ANSWERED].append(answered)


def request_id() -> str:
    """This request's id: eight letters and digits, or what the proxy in front gave it."""
    return str(request.environ[_ID])


def route() -> str:
    """The address asked for, as it is drawn up: what stands in its places may be anything that somebody typed."""
    return request.url_rule.rule if request.url_rule is not None else "-"


def method() -> str:
    """How it was asked for: one of HTTP's own words, for any other is something that somebody typed."""
    return request.method if request.method in _METHODS else "-"


def _begin() -> None:
    g.begun = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers[HEADER] = request_id()
    seconds = time.perf_counter() - g.begun
    for answered in current_app.extensions[_ANSWERED]:
        answered(method(), route(), response.status_code, seconds)
    return response


def _log(method: str, asked: str, status: int, seconds: float) -> None:
    if request.endpoint not in QUIET:
        logs.access.info("%s %s %s in %.0f ms", method, asked, status, seconds * 1000)
