"""Figures for Prometheus: counters of what this process did, and gauges of the whole database, read when asked for."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from engine import gauges
from engine.engine import Engine
from engine.observing import Committed, JobRun, Observation
from web import requests

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SLOW = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900)


class Metrics:
    """Of one process. What concerns the database is the same in every process: take the highest, not the sum."""

    def __init__(self, engine: Engine) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.registry.register(_Database(engine))
        self._steps = Counter(
            "pujiang_steps", "Commands carried out, each one entry of a journal", ["command"], registry=self.registry
        )
        self._head = Gauge(
            "pujiang_journal_head_timestamp_seconds",
            "When this process last wrote the entry of a command to a journal; 0 before the first",
            registry=self.registry,
        )
        self._commits = Histogram(
            "pujiang_commit_seconds",
            "Transactions that wrote, from asking for their turn to the end of the commit",
            buckets=FAST,
            registry=self.registry,
        )
        self._jobs = Histogram(
            "pujiang_job_seconds", "Runs of handlers", ["topic", "outcome"], buckets=SLOW, registry=self.registry
        )
        self._requests = Histogram(
            "pujiang_request_seconds",
            "Answers by route and status",
            ["method", "route", "status"],
            buckets=FAST,
            registry=self.registry,
        )
        engine.observe(self.take)

    def watch(self, app: Flask) -> None:
        """Count the answers of an application."""
        requests.on_answer(app, self._answered)

    def page(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self.registry)

    def take(self, observation: Observation) -> None:
        """Count what the engine told, or what another process was told by its own."""
        match observation:
            case Committed(commands, seconds):
                self._commits.observe(seconds)
                if commands:
                    self._head.set_to_current_time()
                for command in commands:
                    self._steps.labels(command).inc()
            case JobRun(topic, outcome, seconds):
                self._jobs.labels(topic, outcome).observe(seconds)

    def _answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).observe(seconds)


class _Database(Collector):
    """What is read out of the database, in one transaction and a few look-ups, whenever somebody asks."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def describe(self) -> Iterator[Metric]:
        """Nothing beforehand: a process may begin while its database is away."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        in_use, size = self._engine.database.connections
        yield _gauge("pujiang_database_connections_in_use", "Connections of this process at work", in_use)
        yield _gauge("pujiang_database_connections", "Connections that this process has open", size)
        yield _gauge(
            "pujiang_tick_age_seconds", "Since the last tick of this process", self._engine.idle_for.total_seconds()
        )
        try:
            now = self._engine.read(gauges.read)
        except Exception:
            yield _gauge("pujiang_database_up", "Whether the database answers", 0)
            return
        yield _gauge("pujiang_database_up", "Whether the database answers", 1)
        yield _gauge("pujiang_jobs_due", f"Jobs to be run now, at most {gauges.MOST:,}", now.jobs.count)
        yield _gauge("pujiang_jobs_age_seconds", "Since the oldest of them became due", now.jobs.age)
        yield _gauge("pujiang_timers_late", f"Timers to be fired now, at most {gauges.MOST:,}", now.timers.count)
        yield _gauge("pujiang_timers_age_seconds", "Since the oldest of them became due", now.timers.age)
        yield _gauge("pujiang_incidents_open", f"Incidents not resolved, at most {gauges.MOST:,}", now.open_incidents)
        yield _gauge("pujiang_instances_started", "Process instances that there ever were", now.started)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=value)
