"""Petitions as cases: handed in, numbered, found, and moved from state to state."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from engine import messages
from engine.actors import Actor
from engine.errors import InvalidState, InvalidVariables, NotFound
from engine.store.database import Transaction
from engine.store.statements import Insert, Statement, from_driver
from workflows import permissions, tables, vocabulary
from workflows.papers import texts
from workflows.people import petitioners, query_codes
from workflows.people.petitioners import Person
from workflows.register import case_lists, states
from workflows.register.case_lists import CaseQuery
from workflows.time import tallies
from workflows.time.calendars import local_day

CLAIMS_LIMIT = 20_000
"""Characters of one petition's claims."""

PERSON_LIMIT = 500
"""Characters of one person's name, phone or address."""

REPRESENTATIVES = 5
"""People who may come on a visit for a group (Art. 20)."""

LEAD, CO_UNIT = "lead", "co-unit"

_INSERT = Statement(
    sa.insert(tables.cases),
    (
        *("case_number", "query_code_salt", "query_code_hash", "state", "channel", "source", "source_key", "subject"),
        *("place", "jurisdiction_profile", "anonymous", "identity_clear", "petitioner_count"),
        *("received_at", "entered_at"),
    ),
)
_COUNT = Statement(
    sa.update(tables.case_counters)
    .where(tables.case_counters.c.year == sa.bindparam("of_year"))
    .values(last=tables.case_counters.c.last + sa.literal_column("1"))
    .returning(tables.case_counters.c.last)
)
_DROP_UNITS = Statement(sa.delete(tables.case_units).where(tables.case_units.c.case_number == sa.bindparam("of_case")))
_ADD_UNITS = Insert(tables.case_units)
_OF_CASE = Statement(
    sa.select(tables.cases.c.received_at, tables.cases.c.state).where(
        tables.cases.c.case_number == sa.bindparam("of_case")
    )
)
_MOVE_UNITS = Statement(
    sa.update(tables.case_units)
    .where(tables.case_units.c.case_number == sa.bindparam("of_case"))
    .values(state=sa.bindparam("to_state"))
)


@dataclass(frozen=True, slots=True)
class Petition:
    """What is handed in. `received_at` is None for now; `source_key` is its key in the register it comes from."""

    channel: str
    claims: str
    subject: str = ""
    place: str = "county"
    people: tuple[Person, ...] = ()
    anonymous: bool = False
    received_at: datetime | None = None
    jurisdiction_profile: str = "cn-2022"
    source: str = "person"
    source_key: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the petitioner takes home. The query code is shown this once: only its hash is kept."""

    case_number: str
    query_code: str


@dataclass(frozen=True, slots=True)
class Case:
    """A case without its people and words. `units` are the codes of all units that have it, the lead unit first."""

    case_number: str
    state: str
    channel: str
    source: str
    source_key: str | None
    subject: str
    place: str
    category: str
    jurisdiction_profile: str
    anonymous: bool
    identity_clear: bool
    petitioner_count: int
    received_at: datetime
    entered_at: datetime
    registered_at: datetime | None
    accepted_at: datetime | None
    served_at: datetime | None
    closed_at: datetime | None
    reply_outcome: str | None
    close_reason: str | None
    units: tuple[str, ...]

    @property
    def lead_unit(self) -> str | None:
        return self.units[0] if self.units else None

    @property
    def co_units(self) -> tuple[str, ...]:
        return self.units[1:]

    @property
    def is_open(self) -> bool:
        return self.state != states.CLOSED


def hand_in(tx: Transaction, petition: Petition, query_code: str | None = None) -> Receipt:
    """Take in a petition: number it, keep its people and words, and start its process.

    `query_code` is one that its petitioner holds already; None gives a new one.

    Raises:
        InvalidVariables: every field that is wrong.
    """
    tx.authorise("hand in", "petition")
    received_at = petition.received_at or tx.now
    _check(petition, received_at, tx.now)
    case_number = _next_number(tx)
    code, salt = query_code or query_codes.new_code(), query_codes.new_salt()
    facts = _facts(petition)
    row = {
        "case_number": case_number,
        "query_code_salt": salt,
        "query_code_hash": query_codes.digest(code, salt),
        "state": states.RECEIVED,
        "source_key": petition.source_key,
        "received_at": received_at,
        "entered_at": tx.now,
        **facts,
    }
    _INSERT.execute(tx.connection, row)
    petitioners.add(tx, case_number, petition.people)
    claims = texts.write_first(tx, case_number, "claims", petition.claims.strip())
    variables = {
        **facts,
        "case_number": case_number,
        "claims": claims.reference,
        "received_at": received_at.isoformat(),
        "urgency": "ordinary",  # until the category table has looked at it
    }
    messages.deliver(tx, "petition-received", case_number, variables)
    return Receipt(case_number, code)


def identify(tx: Transaction, case_number: str, query_code: str) -> Actor:
    """Who knows a case number and its query code. Raises NotFound alike where either is wrong."""
    number = case_number.strip().upper()
    table = tables.cases
    query = sa.select(table.c.query_code_salt, table.c.query_code_hash).where(table.c.case_number == number)
    row = tx.connection.execute(query).one_or_none()
    if row is None or not query_codes.matches(query_code, row.query_code_salt, row.query_code_hash):
        raise NotFound("case with this query code", number)
    return permissions.petitioner(number)


def get(tx: Transaction, case_number: str) -> Case:
    """Raises NotFound where it is not there, and just so where the actor may not see it."""
    found = _select(tx, tables.cases.c.case_number == case_number)
    if not found:
        raise NotFound("case", case_number)
    return found[0]


def find(tx: Transaction, query: CaseQuery) -> tuple[Case, ...]:
    """The cases that the actor may see, the last received first; of a number the one that has it."""
    if query.number is not None:
        return _select(tx, tables.cases.c.case_number == query.number.strip().upper())
    return _select(tx, tables.cases.c.case_number.in_(case_lists.newest(tx, query)))


@dataclass(frozen=True, slots=True)
class Totals:
    """How many cases there are."""

    open: int
    closed: int


def totals(tx: Transaction) -> Totals:
    """Of the whole register: those that were given a number, and of them those that were closed."""
    numbered = tx.connection.scalar(sa.select(sa.func.sum(tables.case_counters.c.last))) or 0
    closed = tallies.total(tx, tallies.CLOSED)
    return Totals(numbered - closed, closed)


def known_source_keys(tx: Transaction, keys: Iterable[str]) -> frozenset[str]:
    """Those of the keys that a case was registered for already."""
    column = tables.cases.c.source_key
    return frozenset(tx.connection.scalars(sa.select(column).where(column.in_(tuple(keys)))))


def of_numbers(tx: Transaction, case_numbers: Collection[str]) -> dict[str, Case]:
    """Those of the cases that are there and that the actor may see, by number."""
    found = _select(tx, tables.cases.c.case_number.in_(case_numbers))
    return {case.case_number: case for case in found}


def find_source_key(tx: Transaction, source_key: str) -> str | None:
    """The number of the case that was registered for this key; None where there is none."""
    column = tables.cases.c.source_key
    return tx.connection.scalar(sa.select(tables.cases.c.case_number).where(column == source_key))


def move(tx: Transaction, case_number: str, state: str, **columns: Any) -> None:
    """Bring the case to its next state. Raises NotFound, or InvalidState where it may not go there from its own."""
    moving = _moving(state, tuple(columns))
    if moving.execute(tx.connection, {"of_case": case_number, **columns}).rowcount == 0:
        table = tables.cases
        actual = tx.connection.scalar(sa.select(table.c.state).where(table.c.case_number == case_number))
        if actual is None:
            raise NotFound("case", case_number)
        raise InvalidState("case", case_number, f"bring to '{state}'", f"is '{actual}'")
    _MOVE_UNITS.execute(tx.connection, {"of_case": case_number, "to_state": state})
    if state == states.CLOSED:
        tallies.add(tx, tallies.CLOSED)


@cache
def _moving(state: str, columns: tuple[str, ...]) -> Statement:
    """Compiled once for each way a case moves, for every case goes each of them."""
    table = tables.cases
    allowed: list[sa.ColumnElement[str]] = [
        sa.literal_column(f"'{source}'") for source in sorted(states.sources(state))
    ]
    moving = sa.update(table).where(table.c.case_number == sa.bindparam("of_case"), table.c.state.in_(allowed))
    values = {name: sa.bindparam(name, type_=table.c[name].type) for name in columns}
    return Statement(moving.values(state=sa.literal_column(f"'{state}'"), **values))


def set_units(tx: Transaction, case_number: str, lead_unit: str, co_units: Iterable[str]) -> None:
    """Say which units have the case from now on; those that had it before no longer see it."""
    _DROP_UNITS.execute(tx.connection, {"of_case": case_number})
    row = _OF_CASE.execute(tx.connection, {"of_case": case_number}).one()
    of_case = {"case_number": case_number, "received_at": from_driver(row.received_at), "state": row.state}
    roles = dict.fromkeys(co_units, CO_UNIT) | {lead_unit: LEAD}
    _ADD_UNITS.execute(tx.connection, [{**of_case, "unit": code, "role": role} for code, role in roles.items()])


def _check(petition: Petition, received_at: datetime, now: datetime) -> None:
    wrong: dict[str, str] = {}
    claims = petition.claims.strip()
    if not claims:
        wrong["claims"] = "expected what the petition asks for, but it is empty"
    elif len(claims) > CLAIMS_LIMIT:
        wrong["claims"] = f"expected at most {CLAIMS_LIMIT} characters, but it has {len(claims)}"
    codes = {"channel": vocabulary.CHANNELS, "place": vocabulary.PLACES, "subject": {"": "", **vocabulary.SUBJECTS}}
    for field, known in codes.items():
        if getattr(petition, field) not in known:
            wrong[field] = f"expected one of {', '.join(filter(None, known))}, but it is '{getattr(petition, field)}'"
    if petition.source == "person" and not petition.anonymous and not _first_name(petition):
        wrong["name"] = "expected a name, or a petition handed in without one, but it is empty"
    if petition.channel == "visit" and len(petition.people) > REPRESENTATIVES:
        wrong["people"] = f"expected at most {REPRESENTATIVES} people for a group, but there are {len(petition.people)}"
    particulars = [words for each in petition.people for words in (each.name, each.phone, each.address)]
    longest = max(map(len, particulars), default=0)
    if longest > PERSON_LIMIT:
        wanted = f"expected at most {PERSON_LIMIT} characters for a name, a phone and an address"
        wrong["people"] = f"{wanted}, but one has {longest}"
    if received_at > now:
        wrong["received_at"] = f"expected a day that has come, but it is {local_day(received_at)}"
    if wrong:
        raise InvalidVariables(wrong)


def _first_name(petition: Petition) -> str:
    return petition.people[0].name.strip() if petition.people else ""


def _facts(petition: Petition) -> dict[str, Any]:
    """What a case's row and its process variables have in common."""
    is_clear = not petition.anonymous and bool(petition.people) and petition.people[0].is_clear
    return {
        "channel": petition.channel,
        "source": petition.source,
        "subject": petition.subject,
        "place": petition.place,
        "jurisdiction_profile": petition.jurisdiction_profile,
        "anonymous": petition.anonymous,
        "identity_clear": is_clear,
        "petitioner_count": max(1, len(petition.people)),
    }


def _next_number(tx: Transaction) -> str:
    table, year = tables.case_counters, local_day(tx.now).year
    number = _COUNT.execute(tx.connection, {"of_year": year}).scalar_one_or_none()
    if number is None:
        number = 1
        tx.connection.execute(sa.insert(table).values(year=year, last=number))
    return f"PJ-{year}-{number:06d}"


def _select(tx: Transaction, condition: sa.ColumnElement[bool]) -> tuple[Case, ...]:
    table = tables.cases
    query = sa.select(table).where(condition & permissions.visible_cases(tx.actor))
    rows = tx.connection.execute(query.order_by(table.c.received_at.desc(), table.c.case_number.desc())).all()
    units = _units(tx, [row.case_number for row in rows])
    return tuple(_case(row, units.get(row.case_number, ())) for row in rows)


def _units(tx: Transaction, case_numbers: list[str]) -> dict[str, tuple[str, ...]]:
    table = tables.case_units
    query = sa.select(table).where(table.c.case_number.in_(case_numbers))
    units: dict[str, tuple[str, ...]] = {}
    for row in tx.connection.execute(query.order_by(table.c.role.desc(), table.c.unit)):
        units[row.case_number] = (*units.get(row.case_number, ()), row.unit)
    return units


def _case(row: sa.Row[Any], units: tuple[str, ...]) -> Case:
    values = {name: getattr(row, name) for name in Case.__dataclass_fields__ if name != "units"}
    return Case(units=units, **values)
