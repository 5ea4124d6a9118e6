"""What an error of the database's driver means for whoever asked."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
import sqlalchemy as sa

from engine.errors import InvalidInput, OutcomeUnknown, Unavailable

BUSY = "Expected the database to be free for a moment, but others kept it busy."
LOST = "Expected to reach the database, but it does not answer."
FULL = "Expected the database to take what is written, but there is no room for it."
STRANGE = "Expected an SQLite database, but the file is none, or is damaged."
POOL = "Expected a free connection to the database, but all of this process are in use."


class Passing(Exception):
    """Nothing was written, and the same work may go well when it is done again. `finally_` is what to raise where it
    does not.
    """

    def __init__(self, finally_: Exception) -> None:
        super().__init__(str(finally_))
        self.finally_ = finally_


_READS_ONLY = "25006"
"""SQLSTATE of a write where nothing may be written."""

_STATES: Mapping[str, str] = {
    "40001": BUSY,  # serialisation failure
    "40P01": BUSY,  # deadlock
    "55P03": BUSY,  # lock not available within lock_timeout
    "53300": LOST,  # too many connections
    "57P01": LOST,  # the server is shut down, or somebody ended the connection
    "57P02": LOST,  # it crashed
    "57P03": LOST,  # it is starting
    "57P05": LOST,  # idle for too long
    _READS_ONLY: LOST,  # this one only reads: a standby, or a primary that has become one
    "25P03": LOST,  # idle in a transaction for too long
    "25P04": LOST,  # a transaction that took too long
    "53100": FULL,  # the disk
    "53200": FULL,  # the memory
}
"""By SQLSTATE."""

TOO_LARGE = "Expected numbers that the database can keep, but there is a larger one."
TOO_LONG = "Expected names and keys that the database can look up, but there is a longer one."
HALF = "Expected text that can be written in UTF-8, but a part of a character is missing."

_REFUSED: Mapping[str, str] = {"22003": TOO_LARGE, "54000": TOO_LONG}
"""By SQLSTATE: what somebody gave us that no database takes."""

_RACED = "23505"
"""SQLSTATE of a unique key that is there already."""

_SQLITE: Mapping[str, str] = {
    "database is locked": BUSY,
    "database table is locked": BUSY,
    "disk is full": FULL,
    "disk I/O error": LOST,
    "unable to open database file": LOST,
    "file is not a database": STRANGE,
    "database disk image is malformed": STRANGE,
}


def refusal(error: Exception) -> InvalidInput | None:
    """What to raise where a driver cannot even hand a value to the database; None where it was not the driver."""
    if isinstance(error, UnicodeEncodeError):
        return InvalidInput(HALF)
    return InvalidInput(TOO_LARGE) if isinstance(error, OverflowError) and "SQLite INTEGER" in str(error) else None


def meaning(error: sa.exc.SQLAlchemyError) -> Exception:
    """The error to raise instead of one before COMMIT: `Passing`, ours, or the very same where it is a defect."""
    if isinstance(error, sa.exc.TimeoutError):
        return Unavailable(POOL)
    if not isinstance(error, sa.exc.DBAPIError):
        return error
    said = _said(error)
    if said in (BUSY, LOST):
        return Passing(Unavailable(said))
    if said is not None:
        return Unavailable(said)
    if isinstance(error.orig, psycopg.DataError) and "NUL" in str(error.orig):
        return InvalidInput("Expected text as people write it, but there is a NUL character in it.")
    if _state(error) in _REFUSED:
        return InvalidInput(_REFUSED[_state(error) or ""])
    # Somebody else wrote the row since we looked; if not, doing it again shows that it is a defect.
    return Passing(error) if _state(error) == _RACED else error


def meaning_in_a_read(error: sa.exc.SQLAlchemyError) -> Exception:
    """As `meaning`, where nothing may be written on any server: whoever tried has a defect."""
    is_write = isinstance(error, sa.exc.DBAPIError) and _state(error) == _READS_ONLY
    return error if is_write else meaning(error)


def meaning_at_commit(error: sa.exc.DBAPIError) -> Exception:
    """The error to raise instead of one of COMMIT, after which nobody may do the work again without having looked."""
    return OutcomeUnknown() if _said(error) == LOST else meaning(error)


def _state(error: sa.exc.DBAPIError) -> str | None:
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state


def _said(error: sa.exc.DBAPIError) -> str | None:
    state = _state(error)
    if state is not None:
        return LOST if state.startswith("08") else _STATES.get(state)
    if isinstance(error.orig, psycopg.Error):
        # The server had no word to say about it: the connection broke, or could not be made.
        return LOST if isinstance(error, sa.exc.OperationalError) else None
    return next((text for words, text in _SQLITE.items() if words in str(error.orig)), None)
