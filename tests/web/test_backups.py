"""A copy of everything while the office works, and back, whole or not at all."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.store import copies
from tests.bureau import Bureau
from tests.web import processes
from web.cli import main

Run = Callable[..., Result]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def run(data: Path) -> Run:
    def run(*arguments: object, **variables: str) -> Result:
        environment = {"PUJIANG_DATA_DIR": str(data), **variables}
        return CliRunner().invoke(main, [str(each) for each in arguments], env=environment)

    return run


@pytest.fixture
def bureau(data: Path) -> Bureau:
    """An office with one case, and a key."""
    (data / "secret-key").write_text("the key")
    bureau = Bureau(f"sqlite:///{data / 'pujiang.db'}")
    bureau.hand_in()
    return bureau


def test_what_was_backed_up_is_there_again(run: Run, bureau: Bureau, data: Path, tmp_path: Path) -> None:
    kept = tmp_path / "backups" / "monday"
    result = run("backup", kept)
    assert result.exit_code == 0, result.output
    assert sorted(os.listdir(kept)) == ["backup.json", "pujiang.db", "secret-key"]
    assert os.listdir(kept.parent) == ["monday"], "nothing half done is left"
    assert kept.stat().st_mode & 0o077 == 0
    bureau.hand_in()
    bureau.close()
    shutil.rmtree(data)
    assert f"Restored from {kept}." in run("restore", kept).output
    assert (data / "secret-key").read_text() == "the key"
    assert "The journals of 1 case are whole." in run("verify").output


def test_it_is_of_one_moment_while_others_write(bureau: Bureau, data: Path, tmp_path: Path, run: Run) -> None:
    stop, written = threading.Event(), threading.Event()

    def write() -> None:
        while not stop.is_set():
            bureau.hand_in()
            written.set()

    writer = threading.Thread(target=write)
    steps: list[int] = []

    def wait(done: int, _total: int) -> None:
        steps.append(done)
        written.clear()
        assert written.wait(timeout=30), "who writes is not held up by a copy"

    writer.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(copies, "PAGES", 40)
            copies.make(data / "pujiang.db", tmp_path / "copy.db", wait)
    finally:
        stop.set()
        writer.join()
    bureau.close()
    assert len(steps) > 2
    assert steps == sorted(set(steps)), "it never begins anew"
    assert "are whole." in run("verify", PUJIANG_DATABASE_URL=f"sqlite:///{tmp_path / 'copy.db'}").output


def test_a_backup_never_takes_the_place_of_another(run: Run, bureau: Bureau, tmp_path: Path) -> None:
    bureau.close()
    assert run("backup", tmp_path / "monday").exit_code == 0
    refused = run("backup", tmp_path / "monday")
    assert refused.exit_code == 1
    assert "but it is there already; choose a new name." in refused.output


def test_a_damaged_history_is_told_and_leaves_no_backup(run: Run, bureau: Bureau, data: Path, tmp_path: Path) -> None:
    bureau.close()
    with sqlite3.connect(data / "pujiang.db") as connection:
        connection.execute("UPDATE journal SET actor = 'somebody' WHERE seq = 2")
    result = run("backup", tmp_path / "monday")
    assert result.exit_code == 1
    assert "entry 2: expected its hash to fit its content" in result.output
    assert os.listdir(tmp_path) == ["data"]


def test_a_broken_file_is_told_and_leaves_no_backup(run: Run, bureau: Bureau, data: Path, tmp_path: Path) -> None:
    bureau.close()
    with (data / "pujiang.db").open("r+b") as file:
        file.seek(20_000)
        file.write(os.urandom(100_000))
    result = run("backup", tmp_path / "monday")
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert "Expected" in result.output
    assert os.listdir(tmp_path) == ["data"]


def test_nothing_is_replaced_unless_it_is_asked_for(run: Run, bureau: Bureau, data: Path, tmp_path: Path) -> None:
    assert run("backup", tmp_path / "monday").exit_code == 0
    bureau.hand_in()
    bureau.close()
    refused = run("restore", tmp_path / "monday")
    assert refused.exit_code == 1
    assert "--replace does that." in refused.output
    for name in ("pujiang.db.replaced", "pujiang.db.replaced-2"):
        assert f"What was there is kept as {data / name}." in run("restore", tmp_path / "monday", "--replace").output
    assert "The journals of 1 case are whole." in run("verify").output
    before = f"sqlite:///{data / 'pujiang.db.replaced'}"
    assert "The journals of 2 cases are whole." in run("verify", PUJIANG_DATABASE_URL=before).output


def test_nothing_of_a_database_that_was_taken_away_gets_into_what_is_restored(
    run: Run, bureau: Bureau, data: Path, tmp_path: Path
) -> None:
    assert run("backup", tmp_path / "monday").exit_code == 0
    bureau.hand_in()
    log = data / "pujiang.db-wal"
    kept = log.read_bytes()
    bureau.close()
    (data / "pujiang.db").unlink()
    log.write_bytes(kept)
    for how in ([], ["--replace"]):
        refused = run("restore", tmp_path / "monday", *how)
        assert refused.exit_code == 1
        assert f"would be written over by {log}" in refused.output
    log.unlink()
    assert run("restore", tmp_path / "monday").exit_code == 0
    assert "The journals of 1 case are whole." in run("verify").output


def test_a_backup_that_was_changed_is_refused(run: Run, bureau: Bureau, data: Path, tmp_path: Path) -> None:
    bureau.close()
    kept = tmp_path / "monday"
    assert run("backup", kept).exit_code == 0
    with sqlite3.connect(kept / "pujiang.db") as connection:
        connection.execute("DELETE FROM journal")
    refused = run("restore", kept, "--replace")
    assert refused.exit_code == 1
    assert "but it was changed since." in refused.output
    assert "The journals of 1 case are whole." in run("verify").output
    refused = run("restore", data, "--replace").output
    assert (
        refused == f"Error: Expected a backup in {data}, but backup.json cannot be read: No such file or directory.\n"
    )


def test_nothing_is_restored_under_a_server(run: Run, bureau: Bureau, data: Path, tmp_path: Path) -> None:
    bureau.close()
    assert run("backup", tmp_path / "monday").exit_code == 0
    server = processes.start(data, "worker", PUJIANG_JOB_THREADS="1")
    try:
        refused = run("restore", tmp_path / "monday", "--replace")
        assert refused.exit_code == 1
        assert "but it is in use: stop what works with it first." in refused.output
    finally:
        server.tell(signal.SIGTERM)
        assert server.end() == 0
    assert not (data / "pujiang.db.replaced").exists()
    assert run("restore", tmp_path / "monday", "--replace").exit_code == 0


def test_a_database_server_has_its_own_ways(run: Run, tmp_path: Path) -> None:
    for command in (("backup", tmp_path / "monday"), ("restore", tmp_path)):
        refused = run(*command, PUJIANG_DATABASE_URL="postgresql://nobody@localhost:1/none")
        assert refused.exit_code == 1
        assert "docs/operations.md says how." in refused.output
