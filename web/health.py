"""Whether this process lives, and whether work may be sent to it: for load balancers and service managers.

Anyone may ask, so the answer is one word; the log says why.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from http import HTTPStatus

from flask import Blueprint, Flask, Response, current_app

from engine.engine import Engine
from web.current import engine
from workflows.office import MIGRATIONS

log = logging.getLogger(__name__)

blueprint = Blueprint("health", __name__)

Problems = Callable[[], Iterator[str]]

_MORE = "pujiang.problems"

LATE = timedelta(seconds=30)
"""Ticks come every second; one that takes longer than this is stuck, or the database is."""

ENOUGH = 16 * 1024 * 1024
"""Free bytes without which SQLite may soon be unable to write."""


def init_app(app: Flask, *more: Problems) -> None:
    """Answer both; `more` says why work may not be sent here, beside what holds for every process."""
    app.extensions[_MORE] = more
    app.register_blueprint(blueprint)


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers. It asks nothing of the database, whose failure no restart would mend."""
    return _answer("alive", HTTPStatus.OK)


@blueprint.get("/readyz")
def readyz() -> Response:
    """It can do its work."""
    wrong = [*problems(engine()), *(problem for more in current_app.extensions[_MORE] for problem in more())]
    if not wrong:
        return _answer("ready", HTTPStatus.OK)
    log.warning("Not ready: %s.", "; ".join(wrong))
    return _answer("not ready", HTTPStatus.SERVICE_UNAVAILABLE)


def problems(engine: Engine) -> Iterator[str]:
    """Why it cannot do its work."""
    try:
        engine.check(MIGRATIONS)
    except Exception as error:
        log.info("The database cannot be used: %s", error)
        yield "the database cannot be used, or is of another release"
    if engine.idle_for > LATE:
        yield f"the last tick ended {engine.idle_for.total_seconds():.0f} s ago"
    file = engine.database.file
    if file is not None and shutil.disk_usage(file.parent).free < ENOUGH:
        yield "the disk is full"


def _answer(word: str, status: HTTPStatus) -> Response:
    return Response(f"{word}\n", status, mimetype="text/plain")
