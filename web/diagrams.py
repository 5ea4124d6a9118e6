"""A case's way through its diagrams: as data for the viewer, and as a table for those who do not look at pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import url_for

from engine import deployments, history
from engine.history import Activity, Path
from engine.instances import Instance
from engine.journal import Entry
from engine.store.database import Transaction

QUIET = frozenset({"exclusiveGateway", "inclusiveGateway", "complexGateway", "parallelGateway", "eventBasedGateway"})
"""Kinds that do nothing a reader of the steps would look for."""


@dataclass(frozen=True, slots=True)
class Step:
    """One token at one named element."""

    name: str
    kind: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    who: str | None


@dataclass(frozen=True, slots=True)
class Drawing:
    """One definition that the case went through, by the way it took; `is_here` says that it stands in it now."""

    definition_id: str
    name: str
    version: int
    view: Mapping[str, Any]
    steps: tuple[Step, ...]
    is_here: bool


def load(tx: Transaction, instance: Instance, entries: Sequence[Entry]) -> tuple[Drawing, ...]:
    """The main process first, then the called ones in the order in which they were first entered; `entries` are the
    whole journal.
    """
    activities = history.activities_of(tx, instance.id)
    paths = history.paths(tx, instance.id, activities, entries)
    return tuple(
        _drawing(tx, instance.business_key, definition_id, _with_what_led_there(path, paths), activities)
        for definition_id, path in paths.items()
    )


def _with_what_led_there(path: Path, paths: Mapping[str, Path]) -> Path:
    """What was done by a version before a move is drawn into this one as well. Where it has nothing of that name, the
    viewer leaves it out.
    """
    flows, elements = Counter(path.flows), Counter(path.elements)
    for each in (paths[name] for name in path.before if name in paths):
        flows.update(each.flows)
        elements.update(Counter(each.elements) - Counter(each.left))
    return replace(path, flows=flows, elements=elements)


def _drawing(
    tx: Transaction, case_number: str, definition_id: str, path: Path, activities: Sequence[Activity]
) -> Drawing:
    definition = deployments.definition(tx, definition_id)
    own = [activity for activity in activities if activity.definition_id == definition_id]
    view = {
        "source": url_for("cases.diagram", number=case_number, definition_id=definition_id),
        "elements": dict(path.elements),
        "flows": dict(path.flows),
        "active": list(path.active),
        "incidents": dict.fromkeys(path.incidents, "stopped here, and waits for a supervisor"),
    }
    return Drawing(definition_id, definition.name, definition.version, view, tuple(_steps(own)), bool(path.active))


def _steps(activities: Iterable[Activity]) -> Iterable[Step]:
    for activity in activities:
        if activity.kind in QUIET or not activity.name:
            continue
        outcome = activity.outcome or "here now"
        who = activity.ended_by or activity.assignee
        reason = f": {activity.reason}" if activity.reason and activity.outcome == "terminated" else ""
        name = activity.name if activity.item is None else f"{activity.name} ({activity.item + 1})"
        yield Step(name, activity.kind, activity.started_at, activity.ended_at, outcome + reason, who)
