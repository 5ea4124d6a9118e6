"""Who may do what. `decide` is the one function that every command, query and page asks.

A rule is found by what is wanted and what it is wanted of; what has no rule is refused. `visible_cases` says the same
of lists as ``read case``, or ``follow case`` for its petitioner, says of one case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from engine.actors import Actor
from workflows import tables

Rule = Callable[[Actor, Any], bool]

PUBLIC = Actor("public", frozenset({"role:public"}))
"""Somebody who has not signed in."""

SUPERVISOR, DESIGNER, CASEWORKER, PETITIONER, WORKER, THE_SYSTEM = (
    "role:supervisor",
    "role:designer",
    "role:caseworker",
    "role:petitioner",
    "role:worker",
    "role:system",
)

COUNTY_WIDE = frozenset({SUPERVISOR, THE_SYSTEM, "petition-office", "intake-clerks", "legal-checkers"})
"""Groups that see every case: the petition office, those who check its replies, and those who supervise it."""


def petitioner(case_number: str) -> Actor:
    """Whoever has shown a case's number and query code; they are known to the journal by the number alone."""
    return Actor(f"petitioner:{case_number}", frozenset({PETITIONER, f"case:{case_number}"}))


def decide(actor: Actor, action: str, target: Any) -> bool:
    """Whether `actor` may do `action` to `target`: a thing, its kind, or its key. Says no where no rule says yes."""
    if THE_SYSTEM in actor.groups:
        return True
    rule = _RULES.get((action, _kind(target)))
    return rule is not None and rule(actor, target)


def actions(actor: Actor, target: Any) -> frozenset[str]:
    """Everything that `actor` may do to `target`, for a page to offer."""
    wanted = _kind(target)
    return frozenset(action for action, kind in _RULES if kind == wanted and decide(actor, action, target))


def visible_cases(actor: Actor) -> sa.ColumnElement[bool]:
    """The condition on `tables.cases` that leaves the cases which the actor may read."""
    if sees_every_case(actor):
        return sa.true()
    number = tables.cases.c.case_number
    theirs = tables.case_units.alias()
    condition: sa.ColumnElement[bool] = number.in_(sorted(own_cases(actor)))
    if CASEWORKER in actor.groups:
        # Asked of each case: a unit has many more of them than any list shows.
        condition |= sa.exists().where(theirs.c.case_number == number, theirs.c.unit.in_(sorted(units_of(actor))))
    return condition


def sees_every_case(actor: Actor) -> bool:
    """Whether it is of no account which unit has a case."""
    return not actor.groups.isdisjoint(COUNTY_WIDE)


def own_cases(actor: Actor) -> frozenset[str]:
    """The numbers of the cases that the actor is the petitioner of."""
    return _codes(actor, "case:")


def units_of(actor: Actor) -> frozenset[str]:
    """The codes of the units that the actor belongs to or heads."""
    return _codes(actor, "unit:") | _codes(actor, "head:")


def _codes(actor: Actor, prefix: str) -> frozenset[str]:
    return frozenset(group.removeprefix(prefix) for group in actor.groups if group.startswith(prefix))


def _anyone(_actor: Actor, _target: Any) -> bool:
    return True


def _one_of(*groups: str) -> Rule:
    return lambda actor, _target: not actor.groups.isdisjoint(groups)


def _may_read(actor: Actor, case: Any) -> bool:
    """The office's own file, with opinions, findings and drafts. Petitioners follow their case instead."""
    if sees_every_case(actor):
        return True
    return CASEWORKER in actor.groups and not units_of(actor).isdisjoint(case.units)


def _is_its_petitioner(actor: Actor, case: Any) -> bool:
    return f"case:{case.case_number}" in actor.groups


def _is_in_its_lead_unit(actor: Actor, case: Any) -> bool:
    return CASEWORKER in actor.groups and case.lead_unit in units_of(actor)


def _may_work_on(actor: Actor, user_task: Any) -> bool:
    """Its assignee; while it has none, its candidates."""
    if user_task.assignee is not None:
        return bool(user_task.assignee == actor.id)
    return _is_candidate(actor, user_task)


def _is_candidate(actor: Actor, user_task: Any) -> bool:
    if actor.id in user_task.candidate_users or not actor.groups.isdisjoint(user_task.candidate_groups):
        return True
    return not user_task.candidate_users and not user_task.candidate_groups and CASEWORKER in actor.groups


def _may_release(actor: Actor, user_task: Any) -> bool:
    return user_task.assignee == actor.id or SUPERVISOR in actor.groups


def _may_see_user_task(actor: Actor, user_task: Any) -> bool:
    return SUPERVISOR in actor.groups or user_task.assignee == actor.id or _is_candidate(actor, user_task)


def _is_its_unit(actor: Actor, recipient: Any) -> bool:
    return SUPERVISOR in actor.groups or recipient.removeprefix("unit:") in units_of(actor)


def _may_run(actor: Actor, batch: Any) -> bool:
    """What one may do to each: designers move cases to another version, supervisors repair."""
    is_move = batch in ("batch:migrate", "batch:rehearse")
    return SUPERVISOR in actor.groups or (DESIGNER in actor.groups and is_move)


def _lists_own(actor: Actor, query: Any) -> bool:
    """One's own user tasks, and those that one's groups may take; who sees every case sees every user task."""
    if sees_every_case(actor) or query.assignee == actor.id:
        return True
    asks = query.candidate is not None or query.groups is not None
    return asks and query.candidate in (None, actor.id) and (query.groups or frozenset()) <= actor.groups


_STAFF = _one_of(CASEWORKER, SUPERVISOR, DESIGNER)
_RULES: Mapping[tuple[str, str], Rule] = {
    ("hand in", "petition"): _anyone,
    ("read", "Case"): _may_read,
    ("follow", "Case"): _is_its_petitioner,
    ("rate", "Case"): _is_its_petitioner,
    ("withdraw", "Case"): _is_its_petitioner,
    ("supplement", "Case"): _is_its_petitioner,
    ("ask for more time for", "Case"): _is_in_its_lead_unit,
    ("read notices of", "unit"): _is_its_unit,
    ("erase", "Petitioner"): _one_of(SUPERVISOR),
    ("erase", "Text"): _one_of(SUPERVISOR),
    ("add", "unit"): _one_of(SUPERVISOR),
    ("add", "account"): _one_of(SUPERVISOR),
    ("disable", "account"): _one_of(SUPERVISOR),
    ("set password of", "Account"): lambda actor, account: actor.id == account.id or SUPERVISOR in actor.groups,
    ("enter", "calendar"): _one_of(SUPERVISOR),
    ("import", "petitions"): _one_of(SUPERVISOR, "intake-clerks"),
    ("list user tasks", "UserTaskQuery"): _lists_own,
    ("read", "UserTask"): _may_see_user_task,
    ("complete", "UserTask"): _may_work_on,
    ("escalate", "UserTask"): _may_work_on,
    ("claim", "UserTask"): _is_candidate,
    ("release", "UserTask"): _may_release,
    ("assign", "UserTask"): _one_of(SUPERVISOR),
    ("move", "clock"): _one_of(SUPERVISOR),
    ("start", "process"): _one_of(SUPERVISOR, DESIGNER),
    ("send", "message"): _one_of(SUPERVISOR),
    ("send", "signal"): _one_of(SUPERVISOR),
    ("deploy", "deployment"): _one_of(DESIGNER),
    ("read", "definition"): _STAFF,
    ("set variables of", "Instance"): _one_of(SUPERVISOR),
    ("cancel", "Instance"): _one_of(SUPERVISOR),
    ("suspend", "Instance"): _one_of(SUPERVISOR),
    ("resume", "Instance"): _one_of(SUPERVISOR),
    ("modify", "Instance"): _one_of(SUPERVISOR),
    ("migrate", "Instance"): _one_of(SUPERVISOR, DESIGNER),
    ("plan", "migration"): _one_of(SUPERVISOR, DESIGNER),
    ("run", "batch"): _may_run,
    ("steer", "Batch"): lambda actor, batch: actor.id == batch.created_by or SUPERVISOR in actor.groups,
    ("list", "batches"): _one_of(SUPERVISOR, DESIGNER),
    ("suspend", "Definition"): _one_of(SUPERVISOR, DESIGNER),
    ("resume", "Definition"): _one_of(SUPERVISOR, DESIGNER),
    ("retry", "Incident"): _one_of(SUPERVISOR),
    ("skip", "Incident"): _one_of(SUPERVISOR),
    ("cancel", "Incident"): _one_of(SUPERVISOR),
    ("list", "incidents"): _one_of(SUPERVISOR),
    ("list", "data stores"): _one_of(SUPERVISOR),
    ("work on", "topic"): _one_of(WORKER),
    ("list", "breaches"): _one_of(SUPERVISOR),
    ("verify", "journal"): _one_of(SUPERVISOR),
    ("clean up", "history"): _one_of(SUPERVISOR),
}
"""By action and kind of target."""


def _kind(target: Any) -> str:
    """A thing's class; a key's part before the colon; a word itself."""
    return target.partition(":")[0] if isinstance(target, str) else type(target).__name__
