"""What watches a process: whether it lives, whether it is ready, and its figures."""

from __future__ import annotations

import re
import shutil
import time
from collections import namedtuple
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from engine.engine import Engine
from tests.bureau import Bureau
from web import health, monitoring, settings
from web.metrics import Metrics

TOKEN = "let me see"


def monitor(bureau: Bureau, folder: Path, **variables: str) -> FlaskClient:
    chosen = settings.load({"PUJIANG_DATA_DIR": str(folder), **variables})
    return monitoring.create_app(chosen, bureau.engine, Metrics(bureau.engine)).test_client()


@pytest.fixture
def watcher(bureau: Bureau, tmp_path: Path) -> FlaskClient:
    return monitor(bureau, tmp_path)


@pytest.fixture
def asked() -> Iterator[list[str]]:
    heard: list[str] = []

    def said(_c: object, _cursor: object, sql: str, *_: object) -> None:
        heard.append(sql)

    sa.event.listen(sa.Engine, "before_cursor_execute", said)
    yield heard
    sa.event.remove(sa.Engine, "before_cursor_execute", said)


def value(page: str, name: str) -> float:
    match = re.search(rf"^{re.escape(name)} (\S+)$", page, re.MULTILINE)
    assert match is not None, f"{name} is not in\n{page}"
    return float(match[1])


def test_a_process_that_can_work_is_alive_and_ready(watcher: FlaskClient, app: Flask) -> None:
    for client in (watcher, app.test_client()):
        for path, word in (("/healthz", "alive"), ("/readyz", "ready")):
            answer = client.get(path)
            assert (answer.status_code, answer.get_data(as_text=True)) == (200, f"{word}\n")


def test_a_database_of_another_release_is_not_worked_on(bureau: Bureau, watcher: FlaskClient, log) -> None:
    newer = sa.text("UPDATE alembic_version SET version_num = 'newer' WHERE version_num LIKE 'engine%'")
    bureau.engine.transact(lambda tx: tx.connection.execute(newer))
    answer = watcher.get("/readyz")
    assert (answer.status_code, answer.get_data(as_text=True)) == (503, "not ready\n")
    assert "of another release" in log.getvalue()
    assert watcher.get("/healthz").status_code == 200


def test_ticks_that_are_late_are_told(bureau: Bureau, watcher: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Engine, "idle_for", timedelta(days=1, minutes=1))
    assert watcher.get("/readyz").status_code == 503
    assert list(health.problems(bureau.engine)) == ["the last tick ended 86460 s ago"]
    assert value(watcher.get("/metrics").get_data(as_text=True), "pujiang_tick_age_seconds") == 86_460


def test_a_full_disk_is_told(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage(10**9, 10**9 - 1, 1))
    assert list(health.problems(bureau.engine)) == ["the disk is full"]


def test_figures_are_shown_to_whoever_has_the_token(bureau: Bureau, tmp_path: Path, app: Flask) -> None:
    guarded = monitor(bureau, tmp_path, PUJIANG_MONITOR_TOKEN=TOKEN)
    assert guarded.get("/metrics").status_code == 401
    assert guarded.get("/metrics", headers={"Authorization": "Bearer guess"}).status_code == 401
    assert guarded.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert app.test_client().get("/metrics").status_code == 404, "never where everybody may ask"


def test_steps_jobs_and_backlogs_are_counted(bureau: Bureau, watcher: FlaskClient, asked: list[str]) -> None:
    before = watcher.get("/metrics").get_data(as_text=True)
    assert value(before, "pujiang_database_up") == 1
    assert value(before, "pujiang_instances_started") == 0
    assert value(before, "pujiang_journal_head_timestamp_seconds") == 0
    begun = time.time()
    bureau.hand_in()
    asked.clear()
    page = watcher.get("/metrics").get_data(as_text=True)
    assert len([sql for sql in asked if sql.startswith(("SELECT", "WITH"))]) <= 7, asked
    assert value(page, 'pujiang_steps_total{command="StartInstance"}') == 1
    assert value(page, 'pujiang_job_seconds_count{outcome="completed",topic="start-clocks"}') == 1
    assert value(page, "pujiang_instances_started") == 1
    assert begun <= value(page, "pujiang_journal_head_timestamp_seconds") <= time.time()
    assert value(page, "pujiang_commit_seconds_count") > 1
    assert value(page, "pujiang_jobs_due") == 0
    assert value(page, "pujiang_incidents_open") == 0


def test_the_head_of_the_journal_moves_with_entries_alone(bureau: Bureau, watcher: FlaskClient) -> None:
    bureau.engine.transact(lambda tx: tx.connection.execute(sa.text("SELECT 1")))
    assert value(watcher.get("/metrics").get_data(as_text=True), "pujiang_journal_head_timestamp_seconds") == 0


def test_every_figure_is_explained(watcher: FlaskClient) -> None:
    told = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")
    page = watcher.get("/metrics").get_data(as_text=True)
    shown = set(re.findall(r"^# TYPE (pujiang_\w+) (?:counter|gauge|histogram)$", page, re.MULTILINE))
    shown = {name for name in shown if not name.endswith("_created")}
    assert len(shown) > 10
    assert {name for name in shown if f"`{name}`" not in told} == set()


def test_what_is_late_is_told_with_how_late(bureau: Bureau, watcher: FlaskClient) -> None:
    bureau.bring_to_handling()
    bureau.clock.move(timedelta(days=400))
    page = watcher.get("/metrics").get_data(as_text=True)
    assert value(page, "pujiang_timers_late") >= 1
    assert value(page, "pujiang_timers_age_seconds") > 86_400


def test_a_database_that_is_away_is_a_figure_too(bureau: Bureau, watcher: FlaskClient, monkeypatch) -> None:
    def gone(*_arguments: object) -> None:
        raise OSError("gone")

    monkeypatch.setattr(bureau.engine, "read", gone)
    page = watcher.get("/metrics").get_data(as_text=True)
    assert value(page, "pujiang_database_up") == 0
    assert watcher.get("/readyz").status_code == 503


def test_answers_are_counted_by_route_and_status(bureau: Bureau, app: Flask) -> None:
    metrics = Metrics(bureau.engine)
    metrics.watch(app)
    client = app.test_client()
    client.get("/petition/new")
    client.get("/Ming-Example")
    client.open("/petition/new", method="MING-EXAMPLE")
    page = metrics.page().decode()
    name = "pujiang_request_seconds_count"
    assert value(page, f'{name}{{method="GET",route="/petition/new",status="200"}}') == 1
    assert value(page, f'{name}{{method="GET",route="-",status="404"}}') == 1
    assert value(page, f'{name}{{method="-",route="-",status="405"}}') == 1
    assert "MING" not in page
