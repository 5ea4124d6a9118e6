"""Writes the office's database that this release leaves behind: ``python -m tests.workflows.releases NAME``.

Once for each release, before its number is given; what it wrote is never made again.
"""

from __future__ import annotations

import lzma
import sqlite3
import sys
import tempfile
from pathlib import Path

from tests.bureau import HOUSING, ROADS, WATER, Bureau


def work_on(bureau: Bureau) -> None:
    """A petition that was handed in, one that is handled, one that was answered, and one that was withdrawn."""
    bureau.hand_in()
    handled = bureau.bring_to_handling()
    bureau.complete(handled.case_number, ROADS, "co-unit-opinion", opinion="The lane may be opened.")
    answered = bureau.bring_to_handling()
    bureau.investigate(answered)
    bureau.reply(answered)
    withdrawn = bureau.bring_to_handling()
    bureau.complete(withdrawn.case_number, WATER, "investigate", findings="Rust.")
    bureau.complete(withdrawn.case_number, HOUSING, "co-unit-opinion", opinion="Nothing.")
    bureau.withdraw(withdrawn, "We have moved away.")
    bureau.wait(days=2)


def main(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pujiang.db"
        bureau = Bureau(f"sqlite:///{path}")
        work_on(bureau)
        bureau.close()
        with sqlite3.connect(path) as connection:
            dump = "\n".join(connection.iterdump())
    Path(__file__).with_name(f"{name}.sql.xz").write_bytes(lzma.compress(dump.encode(), preset=9))


if __name__ == "__main__":
    main(sys.argv[1])
