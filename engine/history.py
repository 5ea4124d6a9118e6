"""What became of things: the activities of an instance, and the way it took through a diagram."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import journal
from engine.store.database import Transaction
from engine.store.tables import activities, incidents


@dataclass(frozen=True, slots=True)
class Activity:
    """One token at one element. `outcome` is ``completed`` or ``terminated``, None while it is there.

    `item` numbers (from 0) the items of a multi-instance activity; `scope_id` is the token of the scope around.
    """

    instance_id: int
    token_id: int
    scope_id: int
    definition_id: str
    element_id: str
    kind: str
    name: str
    item: int | None
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    ended_by: str | None
    reason: str | None
    assignee: str | None


@dataclass(frozen=True, slots=True)
class Path:
    """How an instance went through one definition: how often each flow was taken and each element reached, the
    elements where it stands now, and those where an incident keeps it. `left` counts those elements
    from which something was moved to another definition; `before` are the ones from which it was moved to this one.
    """

    flows: Mapping[str, int]
    elements: Mapping[str, int]
    active: tuple[str, ...]
    incidents: tuple[str, ...]
    left: Mapping[str, int]
    before: tuple[str, ...] = ()


_ACTIVITY = [activities.c[name] for name in Activity.__slots__]


def activities_of(tx: Transaction, instance_id: int, *, after: int = 0, limit: int | None = None) -> list[Activity]:
    """The activities of an instance in the order in which they began, those after token `after`."""
    query = sa.select(*_ACTIVITY).where(activities.c.instance_id == instance_id, activities.c.token_id > after)
    rows = tx.connection.execute(query.order_by(activities.c.token_id).limit(limit))
    return [Activity(*row) for row in rows]


def paths(
    tx: Transaction, instance_id: int, ways: Sequence[Activity], entries: Sequence[journal.Entry]
) -> dict[str, Path]:
    """The way through each definition, called ones too, by definition id, in the order in which they were entered.
    What went on by another definition was in both: where it had come to, and from there on.

    `ways` are all `activities_of` the instance and `entries` its whole journal: whoever shows the way shows these as
    well, and they are long.
    """
    by_definition: dict[str, list[Activity]] = {}
    for activity in ways:
        by_definition.setdefault(activity.definition_id, []).append(activity)
    flows, left = _read_back(ways, entries)
    stuck, before = _stuck(tx, instance_id), _before(entries)
    names = dict.fromkeys((*by_definition, *flows, *left))
    return {
        name: replace(
            _path(by_definition.get(name, []), flows.get(name, Counter()), left.get(name, Counter()), stuck),
            before=tuple(before.get(name, ())),
        )
        for name in names
    }


def _before(entries: Iterable[journal.Entry]) -> dict[str, dict[str, None]]:
    """By definition, those from which something was moved to it, however many moves that took."""
    found: dict[str, dict[str, None]] = {}
    for entry in entries:
        for name, values in entry.facts:
            if name == "ProcessMigrated":
                new, old = values["definition_id"], values["old"]
                found.setdefault(new, {}).update({**found.get(old, {}), old: None})
                found[new].pop(new, None)
    return found


def _path(within: Sequence[Activity], flows: Counter[str], left: Mapping[str, int], stuck: Collection[int]) -> Path:
    nodes = [activity for activity in within if activity.kind != "process"]
    return Path(
        flows=flows,
        elements=Counter(activity.element_id for activity in nodes) + Counter(left),
        active=tuple(sorted({activity.element_id for activity in nodes if activity.ended_at is None})),
        incidents=tuple(sorted({activity.element_id for activity in within if activity.token_id in stuck})),
        left=left,
    )


Counts = dict[str, Counter[str]]
"""Of flows or elements, by the definition that they are in."""


def _read_back(ways: Iterable[Activity], entries: Sequence[journal.Entry]) -> tuple[Counts, Counts]:
    """How often each flow was taken, and each element left for another definition. Both are in the journal alone.

    It is read from its end. There every token is where its row says, and each migration tells where it was before.
    """
    flows: Counts = {}
    left: Counts = {}
    tokens = {each.token_id: each for each in ways}
    for entry in reversed(entries):
        for name, values in reversed(entry.facts):
            if name == "FlowTaken" and values["scope_id"] in tokens:
                definition_id = tokens[values["scope_id"]].definition_id
                flows.setdefault(definition_id, Counter())[values["flow_id"]] += 1
            elif name == "ProcessMigrated":
                moved = list(_moved(tokens.values(), entry.at, values))
                tokens.update((each.token_id, each) for each in moved)
                nodes = (each.element_id for each in moved if each.kind != "process")
                left.setdefault(values["old"], Counter()).update(nodes)
    return flows, left


def _moved(tokens: Iterable[Activity], at: datetime, migrated: Mapping[str, Any]) -> Iterator[Activity]:
    """The tokens that a migration has moved, as they were before it."""
    before = {new: old for old, new in migrated["elements"].items()}
    for token in tokens:
        is_alive = token.started_at <= at and (token.ended_at is None or token.ended_at >= at)
        if is_alive and token.definition_id == migrated["definition_id"]:
            element_id = before.get(token.element_id, token.element_id)
            yield replace(token, definition_id=migrated["old"], element_id=element_id)


def _stuck(tx: Transaction, instance_id: int) -> frozenset[int]:
    query = sa.select(incidents.c.token_id).where(incidents.c.instance_id == instance_id)
    return frozenset(tx.connection.execute(query.where(incidents.c.resolved_at.is_(None))).scalars())


def fate(tx: Transaction, instance_id: int, token_id: int) -> str:
    """What became of a token, to be read after "but it …"."""
    row = tx.connection.execute(
        sa.select(activities.c.ended_at, activities.c.outcome, activities.c.ended_by, activities.c.reason).where(
            activities.c.instance_id == instance_id, activities.c.token_id == token_id
        )
    ).first()
    if row is None:
        return "never was"
    return "is still open" if row.ended_at is None else said(tx, row)


def fate_of_wait(tx: Transaction, instance_id: int, wait_id: int) -> str:
    """What became of a timer or subscription. Its row is gone, so this reads the journal, from its end."""
    before = None
    while page := journal.latest(tx, instance_id, before=before):
        for entry in page:
            for name, values in entry.facts:
                if name in _ENDS_OF_WAITS and values["id"] == wait_id:
                    return f"{_ENDS_OF_WAITS[name]} {moment(tx, entry.at)}"
        before = page[-1].seq
    return "never was"


_ENDS_OF_WAITS = {"TimerFired": "fired", "TimerCancelled": "was cancelled", "SubscriptionClosed": "was closed"}


def said(tx: Transaction, row: Any) -> str:
    """The end of an activity, in words."""
    if row.outcome == "terminated":
        return f"was cancelled {moment(tx, row.ended_at)}{because(row.reason)}"
    return f"was completed {moment(tx, row.ended_at)} by {row.ended_by}"


def because(reason: str | None) -> str:
    if not reason:
        return ""
    return f" because it was {reason}" if reason.startswith(("interrupted", "ended")) else f" because {reason}"


def moment(tx: Transaction, at: datetime) -> str:
    """A point in time, in the engine's zone; the day only where it is not today."""
    local, today = at.astimezone(tx.engine.zone), tx.now.astimezone(tx.engine.zone)
    if local.date() == today.date():
        return f"at {local:%H:%M}"
    return f"on {local:%Y-%m-%d} at {local:%H:%M}"
