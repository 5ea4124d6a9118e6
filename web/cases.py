"""Cases: the list, and the case page: what is known, where it stands, what happened, and what one may do now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required

from engine import deployments, incidents, instances, journal, user_tasks
from engine.errors import InvalidVariables
from engine.incidents import Incident, IncidentQuery
from engine.instances import Instance
from engine.store.database import Transaction
from engine.user_tasks import UserTask
from web import diagrams, errors, labels, timeline
from web.auth import current_actor
from web.current import engine
from web.diagrams import Drawing
from web.labels import Labels
from workflows import journal_notes, permissions, vocabulary
from workflows.handling import extensions
from workflows.organisation import units
from workflows.permissions import SUPERVISOR
from workflows.reading import case_files
from workflows.reading.case_files import CaseFile
from workflows.register import cases, states
from workflows.register.case_lists import CaseQuery

PAGE = 50
EVENTS = 100
"""The newest of the time line, until one asks for all."""

OPENED = "opened_people"

blueprint = Blueprint("cases", __name__, url_prefix="/cases")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A case with everything its page shows. `tasks` are the open user tasks with whether one may look at each,
    `incidents` the open ones, for whoever may mend them.
    """

    file: CaseFile
    instance: Instance
    incidents: tuple[Incident, ...]
    tasks: tuple[tuple[UserTask, bool], ...]
    drawings: tuple[Drawing, ...]
    events: tuple[timeline.Event, ...]
    labels: Labels


@blueprint.get("/")
@login_required
def index() -> ResponseReturnValue:
    """The cases that one may see, the last received first; a full number goes straight to its case."""
    query = _query()

    def work(tx: Transaction) -> tuple[Any, ...]:
        return cases.find(tx, query), labels.load(tx), units.find(tx)

    found, words, every_unit = engine().read(work, current_actor())
    if query.number and len(found) == 1:
        return redirect(url_for("cases.show", number=found[0].case_number))
    more = ""
    if len(found) > PAGE:
        more = url_for("cases.index", **{**request.args, "after": found[PAGE - 1].case_number})
    return render_template(
        "cases/index.html",
        found=found[:PAGE],
        more=more,
        query=query,
        labels=words,
        units=every_unit,
        states=states.NAMES,
        subjects=vocabulary.SUBJECTS,
        places=vocabulary.PLACES,
    )


@blueprint.get("/<number>")
@login_required
def show(number: str) -> ResponseReturnValue:
    """One case. That it was opened is written down; its people stay hidden until one says what for."""
    sheet = engine().transact(lambda tx: _sheet(tx, number), current_actor())
    return _page(sheet)


@blueprint.post("/<number>/people")
@login_required
def open_people(number: str) -> ResponseReturnValue:
    """Show the people of the case in this session, for a purpose that is written down."""
    purpose = request.form.get("purpose", "")

    def work(tx: Transaction) -> None:
        vocabulary.check("purpose", purpose, vocabulary.READ_PURPOSES)
        tx.authorise("read", cases.get(tx, number))
        journal_notes.write(tx, number, "people opened", {"purpose": purpose})

    engine().transact(work, current_actor())
    others = [one for one in session.get(OPENED, []) if one != number]
    session[OPENED] = [*others, number][-20:]
    return redirect(url_for("cases.show", number=number, _anchor="people"))


@blueprint.post("/<number>/extension")
@login_required
def ask_for_extension(number: str) -> ResponseReturnValue:
    """The lead unit asks for more time; the head of the unit decides."""
    reason = request.form.get("reason", "")
    actor = current_actor()
    try:
        engine().transact(lambda tx: extensions.request(tx, number, reason), actor)
    except InvalidVariables as wrong:
        sheet = engine().transact(lambda tx: _sheet(tx, number), actor)
        return _page(sheet, problem=wrong.fields["reason"], reason=reason), errors.INVALID
    engine().settle(number)
    flash("More time is asked for. The head of the unit decides.")
    return redirect(url_for("cases.show", number=number))


@blueprint.get("/<number>/diagrams/<definition_id>.bpmn")
@login_required
def diagram(number: str, definition_id: str) -> ResponseReturnValue:
    """The diagram that the case ran by, for the viewer."""

    def work(tx: Transaction) -> bytes:
        tx.authorise("read", cases.get(tx, number))
        return deployments.source(tx, definition_id)

    return Response(engine().read(work, current_actor()), mimetype="application/xml")


def _query() -> CaseQuery:
    wanted = {name: request.args.get(name) or None for name in ("state", "unit", "subject", "place", "number", "after")}
    is_open = {"yes": True, "no": False}.get(request.args.get("open", ""))
    return CaseQuery(open=is_open, limit=PAGE + 1, **wanted)


def _sheet(tx: Transaction, number: str) -> Sheet:
    supervises = SUPERVISOR in tx.actor.groups
    purpose = "supervision" if supervises else "handling"
    file = case_files.read(tx, number, purpose)
    words = labels.load(tx)
    instance = instances.find(tx, number)
    entries = journal.entries(tx, instance.id)
    return Sheet(
        file=file,
        instance=instance,
        incidents=tuple(incidents.find(tx, IncidentQuery(instance_id=instance.id))) if supervises else (),
        tasks=tuple((task, permissions.decide(tx.actor, "read", task)) for task in user_tasks.open_of(tx, instance.id)),
        drawings=diagrams.load(tx, instance, entries),
        events=tuple(timeline.read((entry for entry in entries if entry.kind != "note"), words)),
        labels=words,
    )


def _page(sheet: Sheet, problem: str = "", reason: str = "") -> str:
    number = sheet.file.case.case_number
    return render_template(
        "cases/show.html",
        sheet=sheet,
        file=sheet.file,
        case=sheet.file.case,
        labels=sheet.labels,
        people_open=number in session.get(OPENED, []),
        purposes={code: words for code, words in vocabulary.READ_PURPOSES.items() if code != "own"},
        stages=_stages(sheet),
        events=sheet.events if "all" in request.args else sheet.events[-EVENTS:],
        may_extend="ask for more time for" in sheet.file.may and sheet.file.case.state == states.HANDLING,
        may_audit=SUPERVISOR in current_actor().groups,
        problem=problem,
        reason=reason,
    )


STAGES = {
    "intake": "Intake",
    "assignment": "Assignment",
    "investigation": "Joint handling",
    "response": "Response",
    "satisfaction": "Satisfaction review",
}
"""The processes that the main process calls, in order: what a case goes through."""


def _stages(sheet: Sheet) -> list[tuple[str, str]]:
    """Each stage's name and whether the case was there (done), is there (here), or has yet to come (ahead)."""
    been = {_key(drawing) for drawing in sheet.drawings}
    here = {_key(drawing) for drawing in sheet.drawings if drawing.is_here}
    return [(name, "here" if key in here else "done" if key in been else "ahead") for key, name in STAGES.items()]


def _key(drawing: Drawing) -> str:
    return drawing.definition_id.partition(":")[0]
