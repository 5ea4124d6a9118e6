"""What the processes of a campaign do: run what is due, work as clients do, or bring everything to its end."""

from __future__ import annotations

import os
import random
from datetime import timedelta
from functools import partial

from engine import incidents, instances, messages, signals, user_tasks
from engine.engine import Engine
from engine.instances import ACTIVE, InstanceQuery
from engine.store.database import Transaction
from engine.user_tasks import UserTaskQuery
from tests.campaigns import models
from tests.campaigns.ledger import Ledger, Told
from tests.campaigns.processes import ends_with_parent
from tests.campaigns.scene import Scene, pause

CLERKS = UserTaskQuery(groups=frozenset({"clerks"}), limit=20)

FAR_AHEAD = timedelta(days=30)
"""How long a message may wait for who takes it: longer than any campaign goes on by its clock."""

LATER = timedelta(hours=3)
"""After which leases and the pauses before further attempts are over."""


def open_engine(scene: Scene, failing: float = 0.0) -> Engine:
    return Engine(scene.url, clock=scene.clock, handlers=models.handlers(scene, failing))


def worker(scene: Scene, failing: float = 0.0) -> None:
    """Run jobs, timers and deliveries until somebody ends this process."""
    orphaned = ends_with_parent()
    scene.log_here(f"worker-{os.getpid()}")
    engine = open_engine(scene, failing)
    engine.start(threads=2)
    while not orphaned():
        pause(0.2)


def client(scene: Scene, name: str) -> None:
    """Begin cases, do their user tasks, send them messages and withdraw a few, until the scene is to stop."""
    orphaned = ends_with_parent()
    scene.log_here(name)
    engine, ledger = open_engine(scene), Ledger(scene.ledger(name))
    chance = scene.chance(f"{name} {os.getpid()}")
    while not scene.stop.exists() and not orphaned():
        turn(engine, ledger, chance, scene.running)
    engine.stop()


def turn(engine: Engine, ledger: Ledger, chance: random.Random, most: int) -> None:
    """One thing that a client does, at random; a new case where there are fewer than `most`."""
    lives = InstanceQuery(definition_key="life", status=ACTIVE, limit=most)
    try:
        waiting = [task.id for task in engine.read(lambda tx: user_tasks.find(tx, CLERKS))]
        running = engine.read(lambda tx: instances.search(tx, lives))
    except Exception as error:
        ledger.attempt("look", type(error).__name__, partial(_raise, error))
        pause(0.05)
        return
    keys = [case.business_key for case in running]
    roll = chance.random()
    if roll < 0.02:
        alarm(engine, ledger)
    elif len(keys) < most:
        _begin(engine, ledger, chance, f"{chance.getrandbits(48):x}")
    elif waiting and roll < 0.75:
        complete(engine, ledger, chance.choice(waiting))
    elif roll < 0.98:
        post(engine, ledger, chance.choice(keys))
    else:
        send(engine, ledger, "withdraw", chance.choice(keys))


def _begin(engine: Engine, ledger: Ledger, chance: random.Random, key: str) -> None:
    """A case, at times with what it will wait for sent before; at times one that listens instead."""
    roll = chance.random()
    if roll < 0.1:
        start(engine, ledger, key, "ear")
        return
    if roll < 0.4:
        post(engine, ledger, key)
    start(engine, ledger, key)


def _raise(error: Exception, _actor: object) -> None:
    raise error


def start(engine: Engine, ledger: Ledger, key: str, process: str = "life") -> Told:
    def work(tx: Transaction) -> object:
        return instances.start(tx, process, business_key=key, variables=models.START)

    return ledger.attempt("start", key, partial(engine.transact, work))


def complete(engine: Engine, ledger: Ledger, task_id: str) -> Told:
    return ledger.attempt("complete", task_id, partial(engine.transact, lambda tx: user_tasks.complete(tx, task_id)))


def send(engine: Engine, ledger: Ledger, name: str, key: str) -> Told:
    return ledger.attempt(name, key, partial(engine.transact, lambda tx: messages.publish(tx, name, {}, key)))


def post(engine: Engine, ledger: Ledger, key: str) -> Told:
    """Send what a case waits for, now or later; whoever else does so too, it is taken once."""

    def work(tx: Transaction) -> object:
        return messages.publish(tx, "go", {}, key, time_to_live=FAR_AHEAD, message_id=key)

    return ledger.attempt("post", key, partial(engine.transact, work))


def alarm(engine: Engine, ledger: Ledger) -> Told:
    return ledger.attempt("alarm", "h", partial(engine.transact, lambda tx: signals.broadcast(tx, "h")))


def closing(scene: Scene, rounds: int = 40) -> None:
    """Bring everything to its end as a fresh process that finds what others left behind, some hours later."""
    scene.log_here("closing")
    scene.jump(LATER)
    engine, ledger = open_engine(scene), Ledger(scene.ledger("closing"))
    engine.run_to_rest()
    running = engine.read(
        lambda tx: instances.search(tx, InstanceQuery(definition_key="ear", status=ACTIVE, limit=10_000))
    )
    scene.deaf.write_text("\n".join(case.business_key for case in running), "ascii")
    alarm(engine, ledger)
    for _ in range(rounds):
        engine.run_to_rest()
        if not _round(engine, ledger):
            break
        scene.jump(timedelta(minutes=1))
    engine.stop()


def _round(engine: Engine, ledger: Ledger) -> bool:
    """Do once what waits for somebody; whether any case still runs."""
    for incident in engine.read(lambda tx: incidents.find(tx, incidents.IncidentQuery(limit=500))):
        retry(engine, ledger, incident.id)
    for task in engine.read(lambda tx: user_tasks.find(tx, UserTaskQuery(limit=500))):
        complete(engine, ledger, task.id)
    running = engine.read(lambda tx: instances.search(tx, InstanceQuery(status=ACTIVE, limit=1000)))
    for case in running:
        if case.definition_key == "life":
            send(engine, ledger, "go", case.business_key)
    return bool(running)


def retry(engine: Engine, ledger: Ledger, incident_id: str) -> Told:
    return ledger.attempt("retry", incident_id, partial(engine.transact, lambda tx: incidents.retry(tx, incident_id)))
