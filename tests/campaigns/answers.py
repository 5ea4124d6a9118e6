"""Loses the server's answer to a COMMIT, which was done, or the COMMIT itself: nobody can tell, and nothing may double."""

from __future__ import annotations

import random
import select
import socket
import threading
import time
from contextlib import suppress
from dataclasses import replace

from tests.campaigns import books, postgres
from tests.campaigns.kills import conclude, finish, prepare, start
from tests.campaigns.ledger import UNKNOWN, read
from tests.campaigns.processes import Crew
from tests.campaigns.report import Report
from tests.campaigns.scene import Scene, until

SHARE = 0.06
"""Of the commits that are lost, half of them with the answer alone."""


def campaign(scene: Scene, lost: int) -> Report:
    report = Report("answers")
    with postgres.server() as server:
        direct = replace(scene, url=server.url)
        prepare(direct)
        began = time.monotonic()
        proxy = Proxy(server.port, scene.chance("proxy"))
        through = replace(scene, url=server.url.replace(f":{server.port}", f":{proxy.port}"))
        with Crew() as crew:
            start(through, crew)
            if not any(proxy.lost >= lost and somebody_was_told(scene) for _ in until(60 + lost)):
                report.blame([f"expected clients to be told that nobody knows, after {lost} of {proxy.lost} losses"])
            finish(direct, crew, report)
        report.figure("commits_lost", proxy.lost)
        report.figure("seconds_under_load", time.monotonic() - began, "s")
        conclude(direct, report, books.THROUGH_OUTAGES)
    return report


def somebody_was_told(scene: Scene) -> bool:
    """That it is not known whether what they wanted was done."""
    return any(told.outcome == UNKNOWN and told.text for told in read(scene.ledgers()).values())


class Proxy:
    """Stands between clients and PostgreSQL, a thread for each connection."""

    def __init__(self, port: int, chance: random.Random) -> None:
        self._server, self._chance, self.lost = port, chance, 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listening.accept()
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection(("127.0.0.1", self._server)) as server:
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    sent = ready.recv(1 << 16)
                    if not sent:
                        return
                    if ready is server:
                        client.sendall(sent)
                    elif b"COMMIT" in sent and self._chance.random() < SHARE:
                        self._lose(sent, server)
                        return
                    else:
                        server.sendall(sent)

    def _lose(self, sent: bytes, server: socket.socket) -> None:
        """The COMMIT, or what the server says of it."""
        if self._chance.random() < 0.5:
            server.sendall(sent)
            server.recv(1 << 16)
        self.lost += 1
