"""A real server with the demonstration in it, and a browser for each person."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

from tests.browser.desk import Caseworker, Petitioner
from tests.conftest import CHROMIUM, QUIET

COMMAND = [sys.executable, "-c", "from web.cli import main; main()"]
LIMITS = ("SIGN_IN_LIMIT", "LOOK_UP_LIMIT", "HAND_IN_LIMIT")


@dataclass
class Server:
    """`pujiang demo` in a process of its own, on an address and a database of its own."""

    process: subprocess.Popen[str]
    address: str
    environment: dict[str, str]
    database: Path

    def stop(self) -> int:
        """As Ctrl+C or a service manager does; waits for its end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command of `pujiang` on the same database."""
        return subprocess.run(
            [*COMMAND, *arguments], env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, playwright: Playwright) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("pujiang")
    own = {"PUJIANG_DATA_DIR": str(folder), **{f"PUJIANG_{limit}": "10000 per minute" for limit in LIMITS}}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PUJIANG_")}
    environment = {**inherited, **own}
    process = subprocess.Popen([*COMMAND, "demo", "--port", "0"], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    match = next((found for line in process.stdout if (found := re.search(r"http://\S+[0-9]", line))), None)
    assert match is not None, f"Expected the server to say its address, but it ended with {process.wait()}."
    server = Server(process, match[0], environment, folder / "pujiang.db")
    yield server
    assert process.poll() is None, f"Expected the server to run to the end, but it ended with {process.returncode}."
    assert server.stop() == 0


@pytest.fixture
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(QUIET))
    yield browser
    browser.close()


@pytest.fixture
def petitioner(server: Server, chromium: Browser) -> Petitioner:
    return Petitioner(chromium, server.address)


@pytest.fixture
def sign_in(server: Server, chromium: Browser) -> Callable[[str], Caseworker]:
    """Gives everybody a browser of their own."""
    return lambda name: Caseworker(chromium, server.address, name)
