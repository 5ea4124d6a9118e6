"""What clients wanted and what they were told, written down before and after each command.

It is kept in files of their own, one for each client, so that it outlives whoever is killed, and owes nothing to the
code under test. Every command is done under a name of its own: the journal's actor says which one led to an entry.
"""

from __future__ import annotations

import json
import os
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

from engine.actors import Actor
from engine.errors import EngineError, InvalidState, NotFound, NotPermitted, OutcomeUnknown, Unavailable

DONE, REFUSED, UNAVAILABLE, FAILED, UNKNOWN = "done", "refused", "unavailable", "failed", "unknown"


@dataclass(frozen=True)
class Told:
    """One command: `verb` was to be done to `target` under the name `id`.

    `outcome` is done, refused (with the reason given), unavailable (it was said that nothing was written), failed (with
    the error) or unknown: nobody came back to say, or what came back said so.
    `began` and `ended` are seconds of a clock that all processes of the machine share.
    """

    id: str
    verb: str
    target: str
    began: float
    ended: float = float("inf")
    outcome: str = UNKNOWN
    text: str = ""


class Ledger:
    """Of one client. Each line is one write to the file: a kill leaves whole lines."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._name = f"{path.name.removeprefix('ledger-')}.{os.getpid()}"
        self._count = 0

    def attempt(self, verb: str, target: str, work: Callable[[Actor], object]) -> Told:
        """Do it, and write down before that it was wanted and after it what came of it."""
        self._count += 1
        wanted = Told(f"{self._name}.{self._count}", verb, target, time.monotonic())
        self._write(wanted)
        try:
            work(Actor(wanted.id, frozenset({"clerks"})))
        except (InvalidState, NotFound, NotPermitted) as refusal:
            return self._end(wanted, REFUSED, str(refusal))
        except Unavailable as error:
            return self._end(wanted, UNAVAILABLE, str(error))
        except OutcomeUnknown as error:
            return self._end(wanted, UNKNOWN, str(error))
        except EngineError as error:
            return self._end(wanted, FAILED, f"{type(error).__name__}: {error}")
        except Exception:
            return self._end(wanted, FAILED, traceback.format_exc())
        return self._end(wanted, DONE, "")

    def _end(self, wanted: Told, outcome: str, text: str) -> Told:
        told = replace(wanted, ended=time.monotonic(), outcome=outcome, text=text)
        self._write(told)
        return told

    def _write(self, told: Told) -> None:
        os.write(self._fd, f"{json.dumps(astuple(told))}\n".encode())


def read(paths: Iterable[Path]) -> dict[str, Told]:
    """The last word on each command, by its name."""
    found: dict[str, Told] = {}
    for path in paths:
        for line in path.read_text("utf-8").splitlines():
            values: list[Any] = json.loads(line)
            found[values[0]] = Told(*values)
    return found
