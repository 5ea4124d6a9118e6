"""Commands of `pujiang` in processes of their own, on one database."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

COMMAND = [sys.executable, "-c", "from web.cli import main; main()"]
ROOT = Path(__file__).parents[2]


@dataclass
class Started:
    """A process that said it is ready. What it logs goes to a file."""

    process: subprocess.Popen[str]
    said: str
    log_file: Path

    @property
    def address(self) -> str:
        match = re.search(r"http://\S+/", self.said)
        assert match is not None, self.said
        return match[0]

    @property
    def log(self) -> str:
        return self.log_file.read_text("utf-8")

    def tell(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        """Wait for its end; the exit code."""
        return self.process.wait(timeout=60)


def start(folder: Path, *arguments: str, **variables: str) -> Started:
    """Start a command and wait until it says its first word, which it does when it is ready."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PUJIANG_")}
    environment = {**inherited, "PUJIANG_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT), **variables}
    log_file = folder / f"{'-'.join(arguments).replace('/', '_')}.log"
    with log_file.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*COMMAND, *arguments], env=environment, stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder
        )
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said, log_file.read_text("utf-8")
    return Started(process, said, log_file)
