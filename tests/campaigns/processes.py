"""Real processes of the operating system, forked from one that has imported everything, so that they start at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

from tests.campaigns.scene import until

Role = Callable[..., None]
"""What a process does; a function of a module, for it is told by name."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.campaigns.roles"])


class Crew:
    """The processes of a campaign by name. Whoever is killed can be started again in the same role."""

    def __init__(self) -> None:
        self._roles: dict[str, tuple[Role, tuple[Any, ...]]] = {}
        self._running: dict[str, BaseProcess] = {}

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        for name in self.names:
            self.kill(name)

    @property
    def names(self) -> list[str]:
        return list(self._running)

    def start(self, name: str, role: Role, *arguments: Any) -> None:
        self._roles[name] = (role, arguments)
        self.restart(name)

    def restart(self, name: str) -> None:
        role, arguments = self._roles[name]
        process = _context.Process(target=role, args=arguments, name=name, daemon=True)
        process.start()
        self._running[name] = process

    def pid(self, name: str) -> int:
        found = self._running[name].pid
        assert found is not None, "it was started"
        return found

    def is_alive(self, name: str) -> bool:
        return self._running[name].is_alive()

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Send a signal, SIGKILL where none is named, and wait for the end."""
        process = self._running.pop(name)
        if process.is_alive():
            os.kill(process.pid or 0, number)
        process.join()

    def wait(self, name: str, seconds: float) -> int | None:
        """The exit code of a process that ends by itself; None where it does not in time."""
        process = self._running[name]
        process.join(seconds)
        if process.exitcode is not None:
            del self._running[name]
        return process.exitcode


def run(role: Role, *arguments: Any, seconds: float = 300) -> int | None:
    """One process from its start to its end: its exit code, None where it had to be killed."""
    with Crew() as crew:
        crew.start(role.__name__, role, *arguments)
        return crew.wait(role.__name__, seconds)


def ends_with_parent() -> Callable[[], bool]:
    """Says whether the process that started this one has gone, so that nothing is left behind."""
    parent = os.getppid()
    return lambda: os.getppid() != parent


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def gone(pid: int, seconds: float = 10) -> bool:
    """Whether a process ends in so many seconds."""
    return any(not alive(pid) for _ in until(seconds))
