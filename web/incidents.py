"""The supervisor's incidents: what stopped, what is known of it, and the ways to have it go on, one or many at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required

from engine import incidents, starts
from engine.errors import EngineError, InvalidInput, InvalidState
from engine.incidents import Circumstances, Incident, IncidentQuery
from engine.reasons import MAX_REASON
from engine.store.database import Transaction
from web import errors
from web.auth import current_actor
from web.current import engine
from web.presentation import count

PAGE = 50
MOST = 200
"""Incidents that one request may be about."""

MAX_VARIABLES = 20_000
"""Characters of the variables that a person may type."""

blueprint = Blueprint("incidents", __name__, url_prefix="/supervision/incidents")


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person has typed about incidents, and what was wrong with it, by the field that it is about."""

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
    "retry": "Tried again: {}. What is not mended comes back to this list.",
    "skip": "Taken for done: {}.",
    "cancel": "Cancelled: {}.",
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
    """Do the same with every incident that was chosen, each by itself: one that cannot be mended stops no other."""
    typed = _typed(tuple(dict.fromkeys(request.form.getlist("incident"))))
    wanted, variables, problems = _read(typed)
    if not typed.chosen:
        problems.append(("incidents", "Choose one or more incidents."))
    if len(typed.chosen) > MOST:
        problems.append(("incidents", f"Choose at most {MOST} incidents at once."))
    if problems:
        return _list(_with(typed, problems)), errors.INVALID
    failed: list[str] = []
    for incident_id in typed.chosen:
        try:
            _do(wanted, incident_id, typed.reason, variables)
        except EngineError as error:
            failed.append(str(error))
    done = len(typed.chosen) - len(failed)
    if done:
        flash(_DONE[wanted].format(count(done, "incident")))
    if failed:
        flash(f"Not done: {count(len(failed), 'incident')}. {' '.join(dict.fromkeys(failed))}", "error")
    return redirect(url_for("incidents.index"))


@blueprint.get("/<incident_id>")
@login_required
def show(incident_id: str) -> ResponseReturnValue:
    """All that is known of one, and what can be done about it."""
    return _page(incident_id, Typed())


@blueprint.post("/<incident_id>")
@login_required
def act_on_one(incident_id: str) -> ResponseReturnValue:
    """As `act`, for one incident; what is refused comes back with what was typed."""
    typed = _typed((incident_id,))
    wanted, variables, problems = _read(typed)
    if not problems:
        try:
            _do(wanted, incident_id, typed.reason, variables)
        except (InvalidInput, InvalidState) as error:
            problems = [("do", str(error))]
    if problems:
        return _page(incident_id, _with(typed, problems)), errors.INVALID
    flash(_DONE[wanted].format("1 incident"))
    return redirect(url_for("incidents.index"))


def _do(wanted: str, incident_id: str, reason: str, variables: Mapping[str, Any]) -> None:
    engine().transact(lambda tx: _ACTS[wanted](tx, incident_id, reason, variables), current_actor())


def _typed(chosen: tuple[str, ...]) -> Typed:
    return Typed(chosen, request.form.get("reason", "").strip(), request.form.get("variables", "").strip())


def _with(typed: Typed, problems: list[tuple[str, str]]) -> Typed:
    return Typed(typed.chosen, typed.reason, typed.variables, tuple(problems))


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


def _list(typed: Typed) -> str:
    query = IncidentQuery(limit=PAGE + 1, after=request.args.get("after") or None)
    found, failing = engine().read(lambda tx: (incidents.find(tx, query), starts.failing(tx)), current_actor())
    more = url_for("incidents.index", after=found[PAGE - 1].id) if len(found) > PAGE else ""
    shown = {"found": found[:PAGE], "more": more, "failing": failing, "kinds": _KINDS}
    return render_template("supervision/incidents.html", **shown, typed=typed, most=MAX_REASON)


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
