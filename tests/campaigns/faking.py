"""libfaketime: lets a process believe in another time, which can be set while it runs, as a machine's clock can be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path


def library() -> Path | None:
    """Where it is, if it is installed."""
    return next(iter(sorted(Path("/usr/lib").glob("**/faketime/libfaketimeMT.so.1"))), None)


class FakeTime:
    """The clock of the processes that are started with `environment`. What counts seconds for itself is left alone."""

    def __init__(self, library: Path, file: Path) -> None:
        self._library, self._file = library, file
        self.set(timedelta(0))

    def set(self, ahead: timedelta) -> None:
        """How far it is ahead of the machine's."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{ahead.total_seconds():+.0f}\n", "ascii")
        fresh.replace(self._file)

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Else waits by the other clock end at once, and threads take the interpreter from each other without a pause.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        }
