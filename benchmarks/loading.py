"""Loads a database full of stamped cases, as fast as it takes rows: what no key needs is indexed at the end."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

from benchmarks.stamping import TABLES, Pattern, Row, read

BATCH = 2_000
"""Cases stamped before their rows are written."""

CASES_OF_A_CLAIMER = 1_000
"""One in some twenty of these is open and claimed."""

YEARS = 9
"""Over which those cases were handed in that are over."""


def load(database: Path, cases: int, seed: int = 1) -> None:
    """Fill a database of real cases up to `cases`, each one more like one of those."""
    with closing(sqlite3.connect(database)) as connection:
        patterns = read(connection)
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -1000000")
        indexes = _drop_indexes(connection)
        inserts = {table.name: _insert(table.name, table.c.keys()) for table in TABLES}
        stamps = Stamps(connection, patterns, max(1, cases // CASES_OF_A_CLAIMER), random.Random(seed))
        making = stamps.make(cases - len(patterns))
        while batch := list(islice(making, BATCH)):
            for name, insert in inserts.items():
                connection.executemany(insert, [row for made in batch for row in made.get(name, ())])
        stamps.settle()
        for index in indexes:
            connection.execute(index)
        connection.commit()


def _insert(table: str, columns: Sequence[str]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"


def _drop_indexes(connection: sqlite3.Connection) -> list[str]:
    """Those that no key needs; returns the statements that make them again."""
    found = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    ).fetchall()
    for name, _ in found:
        connection.execute(f'DROP INDEX "{name}"')
    return [sql for _, sql in found]


class Stamps:
    """One stamp after the other, numbered on from the last: as often open as the patterns are, the oldest first."""

    def __init__(
        self, connection: sqlite3.Connection, patterns: Sequence[Pattern], claimers: int, choice: random.Random
    ) -> None:
        self.connection, self.patterns, self.claimers, self.choice = connection, patterns, claimers, choice
        (self.instance_id,) = connection.execute("SELECT max(id) FROM process_instances").fetchone()
        self.latest = max(pattern.begun.toordinal() for pattern in patterns)
        self.numbers = dict(connection.execute("SELECT year, last FROM case_counters"))
        self.serials = {}
        for table in {name for pattern in patterns for name in pattern.serials}:
            (self.serials[table],) = connection.execute(f"SELECT max(id) FROM {table}").fetchone()

    def make(self, count: int) -> Iterator[dict[str, list[Row]]]:
        drawn = sorted((self._draw() for _ in range(count)), reverse=True)
        for ago, number in drawn:
            pattern = self.patterns[number]
            self.instance_id += 1
            claimer = f"claimer-{self.choice.randint(1, self.claimers):04}"
            back = ago - self._age(pattern)
            yield pattern.stamp(self.instance_id, self._number(pattern.begun, back), -back, claimer, self.serials)
            for table, taken in pattern.serials.items():
                self.serials[table] += taken

    def _draw(self) -> tuple[int, int]:
        """How many days ago a stamp is to have begun, and of which pattern it is."""
        number = self.choice.randrange(len(self.patterns))
        pattern = self.patterns[number]
        back = self.choice.randrange(pattern.reach + 1 if pattern.is_open else 365 * YEARS)
        return self._age(pattern) + back, number

    def _age(self, pattern: Pattern) -> int:
        return self.latest - pattern.begun.toordinal()

    def _number(self, begun: date, back: int) -> str:
        year = (begun - timedelta(days=back)).year
        self.numbers[year] = self.numbers.get(year, 0) + 1
        return f"PJ-{year}-{self.numbers[year]:06d}"

    def settle(self) -> None:
        """What is numbered next goes on from the last number taken."""
        self.connection.execute("DELETE FROM case_counters")
        self.connection.executemany("INSERT INTO case_counters VALUES (?, ?)", self.numbers.items())
        for table, last in {**self.serials, "process_instances": self.instance_id}.items():
            self.connection.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (last, table))
