"""The campaigns by name, with how long each goes on, and where it plays."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.campaigns import crowd, kills, office, postgres
from tests.campaigns.report import Report
from tests.campaigns.scene import Scene

SQLITE, POSTGRESQL = "sqlite", "postgresql"


@dataclass(frozen=True)
class Campaign:
    """`size` is how many kills or cases it goes on for: at length, and shortly with the tests."""

    run: Callable[[Scene, int], Report]
    size: int
    short: int
    databases: tuple[str, ...] = (SQLITE,)


CAMPAIGNS: Mapping[str, Campaign] = {
    "kills": Campaign(kills.campaign, size=200, short=4),
    "office": Campaign(office.campaign, size=40, short=1),
    "crowd": Campaign(crowd.campaign, size=50, short=6),
}


@contextmanager
def scene(database: str, seed: int) -> Iterator[Scene]:
    """An empty database and an empty folder, both gone at the end.

    Raises:
        postgres.Missing: there is no PostgreSQL here.
    """
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        if database == SQLITE:
            yield Scene(f"sqlite:///{folder}/pujiang.db", Path(folder), seed)
            return
        with postgres.server() as server:
            yield Scene(server.url, Path(folder), seed)
