"""Lists of cases, the newest first, read along an index however they are narrowed: little more than is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.store.database import Transaction
from workflows import permissions, tables
from workflows.permissions import CASEWORKER
from workflows.register import states

_CASES, _UNITS = tables.cases, tables.case_units
_Part = tuple[sa.Select[Any], tuple[sa.Column[Any], sa.Column[Any]]]
"""A query, and what it is ordered by: when a case was received, and its number."""


@dataclass(frozen=True, slots=True)
class CaseQuery:
    """What to look for; None does not ask. `after` is the number of the last case of the page before."""

    state: str | None = None
    unit: str | None = None
    subject: str | None = None
    place: str | None = None
    category: str | None = None
    open: bool | None = None
    number: str | None = None
    limit: int = 50
    after: str | None = None


def newest(tx: Transaction, query: CaseQuery) -> sa.Select[Any]:
    """Selects the numbers of the cases to show, those at most that the actor may see. `number` is not looked at."""
    found = list(_parts(tx, query))
    last = _last(tx, query)
    if not found or (query.after is not None and last is None):
        return sa.select(_CASES.c.case_number).where(sa.false())
    bounded = []
    for part, place in found:
        part = part if last is None else part.where(sa.tuple_(*place) < last)
        bounded.append(sa.select(part.order_by(*(each.desc() for each in place)).limit(query.limit).subquery()))
    every = sa.union(*bounded).subquery()
    order = (every.c.received_at.desc(), every.c.case_number.desc())
    return sa.select(every.c.case_number).order_by(*order).limit(query.limit)


def _last(tx: Transaction, query: CaseQuery) -> Any:
    """Where the last case of the page before stands."""
    if query.after is None:
        return None
    columns = (_CASES.c.received_at, _CASES.c.case_number)
    row = tx.connection.execute(sa.select(*columns).where(_CASES.c.case_number == query.after)).first()
    if row is None:
        return None
    return sa.tuple_(*(sa.literal(value, column.type) for value, column in zip(row, columns, strict=True)))


def _parts(tx: Transaction, query: CaseQuery) -> Iterator[_Part]:
    """Each along an index of its own; a case may be in several."""
    if permissions.sees_every_case(tx.actor):
        yield from _of_everybody(query) if query.unit is None else _of_unit(query, query.unit)
        return
    if query.unit is not None:
        yield from _of_unit(query, query.unit, permissions.visible_cases(tx.actor))
        return
    own = permissions.own_cases(tx.actor)
    if own:
        yield from _of_everybody(query, _CASES.c.case_number.in_(sorted(own)))
    if CASEWORKER in tx.actor.groups:
        for code in sorted(permissions.units_of(tx.actor)):
            yield from _of_unit(query, code)


def _of_everybody(query: CaseQuery, *conditions: sa.ColumnElement[bool]) -> Iterator[_Part]:
    place = (_CASES.c.received_at, _CASES.c.case_number)
    part = sa.select(*place).where(*conditions, *_facts(query))
    for narrowed in _by_state(query, part, _CASES.c.state):
        yield narrowed, place


def _of_unit(query: CaseQuery, unit: str, *conditions: sa.ColumnElement[bool]) -> Iterator[_Part]:
    place = (_UNITS.c.received_at, _UNITS.c.case_number)
    part = sa.select(*place).where(_UNITS.c.unit == unit)
    conditions = (*conditions, *_facts(query))
    if conditions:
        part = part.join(_CASES, _CASES.c.case_number == _UNITS.c.case_number).where(*conditions)
    for narrowed in _by_state(query, part, _UNITS.c.state):
        yield narrowed, place


def _by_state(query: CaseQuery, part: sa.Select[Any], column: sa.Column[Any]) -> list[sa.Select[Any]]:
    """Where anything is asked for, state by state: in each index the day comes right after the state."""
    if query.state is None and query.open is None and not _facts(query):
        return [part]
    wanted = [query.state] if query.state is not None else list(states.NAMES)
    fitting = [state for state in wanted if query.open is None or (state != states.CLOSED) == query.open]
    return [part.where(column == state) for state in fitting]


def _facts(query: CaseQuery) -> list[sa.ColumnElement[bool]]:
    """What is asked of a case beside its state."""
    wanted = {"subject": query.subject, "place": query.place, "category": query.category}
    return [_CASES.c[name] == value for name, value in wanted.items() if value is not None]
