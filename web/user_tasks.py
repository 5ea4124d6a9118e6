"""What waits for a person: the queue, and the user task with its form. Nothing typed is ever lost."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required

from engine import user_tasks
from engine.actors import Actor
from engine.errors import EngineError, InvalidState, InvalidVariables, NotPermitted
from engine.forms import Form
from engine.store.database import Transaction
from engine.user_tasks import UserTask, UserTaskQuery
from web import errors, forms, labels, queues
from web.auth import current_actor
from web.current import engine
from web.labels import Labels
from workflows import permissions
from workflows.organisation import units
from workflows.papers import drafts, submissions
from workflows.papers.drafts import Draft
from workflows.reading import case_files
from workflows.reading.case_files import CaseFile
from workflows.time.calendars import local_day

blueprint = Blueprint("user_tasks", __name__, url_prefix="/tasks")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A user task with everything its page shows."""

    task: UserTask
    form: Form
    variables: dict[str, Any]
    draft: Draft | None
    file: CaseFile
    labels: Labels


@blueprint.get("/")
@login_required
def index() -> ResponseReturnValue:
    """The queue: mine, my groups', all; the filters are in the address, and the way back here keeps them."""
    filters = queues.Filters.of(request.args)
    session["queue"] = request.full_path
    page = engine().read(lambda tx: queues.load(tx, filters), current_actor())
    if "show" not in request.args and not page.mine:
        return redirect(filters.url(show="groups"))
    return render_template("user_tasks/index.html", filters=filters, page=page, views=queues.views(filters, page.mine))


@blueprint.get("/<task_id>")
@login_required
def show(task_id: str) -> ResponseReturnValue:
    """One user task; its form can be filled in by whoever has claimed it."""
    return _page(_open(task_id))


@blueprint.post("/<task_id>/claim")
@login_required
def claim(task_id: str) -> ResponseReturnValue:
    """Take it for oneself. Whoever comes second is told who was first."""
    try:
        engine().transact(lambda tx: user_tasks.claim(tx, task_id), current_actor())
    except InvalidState as late:
        flash(str(late), "error")
    return redirect(url_for("user_tasks.show", task_id=task_id))


@blueprint.post("/<task_id>/release")
@login_required
def release(task_id: str) -> ResponseReturnValue:
    """Give it back to its candidates."""
    engine().transact(lambda tx: user_tasks.release(tx, task_id), current_actor())
    flash("Released: others of the group can claim it now.")
    return redirect(_queue())


@blueprint.post("/<task_id>/draft")
@login_required
def save_draft(task_id: str) -> ResponseReturnValue:
    """Keep what is typed so far; the page sends it by itself while one types."""
    engine().transact(lambda tx: _keep(tx, task_id), current_actor())
    return "", 204


@blueprint.post("/<task_id>/conditions")
@login_required
def conditions(task_id: str) -> ResponseReturnValue:
    """Which fields do not apply to what is filled in, for the page to hide."""

    def work(tx: Transaction) -> list[str]:
        form, variables = _form(tx, _task(tx, task_id))
        return forms.hidden(form, forms.sent(form, request.form), variables)

    return jsonify(hidden=engine().read(work, current_actor()))


@blueprint.post("/<task_id>")
@login_required
def submit(task_id: str) -> ResponseReturnValue:
    """Complete it, save the draft, or change the number of rows: whichever button was pressed."""
    action, _, rest = request.form.get("_do", "save").partition(":")
    if action == "complete":
        return _complete(task_id)
    if action == "save":
        try:
            engine().transact(lambda tx: _keep(tx, task_id), current_actor())
        except InvalidState as late:
            return _too_late(task_id, late)
        flash("Draft saved.")
        return redirect(url_for("user_tasks.show", task_id=task_id))
    engine().transact(lambda tx: _keep(tx, task_id, request.form["_do"]), current_actor())
    return redirect(url_for("user_tasks.show", task_id=task_id, _anchor=forms.element_id(rest.partition(":")[0])))


def _complete(task_id: str) -> ResponseReturnValue:
    actor = current_actor()
    task, form, variables = engine().read(lambda tx: _task_and_form(tx, task_id), actor)
    raw = forms.sent(form, request.form)
    try:
        if task.status != user_tasks.OPEN:
            # nobody need mend the form of what is no longer to be done: this says why it is not
            engine().transact(lambda tx: user_tasks.complete(tx, task_id), actor)
        values = form.validate(raw, variables, local_day(engine().clock.now()))
        engine().transact(lambda tx: submissions.submit(tx, task_id, values), actor)
    except InvalidVariables as wrong:
        _keep_if_possible(task_id)
        return _page(_open(task_id), raw, wrong.fields), errors.INVALID
    except (InvalidState, NotPermitted) as late:
        return _too_late(task_id, late)
    engine().settle(task.business_key)
    flash(f"Completed “{task.name}” of {task.business_key}.")
    return redirect(_onwards(actor))


def _too_late(task_id: str, late: EngineError) -> ResponseReturnValue:
    """Someone was faster: what was typed is shown once more, to be copied."""
    sheet = _open(task_id)
    return _page(sheet, forms.sent(sheet.form, request.form), late=str(late)), errors.CONFLICT


def _onwards(actor: Actor) -> str:
    """The next user task that this person has claimed; the queue where there is none."""
    query = UserTaskQuery(assignee=actor.id, limit=1)
    following = engine().read(lambda tx: user_tasks.find(tx, query), actor)
    return url_for("user_tasks.show", task_id=following[0].id) if following else _queue()


def _queue() -> str:
    return session.get("queue") or url_for("user_tasks.index")


def _keep(tx: Transaction, task_id: str, change: str = "") -> None:
    form, _ = _form(tx, _task(tx, task_id))
    raw = forms.sent(form, request.form)
    drafts.save(tx, task_id, forms.changed_rows(form, raw, change) if change else raw)


def _keep_if_possible(task_id: str) -> None:
    """Whatever validation says, what was typed is kept; where it cannot be, the page has it."""
    with suppress(EngineError):
        engine().transact(lambda tx: _keep(tx, task_id), current_actor())


def _task(tx: Transaction, task_id: str) -> UserTask:
    task = user_tasks.get(tx, task_id)
    tx.authorise("read", task)
    return task


def _form(tx: Transaction, task: UserTask) -> tuple[Form, dict[str, Any]]:
    """The form, and what it may refer to: the variables of the user task, and the units to choose from.

    A user task without a form has nothing to fill in, and is completed as it is.
    """
    choices = [{"value": unit.code, "label": unit.name} for unit in units.find(tx)]
    form = Form("", ()) if task.form_key is None else tx.library.form(task.form_key)
    return form, {**submissions.prefill(tx, task.id), "units": choices}


def _task_and_form(tx: Transaction, task_id: str) -> tuple[UserTask, Form, dict[str, Any]]:
    task = _task(tx, task_id)
    return task, *_form(tx, task)


def _open(task_id: str) -> Sheet:
    """Everything for the page. To open a case is written down, so this is a transaction that writes."""

    def work(tx: Transaction) -> Sheet:
        task, form, variables = _task_and_form(tx, task_id)
        file = case_files.read(tx, task.business_key, "handling")
        return Sheet(task, form, variables, drafts.find(tx, task_id), file, labels.load(tx))

    return engine().transact(work, current_actor())


def _page(sheet: Sheet, raw: forms.Raw | None = None, wrong: forms.Errors | None = None, late: str = "") -> str:
    task, actor = sheet.task, current_actor()
    filled = raw or (sheet.draft.values if sheet.draft is not None else forms.fill(sheet.form, sheet.variables))
    may = {action for action in ("claim", "complete", "release") if permissions.decide(actor, action, task)}
    is_open = task.status == user_tasks.OPEN and not task.is_suspended
    return render_template(
        "user_tasks/show.html",
        task=task,
        file=sheet.file,
        labels=sheet.labels,
        draft=sheet.draft,
        widgets=forms.widgets(sheet.form, filled, sheet.variables, wrong or {}),
        problems=forms.problems(sheet.form, wrong or {}),
        typed=forms.typed(sheet.form, raw) if late and raw else (),
        standing=late or _standing(task, actor, sheet.labels),
        is_late=bool(late),
        may_claim="claim" in may and is_open and task.assignee is None,
        may_fill="complete" in may and is_open and task.assignee == actor.id,
        may_release="release" in may and is_open and task.assignee is not None,
        back=_queue(),
    )


def _standing(task: UserTask, actor: Actor, words: Labels) -> str:
    if task.status == user_tasks.COMPLETED:
        return f"{words.person(task.ended_by)} has completed this."
    if task.status == user_tasks.CANCELLED:
        return f"There is nothing left to do here: {task.reason or 'its activity has ended'}."
    if task.is_suspended:
        return "The case is suspended for now: nothing can be done here until a supervisor resumes it."
    if task.assignee is None:
        return "Nobody has claimed this yet."
    if task.assignee != actor.id:
        return f"{words.person(task.assignee)} has claimed this."
    return ""
