"""The supervisor's incidents: what stopped, what is known of it, and the ways to have it go on, one or many at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required

from engine import batches, incidents, starts
from engine.errors import InvalidInput, InvalidState
from engine.incidents import Circumstances, Group, Incident, IncidentQuery
from engine.reasons import MAX_REASON
from engine.store.database import Transaction
from web import errors
from web.auth import current_actor
from web.current import engine

PAGE = 50

MAX_VARIABLES = 20_000
"""Characters of the variables that a person may type."""

blueprint = Blueprint("incidents", __name__, url_prefix="/supervision/incidents")


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list is narrowed to, as its address says it; "" narrows nothing."""

    process: str = ""
    element: str = ""
    kind: str = ""
    says: str = ""

    @property
    def query(self) -> IncidentQuery:
        return IncidentQuery(
            definition_id=self.process or None,
            element_id=self.element or None,
            kind=self.kind or None,
            says=self.says or None,
        )

    @property
    def address(self) -> dict[str, str]:
        """Its part of an address."""
        return {name: value for name, value in asdict(self).items() if value}


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person has typed about incidents, and what was wrong with it, by the field that it is about. `which` are
    meant: ``some`` of those on the page, those on the ``page``, or ``all`` that the filter finds.
    """

    which: str = "some"
    chosen: tuple[str, ...] = ()
    reason: str = ""
    variables: str = ""
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def summary(self) -> list[dict[str, str]]:
        """The problems, each with where on the page it is."""
        return [{"target": field, "message": message} for field, message in self.problems]


Act = Callable[[Transaction, str, str, Mapping[str, Any]], None]


def _retry(tx: Transaction, incident_id: str, _reason: str, variables: Mapping[str, Any]) -> None:
    incidents.retry(tx, incident_id, variables)


def _skip(tx: Transaction, incident_id: str, reason: str, variables: Mapping[str, Any]) -> None:
    incidents.skip(tx, incident_id, reason, variables)


def _cancel(tx: Transaction, incident_id: str, reason: str, _variables: Mapping[str, Any]) -> None:
    incidents.cancel(tx, incident_id, reason)


_ACTS: Mapping[str, Act] = {"retry": _retry, "skip": _skip, "cancel": _cancel}
_DONE = {
    "retry": "Tried again. What is not mended comes back to this list.",
    "skip": "Taken for done.",
    "cancel": "Cancelled.",
}
_KINDS = {
    "execution": "script or expression",
    "join": "join",
    "condition": "condition",
    "job": "handler",
    "delivery": "message",
    "timer": "timer",
}
"""What stopped, by the kind of an incident."""
_NEED_A_REASON = ("skip", "cancel")


@blueprint.get("/")
@login_required
def index() -> ResponseReturnValue:
    """What stopped and waits for help, the oldest first."""
    return _list(Typed())


@blueprint.post("/")
@login_required
def act() -> ResponseReturnValue:
    """Do the same with many, each by itself: a batch, made of those that were chosen or of what the filter finds."""
    typed = _typed(tuple(request.form.getlist("incident")), request.form.get("which", ""))
    wanted, variables, problems = _read(typed)
    if not typed.reason and not any(field == "reason" for field, _ in problems):
        problems.append(("reason", "Say why."))
    targets = _targets(typed)
    if not targets:
        problems.append(("incidents", "Choose one or more incidents."))
    if problems:
        return _list(_with(typed, problems)), errors.INVALID
    parameters = {"variables": variables} if variables else {}

    def work(tx: Transaction) -> int:
        return batches.create(tx, f"{wanted} incident", targets, typed.reason, parameters).id

    try:
        batch_id = engine().transact(work, current_actor())
    except InvalidInput as refused:
        return _list(_with(typed, [("do", str(refused))])), errors.INVALID
    return redirect(url_for("batches.show", batch_id=batch_id))


def _targets(typed: Typed) -> tuple[str, ...] | IncidentQuery:
    """The ids that are meant; or all that the filter finds, but for what has stopped since the page was looked at."""
    if typed.which == "all":
        try:
            seen = datetime.fromisoformat(request.form.get("seen", ""))
            return () if seen.tzinfo is None else replace(_filter().query, raised_until=seen.astimezone(UTC))
        except (ValueError, OverflowError):
            return ()
    return tuple(request.form.getlist("listed")) if typed.which == "page" else typed.chosen


@blueprint.get("/<incident_id>")
@login_required
def show(incident_id: str) -> ResponseReturnValue:
    """All that is known of one, and what can be done about it."""
    return _page(incident_id, Typed())


@blueprint.post("/<incident_id>")
@login_required
def act_on_one(incident_id: str) -> ResponseReturnValue:
    """As `act`, for one incident; what is refused comes back with what was typed."""
    typed = _typed((incident_id,), "some")
    wanted, variables, problems = _read(typed)
    if not problems:
        try:
            _do(wanted, incident_id, typed.reason, variables)
        except (InvalidInput, InvalidState) as error:
            problems = [("do", str(error))]
    if problems:
        return _page(incident_id, _with(typed, problems)), errors.INVALID
    flash(_DONE[wanted])
    return redirect(url_for("incidents.index"))


def _do(wanted: str, incident_id: str, reason: str, variables: Mapping[str, Any]) -> None:
    engine().transact(lambda tx: _ACTS[wanted](tx, incident_id, reason, variables), current_actor())


def _typed(chosen: tuple[str, ...], which: str) -> Typed:
    return Typed(which, chosen, request.form.get("reason", "").strip(), request.form.get("variables", "").strip())


def _with(typed: Typed, problems: list[tuple[str, str]]) -> Typed:
    return replace(typed, problems=tuple(problems))


def _read(typed: Typed) -> tuple[str, Mapping[str, Any], list[tuple[str, str]]]:
    """What is wanted, the variables that were typed, and what is wrong."""
    wanted = request.form.get("do", "")
    problems: list[tuple[str, str]] = []
    variables: Any = {}
    if wanted not in _ACTS:
        problems.append(("do", "Choose what to do: try again, take for done, or cancel."))
    if wanted in _NEED_A_REASON and not typed.reason:
        problems.append(("reason", "Say why."))
    if len(typed.reason) > MAX_REASON:
        problems.append(("reason", f"Use at most {MAX_REASON} characters; there are {len(typed.reason)}."))
    if typed.variables:
        try:
            variables = json.loads(typed.variables[:MAX_VARIABLES])
        except (ValueError, RecursionError):
            variables = None
        if not isinstance(variables, dict):
            problems.append(("variables", 'Write the values as JSON, such as {"score": 3, "unit": "north"}.'))
    return wanted, variables if isinstance(variables, dict) else {}, problems


def _filter() -> Filter:
    return Filter(**{name: request.args.get(name, "").strip() for name in ("process", "element", "kind", "says")})


def _list(typed: Typed) -> str:
    wanted = _filter()
    query = replace(wanted.query, limit=PAGE + 1, after=request.args.get("after") or None)

    def work(tx: Transaction) -> dict[str, Any]:
        found = incidents.find(tx, query)
        return {
            "found": found[:PAGE],
            "more": url_for("incidents.index", **wanted.address, after=found[PAGE - 1].id) if found[PAGE:] else "",
            "number": incidents.count(tx, wanted.query),
            "failing": starts.failing(tx),
            "seen": tx.now,
            **_choices(wanted, incidents.groups(tx)),
        }

    shown = engine().read(work, current_actor())
    return render_template(
        "supervision/incidents.html", **shown, filter=wanted, kinds=_KINDS, typed=typed, most=MAX_REASON
    )


def _choices(wanted: Filter, groups: list[Group]) -> dict[str, list[tuple[str, str]]]:
    """What the list can be narrowed to, each with how many incidents there are of it in all."""
    return {
        "processes": _counted(wanted.process, ((each.definition_id, each.definition_id, each) for each in groups)),
        "elements": _counted(wanted.element, ((each.element_id, each.name, each) for each in groups)),
        "stopped": _counted(wanted.kind, ((each.kind, _KINDS[each.kind], each) for each in groups)),
    }


def _counted(chosen: str, places: Iterable[tuple[str, str, Group]]) -> list[tuple[str, str]]:
    """By value, with a label; what is chosen stays, even if there is none of it any more."""
    numbers: dict[str, int] = {}
    names: dict[str, str] = {}
    for value, name, group in places:
        names.setdefault(value, name)
        numbers[value] = numbers.get(value, 0) + group.count
    if chosen and chosen not in numbers:
        names[chosen], numbers[chosen] = _KINDS.get(chosen, chosen), 0
    return [(value, f"{names[value]} ({number:,})") for value, number in numbers.items()]


def _page(incident_id: str, typed: Typed) -> str:
    def work(tx: Transaction) -> tuple[Incident, Circumstances]:
        known = incidents.circumstances(tx, incident_id)
        return incidents.get(tx, incident_id), known

    incident, known = engine().read(work, current_actor())
    seen = [(name, json.dumps(value, ensure_ascii=False)) for name, value in sorted((known.variables or {}).items())]
    return render_template(
        "supervision/incident.html",
        incident=incident,
        kind=_KINDS[incident.kind],
        trace=known.trace,
        seen=seen,
        typed=typed,
        most=MAX_REASON,
    )
