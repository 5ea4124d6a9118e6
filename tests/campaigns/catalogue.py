"""The campaigns by name, with how long each goes on, and where it plays."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.campaigns import (
    answers,
    clocks,
    crowd,
    disks,
    kills,
    messengers,
    misfits,
    office,
    partitions,
    pools,
    postgres,
    servers,
)
from tests.campaigns.report import Report
from tests.campaigns.scene import Scene

SQLITE, POSTGRESQL, OWN = "sqlite", "postgresql", "one of its own"


@dataclass(frozen=True)
class Campaign:
    """`size` is how many kills or cases it goes on for at length, `short` with the tests.

    There it plays on `tried` alone, and in CI on `tried_in_ci` too: what takes long, or more than one may do elsewhere.
    `brief` is what is then otherwise about the scene.
    """

    run: Callable[[Scene, int], Report]
    size: int
    short: int
    databases: tuple[str, ...] = (SQLITE, POSTGRESQL)
    tried: tuple[str, ...] = (SQLITE, POSTGRESQL)
    tried_in_ci: tuple[str, ...] = ()
    brief: Mapping[str, Any] = field(default_factory=dict)


CAMPAIGNS: Mapping[str, Campaign] = {
    "kills": Campaign(kills.campaign, size=200, short=3),
    "office": Campaign(office.campaign, size=40, short=1, tried=(SQLITE,)),
    "servers": Campaign(servers.campaign, size=50, short=1, databases=(OWN,), tried=(OWN,)),
    "clocks": Campaign(clocks.campaign, size=100, short=3, tried=(SQLITE,)),
    "machine-clocks": Campaign(
        clocks.of_the_machine, size=10, short=1, tried=(), tried_in_ci=(SQLITE,), brief={"running": 3}
    ),
    "disks": Campaign(disks.on_sqlite, size=20, short=1, databases=(OWN,), tried=(OWN,)),
    "server-disks": Campaign(disks.on_postgresql, size=20, short=2, databases=(OWN,), tried=(), tried_in_ci=(OWN,)),
    "partitions": Campaign(
        partitions.campaign, size=10, short=1, databases=(OWN,), tried=(), tried_in_ci=(OWN,), brief={"longest": 5}
    ),
    "messengers": Campaign(
        messengers.with_redis, size=40, short=1, tried=(), tried_in_ci=(SQLITE,), brief={"running": 3}
    ),
    "messengers-rabbitmq": Campaign(messengers.with_rabbitmq, size=40, short=1, tried=()),
    "answers": Campaign(answers.campaign, size=200, short=2, databases=(OWN,), tried=(OWN,)),
    "pools": Campaign(pools.campaign, size=20, short=1, databases=(OWN,), tried=(), tried_in_ci=(OWN,)),
    "misfits": Campaign(misfits.campaign, size=10_000, short=60, tried=(), tried_in_ci=(SQLITE,), brief={"speed": 60}),
    "crowd": Campaign(crowd.campaign, size=50, short=4),
}


@contextmanager
def scene(database: str, seed: int) -> Iterator[Scene]:
    """An empty database, unless the campaign makes its own, and an empty folder; both gone at the end.

    Raises:
        Missing: there is no PostgreSQL here.
    """
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        if database == POSTGRESQL:
            with postgres.server() as server:
                yield Scene(server.url, Path(folder), seed)
        else:
            yield Scene(f"sqlite:///{folder}/pujiang.db" if database == SQLITE else "", Path(folder), seed)
