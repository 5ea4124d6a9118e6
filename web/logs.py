"""Logs: a line for each thing that happened, to standard error, with the ids of what it is about.

Never a name, an address or what somebody typed. So errors are told by their type and place: what an error says may
quote what was typed, and the incident that follows keeps it for those who may read the case.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from engine import observing
from engine.errors import InvalidDefinition, InvalidState, InvalidVariables, NotFound, NotPermitted, Unavailable

access = logging.getLogger("pujiang.access")

_Error = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

_SAYS: Mapping[type[BaseException], Callable[[Any], str]] = {
    NotFound: lambda error: error.kind,
    NotPermitted: lambda error: error.action,
    InvalidState: lambda error: f"{error.expected} {error.kind}",
    InvalidDefinition: lambda error: f"{len(error.problems)} problems",
    InvalidVariables: lambda error: ", ".join(sorted(error.fields)),
    Unavailable: str,
    OSError: lambda error: error.strerror or "",
}
"""What of an error is no words of anybody."""


def said(error: BaseException) -> str:
    """An error without anything that it may quote."""
    about = next((say(error) for kind, say in _SAYS.items() if isinstance(error, kind)), "")
    # What a database's driver says when it cannot reach it, which quotes no values.
    if type(error).__name__ == "OperationalError":
        about = str(getattr(error, "orig", None) or error).partition("\n")[0]
    return f"{type(error).__name__}: {about}" if about else type(error).__name__


class Lines(logging.Formatter):
    """Records as lines that people read; ids follow what is said."""

    def format(self, record: logging.LogRecord) -> str:
        ids = "".join(f" {name}={value}" for name, value in _about(record).items())
        line = f"{self.formatTime(record)} {record.levelname} {record.name} {_message(record)}{ids}"
        return f"{line}\n{_trace(record.exc_info)}" if record.exc_info else line


class Json(logging.Formatter):
    """Records as JSON, one on a line."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told = {"at": moment, "level": record.levelname, "logger": record.name, "message": _message(record)}
        told |= _about(record)
        if record.exc_info:
            told["trace"] = _trace(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


FORMATS: Mapping[str, type[logging.Formatter]] = {"text": Lines, "json": Json}


def set_up(form: str, level: int) -> None:
    """Have everything from `level` up logged to standard error; pages, and what they refuse, always."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FORMATS[form]())
    logging.basicConfig(level=level, handlers=[handler])
    for name, least in (
        ("apscheduler", logging.ERROR),  # a tick that takes longer than a second is no news
        ("alembic", logging.WARNING),
        ("pujiang", logging.INFO),
    ):
        logging.getLogger(name).setLevel(least)


def _about(record: logging.LogRecord) -> dict[str, Any]:
    return {**observing.context(), **getattr(record, "about", {})}


def _message(record: logging.LogRecord) -> str:
    arguments = record.args
    if isinstance(arguments, tuple):
        arguments = tuple(said(each) if isinstance(each, BaseException) else each for each in arguments)
    return record.msg % arguments if arguments else str(record.msg)


def _trace(info: _Error | Any) -> str:
    """The places that an error came through and those of its causes, each with its type."""
    parts = []
    error = info[1]
    while error is not None:
        places = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
        parts.append(f"{places}{said(error)}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\nwhich came of\n\n".join(parts)
