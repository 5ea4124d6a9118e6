"""Takes a state apart into what is stored: see `engine.core.parts`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from engine.core import parts
from engine.core.absent import NotLoaded, Place, Records, Values, Variables
from engine.core.model import Library
from engine.core.parts import Saved, Stored, place_of_variable
from engine.core.state import (
    FORMAT,
    IN_PARTS,
    Items,
    State,
    Token,
    Wait,
    at_hand,
    completed_to_list,
    text_of,
    token_to_list,
    wait_to_list,
)


def split(state: State, stored: Stored, library: Library) -> Saved:
    """What has to be stored of a state that was put together of what is `stored`.

    Raises:
        NotLoaded: something was put into a part that was left out.
    """
    if stored is parts.WHOLE and not any(map(_is_of_many, state.tokens.values())):
        text = state.to_json()
        if len(text) <= parts.LONG:
            return Saved(text)
    return _Splitting(state, stored, library).saved()


def _is_of_many(token: Token) -> bool:
    items = token.items
    return items is not None and (isinstance(items.values, Values) or len(items.values) >= parts.MANY)


@dataclass(slots=True)
class _Part:
    """What is alive in a part, or in the rest."""

    tokens: list[Token] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    is_watched: bool = False


class _Splitting:
    def __init__(self, state: State, stored: Stored, library: Library) -> None:
        self._state, self._stored, self._library = state, stored, library
        self._tokens = at_hand(state.tokens)
        self._bodies = {token.id: token for token in self._tokens if _is_of_many(token)}
        self._sizes = {body.id: self._size_of(body) for body in self._bodies.values()}
        self._homes: dict[int, Place | None] = {}
        self._apart: dict[int, set[str]] = {}
        self._texts: dict[Place, str] = {}

    def _size_of(self, body: Token) -> tuple[int, int]:
        values = _items_of(body).values
        each = values.each if isinstance(values, Values) else self._stored.bodies.get(body.id, (0, parts.EACH))[1]
        return len(values), each

    def saved(self) -> Saved:
        kept = self._sorted()
        rest = kept.pop(None)
        for body in self._bodies.values():
            for place, frame in self._frames(body).items():
                self._texts[place] = self._packed(kept[place], partial(_framed, frame))
        watched = [place for place, part in kept.items() if place is not None and part.is_watched]
        text = self._packed(rest, partial(self._around, watched))
        changed = {place: said for place, said in self._texts.items() if self._stored.texts.get(place) != said}
        return Saved(text, changed, tuple(self._gone()))

    def _sorted(self) -> dict[Place | None, _Part]:
        """What is alive, by where it is kept; with every part of which something is at hand."""
        kept: dict[Place | None, _Part] = {None: _Part()}
        for body in self._bodies.values():
            kept |= {place: _Part() for place in self._places(body)}
        for token in self._tokens:
            home = self._homes[token.id] = self._home_of(token)
            if home not in kept:
                raise NotLoaded(home)
            kept[home].tokens.append(token)
            if self._asks_what_is_outside(token):
                self._watch(kept, home)
        for wait in at_hand(self._state.waits):
            home = self._homes[wait.owner_id]
            kept[home].waits.append(wait)
            if wait.kind == "condition":
                self._watch(kept, home)
        return kept

    def _places(self, body: Token) -> Iterator[Place]:
        """Those of an activity's items that are at hand."""
        (size, each), values = self._sizes[body.id], _items_of(body).values
        return parts.places_of(body.id, values.known if isinstance(values, Values) else range(0, size, each), each)

    def _home_of(self, token: Token) -> Place | None:
        if token.index is not None and token.scope_id in self._bodies:
            return self._place_of(token.scope_id, token.index)
        return self._homes[token.scope_id] if token.scope_id else None

    def _place_of(self, body_id: int, index: int) -> Place:
        each = self._sizes[body_id][1]
        (place,) = parts.places_of(body_id, [index - index % each], each)
        return place

    def _asks_what_is_outside(self, token: Token) -> bool:
        """Whether something waits in this scope that what happens outside of it can set off: a complex gateway, whose
        condition is asked whenever nothing else can move. All other joins are settled by what is inside alone.
        """
        names = (*token.arrived, *token.activated)
        if not names:
            return False
        elements = self._library.process(self._state.tokens[token.process_id].definition_id or "").elements
        return any(elements[name].kind == "complexGateway" for name in names)

    def _watch(self, kept: Mapping[Place | None, _Part], home: Place | None) -> None:
        """Have a part put in whatever is done, with those around it."""
        while home is not None:
            kept[home].is_watched = True
            home = self._homes[home.token_id]

    def _frames(self, body: Token) -> dict[Place, dict[str, Any]]:
        """What is kept of the items themselves, by part."""
        items = _items_of(body)
        frames: dict[Place, dict[str, Any]] = {}
        for place in self._places(body):
            known = items.values.known[place.first] if isinstance(items.values, Values) else None
            values = items.values[place.first : place.until] if known is None else known
            frames[place] = {"values": list(values), "outputs": [], "completed": []}
        for index, value in sorted(dict.items(items.outputs)):
            frames[self._place_of(body.id, index)]["outputs"].append([index, value])
        done = body.completed
        for number, record in done.numbered() if isinstance(done, Records) else enumerate(done):
            assert record.index is not None, "what is completed in a multi-instance activity are its instances"
            frames[self._place_of(body.id, record.index)]["completed"].append([number, completed_to_list(record)])
        return frames

    def _around(self, watched: list[Place], tokens: list[list[Any]], waits: list[Wait]) -> dict[str, Any]:
        """What is kept of the rest."""
        if not self._bodies and not self._apart:
            return self._state.framed(FORMAT, tokens, waits)
        return {**self._state.framed(IN_PARTS, tokens, waits), "watched": watched}

    def _packed(self, part: _Part, frame: Callable[[list[list[Any]], list[Wait]], dict[str, Any]]) -> str:
        """The text of a part or of the rest; where it is long, without its large variables."""
        tokens = [self._listed(token) for token in part.tokens]
        text = text_of(frame(tokens, part.waits))
        if len(text) > parts.LONG:
            before = len(self._texts)
            for listed in tokens:
                self._set_apart(listed)
            if len(self._texts) > before:
                text = text_of(frame(tokens, part.waits))
        return text

    def _listed(self, token: Token) -> list[Any]:
        is_body, variables = token.id in self._bodies, token.variables
        plain = replace(token, items=None, completed=[]) if is_body else token
        if isinstance(variables, Variables):
            plain = replace(plain, variables=variables.without_those_apart())
        listed = token_to_list(plain)
        if is_body:
            items = _items_of(token)
            counts = items.started, items.completed, len(token.children), len(token.completed)
            listed[4]["parts"] = [*self._sizes[token.id], *counts]
        if isinstance(variables, Variables):
            listed[4]["apart"] = sorted(variables.apart)
            self._apart[token.id] = set(variables.apart)
            for name in variables.apart - variables.absent:
                self._texts[place_of_variable(token.id, name)] = text_of({"value": variables[name]})
        return listed

    def _set_apart(self, listed: list[Any]) -> None:
        """Take the large variables out of a token."""
        token_id, rest = listed[0], listed[4]
        before = set(rest.get("apart", ()))
        large: dict[str, str] = {}
        for name, value in rest.get("variables", {}).items():
            if isinstance(value, parts.SIZED) and name not in before:
                text = text_of({"value": value})
                if len(text) >= parts.LARGE:
                    large[name] = text
        if large:
            rest["variables"] = {**rest["variables"], **dict.fromkeys(large)}
            self._apart[token_id] = before | set(large)
            rest["apart"] = sorted(self._apart[token_id])
            self._texts |= {place_of_variable(token_id, name): text for name, text in large.items()}

    def _gone(self) -> Iterator[Place]:
        """What was kept of activities with many items, and of variables, that are no more."""
        bodies = {each: size for each, size in self._stored.bodies.items() if each not in self._bodies}
        apart = {each: names - self._apart.get(each, set()) for each, names in self._stored.apart.items()}
        return Stored({}, bodies, apart).places()


def _framed(frame: Mapping[str, Any], tokens: list[list[Any]], waits: list[Wait]) -> dict[str, Any]:
    return {**frame, "tokens": tokens, "waits": [wait_to_list(wait) for wait in waits]}


def _items_of(body: Token) -> Items:
    assert body.items is not None, "it is a multi-instance activity"
    return body.items
