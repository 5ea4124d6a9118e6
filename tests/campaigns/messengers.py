"""Kills the broker, Celery's workers and the server that hands jobs to them, while people work over HTTP."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

from tests import brokers
from tests.brokers import Broker
from tests.campaigns.commands import Command, Server
from tests.campaigns.missing import Missing
from tests.campaigns.office import drive, prepare
from tests.campaigns.report import Report
from tests.campaigns.scene import Scene, pause

WORKERS = 2


def with_redis(scene: Scene, kills: int) -> Report:
    """
    Raises:
        Missing: there is no Redis here.
    """
    return _campaign("redis", scene, kills)


def with_rabbitmq(scene: Scene, kills: int) -> Report:
    """
    Raises:
        Missing: there is no RabbitMQ here.
    """
    return _campaign("rabbitmq", scene, kills)


def _campaign(kind: str, scene: Scene, kills: int) -> Report:
    if program := brokers.missing(kind):
        raise Missing(f"no {program} here: apt-get install {program} runs this campaign")
    report = Report(f"messengers_{kind}")
    prepare(scene)
    broker = brokers.make(kind, scene.folder)
    broker.start()
    variables = {"PUJIANG_BROKER_URL": broker.url, "PUJIANG_JOB_THREADS": "2"}
    workers = [Command(scene, "worker", variables=variables) for _ in range(WORKERS)]
    server = Server(scene, variables)
    try:
        for worker in workers:
            worker.start()
        drive(scene, server, partial(shoot, scene, broker, workers, server, kills), report)
    finally:
        for worker in workers:
            worker.end()
        broker.close()
    report.figure("kills", kills)
    return report


def shoot(scene: Scene, broker: Broker, workers: list[Command], server: Server, kills: int) -> None:
    """Redis keeps nothing on disk: whatever was on its way is lost with it. RabbitMQ brings some of it twice."""
    chance = scene.chance("killer")
    victims: list[Callable[[], None]] = [
        partial(_again, broker.kill, broker.start, chance),
        *(partial(_again, worker.end, worker.start, chance) for worker in workers),
        partial(_again, server.end, server.start, chance),
        partial(_lose, broker, workers, chance),
    ]
    for _ in range(kills):
        pause(chance.uniform(1, 4))
        chance.choice(victims)()
    pause(2)


def _lose(broker: Broker, workers: list[Command], chance: random.Random) -> None:
    """Kill the broker with all that nobody has taken from it."""
    for worker in workers:
        worker.end()
    pause(chance.uniform(1, 3))
    _again(broker.kill, broker.start, chance)
    for worker in workers:
        worker.start()


def _again(end: Callable[[], object], start: Callable[[], object], chance: random.Random) -> None:
    end()
    pause(chance.choice((0, 0, 2)))
    start()
