"""Petitions in bulk: each row of a foreign register becomes a case, through the start that every petition takes.

Every row is registered, known already by its key, or written to the reject file with its number and the reason. So a
run that was killed is simply run again: nothing is lost and nothing is registered twice.
"""

from __future__ import annotations

import csv
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from engine.actors import SYSTEM, Actor
from engine.database import Transaction
from engine.engine import Engine
from engine.errors import EngineError, InvalidInput
from workflows import cases, intake_maps
from workflows.cases import Petition
from workflows.intake_maps import IntakeMap, Unusable

BATCH = 100
"""Rows registered in one transaction: what it costs to make it last is shared by all of them."""

REGISTERED, KNOWN, REJECTED = "registered", "known", "rejected"

Progress = Callable[[int, int], object]
"""Is told how many rows of how many are dealt with."""


@dataclass(frozen=True, slots=True)
class IntakeReport:
    """`rows` is the sum of the other three. `rejects` is the reject file, None where no row was rejected."""

    rows: int
    registered: int
    known: int
    rejected: int
    seconds: float
    rejects: Path | None

    @property
    def per_second(self) -> float:
        """Rows dealt with in a second."""
        return self.rows / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it stands in the file; `number` counts rows of data from 1."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a line; `reason` is why it was rejected."""

    what: str
    reason: str = ""


def run(
    engine: Engine, csv_path: Path, map_path: Path, progress: Progress | None = None, actor: Actor = SYSTEM
) -> IntakeReport:
    """Take in a file, and hand every case on until it waits for a person.

    The reject file stands beside the CSV file, named like it with ``.rejects.csv``; it is written anew by each run.

    Raises:
        InvalidInput: map or file cannot be used at all: nothing was registered.
        NotPermitted: `actor` may not import.
    """
    engine.read(lambda tx: tx.authorise("import", "petitions"), actor)
    intake_map = intake_maps.read(map_path)
    total = _count(csv_path, intake_map)
    rejects = csv_path.with_suffix(".rejects.csv")
    counts: Counter[str] = Counter()
    begun = time.perf_counter()
    with _lines(csv_path, intake_map) as (header, lines), _reject_file(rejects, header, intake_map) as reject:
        reader = _Reader(intake_map, header)
        while batch := list(islice(lines, BATCH)):
            for line, outcome in _take_in(engine, actor, reader, batch):
                counts[outcome.what] += 1
                if outcome.what == REJECTED:
                    reject(line, outcome.reason)
            engine.run_to_rest()
            if progress is not None:
                progress(counts.total(), total)
    if not counts[REJECTED]:
        rejects.unlink()
    return IntakeReport(
        rows=counts.total(),
        registered=counts[REGISTERED],
        known=counts[KNOWN],
        rejected=counts[REJECTED],
        seconds=time.perf_counter() - begun,
        rejects=rejects if counts[REJECTED] else None,
    )


class _Reader:
    """Makes petitions of lines; remembers the keys of this run, so that one that stands twice is told."""

    def __init__(self, intake_map: IntakeMap, header: Sequence[str]) -> None:
        self._map, self._header = intake_map, header
        self._first: dict[str, int] = {}

    def petition(self, line: Line) -> Petition:
        """Raises Unusable with the reason for the reject file."""
        if len(line.cells) != len(self._header):
            raise Unusable(f"expected {len(self._header)} columns, but the row has {len(line.cells)}")
        if any(_is_garbled(cell) for cell in line.cells):
            raise Unusable(f"expected text in {self._map.encoding}, but the row has other bytes")
        row = dict(zip(self._header, line.cells, strict=True))
        key = self._map.source_key(row)
        first = self._first.setdefault(key, line.number)
        if first != line.number:
            raise Unusable(f"expected a key of its own, but row {first} has '{row[self._map.key].strip()}' too")
        return self._map.petition(row)


def _take_in(engine: Engine, actor: Actor, reader: _Reader, batch: Iterable[Line]) -> Iterator[tuple[Line, Outcome]]:
    wanted: list[tuple[Line, Petition]] = []
    for line in batch:
        try:
            wanted.append((line, reader.petition(line)))
        except Unusable as reason:
            yield line, Outcome(REJECTED, str(reason))
    outcomes = _register(engine, actor, [petition for _, petition in wanted])
    yield from zip((line for line, _ in wanted), outcomes, strict=True)


def _register(engine: Engine, actor: Actor, petitions: Sequence[Petition]) -> list[Outcome]:
    """All in one transaction; where one of them is refused, each in its own, so that it alone is left out."""

    def work(tx: Transaction) -> list[Outcome]:
        known = cases.known_source_keys(tx, [petition.source_key or "" for petition in petitions])
        return [_register_one(tx, petition, known) for petition in petitions]

    try:
        return engine.transact(work, actor)
    except EngineError as refused:
        if len(petitions) == 1:
            return [Outcome(REJECTED, str(refused))]
        return [_register(engine, actor, [petition])[0] for petition in petitions]


def _register_one(tx: Transaction, petition: Petition, known: frozenset[str]) -> Outcome:
    if petition.source_key in known:
        return Outcome(KNOWN)
    cases.hand_in(tx, petition)
    return Outcome(REGISTERED)


def _count(csv_path: Path, intake_map: IntakeMap) -> int:
    """How many rows the file has. Raises InvalidInput where it cannot be used with this map."""
    with _lines(csv_path, intake_map) as (header, lines):
        missing = sorted(intake_map.columns - set(header))
        if missing:
            raise InvalidInput(f"Expected the columns {', '.join(missing)} in '{csv_path}', but they are not there.")
        return sum(1 for _ in lines)


@contextmanager
def _lines(csv_path: Path, intake_map: IntakeMap) -> Iterator[tuple[list[str], Iterator[Line]]]:
    """The header and the rows. Bytes that are no text come through as they are, for the row to be rejected by."""
    try:
        file = csv_path.open(encoding=intake_map.encoding, errors="surrogateescape", newline="")
    except (OSError, LookupError) as error:
        raise InvalidInput(f"Expected to read '{csv_path}', but it cannot be read: {error}") from error
    with file:
        rows = csv.reader(file, delimiter=intake_map.delimiter)
        header = next(rows, None)
        if header is None:
            raise InvalidInput(f"Expected a header and rows in '{csv_path}', but it is empty.")
        yield header, (Line(number, tuple(row)) for number, row in enumerate(_readable(rows), 1))


def _readable(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """Every row that the CSV reader gives; one that it cannot take apart comes as a row without cells."""
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            row = [f"unreadable: {error}"]
        yield row


@contextmanager
def _reject_file(path: Path, header: Sequence[str], intake_map: IntakeMap) -> Iterator[Callable[[Line, str], None]]:
    """Writes each rejected line with its number and reason before its own columns, as they came."""
    with path.open("w", encoding=intake_map.encoding, errors="surrogateescape", newline="") as file:
        writer = csv.writer(file, delimiter=intake_map.delimiter)
        writer.writerow(["row", "reason", *header])

        def reject(line: Line, reason: str) -> None:
            writer.writerow([line.number, reason, *line.cells])

        yield reject


def _is_garbled(cell: str) -> bool:
    return any("\udc80" <= character <= "\udcff" for character in cell) or "\x00" in cell
