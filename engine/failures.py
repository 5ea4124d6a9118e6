"""What is kept of a failure: what the journal may say of it, and what it says itself and where it was.

What a handler raises may quote anything: a name, an address, a letter. So its words stand beside the job and the
incident, which can be removed, and never in the journal, which cannot.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import PurePath

from engine.core.expressions import FunctionFailed, StatementFailed
from engine.errors import EngineError
from engine.handlers import Unusable

MAX_MESSAGE = 2_000
"""Characters of an error's text that are kept."""

MAX_FRAMES = 20
"""Calls of a trace that are kept: the last ones."""

MAX_CAUSES = 5


class Undone(Exception):
    """What followed came to an incident, and so was undone as a whole. `trace` is what is known of that."""

    def __init__(self, message: str, trace: str | None) -> None:
        super().__init__(message)
        self.trace = trace


class Overdue(Exception):
    """An attempt took longer than it may."""


def told(error: BaseException) -> str:
    """What the journal may say of an error: our own words, and of others their kind."""
    return (
        message_of(error)
        if isinstance(error, _OURS)
        else f"Expected it to go well, but it raised {type(error).__name__}."
    )


def message_of(error: BaseException) -> str:
    """What an error says, short enough to keep; not for the journal."""
    return shortened(str(error) if isinstance(error, Unusable | Undone) else f"{type(error).__name__}: {error}")


_OURS = (Unusable, Undone, Overdue, EngineError)
"""What these say quotes nobody but the diagram."""


def shortened(text: str) -> str:
    return text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]}…"


def trace_of(error: BaseException) -> str:
    """What an error says, and the calls that led to it and to its causes, a line each: file, line and function.

    Lines of code are not in it, nor what its causes say.
    """
    if isinstance(error, Undone):
        return error.trace or message_of(error)
    return "\n".join(_lines(error))


def trace_in_diagram(error: Exception, element_id: str) -> str:
    """What failed in a diagram, and where: the element, of a script the statement and its line; and of a registered
    function what it raised and the calls that led there.
    """
    where = f"  {element_id}"
    if isinstance(error, StatementFailed):
        where = f"{where}, line {error.line} of the script: {error.statement}"
    return "\n".join((shortened(str(error)), where, *_raised_by_function(error)))


def _raised_by_function(error: BaseException | None) -> Iterator[str]:
    while error is not None and not isinstance(error, FunctionFailed):
        error = error.__cause__
    if error is not None and error.__cause__ is not None:
        yield from _lines(error.__cause__)


def _lines(error: BaseException) -> Iterator[str]:
    cause: BaseException | None = error
    for number in range(MAX_CAUSES):
        if cause is None:
            return
        yield f"caused by {type(cause).__name__}" if number else message_of(cause)
        frames = traceback.extract_tb(cause.__traceback__)
        if len(frames) > MAX_FRAMES:
            yield f"  … {len(frames) - MAX_FRAMES} calls before"
        for frame in frames[-MAX_FRAMES:]:
            # Where the program is installed says nothing, and may name who installed it.
            yield f"  {'/'.join(PurePath(frame.filename).parts[-3:])}:{frame.lineno} in {frame.name}"
        cause = cause.__cause__ or cause.__context__
