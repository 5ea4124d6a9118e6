"""What stands in a state for what of it was left out: it counts, and where it is asked for more it raises `NotLoaded`.

All of these are what a whole state has in their places, and are changed by `engine.core.apply` as those are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn, SupportsIndex, TypeVar

from engine.core.state import Completed

T = TypeVar("T")


class Place(NamedTuple):
    """Where a part of a state is kept: items of the multi-instance activity whose token this is, from `first` up to
    but not including `until`; or the variable of this `name`, and then both are 0.
    """

    token_id: int
    name: str
    first: int
    until: int


class NotLoaded(BaseException):
    """A part of the state is needed that was left out: the one at this place, the one with the token, wait or incident
    of this id, or None: all.

    It is no error, and passes by whoever catches those: what failed, an expression perhaps, has only to be done anew.
    """

    def __init__(self, wanted: Place | int | None = None) -> None:
        super().__init__(f"Expected the part of the state at {wanted!r}, but it was left out.")
        self.wanted = wanted


def _all() -> NoReturn:
    raise NotLoaded


class Some(dict[int, T]):
    """Some of the tokens or waits of a state whose newest id is `last_id`; what was born since is here."""

    def __init__(self, known: Mapping[int, T], last_id: int) -> None:
        super().__init__(known)
        self._last_id = last_id
        self._gone: set[int] = set()

    def _ask(self, key: int) -> None:
        if key <= self._last_id and key not in self._gone:
            raise NotLoaded(key)

    def __missing__(self, key: int) -> T:
        self._ask(key)
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        if super().__contains__(key):
            return True
        assert isinstance(key, int)
        self._ask(key)
        return False

    def get(self, key: int, default: Any = None) -> Any:
        if key in self:
            return self[key]
        return default

    def pop(self, key: int, *default: Any) -> Any:
        found = super().pop(key, *default) if key in self else dict[int, T]().pop(key, *default)
        self._gone.add(key)
        return found

    def __iter__(self) -> Iterator[int]:
        _all()

    def __len__(self) -> int:
        _all()

    def keys(self) -> Any:
        _all()

    def values(self) -> Any:
        _all()

    def items(self) -> Any:
        _all()


class Children(dict[int, None]):
    """The tokens of the items, of which so many are elsewhere."""

    def __init__(self, known: Mapping[int, None], elsewhere: int) -> None:
        super().__init__(known)
        self._elsewhere = elsewhere

    def __len__(self) -> int:
        return super().__len__() + self._elsewhere

    def __iter__(self) -> Iterator[int]:
        return _all() if self._elsewhere else super().__iter__()

    def keys(self) -> Any:
        return _all() if self._elsewhere else super().keys()

    def values(self) -> Any:
        return _all() if self._elsewhere else super().values()

    def items(self) -> Any:
        return _all() if self._elsewhere else super().items()


class Values(Sequence[Any]):
    """A collection of so many values, kept `each` in a part; `known` are those of some parts, by the first in each."""

    def __init__(self, body_id: int, size: int, each: int, known: Mapping[int, Sequence[Any]]) -> None:
        self.body_id, self.size, self.each, self.known = body_id, size, each, known

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: Any) -> Any:
        first = index - index % self.each
        if first not in self.known:
            raise NotLoaded(Place(self.body_id, "", first, first + self.each))
        return self.known[first][index - first]

    def __iter__(self) -> Iterator[Any]:
        _all()


class Outputs(dict[int, Any]):
    """What came of the items of some parts."""

    def __iter__(self) -> Iterator[int]:
        _all()

    def __len__(self) -> int:
        _all()

    def keys(self) -> Any:
        _all()

    def values(self) -> Any:
        _all()

    def items(self) -> Any:
        _all()


class Records(list[Completed]):
    """The items that were completed and can be compensated, some of `total`; `numbers` say which."""

    def __init__(self, known: Mapping[int, Completed], total: int) -> None:
        super().__init__(known.values())
        self.numbers, self.total = list(known), total

    def append(self, record: Completed) -> None:
        self.numbers.append(self.total)
        self.total += 1
        super().append(record)

    def numbered(self) -> Iterator[tuple[int, Completed]]:
        return zip(self.numbers, super().__iter__(), strict=True)

    def __len__(self) -> int:
        return self.total

    def __iter__(self) -> Iterator[Completed]:
        _all()

    def __reversed__(self) -> Iterator[Completed]:
        _all()

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        _all()


class Variables(dict[str, Any]):
    """Variables of which some have rows of their own: those `apart`. The `absent` ones of these were left out."""

    def __init__(self, token_id: int, values: Mapping[str, Any], apart: Mapping[str, Any], absent: set[str]) -> None:
        super().__init__({**values, **apart})
        self._token_id, self.apart, self.absent = token_id, frozenset(apart), absent

    def __getitem__(self, name: str) -> Any:
        if name in self.absent:
            raise NotLoaded(Place(self._token_id, name, 0, 0))
        return super().__getitem__(name)

    def __setitem__(self, name: str, value: Any) -> None:
        self.absent.discard(name)
        super().__setitem__(name, value)

    def get(self, name: str, default: Any = None) -> Any:
        if name in self:
            return self[name]
        return default

    def __iter__(self) -> Iterator[str]:
        # Said here so that a copy, which a dict would make without asking, comes by every value.
        return super().__iter__()

    def values(self) -> Any:
        return [self[name] for name in self]

    def items(self) -> Any:
        return [(name, self[name]) for name in self]

    def without_those_apart(self) -> dict[str, Any]:
        """Those that have no row of their own; None holds the place of each that has."""
        return {name: None if name in self.apart else dict.__getitem__(self, name) for name in self}
