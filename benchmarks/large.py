"""What people wait for, with a thousand cases and with a million: pages through the web application, and commands.

Both databases are full of the same kinds of cases in the same proportions (`benchmarks.population`), and are asked in
turns. Budget: with a million cases at most 1.5 times the median with a thousand.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from benchmarks import loading, population
from benchmarks.figures import Figures
from engine import journal, messages, user_tasks
from engine.clock import FixedClock
from engine.user_tasks import UserTaskQuery
from engine.work import ticks
from handlers import HANDLERS
from tests.bureau import CLERK
from web import settings
from web.app import create_app
from workflows import office
from workflows.papers import submissions

FEW, MANY = 1_000, int(os.environ.get("BENCHMARK_LARGE", "1000000"))
REPEATS = 31
PATTERNS = 200
"""Real cases that all others are made of."""

SAMPLE = 25
"""Cases whose journals are verified."""


def measure(figures: Figures) -> None:
    with tempfile.TemporaryDirectory(prefix="pujiang-bench-") as name:
        folder = Path(name)
        pattern = population.build(folder / "patterns.db", PATTERNS)
        small = Cases(loaded(pattern, folder / "small.db", FEW), folder)
        begun = time.perf_counter()
        large = Cases(loaded(pattern, folder / "large.db", MANY), folder)
        figures.add("large_load_minutes", (time.perf_counter() - begun) / 60, "minutes")
        figures.add("large_cases", large.rows("cases"), "cases")
        figures.add("large_journal_entries", large.rows("journal"), "entries")
        figures.add("large_bytes", (folder / "large.db").stat().st_size, "bytes")
        report(figures, small, large)
        small.close()
        large.close()


def loaded(pattern: Path, database: Path, cases: int) -> Path:
    shutil.copy(pattern, database)
    loading.load(database, cases)
    return database


def report(figures: Figures, small: Cases, large: Cases, repeats: int = REPEATS) -> None:
    """Take every figure of `QUESTIONS` in turns; then see that what was measured on is sound."""
    for name, ask in QUESTIONS.items():
        seconds: tuple[list[float], list[float]] = ([], [])
        for _ in range(repeats):
            for side, cases in enumerate((small, large)):
                work = ask(cases)
                begun = time.perf_counter()
                work()
                seconds[side].append(time.perf_counter() - begun)
        few, many = (statistics.median(side) for side in seconds)
        figures.add(f"large_{name}_ms", many * 1000, "ms")
        figures.add(f"large_{name}_vs_{FEW}", many / few, "times")
    for cases in (small, large):
        assert cases.problems() == []


@dataclass(frozen=True, slots=True)
class Open:
    """An open user task, or the case it is of."""

    id: str
    instance_id: int
    case_number: str


class Cases:
    """A database of cases, with the engine and the web application on it, and people signed in."""

    def __init__(self, database: Path, folder: Path) -> None:
        self.engine = office.open_engine(f"sqlite:///{database}", HANDLERS, clock=FixedClock(population.OPENED))
        variables = {"PUJIANG_DATA_DIR": str(folder), "PUJIANG_DATABASE_URL": f"sqlite:///{database}"}
        self.app = create_app(settings.load(variables), self.engine)
        self.clients: dict[str, FlaskClient] = {}
        self.choice = random.Random(7)
        self.to_register = self._open_tasks("intake-clerks", 400)
        self.choice.shuffle(self.to_register)
        self.touched: set[int] = set()

    def close(self) -> None:
        self.engine.stop()

    def signed_in(self, account: str) -> FlaskClient:
        if account not in self.clients:
            client = self.clients[account] = self.app.test_client()
            with client.session_transaction() as session:
                session["_user_id"], session["_fresh"] = account, True
        return self.clients[account]

    def _open_tasks(self, group: str, limit: int) -> list[Open]:
        query = UserTaskQuery(groups=frozenset({group}), unassigned=True, limit=limit)
        found = self.engine.read(lambda tx: user_tasks.find(tx, query))
        return [Open(task.id, task.instance_id, task.business_key) for task in found]

    def rows(self, table: str) -> int:
        return int(self.ask(f"SELECT count(*) FROM {table}"))

    def ask(self, sql: str, *values: Any) -> Any:
        return self.engine.read(lambda tx: tx.connection.exec_driver_sql(sql, values).scalar())

    def any_instance(self) -> int:
        return self.choice.randint(1, int(self.ask("SELECT max(id) FROM process_instances")))

    def any_case(self, close_reason: str | None = None) -> str:
        """The number of a case, out of all or out of those that ended so."""
        while True:
            number = str(self.ask("SELECT business_key FROM process_instances WHERE id = ?", self.any_instance()))
            ended = self.ask("SELECT close_reason FROM cases WHERE case_number = ?", number)
            if close_reason in (None, ended):
                return number

    def get(self, account: str, path: str) -> Callable[[], None]:
        client = self.signed_in(account)

        def work() -> None:
            answer = client.get(path, follow_redirects=True)
            assert answer.status_code == 200, f"expected {path} to answer 200, but it was {answer.status_code}"

        return work

    def problems(self) -> list[str]:
        """What is wrong with the journals of a sample, those included that were touched."""
        chosen = {self.any_instance() for _ in range(SAMPLE)} | self.touched
        found = [
            self.engine.read(partial(journal.verify, instance_id=instance_id, replayed=True)) for instance_id in chosen
        ]
        return [str(finding) for findings in found for finding in findings]


Ask = Callable[[Cases], Callable[[], Any]]


def _case_page(cases: Cases) -> Callable[[], Any]:
    return cases.get("clerk", f"/cases/{cases.any_case('concluded')}")


def _own_case_page(cases: Cases) -> Callable[[], Any]:
    """For somebody who sees only what the unit has."""
    number = cases.ask(
        "SELECT case_number FROM case_units WHERE unit = 'water' ORDER BY case_number LIMIT 1 OFFSET ?",
        cases.choice.randrange(100),
    )
    return cases.get("water", f"/cases/{number}")


def _one_case(cases: Cases) -> Callable[[], Any]:
    """The page of the case follows, as its number is the whole of what was looked for."""
    return cases.get("clerk", f"/cases/?number={cases.any_case()}")


def _task_page(cases: Cases) -> Callable[[], Any]:
    return cases.get("clerk", f"/tasks/{cases.choice.choice(cases.to_register).id}")


def _next_page(cases: Cases) -> Callable[[], Any]:
    """What follows on a case somewhere in the register."""
    return cases.get("clerk", f"/cases/?subject=transport&after={cases.any_case()}")


def _correlate(cases: Cases) -> Callable[[], Any]:
    """A warning of a clock, handed to the one case that waits for it by its number."""
    task = cases.choice.choice(cases.to_register)
    cases.touched.add(task.instance_id)
    values = {"clock": "notify", "percent": 50, "due": "2026-06-27T23:59:59+08:00"}
    return partial(cases.engine.transact, lambda tx: messages.deliver(tx, "clock-warning", task.case_number, values))


def _complete(cases: Cases) -> Callable[[], Any]:
    """The form of a user task sent: completed for good, with what follows in the same transaction."""
    cases.engine.run_to_rest()
    task = cases.to_register.pop()
    cases.touched.add(task.instance_id)
    values = {"subject": "transport", "place": "north", "category": "redress", "intake_decision": "accept"}
    return partial(cases.engine.transact, lambda tx: submissions.submit(tx, task.id, values), CLERK)


def _tick(cases: Cases) -> Callable[[], Any]:
    cases.engine.run_to_rest()
    return partial(ticks.tick, cases.engine)


def _page(person: str, path: str) -> Ask:
    return lambda cases: cases.get(person, path)


QUESTIONS: Mapping[str, Ask] = {
    "tasks_of_groups": _page("clerk", "/tasks/?show=groups"),
    "tasks_of_unit": _page("water", "/tasks/?show=all"),
    "tasks_of_all": _page("supervisor", "/tasks/?show=all"),
    "tasks_of_stage": _page("supervisor", "/tasks/?show=all&stage=investigation"),
    "tasks_of_stage_and_groups": _page("water", "/tasks/?show=groups&stage=investigation"),
    "tasks_of_person": _page(population.CLAIMER, "/tasks/?show=mine"),
    "task_page": _task_page,
    "case_page": _case_page,
    "case_page_of_unit": _own_case_page,
    "search_number": _one_case,
    "search_newest": _page("clerk", "/cases/"),
    "search_state": _page("clerk", "/cases/?state=handling"),
    "search_subject": _page("clerk", "/cases/?subject=transport"),
    "search_place_and_state": _page("clerk", "/cases/?place=north&state=closed"),
    "search_open": _page("clerk", "/cases/?subject=transport&open=yes"),
    "search_nothing": _page("clerk", "/cases/?subject=veterans&place=north&open=no"),
    "search_own_unit": _page("water", "/cases/"),
    "search_unit": _page("clerk", "/cases/?unit=water&open=no"),
    "search_page_2": _next_page,
    "statistics": _page("supervisor", "/supervision/"),
    "incidents": _page("supervisor", "/supervision/incidents"),
    "breaches": _page("supervisor", "/supervision/breaches"),
    "definitions": _page("designer", "/designer/"),
    "correlation": _correlate,
    "tick": _tick,
    "completion": _complete,
}
"""What is asked, by the name of its figure."""
