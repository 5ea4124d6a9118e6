"""Petitions taken in from a file, each through the real process start until it waits for a person.

With BENCHMARK_CASES and BENCHMARK_MAP it reads that file; without them it makes one of the same shape.
"""

from __future__ import annotations

import csv
import os
import random
import shutil
import tempfile
from pathlib import Path

from benchmarks.figures import Figures
from handlers import HANDLERS
from workflows.demonstration import demo
from workflows.importing import intake
from workflows.office import open_engine

ROWS = 1_000
MAP = Path(__file__).parents[1] / "docs" / "intake" / "nyc-councilstat.toml"
COLUMNS = (
    "unique_key",
    "opendate",
    "closedate",
    "complaint_type",
    "descriptor",
    "zip",
    "borough",
    "city",
    "community_board",
)
SUBJECTS = ("Housing and Buildings", "Transportation", "Sanitation", "Parks", "Health", "", "Please choose an issue...")
PLACES = ("Brooklyn", "Manhattan", "Queens", "Bronx", "Staten Island", "")


def measure(figures: Figures) -> None:
    given = os.environ.get("BENCHMARK_CASES")
    print(f"# intake of {given or f'{ROWS} generated rows (set BENCHMARK_CASES for real ones)'}")
    with tempfile.TemporaryDirectory(prefix="pujiang-bench-") as name:
        folder = Path(name)
        file = folder / "cases.csv"
        if given:
            shutil.copy(given, file)
        else:
            generate(file, ROWS)
        engine = open_engine(f"sqlite:///{folder / 'pujiang.db'}", HANDLERS)
        demo.build(engine)
        report = intake.run(engine, file, Path(os.environ.get("BENCHMARK_MAP", MAP)))
        engine.stop()
    figures.add("intake_per_second", report.per_second, "rows/s")
    figures.add("intake_registered", report.registered, "petitions")
    figures.add("intake_rejected", report.rejected, "rows")


def generate(file: Path, rows: int) -> None:
    """Write a file of that many petitions, such as a city's register has."""
    choice = random.Random(1)
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(COLUMNS)
        for number in range(rows):
            place = choice.choice(PLACES)
            day = f"2025-{choice.randrange(1, 13):02}-{choice.randrange(1, 29):02}"
            writer.writerow([f"G{number}", day, "", choice.choice(SUBJECTS), "", "11201", place, place, ""])
