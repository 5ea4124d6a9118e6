"""A world to look at: units, people who sign in, and petitions at different stages, each really driven there."""

from __future__ import annotations

from dataclasses import dataclass

from engine.engine import Engine
from engine.store.database import Transaction
from workflows.demonstration import demo_petitions
from workflows.organisation import accounts
from workflows.organisation.bundled_units import COUNTY, UNITS
from workflows.register import cases

PASSWORD = "pujiang-demo"
"""Everybody's in the demo; printed with the sign-ins."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """What someone signs in with, and whom they are then."""

    id: str
    password: str
    who: str


@dataclass(frozen=True, slots=True)
class _Person:
    id: str
    name: str
    who: str
    groups: tuple[str, ...]


_OFFICE = (
    _Person(
        "clerk",
        "Clerk of the petition office",
        "Clerk: registers and routes petitions",
        ("intake-clerks", "petition-office", f"unit:{COUNTY}", "role:caseworker"),
    ),
    _Person("checker", "Legal checker", "Checker: checks replies", ("legal-checkers", "role:caseworker")),
    _Person("supervisor", "Supervisor", "Supervisor: watches deadlines, moves the clock", ("role:supervisor",)),
    _Person("designer", "Process designer", "Designer: draws and deploys diagrams", ("role:designer",)),
)

_SHOWN = ("clerk", "water", "roads", "housing", "water-head", "checker", "supervisor", "designer")
"""One for each kind of user, and the units of the sample petitions; the other units' people sign in likewise."""


def _people() -> tuple[_Person, ...]:
    staff = list(_OFFICE)
    for unit in UNITS:
        own = (f"unit:{unit.code}", "role:caseworker")
        staff.append(_Person(unit.code, unit.name, f"{unit.name}: handles petitions", own))
        who = f"Head of the {unit.name}: approves replies"
        staff.append(_Person(f"{unit.code}-head", f"Head, {unit.name}", who, (*own, f"head:{unit.code}")))
    return tuple(staff)


PEOPLE = _people()
SIGN_INS = tuple(SignIn(person.id, PASSWORD, person.who) for name in _SHOWN for person in PEOPLE if person.id == name)


def build(engine: Engine) -> tuple[SignIn, ...]:
    """Set the demo up where it is not there yet; what happened in it since stays. Returns whom to sign in as."""
    if engine.transact(_settle):
        demo_petitions.hand_in(engine)
    petitioner = engine.read(petitioner_sign_in)
    return SIGN_INS if petitioner is None else (*SIGN_INS, petitioner)


def is_there(tx: Transaction) -> bool:
    """Whether this is a demonstration's database."""
    return petitioner_sign_in(tx) is not None


def petitioner_sign_in(tx: Transaction) -> SignIn | None:
    """The number and query code of the sample petition that waits to be rated; None outside of the demo."""
    number = cases.find_source_key(tx, demo_petitions.TO_BE_RATED)
    if number is None:
        return None
    return SignIn(number, demo_petitions.QUERY_CODE, "Petitioner: follows and rates a petition (number and query code)")


def _settle(tx: Transaction) -> bool:
    if accounts.find(tx):
        return False
    password_hash = accounts.hash_password(PASSWORD)
    for person in PEOPLE:
        accounts.add_hashed(tx, person.id, person.name, password_hash, person.groups)
    return True
