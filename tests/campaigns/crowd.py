"""32 clients on 50 cases, completing, claiming, reassigning, correlating and withdrawing at once."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from engine import instances, user_tasks
from engine.engine import Engine
from engine.instances import ACTIVE, InstanceQuery
from engine.store.database import Transaction
from tests.campaigns import books, models, roles
from tests.campaigns.books import Books
from tests.campaigns.kills import count, prepare
from tests.campaigns.ledger import DONE, Ledger
from tests.campaigns.processes import Crew, ends_with_parent
from tests.campaigns.report import Report
from tests.campaigns.scene import Scene

PROCESSES, THREADS = 4, 8

PATIENCE = 300
"""Seconds after which the crowd must be done."""


def campaign(scene: Scene, cases: int) -> Report:
    report = Report("crowd")
    prepare(scene)
    begin(scene, cases)
    began = time.monotonic()
    with Crew() as crew:
        for number in range(PROCESSES):
            crew.start(f"crowd-{number}", crowd, scene, number)
        for name in crew.names:
            if crew.wait(name, PATIENCE) != 0:
                report.blame([f"{name} did not come to an end"])
    report.figure("clients", PROCESSES * THREADS)
    report.figure("seconds", time.monotonic() - began, "s")
    found = books.read(scene)
    for check in (
        books.stuck,
        books.untold,
        books.disordered,
        books.misinformed,
        books.shown_errors,
        books.outages,
        books.doubled,
        lost,
    ):
        report.blame(check(found))
    report.blame(books.unverified(scene))
    count(scene, found, report)
    return report


def begin(scene: Scene, cases: int) -> None:
    engine, ledger = roles.open_engine(scene), Ledger(scene.ledger("begin"))
    for number in range(cases):
        roles.start(engine, ledger, f"case-{number}", "crowd")
    engine.stop()


def crowd(scene: Scene, number: int) -> None:
    """Some clients in threads of one process, on one engine."""
    orphaned = ends_with_parent()
    scene.log_here(f"crowd-{number}")
    engine = roles.open_engine(scene)
    names = [f"{number}-{place}" for place in range(THREADS)]
    threads = [threading.Thread(target=_client, args=(scene, engine, name, orphaned)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.stop()


def _client(scene: Scene, engine: Engine, name: str, orphaned: Callable[[], bool]) -> None:
    ledger, chance = Ledger(scene.ledger(name)), scene.chance(name)
    while not orphaned():
        running = engine.read(lambda tx: instances.search(tx, InstanceQuery(status=ACTIVE, limit=100)))
        if not running:
            return
        case = chance.choice(running)
        (task, *_) = engine.read(lambda tx: user_tasks.open_of(tx, case.id)) or [None]  # noqa: B023 - called at once
        verb = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        if verb in ("go", "withdraw"):
            roles.send(engine, ledger, verb, case.business_key)
        elif verb == "cancel":
            _do(engine, ledger, verb, str(case.id), lambda tx: instances.cancel(tx, case.id, "enough"))  # noqa: B023
        elif task is not None:
            _do(engine, ledger, verb, task.id, partial(_VERBS[verb], task_id=task.id, chance=chance))


def _do(engine: Engine, ledger: Ledger, verb: str, target: str, work: Callable[[Transaction], object]) -> None:
    ledger.attempt(verb, target, partial(engine.transact, work))


def _complete(tx: Transaction, task_id: str, chance: random.Random) -> None:
    user_tasks.complete(tx, task_id)


def _claim(tx: Transaction, task_id: str, chance: random.Random) -> None:
    user_tasks.claim(tx, task_id)


def _release(tx: Transaction, task_id: str, chance: random.Random) -> None:
    user_tasks.release(tx, task_id)


def _assign(tx: Transaction, task_id: str, chance: random.Random) -> None:
    user_tasks.assign(tx, task_id, f"colleague-{chance.getrandbits(32):x}")


_VERBS = {"complete": _complete, "claim": _claim, "release": _release, "assign": _assign}
_WEIGHTS: Mapping[str, float] = {
    "complete": 40,
    "claim": 10,
    "release": 6,
    "assign": 15,
    "go": 27,
    "withdraw": 0.4,
    "cancel": 0.4,
}


def lost(found: Books) -> Iterator[str]:
    """Every completion and every message has counted, once, in the case that it was for."""
    done = Counter[tuple[str, str]]()
    for told in found.told.values():
        if told.outcome == DONE:
            key = told.target if told.verb == "go" else _key_of(found, told.target)
            done[told.verb, key] += 1
    for instance_id, row in found.instances.items():
        facts = [fact for entry in found.entries if entry.instance_id == instance_id for fact in entry.facts]
        last = {values["name"]: values["value"] for name, values in facts if name == "VariableSet"}
        for verb, variable in (("complete", "n"), ("go", "m")):
            if last[variable] != done[verb, row.business_key]:
                told = done[verb, row.business_key]
                yield f"case {row.business_key}: {told} clients were told that {verb} is done, and {last[variable]} count"
        if row.status == "completed" and last["n"] > models.ROUNDS:
            yield f"case {row.business_key} went on after its end: {last['n']} rounds"


def _key_of(found: Books, target: str) -> str:
    instance = found.instances.get(int(target.partition("-")[0])) if target[:1].isdigit() else None
    return "" if instance is None else str(instance.business_key)
