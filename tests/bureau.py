"""A whole office in one object, driven as its people drive it: through commands, forms and a clock that is moved."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar

from engine import clock as clocks_of_engine
from engine import incidents, instances, journal, user_tasks
from engine.actors import SYSTEM, Actor
from engine.clock import FixedClock
from engine.store.database import Transaction
from engine.user_tasks import UserTask, UserTaskQuery
from handlers import HANDLERS
from workflows import office
from workflows.papers import submissions
from workflows.people.petitioners import Person
from workflows.permissions import PUBLIC
from workflows.petitioning import ratings, withdrawals
from workflows.petitioning.ratings import Rating
from workflows.reading import case_files
from workflows.reading.case_files import CaseFile, PublicCase
from workflows.register import cases
from workflows.register.cases import Petition, Receipt
from workflows.time import clocks
from workflows.time.calendars import LOCAL
from workflows.time.clocks import Clock

T = TypeVar("T")

MING = Person("Ming Example", "0579-1234567", "3 Well Lane, North township")
CLAIMS = "Since the pipe was laid, the water in Well Lane is brown. Ming Example asks for clean water."


def staff(account: str, *groups: str) -> Actor:
    return Actor(account, frozenset({*groups, "role:caseworker"}))


CLERK = staff("clerk", "intake-clerks", "petition-office")
WATER = staff("water", "unit:water")
WATER_HEAD = staff("water-head", "unit:water", "head:water")
ROADS = staff("roads", "unit:roads")
HOUSING = staff("housing", "unit:housing")
CHECKER = staff("checker", "legal-checkers")
SUPERVISOR = Actor("supervisor", frozenset({"role:supervisor"}))


class Bureau:
    """Times are those of the office; it opens on Monday 2 March 2026 at nine."""

    def __init__(self, database_url: str, opened: datetime = datetime(2026, 3, 2, 9, tzinfo=LOCAL)) -> None:
        self.clock = FixedClock(opened)
        self.engine = office.open_engine(database_url, HANDLERS, clock=self.clock)

    def close(self) -> None:
        self.engine.stop()

    def do(self, work: Callable[[Transaction], T], actor: Actor = SYSTEM) -> T:
        """One command, and everything that follows from it without a person."""
        result = self.engine.transact(work, actor)
        self.engine.run_to_rest()
        return result

    def ask(self, work: Callable[[Transaction], T], actor: Actor = SYSTEM) -> T:
        return self.engine.read(work, actor)

    # Time

    def wait(self, **delta: float) -> None:
        clocks_of_engine.advance(self.engine, timedelta(**delta), SYSTEM)

    def wait_until(self, day: str, at: str = "09:00") -> None:
        target = datetime.combine(date.fromisoformat(day), time.fromisoformat(at), LOCAL)
        clocks_of_engine.advance(self.engine, target - self.engine.clock.now(), SYSTEM)

    # Petitioner

    def hand_in(self, **changes: Any) -> Receipt:
        values: dict[str, Any] = {
            "channel": "online",
            "claims": CLAIMS,
            "subject": "utilities",
            "place": "north",
            "people": (MING,),
        }
        petition = Petition(**{**values, **changes})
        return self.do(lambda tx: cases.hand_in(tx, petition), PUBLIC)

    def petitioner(self, receipt: Receipt) -> Actor:
        return self.ask(lambda tx: cases.identify(tx, receipt.case_number, receipt.query_code))

    def follow(self, receipt: Receipt) -> PublicCase:
        return self.do(lambda tx: case_files.follow(tx, receipt.case_number), self.petitioner(receipt))

    def rate(self, receipt: Receipt, rating: str, reasons: str = "") -> None:
        given = Rating(rating, office_score=4, unit_score=2, reasons=reasons)
        self.do(lambda tx: ratings.give(tx, receipt.case_number, given), self.petitioner(receipt))

    def withdraw(self, receipt: Receipt, reason: str = "") -> None:
        def work(tx: Transaction) -> None:
            withdrawals.hand_in(tx, receipt.case_number, reason, of_free_will=True)

        self.do(work, self.petitioner(receipt))

    # Office

    def open_tasks(self, case_number: str) -> dict[str, UserTask]:
        """What waits for somebody in a case, by element and group."""
        query = UserTaskQuery(business_key=case_number)
        found = self.ask(lambda tx: user_tasks.find(tx, query))
        return {f"{task.element_id} {','.join(task.candidate_groups)}": task for task in found}

    def names(self, case_number: str) -> list[str]:
        return sorted(self.open_tasks(case_number))

    def complete(self, case_number: str, actor: Actor, element_id: str, **values: Any) -> None:
        """Send the form of the one user task at that element which the actor may complete."""
        query = UserTaskQuery(business_key=case_number, candidate=actor.id, groups=actor.groups)
        found = self.ask(lambda tx: user_tasks.find(tx, query), actor)
        (task,) = [task for task in found if task.element_id == element_id]
        self.do(lambda tx: submissions.submit(tx, task.id, values), actor)

    def read(self, case_number: str, actor: Actor = SUPERVISOR) -> CaseFile:
        return self.do(lambda tx: case_files.read(tx, case_number, "supervision"), actor)

    def state(self, case_number: str) -> str:
        return self.ask(lambda tx: cases.get(tx, case_number)).state

    def clock_of(self, case_number: str, kind: str) -> Clock:
        return self.ask(lambda tx: clocks.get(tx, case_number, kind))

    def due_on(self, case_number: str, kind: str) -> str:
        return str(self.clock_of(case_number, kind).due_on)

    def variables(self, case_number: str) -> dict[str, Any]:
        return self.ask(lambda tx: instances.variables(tx, instances.find(tx, case_number).id))

    def journal_text(self) -> str:
        """Everything that any journal holds, as one text."""

        def work(tx: Transaction) -> list[Any]:
            heads = [instance_id for instance_id, _, _ in journal.heads(tx)]
            return [(entry.command, entry.facts, entry.actor) for id in heads for entry in journal.entries(tx, id)]

        return json.dumps(self.ask(work), ensure_ascii=False, default=str)

    def problems(self) -> list[str]:
        """Broken journals, and incidents."""
        found = self.ask(lambda tx: journal.verify(tx, replayed=True))
        stuck = self.ask(lambda tx: incidents.find(tx, incidents.IncidentQuery()))
        return [*map(str, found), *(f"{each.element_id}: {each.message}" for each in stuck)]

    # Longer ways

    def register(self, receipt: Receipt, **changes: Any) -> None:
        values = {"subject": "utilities", "place": "north", "category": "redress", "intake_decision": "accept"}
        self.complete(receipt.case_number, CLERK, "register", **{**values, **changes})

    def route(self, receipt: Receipt, lead: str = "water", co_units: Iterable[str] = ("roads", "housing")) -> None:
        values = {"lead_unit": lead, "co_units": list(co_units), "mode": "assigned"}
        self.complete(receipt.case_number, CLERK, "route", **values)

    def accept(self, receipt: Receipt) -> None:
        self.complete(receipt.case_number, WATER, "accept-assignment", assignment_decision="accept")

    def bring_to_handling(self, **changes: Any) -> Receipt:
        """Handed in, registered, routed to water with roads and housing, and accepted."""
        receipt = self.hand_in(**changes)
        self.register(receipt)
        self.route(receipt)
        self.accept(receipt)
        return receipt

    def investigate(self, receipt: Receipt) -> None:
        """The lead unit's findings and both opinions."""
        number = receipt.case_number
        self.complete(number, WATER, "investigate", findings="The new pipe lets rust in, as Ming Example said.")
        for actor in (ROADS, HOUSING):
            self.complete(number, actor, "co-unit-opinion", opinion=f"Nothing stands against it ({actor.id}).")

    def reply(self, receipt: Receipt, words: str = "Dear Ming Example, the pipe is laid anew.") -> None:
        number = receipt.case_number
        self.complete(number, WATER, "draft-reply", outcome="support", reply=words, legal_basis="Water Act, section 4")
        self.complete(number, CHECKER, "check-reply", check_verdict="ok")
        self.complete(number, WATER_HEAD, "approve-reply", approval="approved")
