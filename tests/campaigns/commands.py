"""The real commands of `pujiang`, as processes that can be killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.campaigns.scene import Scene, until
from tests.campaigns.visitors import Browser, Unreachable

ROOT = Path(__file__).parents[2]


class Command:
    """``pujiang`` with arguments, on the database of a scene and in a session of its own."""

    def __init__(self, scene: Scene, *arguments: str, variables: Mapping[str, str] | None = None) -> None:
        self._scene, self._arguments, self._variables = scene, arguments, variables or {}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PUJIANG_")}
        unlimited = {f"PUJIANG_{name}_LIMIT": "100000 per minute" for name in ("SIGN_IN", "LOOK_UP", "HAND_IN")}
        where = {"PUJIANG_DATA_DIR": str(self._scene.folder), "PUJIANG_DATABASE_URL": self._scene.url}
        command = [sys.executable, "-c", "from web.cli import main; main()", *self._arguments]
        with self.log.open("ab") as log:
            environment = {**kept, **unlimited, **where, **self._variables}
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def log(self) -> Path:
        return self._scene.folder / f"log-{self._arguments[0]}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "it was started"
        return self._process.pid

    def end(self, number: int = signal.SIGKILL) -> int:
        """Send a signal to it and to what it started, SIGKILL where none is named; its exit code."""
        assert self._process is not None, "it was started"
        if number == signal.SIGKILL:
            os.killpg(self.pid, number)
        else:
            self._process.send_signal(number)
        return self._process.wait(60)


class Server(Command):
    """`pujiang serve` on a port of its own, which it takes again each time it is started."""

    def __init__(self, scene: Scene, variables: Mapping[str, str] | None = None) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        super().__init__(scene, "serve", "--port", str(port), variables=variables)

    def start(self) -> None:
        """Until it answers."""
        super().start()
        for _ in until(60):
            if self._answers():
                return
        said = self.log.read_text("utf-8")[-500:]
        raise RuntimeError(f"expected the server to answer at {self.address} within a minute, but it does not: {said}")

    def _answers(self) -> bool:
        try:
            Browser(self.address).get("/")
        except Unreachable:
            return False
        return True
