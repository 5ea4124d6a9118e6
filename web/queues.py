"""Lists of user tasks: which ones, narrowed by what is in the address, page by page, due soonest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import url_for

from engine import deployments, user_tasks
from engine.store.database import Transaction
from engine.user_tasks import UserTask, UserTaskQuery
from web import labels
from workflows import permissions
from workflows.permissions import SUPERVISOR
from workflows.register import cases
from workflows.register.cases import Case

SHOWS = {"mine": "Mine", "groups": "My groups’", "all": "All"}
PAGE = 50

EMPTY = {
    "mine": "Nothing is claimed by you. Claim something from your groups’ list.",
    "groups": "Nothing waits for your groups.",
    "all": "Nothing waits for anyone.",
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address says."""

    show: str = "mine"
    number: str = ""
    stage: str = ""
    after: str = ""

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> Filters:
        show = arguments.get("show", "mine")
        number = arguments.get("number", "").strip().upper()
        stage, after = arguments.get("stage", ""), arguments.get("after", "")
        return cls(show if show in SHOWS else "mine", number, stage, after)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.number or self.stage)

    def url(self, **changes: Any) -> str:
        """The address of this list with some of it changed; what is empty is left out."""
        wanted = replace(self, **{"after": "", **changes})
        named = {name: getattr(wanted, name) for name in self.__slots__}
        return url_for("user_tasks.index", **{name: value for name, value in named.items() if value})


@dataclass(frozen=True, slots=True)
class Row:
    """`about` says what the case is about; `holder` whom the user task waits for."""

    task: UserTask
    about: str
    holder: str
    may_claim: bool


@dataclass(frozen=True, slots=True)
class Page:
    """`mine` counts what this person has claimed; `more` is the address of the next page."""

    rows: tuple[Row, ...]
    mine: int
    stages: tuple[tuple[str, str], ...]
    more: str
    empty: str


def load(tx: Transaction, filters: Filters) -> Page:
    """One page of the list."""
    found = user_tasks.find(tx, _query(tx, filters))
    more = filters.url(after=found[PAGE - 1].id) if len(found) > PAGE else ""
    words = labels.load(tx)
    known = cases.of_numbers(tx, {task.business_key for task in found})
    rows = tuple(_row(tx, task, known.get(task.business_key), words) for task in found[:PAGE])
    mine = user_tasks.count(tx, UserTaskQuery(assignee=tx.actor.id))
    empty = "Nothing fits this filter." if filters.is_narrowed else EMPTY[filters.show]
    return Page(rows, mine, _stages(tx), more, empty)


def views(filters: Filters, mine: int) -> list[dict[str, Any]]:
    """The three lists as links."""
    return [
        {
            "label": label,
            "url": filters.url(show=show),
            "current": show == filters.show,
            "count": mine if show == "mine" else None,
        }
        for show, label in SHOWS.items()
    ]


def _query(tx: Transaction, filters: Filters) -> UserTaskQuery:
    """A supervisor's "all" is all there is; another's what is theirs or their groups', claimed or not."""
    query = UserTaskQuery(
        business_key=filters.number or None,
        definition_key=filters.stage or None,
        limit=PAGE + 1,
        after=filters.after or None,
    )
    if filters.show == "mine":
        return replace(query, assignee=tx.actor.id)
    if filters.show == "all" and SUPERVISOR in tx.actor.groups:
        return query
    return replace(query, candidate=tx.actor.id, groups=tx.actor.groups, unassigned=filters.show == "groups")


def _row(tx: Transaction, task: UserTask, case: Case | None, words: labels.Labels) -> Row:
    holder = words.person(task.assignee) if task.assignee else ", ".join(map(words.group, task.candidate_groups))
    may_claim = task.assignee is None and not task.is_suspended and permissions.decide(tx.actor, "claim", task)
    return Row(task, words.about(case) if case else "", holder or "Anyone", may_claim)


def _stages(tx: Transaction) -> tuple[tuple[str, str], ...]:
    """The processes that user tasks are drawn in."""
    return tuple((definition.key, definition.name) for definition in deployments.list_definitions(tx))
