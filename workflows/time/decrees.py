"""Decrees on working days that were entered by hand, because they are newer than the packaged ones."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from engine import signals
from engine.errors import InvalidVariables
from engine.store.database import Transaction
from engine.store.statements import Statement
from workflows import tables
from workflows.time.calendars import Calendar, Decree

_EVERY = sa.select(tables.calendar_decrees)
_ANY = Statement(sa.select(tables.calendar_decrees.c.year).limit(1))


def load(tx: Transaction) -> Calendar:
    """The calendar with every decree that was entered by hand. Mostly there is none: that is found out cheaply."""
    if _ANY.execute(tx.connection, {}).first() is None:
        return Calendar()
    rows = tx.connection.execute(_EVERY).all()
    return Calendar({row.year: _decree(row) for row in rows})


def enter(tx: Transaction, decree: Decree) -> None:
    """Take in a year's decree and have every open case compute its clocks anew.

    Raises:
        InvalidVariables: a day is outside the decree's year, or both off and worked.
    """
    tx.authorise("enter", "calendar")
    _check(decree)
    tx.connection.execute(sa.delete(tables.calendar_decrees).where(tables.calendar_decrees.c.year == decree.year))
    tx.connection.execute(
        sa.insert(tables.calendar_decrees).values(
            year=decree.year,
            title=decree.title,
            days_off=sorted(day.isoformat() for day in decree.days_off),
            days_worked=sorted(day.isoformat() for day in decree.days_worked),
            entered_at=tx.now,
            entered_by=tx.actor.id,
        )
    )
    signals.deal_out(tx, "calendar-changed", {})


def _check(decree: Decree) -> None:
    astray = sorted(day for day in decree.days_off | decree.days_worked if day.year != decree.year)
    if astray:
        raise InvalidVariables({"days": f"expected days of {decree.year}, but {astray[0]} is not"})
    both = sorted(decree.days_off & decree.days_worked)
    if both:
        raise InvalidVariables({"days": f"expected each day to be either off or worked, but {both[0]} is both"})


def _decree(row: sa.Row[Any]) -> Decree:
    return Decree(
        row.year,
        row.title,
        frozenset(map(date.fromisoformat, row.days_off)),
        frozenset(map(date.fromisoformat, row.days_worked)),
    )
