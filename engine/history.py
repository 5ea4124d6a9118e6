"""What became of things: the activities of an instance, and the way it took through a diagram."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import journal
from engine.database import Transaction
from engine.tables import activities, incidents


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
    elements where it stands now, and those where an incident keeps it.
    """

    flows: Mapping[str, int]
    elements: Mapping[str, int]
    active: tuple[str, ...]
    incidents: tuple[str, ...]


_ACTIVITY = [activities.c[name] for name in Activity.__slots__]


def activities_of(tx: Transaction, instance_id: int, *, after: int = 0, limit: int | None = None) -> list[Activity]:
    """The activities of an instance in the order in which they began, those after token `after`."""
    query = sa.select(*_ACTIVITY).where(activities.c.instance_id == instance_id, activities.c.token_id > after)
    rows = tx.connection.execute(query.order_by(activities.c.token_id).limit(limit))
    return [Activity(*row) for row in rows]


def path(tx: Transaction, instance_id: int, definition_id: str) -> Path:
    """The way through one definition, which may be that of a called process."""
    where = (activities.c.instance_id == instance_id, activities.c.definition_id == definition_id)
    rows = tx.connection.execute(
        sa.select(*(activities.c[name] for name in ("token_id", "element_id", "kind", "ended_at"))).where(*where)
    ).all()
    nodes = [row for row in rows if row.kind != "process"]
    open_incidents = tx.connection.execute(
        sa.select(incidents.c.token_id).where(incidents.c.instance_id == instance_id, incidents.c.resolved_at.is_(None))
    ).scalars()
    stuck = set(open_incidents)
    return Path(
        flows=_flows(tx, instance_id, {row.token_id for row in rows}),
        elements=Counter(row.element_id for row in nodes),
        active=tuple(sorted({row.element_id for row in nodes if row.ended_at is None})),
        incidents=tuple(sorted({row.element_id for row in rows if row.token_id in stuck})),
    )


def _flows(tx: Transaction, instance_id: int, scopes: set[int]) -> Counter[str]:
    """Flows are in the journal alone; one belongs to the definition of the scope that it was taken in."""
    taken: Counter[str] = Counter()
    for name, values in journal.happened(tx, instance_id):
        if name == "FlowTaken" and values["scope_id"] in scopes:
            taken[values["flow_id"]] += 1
    return taken


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
