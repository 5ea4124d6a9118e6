"""What is kept of a failure: what it says, and where in the code it was. Never the values of variables."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import PurePath

from engine.handlers import Unusable

MAX_MESSAGE = 2_000
"""Characters of an error's text that are kept."""

MAX_FRAMES = 20
"""Calls of a trace that are kept: the last ones."""

MAX_CAUSES = 5


class Undone(Exception):
    """What followed came to an incident, and so was undone as a whole."""


def message_of(error: BaseException) -> str:
    """What an error says, short enough to keep."""
    return shortened(str(error) if isinstance(error, Unusable | Undone) else f"{type(error).__name__}: {error}")


def shortened(text: str) -> str:
    return text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]}…"


def trace_of(error: BaseException) -> str:
    """The calls that led to an error and to its causes, a line each: file, line and function.

    Neither the texts of errors nor lines of code are in it, which may hold names.
    """
    return "\n".join(_lines(error))


def _lines(error: BaseException) -> Iterator[str]:
    cause: BaseException | None = error
    for number in range(MAX_CAUSES):
        if cause is None:
            return
        yield f"{'caused by ' if number else ''}{type(cause).__name__}"
        frames = traceback.extract_tb(cause.__traceback__)
        if len(frames) > MAX_FRAMES:
            yield f"  … {len(frames) - MAX_FRAMES} calls before"
        for frame in frames[-MAX_FRAMES:]:
            # Where the program is installed says nothing, and may name who installed it.
            yield f"  {'/'.join(PurePath(frame.filename).parts[-3:])}:{frame.lineno} in {frame.name}"
        cause = cause.__cause__ or cause.__context__
