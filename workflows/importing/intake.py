"""Petitions in bulk: each row of a foreign register becomes a case, through the start that every petition takes.

Every row is registered, known already by its key, or written to the reject file with its number and the reason. So a
run that was killed is simply run again: nothing is lost and nothing is registered twice.
"""

from __future__ import annotations

import csv
import re
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from engine.actors import SYSTEM, Actor
from engine.engine import Engine
from engine.errors import EngineError, InvalidInput
from engine.store.database import Transaction
from workflows.importing import intake_maps
from workflows.importing.intake_maps import IntakeMap, Unusable
from workflows.register import cases
from workflows.register.cases import Petition

BATCH = 100
"""Rows registered in one transaction: what it costs to make it last is shared by all of them."""

_STRAY = re.compile("[\udc80-\udcff]")
"""Bytes that are no text in the file's encoding, as ``surrogateescape`` lets them through."""

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
    """One row as it stands in the file; `number` counts rows of data from 1.

    Where the row cannot be taken apart, `problem` says why and its one cell is the line of the file.
    """

    number: int
    cells: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a line; `reason` is why it was rejected."""

    what: str
    reason: str = ""


def run(
    engine: Engine,
    csv_path: Path,
    map_path: Path,
    progress: Progress | None = None,
    actor: Actor = SYSTEM,
    rejects: Path | None = None,
) -> IntakeReport:
    """Take in a file, and hand every case on until it waits for a person.

    The reject file is `rejects`, or stands beside the CSV file, named like it with ``.rejects.csv``; it is written
    anew by each run.

    Raises:
        InvalidInput: map, file or reject file cannot be used at all: nothing was registered.
        NotPermitted: `actor` may not import.
    """
    engine.read(lambda tx: tx.authorise("import", "petitions"), actor)
    intake_map = intake_maps.read(map_path)
    total = _count(csv_path, intake_map)
    rejects = rejects or csv_path.with_suffix(".rejects.csv")
    if rejects.resolve() in (csv_path.resolve(), map_path.resolve()):
        raise InvalidInput(f"Expected a reject file of its own, but '{rejects}' is what is to be read.")
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
        if line.problem:
            raise Unusable(f"expected a row that can be taken apart, but {line.problem}")
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
        twice = sorted(column for column in intake_map.columns if header.count(column) > 1)
        if twice:
            raise InvalidInput(f"Expected the columns {', '.join(twice)} once in '{csv_path}', but they stand twice.")
        return sum(1 for _ in lines)


@contextmanager
def _lines(csv_path: Path, intake_map: IntakeMap) -> Iterator[tuple[list[str], Iterator[Line]]]:
    """The header and the rows. Bytes that are no text come through as they are, for the row to be rejected by."""
    try:
        file = csv_path.open(encoding=intake_map.encoding, errors="surrogateescape", newline="")
    except (OSError, LookupError) as error:
        raise InvalidInput(f"Expected to read '{csv_path}', but it cannot be read: {error}") from error
    with file:
        rows = _rows(_Pages(file, intake_map), intake_map.delimiter)
        cells, problem = next(rows, ((), "it is empty"))
        if problem:
            raise InvalidInput(f"Expected a header and rows in '{csv_path}', but {problem}.")
        yield list(cells), (Line(number, *row) for number, row in enumerate(rows, 1))


class _Pages:
    """The lines of the file, one by one; those read since the last row can be put back, all but the first."""

    def __init__(self, file: Iterable[str], intake_map: IntakeMap) -> None:
        self._file, self._encoding = iter(file), intake_map.encoding
        self._read: list[str] = []
        self._returned: deque[str] = deque()

    def __iter__(self) -> _Pages:
        return self

    def __next__(self) -> str:
        try:
            line = self._returned.popleft() if self._returned else next(self._file)
        except UnicodeError as error:
            raise InvalidInput(f"Expected text in {self._encoding}, but it cannot be read: {error}") from error
        self._read.append(line)
        return line

    def keep(self) -> None:
        """A row is complete."""
        self._read.clear()

    def put_back(self) -> str:
        """Let all lines but the first be read once more; returns the first."""
        first, *others = self._read
        self._returned.extendleft(reversed(others))
        self._read.clear()
        return first


def _rows(pages: _Pages, delimiter: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every row, and what is wrong with it where it cannot be taken apart.

    A quote that is opened and never closed would swallow the rows behind it. So quotes are taken strictly, and only
    the line that a wrong row begins on is given up. Empty lines are no rows.
    """
    reader = csv.reader(pages, delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield (pages.put_back().rstrip("\r\n"),), str(error)
            reader = csv.reader(pages, delimiter=delimiter, strict=True)
            continue
        pages.keep()
        if cells:
            yield tuple(cells), ""


@contextmanager
def _reject_file(path: Path, header: Sequence[str], intake_map: IntakeMap) -> Iterator[Callable[[Line, str], None]]:
    """Writes each rejected line with its number and reason before its own columns, as they came."""
    try:
        file = path.open("w", encoding=intake_map.encoding, errors="surrogateescape", newline="")
    except OSError as error:
        raise InvalidInput(f"Expected to write rejected rows to '{path}', but it cannot be written: {error}") from error
    with file:
        writer = csv.writer(file, delimiter=intake_map.delimiter)
        writer.writerow(["row", "reason", *header])

        def reject(line: Line, reason: str) -> None:
            writer.writerow([line.number, reason, *line.cells])

        yield reject


def _is_garbled(cell: str) -> bool:
    return "\x00" in cell or (not cell.isascii() and _STRAY.search(cell) is not None)
