"""Fills the disk that the database is on, under load, and frees it again. As root: the disk is a small one in memory."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from tests.campaigns import books
from tests.campaigns.kills import conclude, finish, prepare, start
from tests.campaigns.ledger import UNAVAILABLE, read
from tests.campaigns.missing import Missing
from tests.campaigns.postgres import Server
from tests.campaigns.processes import Crew
from tests.campaigns.report import Report
from tests.campaigns.scene import Scene, pause

SIZE = 512
"""MiB: PostgreSQL's files before anything is written are a tenth of it."""

FULL = "no room"
"""What is said where nothing more can be written."""


def on_sqlite(scene: Scene, times: int) -> Report:
    report = Report("disks")
    with small_disk() as disk:
        scene = replace(scene, url=f"sqlite:///{disk.path}/pujiang.db")
        prepare(scene)
        _campaign(scene, times, disk, None, report)
    return report


def on_postgresql(scene: Scene, times: int) -> Report:
    report = Report("server_disks")
    with small_disk() as disk:
        data = disk.path / "data"
        data.mkdir()
        server = Server(data)
        server.start()
        try:
            scene = replace(scene, url=server.url)
            prepare(scene)
            _campaign(scene, times, disk, server, report)
        finally:
            disk.free()
            server.end(signal.SIGINT)
    return report


class Disk:
    """One that can be filled to the last byte."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self) -> None:
        """Until nothing more goes onto it, for as long as it takes."""
        with suppress(OSError), self._ballast.open("ab", buffering=0) as file:
            while True:
                self._write(file.fileno())

    @staticmethod
    def _write(descriptor: int) -> None:
        for size in (1 << 20, 4096):
            try:
                os.write(descriptor, bytes(size))
                return
            except OSError as error:
                if error.errno != errno.ENOSPC or size == 4096:
                    raise

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk() -> Iterator[Disk]:
    """
    Raises:
        Missing: this process may not mount one.
    """
    with tempfile.TemporaryDirectory(prefix="campaign-disk-") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}m,mode=755", "tmpfs", folder]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
            raise Missing("no disk of its own here: only root may mount one")
        try:
            yield Disk(Path(folder))
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def _campaign(scene: Scene, times: int, disk: Disk, server: Server | None, report: Report) -> None:
    began = time.monotonic()
    with Crew() as crew:
        start(scene, crew)
        _fill_and_free(scene, times, disk, server)
        finish(scene, crew, report)
    report.figure("times_full", times)
    report.figure("seconds_under_load", time.monotonic() - began, "s")
    conclude(scene, report, books.THROUGH_OUTAGES)
    texts = Counter(told.text for told in read(scene.ledgers()).values() if told.outcome == UNAVAILABLE)
    report.figure("commands_without_room", sum(count for text, count in texts.items() if FULL in text))
    if not any(FULL in text for text in texts):
        report.blame([f"expected somebody to be told that there is no room, but they were told: {dict(texts)}"])


def _fill_and_free(scene: Scene, times: int, disk: Disk, server: Server | None) -> None:
    chance = scene.chance("disk")
    for _ in range(times):
        pause(chance.uniform(0.5, 1.5))
        disk.fill()
        for _ in range(10):  # what is written meanwhile may have made room: a log that was emptied, say
            pause(chance.uniform(0.05, 0.2))
            disk.fill()
        disk.free()
        if server is not None and not server.answers():
            server.end(signal.SIGINT)
            server.start()
    pause(1)
