"""Real brokers for tests: Redis and RabbitMQ in a folder of their own, on a free port, killed at the end."""

from __future__ import annotations

import glob
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

KINDS = ("redis", "rabbitmq")

SECONDS = 60
"""How long a broker may take to start on a machine that is busy."""

_A_MOMENT = threading.Event()


class Broker:
    """A server that can be killed and started again, with what it kept, at the same address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        raise NotImplementedError

    def command(self) -> tuple[list[str], Mapping[str, str]]:
        """What starts it, and the variables of its environment."""
        raise NotImplementedError

    def start(self) -> None:
        command, variables = self.command()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **variables},
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        given_up = time.monotonic() + SECONDS
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > given_up:
                pytest.fail(f"Expected {command[0]} to start, but it did not: {(self.folder / 'log').read_text()}")
            _A_MOMENT.wait(0.05)

    def kill(self) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        self.kill()

    def answers(self) -> bool:
        """Whether it takes connections and speaks its protocol."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(self.hello)
                return bool(connection.recv(1))
        except OSError:
            return False

    hello: bytes


class Redis(Broker):
    hello = b"PING\r\n"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> tuple[list[str], Mapping[str, str]]:
        options = {"port": self.port, "bind": "127.0.0.1", "dir": self.folder, "save": "", "appendonly": "no"}
        return ["redis-server", *(str(word) for name, value in options.items() for word in (f"--{name}", value))], {}


class RabbitMQ(Broker):
    """With a daemon of its own for Erlang's names, for the usual one would stay behind."""

    hello = b"AMQP\x00\x00\x09\x01"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._names_port = free_port()
        self._names = subprocess.Popen(["epmd", "-address", "127.0.0.1", "-port", str(self._names_port)])

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def command(self) -> tuple[list[str], Mapping[str, str]]:
        # The command in the path changes to a user of its own, who may not write here.
        [script] = glob.glob("/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server")
        (self.folder / "plugins").write_text("[].")
        (self.folder / "rabbitmq.conf").write_text("listeners.tcp.default = " + f"127.0.0.1:{self.port}\n")
        return [script], {
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": str(self._names_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"pujiang{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "logs"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1",
        }

    def close(self) -> None:
        super().close()
        self._names.kill()
        self._names.wait()


_PROGRAMS = {"redis": ("redis-server", Redis), "rabbitmq": ("rabbitmq-server", RabbitMQ)}


def missing(kind: str) -> str | None:
    """The program that is to be installed for a broker of this kind; None where it is."""
    program = _PROGRAMS[kind][0]
    return None if shutil.which(program) else program


def make(kind: str, folder: Path) -> Broker:
    """One that is not started yet."""
    return _PROGRAMS[kind][1](folder)


def start(kind: str, folder: Path) -> Broker:
    """One that takes connections; skips the test where it is not installed, and fails it in CI."""
    program = missing(kind)
    if program is not None:
        if os.environ.get("CI"):
            pytest.fail(f"Expected {program} for the tests of the broker, but found none: .ci/run installs it.")
        pytest.skip(f"no {program} here: apt-get install {program} runs the tests of the broker on it too")
    broker = make(kind, folder)
    broker.start()
    return broker


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
