"""Why a person steps in: it is written into the journal, for whoever asks later."""

from __future__ import annotations

from engine.errors import InvalidInput

MAX_REASON = 500
"""Characters of a reason."""


def checked(reason: str) -> str:
    """The reason without blanks around it.

    Raises:
        InvalidInput: it is empty, or very long.
    """
    text = reason.strip()
    if not text:
        raise InvalidInput("Expected a reason, but none is given.")
    if len(text) > MAX_REASON:
        raise InvalidInput(f"Expected a reason of at most {MAX_REASON} characters, but it has {len(text)}.")
    return text
