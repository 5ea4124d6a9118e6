"""Makes many cases out of few, in the very formats that the engine and the petition domain write.

A pattern is one instance with all its rows. Each stamp of it has an id, a case number, days and texts of its own, in
the columns and inside the JSON of state, commands and facts; and its journal is hashed anew, entry by entry.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from benchmarks.population import CLAIMER
from engine import journal
from engine.store import tables as of_engine
from workflows import tables as of_domain

Row = tuple[Any, ...]
Values = Mapping[str, Any]
"""What the places of a stamp are filled with, by name."""

_DAY = re.compile(r"(20[0-9]{2}-[01][0-9]-[0-3][0-9])(?![0-9])")
_TEXT = re.compile(r'("text": ?)([0-9]+)(, ?"hash")')
_HASHED = ("instance_id", "seq", "at", "actor", "kind", "command", "facts", "format")

TABLES: tuple[sa.Table, ...] = tuple(
    table
    for metadata in (of_engine.metadata, of_domain.metadata)
    for table in metadata.sorted_tables
    if table is of_engine.process_instances or not {"instance_id", "case_number", "job_id"}.isdisjoint(table.c.keys())
)
"""Those that a case has rows in, each after those that it refers to."""


@dataclass(frozen=True, slots=True)
class Fill:
    """A place in a row: the value named `name`, plus `offset` where that is a number; or a text with places in it."""

    name: str = ""
    offset: int = 0
    text: str = ""

    def value(self, values: Values) -> Any:
        if self.text:
            return self.text % values
        found = values[self.name]
        return found + self.offset if self.offset else found


@dataclass(frozen=True, slots=True)
class Lines:
    """The rows of one table: as they are, and where they differ from stamp to stamp."""

    rows: tuple[tuple[Row, tuple[tuple[int, Fill], ...]], ...]

    def stamped(self, values: Values) -> Iterator[list[Any]]:
        for row, fills in self.rows:
            made = list(row)
            for place, fill in fills:
                made[place] = fill.value(values)
            yield made


@dataclass(frozen=True, slots=True)
class Pattern:
    """An instance to stamp out. `days` are those it speaks of, `serials` how many numbers it takes of each table;
    `reach` is how many days it may be put back until something that waits in it is due.
    """

    lines: Mapping[str, Lines]
    days: tuple[date, ...]
    serials: Mapping[str, int]
    is_open: bool
    begun: date
    reach: int

    def stamp(
        self, instance_id: int, case_number: str, shift: int, claimer: str, serials: Mapping[str, int]
    ) -> dict[str, list[Row]]:
        """The rows of one more instance, by table. `shift` is in days; `serials` are the numbers last taken."""
        by = timedelta(days=shift)
        values: dict[str, Any] = {"instance": instance_id, "case": case_number, "claimer": claimer}
        values |= {_day_name(day): (day + by).isoformat() for day in self.days}
        for table, count in self.serials.items():
            values |= {f"{table}{number}": serials[table] + number for number in range(1, count + 1)}
        entries, head = _chained(self.lines["journal"].stamped(values))
        values["head"] = head
        made: dict[str, list[Row]] = {
            name: [tuple(row) for row in lines.stamped(values)]
            for name, lines in self.lines.items()
            if name != "journal"
        }
        return {**made, "journal": entries}


def _chained(rows: Iterator[list[Any]]) -> tuple[list[Row], str]:
    """The entries with their hashes, and the last one. As `engine.journal` makes them; `verify` says whether so."""
    head, entries = journal.START, []
    for row in rows:
        said = (str(row[place]).encode() for place in _HASHED_AT)
        digest = sha256(b"".join(b"%d:%b" % (len(value), value) for value in said))
        digest.update(head.encode())
        row[_HASH_AT] = head = digest.hexdigest()
        entries.append(tuple(row))
    return entries, head


_JOURNAL = of_engine.journal.c.keys()
_HASHED_AT, _HASH_AT = [_JOURNAL.index(name) for name in _HASHED], _JOURNAL.index("hash")


def read(connection: sqlite3.Connection) -> list[Pattern]:
    """A pattern of each instance in the database, which must be at rest: no job may be waiting."""
    (waiting,) = connection.execute("SELECT count(*) FROM jobs").fetchone()
    assert waiting == 0, f"expected patterns at rest, but {waiting} jobs are waiting"
    found = connection.execute("SELECT id, business_key, status, started_at FROM process_instances ORDER BY id")
    (now,) = connection.execute("SELECT max(at) FROM journal").fetchone()
    today = date.fromisoformat(now[:10])
    return [_Reader(connection, *row).pattern(today) for row in found.fetchall()]


class _Reader:
    """Reads one instance's rows and finds in them what differs from stamp to stamp."""

    def __init__(self, connection: sqlite3.Connection, instance_id: int, case_number: str, status: str, at: str):
        self.connection, self.instance_id, self.case_number = connection, instance_id, case_number
        self.is_open, self.begun = status == "active", date.fromisoformat(at[:10])
        self.days: set[date] = set()
        self.serials: dict[str, dict[int, int]] = {}
        self.next_due: list[date] = []

    def pattern(self, today: date) -> Pattern:
        rows = {table.name: self._rows(table) for table in TABLES}
        for table in TABLES:
            if _serial(table) is not None and rows[table.name]:
                self.serials[table.name] = {row[0]: number for number, row in enumerate(rows[table.name], 1)}
        lines = {table.name: self._lines(table, rows[table.name]) for table in TABLES if rows[table.name]}
        due = [
            date.fromisoformat(row[table.c.keys().index(name)][:10])
            for table, name in _WAITING
            for row in rows[table.name]
            if row[table.c.keys().index(name)]
        ]
        reach = max(0, (min(due) - today).days - 1) if due else 5
        counts = {name: len(numbers) for name, numbers in self.serials.items()}
        return Pattern(lines, tuple(sorted(self.days)), counts, self.is_open, self.begun, reach)

    def _rows(self, table: sa.Table) -> list[Row]:
        columns = ", ".join(f'"{name}"' for name in table.c.keys())  # noqa: SIM118
        key = ", ".join(column.name for column in table.primary_key.columns)
        if table is of_engine.process_instances:
            which, value = "id = ?", self.instance_id
        elif "instance_id" in table.c:
            which, value = "instance_id = ?", self.instance_id
        elif "case_number" in table.c:
            which, value = "case_number = ?", self.case_number
        else:
            which, value = "job_id LIKE ?", f"{self.instance_id}-%"
        select = f"SELECT {columns} FROM {table.name} WHERE {which} ORDER BY {key}"
        return self.connection.execute(select, (value,)).fetchall()

    def _lines(self, table: sa.Table, rows: Sequence[Row]) -> Lines:
        return Lines(tuple((row, tuple(self._fills(table, row))) for row in rows))

    def _fills(self, table: sa.Table, row: Row) -> Iterator[tuple[int, Fill]]:
        for place, (column, value) in enumerate(zip(table.columns, row, strict=True)):
            fill = self._fill(table, column, value)
            if fill is not None:
                yield place, fill

    def _fill(self, table: sa.Table, column: sa.Column[Any], value: Any) -> Fill | None:
        if value is None or isinstance(value, (bytes, float)):
            return None
        if column.name == "instance_id" or column is of_engine.process_instances.c.id:
            return Fill("instance")
        if column is of_engine.process_instances.c.head:
            return Fill("head")
        if column is of_domain.handled_jobs.c.job_id:
            return Fill(text=f"%(instance)d-{value.partition('-')[2]}")
        numbered = _refers_to(table, column)
        if numbered is not None:
            return Fill(f"{numbered}{self.serials[numbered][value]}")
        return self._inside(value) if isinstance(value, str) else None

    def _inside(self, value: str) -> Fill | None:
        """What differs within a text: case number, claimer, days, and the numbers of the texts that it points to."""
        text = value.replace("%", "%%").replace(self.case_number, "%(case)s").replace(CLAIMER, "%(claimer)s")
        text = _TEXT.sub(lambda found: f"{found[1]}%(texts{self.serials['texts'][int(found[2])]})d{found[3]}", text)
        text = _DAY.sub(self._day, text)
        return Fill(text=text) if text.replace("%%", "%") != value else None

    def _day(self, found: re.Match[str]) -> str:
        day = date.fromisoformat(found[1])
        self.days.add(day)
        return f"%({_day_name(day)})s"


_WAITING = (
    (of_engine.timers, "due"),
    (of_domain.clocks, "next_event_at"),
)


def _day_name(day: date) -> str:
    return f"d{day.toordinal()}"


def _serial(table: sa.Table) -> str | None:
    """The column that the database numbers, other than an instance's."""
    keys = list(table.primary_key.columns)
    is_numbered = len(keys) == 1 and isinstance(keys[0].type, sa.Integer) and keys[0].name == "id"
    return "id" if is_numbered and table is not of_engine.process_instances else None


def _refers_to(table: sa.Table, column: sa.Column[Any]) -> str | None:
    """The table whose number this is: its own, or the one that a foreign key points to."""
    if column.name == _serial(table):
        return table.name
    target = next(iter(column.foreign_keys), None)
    if target is not None and _serial(target.column.table) is not None:
        return str(target.column.table.name)
    return None
