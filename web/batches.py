"""Batches: what is done to many at once, how far it is, and what could not be done."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required

from engine import batches, instances
from engine.errors import InvalidInput, InvalidState, NotFound
from engine.store.database import Transaction
from web.auth import current_actor
from web.current import engine
from web.forms import whole_number
from workflows import permissions

PAGE = 50

blueprint = Blueprint("batches", __name__, url_prefix="/supervision/batches")


@blueprint.get("/")
@login_required
def index() -> ResponseReturnValue:
    """What was done to many at once, the newest first."""
    before = whole_number(request.args.get("before", ""))
    found = engine().read(lambda tx: batches.find(tx, before=before, limit=PAGE + 1), current_actor())
    more = url_for("batches.index", before=found[PAGE - 1].id) if len(found) > PAGE else ""
    return render_template("repairs/batches.html", found=found[:PAGE], more=more, names=_NAMES)


@blueprint.get("/<int:batch_id>")
@login_required
def show(batch_id: int) -> ResponseReturnValue:
    """How far a batch is, and what could not be done."""
    after = whole_number(request.args.get("after", "")) or 0

    def work(tx: Transaction) -> tuple[batches.Batch, list[tuple[batches.Item, str]]]:
        failed = batches.items(tx, batch_id, status=batches.FAILED, after=after, limit=PAGE + 1)
        return batches.get(tx, batch_id), [(item, _number_of(tx, item)) for item in failed]

    found, failed = engine().read(work, current_actor())
    more = url_for("batches.show", batch_id=batch_id, after=failed[PAGE - 1][0].place) if len(failed) > PAGE else ""
    may_steer = permissions.decide(current_actor(), "steer", found)
    return render_template(
        "repairs/batch.html",
        batch=found,
        about=_about(found),
        failed=failed[:PAGE],
        more=more,
        may_steer=may_steer,
        may_move=permissions.decide(current_actor(), "run", "batch:migrate"),
        names=_NAMES,
    )


def _about(batch: batches.Batch) -> list[tuple[str, str]]:
    """What is the same for all: the versions, the values."""
    given = batch.parameters
    found = [(label, given[name]) for name, label in (("source", "From"), ("target", "To")) if name in given]
    if given.get("variables"):
        found.append(("Values to set", json.dumps(given["variables"], ensure_ascii=False)))
    return found


_NAMES = {
    "suspend": "Suspend cases",
    "resume": "Resume cases",
    "cancel": "Cancel cases",
    "migrate": "Move cases to another version",
    "rehearse": "Try out moving cases to another version",
    "modify": "Repair cases",
    "set variables": "Set values of cases",
    "retry incident": "Try incidents again",
    "skip incident": "Take incidents for done",
    "cancel incident": "Cancel what incidents stopped",
}
"""What a batch does, by its operation."""


def _number_of(tx: Transaction, item: batches.Item) -> str:
    """The number of the case that an item is about, an instance or an incident of one; "" where it is gone."""
    instance_id = whole_number(item.target.partition("-")[0])
    try:
        return "" if instance_id is None else instances.get(tx, instance_id).business_key
    except NotFound:
        return ""


_STEERING: Mapping[str, Callable[[Transaction, int], None]] = {
    "pause": batches.pause,
    "resume": batches.resume,
    "cancel": batches.cancel,
    "retry_failed": batches.retry_failed,
}


@blueprint.post("/<int:batch_id>/<any(pause, resume, cancel, retry_failed):verb>")
@login_required
def steer(batch_id: int, verb: str) -> ResponseReturnValue:
    """Pause a batch, let it go on, end it, or do once more what failed."""
    try:
        engine().transact(lambda tx: _STEERING[verb](tx, batch_id), current_actor())
    except InvalidState as late:
        flash(str(late), "error")
    return redirect(url_for("batches.show", batch_id=batch_id))


@blueprint.post("/<int:batch_id>/move")
@login_required
def move(batch_id: int) -> ResponseReturnValue:
    """Move the cases that nothing was in the way of when it was tried out."""

    def work(tx: Transaction) -> int:
        tried = batches.get(tx, batch_id)
        if (tried.operation, tried.status) != ("rehearse", batches.DONE):
            raise InvalidState("batch", batch_id, "move the cases of", f"is {tried.operation}, {tried.status}")
        targets = batches.ItemQuery(batch_id, batches.DONE)
        return batches.create(tx, "migrate", targets, request.form.get("reason", ""), tried.parameters).id

    try:
        moving = engine().transact(work, current_actor())
    except (InvalidInput, InvalidState) as refused:
        flash(str(refused), "error")
        moving = batch_id
    return redirect(url_for("batches.show", batch_id=moving))
