"""The units that petitions are handed to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from engine.errors import InvalidVariables, NotFound
from engine.store.database import Transaction
from engine.store.statements import Statement
from workflows import tables

_KNOWN = Statement(sa.select(tables.units.c.code).where(tables.units.c.code == sa.bindparam("wanted")))

LEVELS = ("province", "city", "county", "township", "village")


@dataclass(frozen=True, slots=True)
class Unit:
    """`superior` is the unit above it, by code; `territory` the code of the place it is responsible for."""

    code: str
    name: str
    level: str
    superior: str | None
    territory: str


def add(tx: Transaction, units: Iterable[Unit]) -> None:
    """Enter units, superiors first.

    Raises:
        NotPermitted
        InvalidVariables: a level is none of `LEVELS`.
    """
    tx.authorise("add", "unit")
    for unit in units:
        if unit.level not in LEVELS:
            raise InvalidVariables({"level": f"expected one of {', '.join(LEVELS)}, but it is '{unit.level}'"})
        tx.connection.execute(
            sa.insert(tables.units).values(
                code=unit.code, name=unit.name, level=unit.level, superior=unit.superior, territory=unit.territory
            )
        )


def get(tx: Transaction, code: str) -> Unit:
    """Raises NotFound."""
    row = tx.connection.execute(sa.select(tables.units).where(tables.units.c.code == code)).one_or_none()
    if row is None:
        raise NotFound("unit", code)
    return Unit(row.code, row.name, row.level, row.superior, row.territory)


def find(tx: Transaction) -> tuple[Unit, ...]:
    """Every unit, by name."""
    rows = tx.connection.execute(sa.select(tables.units).order_by(tables.units.c.name))
    return tuple(Unit(row.code, row.name, row.level, row.superior, row.territory) for row in rows)


def check(tx: Transaction, codes: Iterable[str]) -> None:
    """Raises NotFound naming the first code that is no unit."""
    for code in codes:
        if _KNOWN.execute(tx.connection, {"wanted": code}).first() is None:
            raise NotFound("unit", code)
