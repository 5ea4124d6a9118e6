"""What the engine tells whoever watches it, and what a line in the log is about. Knows no metrics and no log format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Committed:
    """A transaction is written for good. `commands` are the names of those that led to an entry in a journal.

    `seconds` are from when it asked for its turn to the end of the commit.
    """

    commands: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class JobRun:
    """A handler was run: `outcome` is ``completed``, ``error`` (a modelled one) or ``failed``."""

    topic: str
    outcome: str
    seconds: float


Observation = Committed | JobRun
Observer = Callable[[Observation], None]

_ABOUT: ContextVar[dict[str, str] | None] = ContextVar("about", default=None)


@contextmanager
def about(**names: str) -> Iterator[None]:
    """What is done inside is about these, by ``job``, ``case``, ``actor``, ``request``: ids only, never words."""
    token = _ABOUT.set({**(_ABOUT.get() or {}), **names})
    try:
        yield
    finally:
        _ABOUT.reset(token)


def note(**names: str) -> None:
    """What has come to be known of what `about` began; nothing where nothing has begun."""
    now = _ABOUT.get()
    if now is not None:
        now.update(names)


def context() -> Mapping[str, str]:
    """What is being done here is about these."""
    return _ABOUT.get() or {}
