"""Keeps the state of one instance in parts, as the shell does in its tables, and carries out commands on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest

from engine.core import State, parts, run
from engine.core.absent import NotLoaded, Place
from engine.core.commands import Command
from engine.core.facts import Fact
from engine.core.model import Library
from engine.core.parts import Stored, join
from engine.core.splitting import split


class Shelf:
    """`rest` is the instance's row, `texts` are those of its parts."""

    def __init__(self) -> None:
        self.rest = ""
        self.texts: dict[Place, str] = {}

    def put(self, state: State, library: Library, stored: Stored = parts.WHOLE) -> None:
        saved = split(state, stored, library)
        self.rest = saved.rest
        self.texts.update(saved.parts)
        for place in saved.gone:
            del self.texts[place]

    def run(self, library: Library, command: Command, now: datetime) -> list[Fact]:
        """Put the state together of what the command needs, and store what came of it."""

        def work(state: State, stored: Stored) -> list[Fact]:
            state, happened = run(library, state, command, now)
            self.put(state, library, stored)
            return happened

        return self._with_state(work)

    def whole(self) -> State:
        state, stored = join(self.rest, self.texts)
        assert set(stored.places()) == self.texts.keys(), "there are other parts than the state speaks of"
        return state

    def _with_state(self, work: Callable[[State, Stored], list[Fact]]) -> list[Fact]:
        texts: dict[Place, str] = {}
        while True:
            try:
                return work(*join(self.rest, texts))
            except NotLoaded as missing:
                found = self._found(missing.wanted)
                new = found - texts.keys() or self.texts.keys() - texts.keys()
                if not new:
                    raise
                texts |= {place: self.texts[place] for place in new}

    def _found(self, wanted: Place | int | None) -> set[Place]:
        if isinstance(wanted, Place):
            return {wanted}
        return set() if wanted is None else set(self._around(wanted))

    def _around(self, wanted: int) -> Iterator[Place]:
        """The part in which a token, wait or incident of this id is, with those around it."""
        for place, text in self.texts.items():
            said = json.loads(text)
            ids = [each[0] for each in [*said.get("tokens", ()), *said.get("waits", ())]]
            ids += [each[4]["incident"][0] for each in said.get("tokens", ()) if "incident" in each[4]]
            if wanted in ids:
                yield place
                yield from self._around(place.token_id)


@contextmanager
def everything_in_parts() -> Iterator[None]:
    """Have two items in a part from two on, and every variable apart."""
    with pytest.MonkeyPatch.context() as patch:
        for name, least in (("MANY", 2), ("EACH", 2), ("LONG", 1), ("LARGE", 1)):
            patch.setattr(parts, name, least)
        patch.setattr(parts, "SIZED", (object,))
        yield
