"""A few hundred real cases: driven through the engine and the petition domain, as people would, to every stage.

They are what `benchmarks.stamping` makes a million of. Time passes between the steps, so that clocks warn and are
breached, timers are set, and cases are opened and read in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine import user_tasks
from engine.actors import Actor
from engine.store.database import Transaction
from engine.user_tasks import MAX_LIMIT, UserTaskQuery
from tests.bureau import CHECKER, CLERK, SUPERVISOR, Bureau, staff
from workflows import permissions
from workflows.demonstration import demo
from workflows.organisation import accounts
from workflows.papers import submissions
from workflows.people.petitioners import Person
from workflows.reading import case_files
from workflows.register import states
from workflows.register.cases import Receipt
from workflows.time.calendars import LOCAL

OPENED = datetime(2026, 3, 2, 9, tzinfo=LOCAL)
"""When the office opens; what the clock has moved on since stands in the database."""

LEADS = ("water", "roads", "water", "housing", "water", "education")
PLACES = ("north", "south", "east", "west", "central")
SUBJECTS = ("utilities", "transport", "utilities", "transport", "environment", "education")
CHANNELS = ("online", "letter", "phone", "visit")
CLAIMS = (
    "Since the works in our lane in the spring, what comes out of the tap is brown every Monday and tastes of iron. "
    "We have asked at the office twice and were told to wait. We ask that somebody comes, looks, and says by when it "
    "is mended."
)


@dataclass(frozen=True, slots=True)
class Petition:
    """A real case on its way: who has it, and how it was handed in."""

    receipt: Receipt
    lead: str
    co_units: tuple[str, ...]
    subject: str
    place: str

    @property
    def number(self) -> str:
        return self.receipt.case_number


CLAIMER = "claimer-0001"
"""Has claimed something of all this; the stamps have claimers of their own, numbered on from this one."""

Stage = Callable[[Bureau, Petition], None]


def build(database: Path, cases: int) -> Path:
    """Drive that many cases, four fifths of them to their end; returns the database. Its clock stands at the last."""
    bureau = Bureau(f"sqlite:///{database}", OPENED)
    closed = _archive(bureau, cases * 4 // 5)
    current = _desk(bureau, cases - len(closed))
    bureau.engine.transact(_open_accounts)
    assert bureau.problems() == [], "the cases that all others are made of are sound"
    assert len({petition.number for petition in [*closed, *current]}) == cases
    bureau.close()
    return database


def _open_accounts(tx: Transaction) -> None:
    """For everybody of the demonstration, and a claimer; nobody of them can sign in with a password."""
    for person in demo.PEOPLE:
        accounts.add_hashed(tx, person.id, person.name, "no password", person.groups)
    accounts.add_hashed(tx, CLAIMER, "Claimer", "no password", frozenset({"intake-clerks", "role:caseworker"}))


def _hand_in(bureau: Bureau, number: int) -> Petition:
    place = number % len(LEADS)
    lead = LEADS[place]
    others = [code for code in dict.fromkeys((*LEADS[place:], *LEADS)) if code != lead]
    subject, where = SUBJECTS[place], PLACES[number % len(PLACES)]
    person = Person(f"Sample Petitioner {number}", f"0579-{number:07}", f"{number} Well Lane, {where} township")
    receipt = bureau.hand_in(
        channel=CHANNELS[number % len(CHANNELS)], claims=CLAIMS, subject=subject, place=where, people=(person,)
    )
    return Petition(receipt, lead, tuple(others[: number % 3]), subject, where)


def _read(bureau: Bureau, petition: Petition, *readers: Actor) -> None:
    for reader in readers:
        purpose = "supervision" if permissions.SUPERVISOR in reader.groups else "handling"
        bureau.do(lambda tx, why=purpose: case_files.read(tx, petition.number, why), reader)


def _register(bureau: Bureau, petition: Petition, **decision: str) -> None:
    _read(bureau, petition, CLERK)
    bureau.register(petition.receipt, subject=petition.subject, place=petition.place, **decision)


def _refuse(bureau: Bureau, petition: Petition) -> None:
    words = "A court has this matter already, and decides it."
    _register(bureau, petition, intake_decision="refuse", refusal_ground="statutory-path", refusal_reason=words)
    _read(bureau, petition, CLERK, SUPERVISOR)
    bureau.follow(petition.receipt)


def _withdraw(bureau: Bureau, petition: Petition) -> None:
    _read(bureau, petition, CLERK)
    bureau.withdraw(petition.receipt, "We have moved away.")


def _let_lapse(bureau: Bureau, petition: Petition) -> None:
    _register(bureau, petition, intake_decision="supplement", missing="Which house is it, and since when?")


def _route(bureau: Bureau, petition: Petition) -> None:
    _read(bureau, petition, CLERK)
    bureau.route(petition.receipt, petition.lead, petition.co_units)


def _accept(bureau: Bureau, petition: Petition) -> None:
    lead = _unit(petition.lead)
    _read(bureau, petition, lead)
    bureau.complete(petition.number, lead, "accept-assignment", assignment_decision="accept")


def _investigate(bureau: Bureau, petition: Petition) -> None:
    lead = _unit(petition.lead)
    _read(bureau, petition, lead, SUPERVISOR)
    words = "The pipe in the lane is forty years old and lets rust into the water. It was looked at on two days."
    bureau.complete(petition.number, lead, "investigate", findings=words)
    for code in petition.co_units:
        bureau.complete(petition.number, _unit(code), "co-unit-opinion", opinion="Nothing stands against it.")


def _draft(bureau: Bureau, petition: Petition) -> None:
    lead = _unit(petition.lead)
    _read(bureau, petition, lead)
    words = "Your petition is justified. The pipe in the lane is replaced before the rains."
    bureau.complete(
        petition.number, lead, "draft-reply", outcome="support", reply=words, legal_basis="Water Act, section 4"
    )


def _serve(bureau: Bureau, petition: Petition) -> None:
    _read(bureau, petition, CHECKER)
    bureau.complete(petition.number, CHECKER, "check-reply", check_verdict="ok")
    head = staff(f"{petition.lead}-head", f"unit:{petition.lead}", f"head:{petition.lead}")
    bureau.complete(petition.number, head, "approve-reply", approval="approved")
    bureau.follow(petition.receipt)


def _rate(bureau: Bureau, petition: Petition) -> None:
    bureau.rate(petition.receipt, "satisfied")


def _unit(code: str) -> Actor:
    return staff(code, f"unit:{code}")


_HANDLING: Sequence[tuple[int, Stage]] = ((1, _register), (1, _route), (3, _accept), (20, _investigate), (10, _draft))
_SERVED: Sequence[tuple[int, Stage]] = (*_HANDLING, (2, _serve))
_WAYS: Sequence[tuple[int, Sequence[tuple[int, Stage]]]] = (
    (45, ((2, _refuse),)),
    (20, ((1, _withdraw),)),
    (3, ((1, _let_lapse), (20, lambda _bureau, _petition: None))),
    (7, (*_SERVED, (6, _rate))),
    (5, (*_HANDLING, (40, _serve), (6, _rate))),
)
"""How many of 80 petitions go each way until they are closed: steps, each some days after the one before."""

_OPEN: Sequence[tuple[int, Sequence[Stage]]] = (
    (6, ()),
    (2, (_register,)),
    (2, (_register, _route)),
    (7, (_register, _route, _accept)),
    (2, (_register, _route, _accept, _investigate, _draft)),
    (1, (_register, _route, _accept, _investigate, _draft, _serve)),
)
"""How many of 20 petitions stand at each stage."""


def _archive(bureau: Bureau, wanted: int) -> list[Petition]:
    """Petitions that are over. They go their ways side by side, a day at a time."""
    ways = [way for count, way in _WAYS for _ in range(count)]
    petitions = [_hand_in(bureau, number) for number in range(wanted)]
    calendar: dict[int, list[tuple[Petition, Stage]]] = {}
    for number, petition in enumerate(petitions):
        day = number % 3
        for days, stage in ways[number * 37 % len(ways)]:
            day += days
            calendar.setdefault(day, []).append((petition, stage))
    today = 0
    for day in sorted(calendar):
        bureau.wait(days=day - today)
        today = day
        for petition, stage in calendar[day]:
            stage(bureau, petition)
    bureau.wait(days=20)
    _settle_breaches(bureau)
    assert {bureau.state(petition.number) for petition in petitions} == {states.CLOSED}
    return petitions


def conclude(bureau: Bureau, wanted: int) -> None:
    """Petitions that go the whole way, from the hand-in to the rating of their petitioners, one after the other."""
    for number in range(wanted):
        petition = _hand_in(bureau, number)
        for _, stage in (*_SERVED, (6, _rate)):
            stage(bureau, petition)
        assert bureau.state(petition.number) == states.CLOSED


def _settle_breaches(bureau: Bureau) -> None:
    """The supervisor looks into every clock that ran out, so that nothing of the archive is open."""
    query = UserTaskQuery(groups=SUPERVISOR.groups, limit=MAX_LIMIT)
    found = {"breach_cause": "workload", "supervision_measure": "phone", "breach_notes": "The unit has two people ill."}
    for task in bureau.ask(lambda tx: user_tasks.find(tx, query)):
        bureau.do(lambda tx, task_id=task.id: submissions.submit(tx, task_id, found), SUPERVISOR)


def _desk(bureau: Bureau, wanted: int) -> list[Petition]:
    """Petitions that people are at work on, handed in within the last days."""
    stages = [way for count, way in _OPEN for _ in range(count)]
    petitions = []
    for number in range(wanted):
        petition = _hand_in(bureau, number)
        for stage in stages[number * 7 % len(stages)]:
            stage(bureau, petition)
        petitions.append(petition)
        if number % 4 == 0:
            _claim(bureau, petition)
        if number % 20 == 19:
            bureau.wait(hours=1)
    return petitions


def _claim(bureau: Bureau, petition: Petition) -> None:
    """What waits first in the case is somebody's already, but not done."""
    query = UserTaskQuery(business_key=petition.number, limit=1)
    for task in bureau.ask(lambda tx: user_tasks.find(tx, query)):
        claimer = Actor(CLAIMER, frozenset({*task.candidate_groups, permissions.CASEWORKER}))
        bureau.do(lambda tx, task_id=task.id: user_tasks.claim(tx, task_id), claimer)
