"""What can be wrong with an expression."""

from __future__ import annotations

_SHOWN = 120


class ExpressionError(Exception):
    """An expression or a script cannot be parsed or evaluated; the message says what was expected, and what is.

    `line` is the line of the text, counted from 1, where a parser stopped.
    """

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


class StatementFailed(ExpressionError):
    """A statement of a script could not be run; it begins on `line`, and is `statement`."""

    def __init__(self, message: str, line: int, statement: str) -> None:
        super().__init__(message, line)
        self.statement = statement


class FunctionFailed(ExpressionError):
    """A registered function raised its cause. What that says may quote anything, and is not in the message."""

    def __init__(self, name: str, cause: Exception) -> None:
        super().__init__(f"Expected {name}() to give a value, but it raised {type(cause).__name__}.")


class MissingValue(ExpressionError):
    """A variable or a key is not there, which ``empty`` takes for an answer."""


def shown(text: str) -> str:
    """A text in a message: on one line, and only so much of it."""
    line = " ".join(text[: 2 * _SHOWN].split())
    return line if len(line) <= _SHOWN and len(text) <= 2 * _SHOWN else f"{line[: _SHOWN - 1]}…"


def line_of(text: str, position: int) -> int:
    """The line, counted from 1, on which the character at `position` stands."""
    return text.count("\n", 0, position) + 1
