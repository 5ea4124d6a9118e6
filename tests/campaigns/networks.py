"""Hosts of their own: network namespaces with a line between them that can be cut without either end being told."""

from __future__ import annotations

import ctypes
import itertools
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.campaigns.missing import Missing

_NOWHERE = "02:00:00:00:00:01"
"""The address of no card: what is sent to it is lost without a word."""

_numbers = itertools.count(1)


class Host:
    """A network namespace."""

    def __init__(self, name: str) -> None:
        self.name = f"campaign-{os.getpid()}-{name}"

    @property
    def prefix(self) -> tuple[str, ...]:
        """What stands before a command that is to run there."""
        return ("ip", "netns", "exec", self.name)

    def enter(self) -> None:
        """Move this process there, for as long as it lives."""
        descriptor = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        if ctypes.CDLL(None, use_errno=True).setns(descriptor, 0):
            raise OSError(ctypes.get_errno(), f"expected to enter {self.name}, but could not")
        os.close(descriptor)


def there(host: Host, role: Callable[..., None], *arguments: Any) -> None:
    """A role that is played on a host."""
    host.enter()
    role(*arguments)


class Line:
    """A cable between two hosts, or between one and the machine itself; `a` and `b` are the addresses of its ends."""

    def __init__(self, one: Host, other: Host | None) -> None:
        number = next(_numbers)
        self.a, self.b = f"10.213.{number}.1", f"10.213.{number}.2"
        self._ends = ((one, f"pja{os.getpid()}.{number}"), (other, f"pjb{os.getpid()}.{number}"))
        (_, first), (_, second) = self._ends
        _ip("link", "add", first, "type", "veth", "peer", "name", second)
        for (host, card), address in zip(self._ends, (self.a, self.b), strict=True):
            if host is not None:
                _ip("link", "set", card, "netns", host.name)
            _at(host, "address", "add", f"{address}/24", "dev", card)
            _at(host, "link", "set", card, "up")

    def cut(self) -> None:
        """From now on everything that is sent is lost, in both directions; connections stay as they are."""
        for (host, card), other in zip(self._ends, (self.b, self.a), strict=True):
            _at(host, "neigh", "replace", other, "lladdr", _NOWHERE, "dev", card, "nud", "permanent")

    def heal(self) -> None:
        for (host, card), other in zip(self._ends, (self.b, self.a), strict=True):
            _at(host, "neigh", "del", other, "dev", card)


@contextmanager
def hosts(*names: str) -> Iterator[tuple[Host, ...]]:
    """
    Raises:
        Missing: this process may not make any.
    """
    made = tuple(Host(name) for name in names)
    try:
        for host in made:
            _ip("netns", "add", host.name)
            _at(host, "link", "set", "lo", "up")
        yield made
    finally:
        for host in made:
            subprocess.run(["ip", "netns", "del", host.name], capture_output=True)


def _at(host: Host | None, *arguments: str) -> None:
    _ip(*(() if host is None else ("-n", host.name)), *arguments)


def _ip(*arguments: str) -> None:
    try:
        done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    except FileNotFoundError:
        raise Missing("no network namespaces here: iproute2 is not installed") from None
    if done.returncode and arguments[:2] == ("netns", "add"):
        raise Missing(f"no network namespaces here: {done.stderr.strip()}")
    if done.returncode:
        raise RuntimeError(f"expected ip {' '.join(arguments)} to work, but: {done.stderr.strip()}")
