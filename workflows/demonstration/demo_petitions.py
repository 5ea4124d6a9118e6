"""Sample petitions, each driven to its stage through the forms that people fill in: nothing is put there by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from engine import user_tasks
from engine.actors import Actor
from engine.engine import Engine
from engine.store.database import Transaction
from engine.user_tasks import UserTaskQuery
from workflows import permissions
from workflows.handling import extensions
from workflows.papers import submissions
from workflows.people.petitioners import Person
from workflows.petitioning import ratings
from workflows.petitioning.ratings import Rating
from workflows.register import cases
from workflows.register.cases import Petition
from workflows.time.calendars import local_day

QUERY_CODE = "DEMO-DEMO-DEMO"
"""Of every sample petition, so that a visitor can follow each as its petitioner."""

TO_BE_RATED = "demo:rate"


def _staff(account: str, *groups: str) -> Actor:
    return Actor(account, frozenset({*groups, permissions.CASEWORKER}))


_CLERK = _staff("clerk", "intake-clerks", "petition-office")
_WATER = _staff("water", "unit:water")
_WATER_HEAD = _staff("water-head", "unit:water", "head:water")
_ROADS = _staff("roads", "unit:roads")
_HOUSING = _staff("housing", "unit:housing")
_CHECKER = _staff("checker", "legal-checkers")

Step = tuple[Actor, str, Mapping[str, Any]]
"""Who sends the form of which user task, with what."""

_REGISTER: Step = (_CLERK, "register", {"intake_decision": "accept", "category": "redress"})
_INCOMPLETE: Step = (
    _CLERK,
    "register",
    {"intake_decision": "supplement", "category": "redress", "missing": "Which house, and since when?"},
)
_ROUTE: Step = (
    _CLERK,
    "route",
    {"lead_unit": "water", "co_units": ["roads", "housing"], "mode": "assigned"},
)
_ACCEPT: Step = (_WATER, "accept-assignment", {"assignment_decision": "accept"})
_INVESTIGATE: Step = (
    _WATER,
    "investigate",
    {
        "no_direct_interest": True,
        "petitioner_heard": "in_person",
        "findings": "The pipe in the lane is forty years old and lets rust into the water.",
    },
)
_ROADS_OPINION: Step = (_ROADS, "co-unit-opinion", {"opinion": "The lane can be opened for a week in the dry season."})
_HOUSING_OPINION: Step = (_HOUSING, "co-unit-opinion", {"opinion": "The pipes inside the houses are sound."})
_DRAFT: Step = (
    _WATER,
    "draft-reply",
    {
        "outcome": "support",
        "reply": "Your petition is justified. The pipe in the lane is replaced.",
        "legal_basis": "County rules on water supply, section 12.",
        "remedy": "A new pipe, laid before the rains.",
    },
)
_CHECK: Step = (_CHECKER, "check-reply", {"check_verdict": "ok"})
_APPROVE: Step = (_WATER_HEAD, "approve-reply", {"approval": "approved"})
_CALL_BACK: Step = (
    _CLERK,
    "call-back",
    {
        "reached": "yes",
        "call_back_notes": "The water was cut off for a day, and came back brown.",
    },
)
_TO_HANDLING = (_REGISTER, _ROUTE, _ACCEPT)
_TO_REPLY = (*_TO_HANDLING, _INVESTIGATE, _ROADS_OPINION, _HOUSING_OPINION, _DRAFT, _CHECK, _APPROVE)


@dataclass(frozen=True, slots=True)
class _Sample:
    """A petition handed in `days` ago, and how far it has come. `rating` is what its petitioner says, if anything,
    `again` what follows from that, and `more_time` why its lead unit asks for more of it.
    """

    key: str
    days: int
    subject: str
    place: str
    claims: str
    person: Person
    channel: str = "online"
    steps: tuple[Step, ...] = ()
    rating: Rating | None = None
    again: tuple[Step, ...] = ()
    more_time: str = ""


_SAMPLES = (
    _Sample(
        "demo:new",
        1,
        "sanitation",
        "east",
        "The waste behind the market in East Township has not been fetched for three weeks.",
        Person("Sample Petitioner One", "0579-0000001", "1 Market Street, East Township"),
    ),
    _Sample(
        "demo:letter",
        9,
        "",
        "county",
        "The bus that took our children to school has stopped running. Who is responsible?",
        Person("Sample Petitioner Two", "", "2 School Road, South Township"),
        channel="letter",
    ),
    _Sample(
        "demo:incomplete",
        6,
        "utilities",
        "west",
        "The water in our house is brown.",
        Person("Sample Petitioner Three", "0579-0000003", "3 River Lane, West Township"),
        steps=(_INCOMPLETE,),
    ),
    _Sample(
        "demo:assigned",
        5,
        "utilities",
        "north",
        "Water drips from the main in Well Lane, day and night.",
        Person("Sample Petitioner Four", "0579-0000004", "4 Well Lane, North Township"),
        channel="phone",
        steps=(_REGISTER, _ROUTE),
    ),
    _Sample(
        "demo:handling",
        12,
        "utilities",
        "central",
        "Our street has had no water pressure since the spring.",
        Person("Sample Petitioner Five", "0579-0000005", "5 Bridge Street, Central Township"),
        channel="visit",
        steps=(*_TO_HANDLING, _ROADS_OPINION),
    ),
    _Sample(
        "demo:checking",
        14,
        "utilities",
        "south",
        "The new pipe in Mill Lane was laid, and the road was left open.",
        Person("Sample Petitioner Six", "0579-0000006", "6 Mill Lane, South Township"),
        steps=(*_TO_HANDLING, _INVESTIGATE, _ROADS_OPINION, _HOUSING_OPINION, _DRAFT),
    ),
    _Sample(
        TO_BE_RATED,
        14,
        "utilities",
        "north",
        "The water in Temple Lane tastes of iron. We ask for a new pipe.",
        Person("Sample Petitioner Seven", "0579-0000007", "7 Temple Lane, North Township"),
        steps=_TO_REPLY,
    ),
    _Sample(
        "demo:closed",
        15,
        "utilities",
        "west",
        "The meter of our house runs although the taps are closed.",
        Person("Sample Petitioner Eight", "0579-0000008", "8 Hill Road, West Township"),
        steps=_TO_REPLY,
        rating=Rating("satisfied", office_score=5, unit_score=4),
    ),
    _Sample(
        "demo:second-round",
        13,
        "utilities",
        "east",
        "The water in Orchard Street is brown every Monday.",
        Person("Sample Petitioner Nine", "0579-0000009", "9 Orchard Street, East Township"),
        steps=_TO_REPLY,
        rating=Rating("dissatisfied", office_score=4, unit_score=2, reasons="Nobody came to look on a Monday."),
        again=(_CALL_BACK, _HOUSING_OPINION),
    ),
    _Sample(
        "demo:more-time",
        10,
        "utilities",
        "central",
        "The pump behind our house hums through the night.",
        Person("Sample Petitioner Ten", "0579-0000010", "10 Station Road, Central Township"),
        steps=_TO_HANDLING,
        more_time="The maker of the pump measures the noise only next month.",
    ),
)


def hand_in(engine: Engine) -> None:
    """Hand the samples in and drive each as far as it is to come."""
    for sample in _SAMPLES:
        number = engine.transact(partial(_hand_in, sample), permissions.PUBLIC)
        engine.run_to_rest()
        _go(engine, number, sample, sample.steps)
        if sample.more_time:
            engine.transact(partial(extensions.request, case_number=number, reason=sample.more_time), _WATER)
            engine.run_to_rest()
        if sample.rating is not None:
            engine.transact(partial(_rate, number, sample.rating), permissions.petitioner(number))
            engine.run_to_rest()
        _go(engine, number, sample, sample.again)


def _go(engine: Engine, number: str, sample: _Sample, steps: tuple[Step, ...]) -> None:
    for actor, element_id, values in steps:
        engine.transact(partial(_send, number, actor, element_id, sample, values), actor)
        engine.run_to_rest()


def _hand_in(sample: _Sample, tx: Transaction) -> str:
    petition = Petition(
        channel=sample.channel,
        claims=sample.claims,
        subject=sample.subject,
        place=sample.place,
        people=(sample.person,),
        received_at=tx.now - timedelta(days=sample.days),
        source_key=sample.key,
    )
    return cases.hand_in(tx, petition, QUERY_CODE).case_number


def _send(
    number: str, actor: Actor, element_id: str, sample: _Sample, values: Mapping[str, Any], tx: Transaction
) -> None:
    query = UserTaskQuery(business_key=number, candidate=actor.id, groups=actor.groups)
    user_task = next(found for found in user_tasks.find(tx, query) if found.element_id == element_id)
    facts: dict[str, Any] = {}
    if element_id == "register":
        facts = {"subject": sample.subject, "place": sample.place}
    elif element_id == "call-back":
        facts = {"called_on": local_day(tx.now).isoformat()}
    submissions.submit(tx, user_task.id, {**facts, **values})


def _rate(number: str, rating: Rating, tx: Transaction) -> None:
    ratings.give(tx, number, rating)
