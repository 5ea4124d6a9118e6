"""A large state in parts, so that what one command reads and writes does not grow with all else that is alive.

What is kept apart from the rest: the items of a multi-instance activity of many, so and so many together, each with all
that is alive in it, its value and its result; and variables that are large. The rest has not one word for each item. A
state is put together of the rest and the parts that a command needs; whoever asks it for another gets `NotLoaded`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.absent import Children, NotLoaded, Outputs, Place, Records, Some, Values, Variables
from engine.core.state import IN_PARTS, Items, State, Token, completed_from_list

MANY = 256
"""Items from which on they are kept in parts."""

EACH = 64
"""Items in a part."""

LONG = 16_000
"""Characters of the rest, or of a part, beyond which large variables in it are kept apart."""

LARGE = 4_000
"""Characters from which on a variable is large."""

SIZED = (str, list, dict)
"""The kinds of values that can be."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is known of a state as it is stored: the texts of the parts that were put in, how many items of how many in
    a part there are by the token of their activity, and which variables of which token are kept apart.
    """

    texts: Mapping[Place, str] = field(default_factory=dict)
    bodies: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    apart: Mapping[int, frozenset[str]] = field(default_factory=dict)

    def places(self) -> Iterator[Place]:
        """Of all parts there have to be, as far as the parts that were put in tell."""
        for body_id, (size, each) in self.bodies.items():
            yield from places_of(body_id, range(0, size, each), each)
        for token_id, names in self.apart.items():
            yield from (place_of_variable(token_id, name) for name in names)


WHOLE = Stored()
"""A state that has no parts, or is not stored yet."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What has to be stored of a state: the rest, the parts that are new or changed, and those that are gone."""

    rest: str
    parts: Mapping[Place, str] = field(default_factory=dict)
    gone: tuple[Place, ...] = ()


def places_of(body_id: int, firsts: Iterable[int], each: int) -> Iterator[Place]:
    """Where items are kept, so many in a part, by the first in each."""
    return (Place(body_id, "", first, first + each) for first in firsts)


def place_of_variable(token_id: int, name: str) -> Place:
    return Place(token_id, name, 0, 0)


def is_in_parts(rest: str) -> bool:
    """Whether a text is what is left of a state when parts of it are kept apart."""
    return rest.startswith(f'{{"format":{IN_PARTS},')


def join(rest: str, texts: Mapping[Place, str]) -> tuple[State, Stored]:
    """The state with these parts of it.

    Raises:
        NotLoaded: a part has to be there whatever is done: what was changed elsewhere may concern it.
        ValueError: the texts are no state, or of a newer format.
    """
    data = json.loads(rest)
    if data.get("format") != IN_PARTS:
        return State.from_data(data), WHOLE
    for place in (Place(*each) for each in data["watched"]):
        if place not in texts:
            raise NotLoaded(place)
    return _Joining(data, texts).state_and_stored()


class _Joining:
    def __init__(self, data: Mapping[str, Any], texts: Mapping[Place, str]) -> None:
        self._data, self._texts = data, texts
        self._tokens, self._waits = list(data["tokens"]), list(data["waits"])
        self._items: dict[int, dict[int, Any]] = {}
        self._values: dict[int, dict[str, Any]] = {}
        for place, text in texts.items():
            said = json.loads(text)
            if place.name:
                self._values.setdefault(place.token_id, {})[place.name] = said["value"]
            else:
                self._items.setdefault(place.token_id, {})[place.first] = said
                self._tokens += said["tokens"]
                self._waits += said["waits"]

    def state_and_stored(self) -> tuple[State, Stored]:
        by_id = sorted(self._tokens, key=_first)
        state = State.put_together(self._data, by_id, sorted(self._waits, key=_first))
        bodies: dict[int, tuple[int, int]] = {}
        apart: dict[int, frozenset[str]] = {}
        for token_id, rest in ((listed[0], listed[4]) for listed in by_id):
            if "parts" in rest:
                size, each = rest["parts"][:2]
                bodies[token_id] = (size, each)
                self._fill(state.tokens[token_id], *rest["parts"])
            if "apart" in rest:
                apart[token_id] = frozenset(rest["apart"])
                self._give(state.tokens[token_id], rest["apart"])
        if any(len(self._items.get(body_id, ())) < -(-size // each) for body_id, (size, each) in bodies.items()):
            state.tokens, state.waits = Some(state.tokens, state.last_id), Some(state.waits, state.last_id)
        return state, Stored(self._texts, bodies, apart)

    def _fill(self, body: Token, size: int, each: int, started: int, completed: int, active: int, records: int) -> None:
        """Give a multi-instance activity what is known of its items, and for the rest what stands in its place."""
        items = dict(sorted(self._items.get(body.id, {}).items()))
        outputs = {index: value for part in items.values() for index, value in part["outputs"]}
        known = {number: completed_from_list(each) for part in items.values() for number, each in part["completed"]}
        body.items = Items((), {}, started, completed)
        if len(items) == -(-size // each):
            body.items.values = tuple(value for part in items.values() for value in part["values"])
            body.items.outputs = outputs
            body.completed = [known[number] for number in sorted(known)]
        else:
            values = {first: part["values"] for first, part in items.items()}
            body.items.values = Values(body.id, size, each, values)
            body.items.outputs = Outputs(outputs)
            body.completed = Records(known, records)
            body.children = Children(body.children, active - len(body.children))

    def _give(self, token: Token, names: Iterable[str]) -> None:
        known = self._values.get(token.id, {})
        apart = {name: known.get(name) for name in names}
        token.variables = Variables(token.id, token.variables, apart, {name for name in names if name not in known})


def _first(listed: list[Any]) -> int:
    """The id of a token or wait, by which they are put in order."""
    found: int = listed[0]
    return found
