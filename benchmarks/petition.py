"""Bytes on disk for each completed petition: real ones, from the hand-in to the rating, on both databases.

What is there before the first of them is not counted. A petition is read by a clerk, its units, a supervisor and its
petitioner as it goes, and each reading is an entry in its journal.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path

import psycopg

from benchmarks import population, servers
from benchmarks.figures import Figures
from tests.bureau import Bureau

PETITIONS = 100
SHOWN = 6
"""Tables that are told of by name, the largest first."""


def measure(figures: Figures) -> None:
    with tempfile.TemporaryDirectory(prefix="pujiang-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'pujiang.db'}"
        _report(figures, "petition_bytes", bytes_of_each(url, PETITIONS))
    with servers.durable() as server:
        _report(figures, "petition_bytes_postgresql", bytes_of_each(server.empty(), PETITIONS))


def _report(figures: Figures, name: str, sizes: Counter[str]) -> None:
    figures.add(name, sizes.total(), "bytes")
    largest = sizes.most_common(SHOWN)
    others = sizes.total() - sum(size for _, size in largest)
    print(f"# of {name}: {', '.join(f'{table} {size}' for table, size in largest)}, the others {others}")


def bytes_of_each(url: str, petitions: int) -> Counter[str]:
    """Bytes of each table with its indexes, for one petition."""
    bureau = Bureau(url, population.OPENED)
    before = _sizes(bureau)
    population.conclude(bureau, petitions)
    grown = _sizes(bureau)
    bureau.close()
    return Counter({table: round((size - before[table]) / petitions) for table, size in grown.items()})


def _sizes(bureau: Bureau) -> Counter[str]:
    url = bureau.engine.database.url
    if bureau.engine.database.file is None:
        with psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False)) as server:
            server.autocommit = True
            server.execute("VACUUM")  # as the server does by itself in its time
            rows = server.execute(
                "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r'"
            ).fetchall()
    else:
        with closing(sqlite3.connect(bureau.engine.database.file)) as file:
            rows = file.execute(
                "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_master USING (name) GROUP BY tbl_name"
            ).fetchall()
    return Counter(dict(rows))
