"""What instances and messages are found by: names and keys, short enough for an index of any database."""

from __future__ import annotations

from engine.core.correlation import MAX_NAME
from engine.errors import InvalidInput


def checked(what: str, name: str) -> str:
    """The name, of which `what` says whose it is: ``business key``.

    Raises:
        InvalidInput: it is too long, or cannot be written in UTF-8.
    """
    if len(name) > MAX_NAME:
        raise InvalidInput(f"Expected a {what} of at most {MAX_NAME} characters, but it has {len(name):,}.")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"Expected a {what} that can be written in UTF-8, but a part of a character is missing."
        ) from error
    return name
