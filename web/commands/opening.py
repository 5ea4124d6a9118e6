"""Engines for as long as a command lasts, and what is shown of where they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from engine.engine import Engine
from handlers import HANDLERS
from web.settings import Settings
from workflows.office import open_engine, open_to_read


def opened(chosen: Settings) -> Engine:
    """An engine on a database of this release; the database is made, or brought up to it, where it is not.

    Whoever asked for it stops it.
    """
    chosen.data_dir.mkdir(parents=True, exist_ok=True)
    return open_engine(chosen.database_url, HANDLERS, **_options(chosen))


def joined(chosen: Settings) -> Engine:
    """An engine on a database that others keep, which has to be of this release. Whoever asked for it stops it."""
    return open_to_read(chosen.database_url, HANDLERS, **_options(chosen))


def _options(chosen: Settings) -> dict[str, Any]:
    return {
        "history_time_to_live": chosen.history_days,
        "time_limit": timedelta(minutes=chosen.job_minutes),
        "external_topics": chosen.external_topics,
        "pool_size": chosen.pool_size,
    }


@contextmanager
def writing(chosen: Settings) -> Iterator[Engine]:
    """An engine that runs nothing by itself."""
    engine = opened(chosen)
    try:
        yield engine
    finally:
        engine.stop()


@contextmanager
def reading(chosen: Settings) -> Iterator[Engine]:
    """An engine that leaves the database as it is."""
    engine = joined(chosen)
    try:
        yield engine
    finally:
        engine.stop()


def shown(url: str) -> str:
    """Without the password of an address."""
    return re.sub(r"://([^:/@]*):[^@]+@", r"://\1:…@", url)
