"""What can be wrong with an expression."""

from __future__ import annotations


class ExpressionError(Exception):
    """An expression or a script cannot be parsed or evaluated; the message says what was expected, and what is."""


class MissingValue(ExpressionError):
    """A variable or a key is not there, which ``empty`` takes for an answer."""
