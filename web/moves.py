"""Versions of processes: to suspend and resume them, and to move running cases to another; and batches, which do it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required

from engine import batches, deployments, instances, migration, suspension
from engine.core.model import Element, JobSpec, ProcessModel, TimerDefinition, UserTaskSpec
from engine.deployments import Definition
from engine.errors import InvalidInput, InvalidState, NotFound, count
from engine.instances import InstanceQuery
from engine.migration import Check, Plan, RunningQuery
from engine.store.database import Transaction
from web import errors
from web.auth import current_actor
from web.current import engine
from web.designer import KINDS
from web.forms import whole_number
from workflows import permissions

blueprint = Blueprint("moves", __name__, url_prefix="/supervision")

PAGE = 50
MOST = 200
"""Cases that are checked and listed on one page; a batch takes as many as there are."""


# Versions


@dataclass(frozen=True, slots=True)
class Version:
    definition: Definition
    running: int


@blueprint.get("/processes")
@login_required
def processes() -> ResponseReturnValue:
    """Every version that cases run by, or that new ones would."""
    return _processes("")


@blueprint.post("/processes/<key>/<int:version>/<any(suspend, resume):verb>")
@login_required
def steer_version(key: str, version: int, verb: str) -> ResponseReturnValue:
    """Let a version start no case, or again; and its running cases with it, where that is ticked."""
    definition_id, reason = f"{key}:{version}", request.form.get("reason", "")

    def work(tx: Transaction) -> int | None:
        if verb == "suspend":
            suspension.suspend_definition(tx, definition_id, reason)
        else:
            suspension.resume_definition(tx, definition_id, reason)
        cases = InstanceQuery(definition_id=definition_id, status=_MOVING[verb])
        if "cases" not in request.form or not instances.search(tx, cases):
            return None
        return batches.create(tx, verb, cases, reason).id

    try:
        batch_id = engine().transact(work, current_actor())
    except (InvalidInput, InvalidState) as refused:
        return _processes(str(refused)), errors.INVALID
    what = "starts no case from now on" if verb == "suspend" else "starts cases again"
    flash(f"Version {version} of {key} {what}.")
    return redirect(url_for("moves.processes" if batch_id is None else "moves.batch", batch_id=batch_id))


_MOVING = {"suspend": instances.ACTIVE, "resume": instances.SUSPENDED}
"""Which of its cases are to do what a version does. Those that only call it are others' cases."""


def _processes(problem: str) -> str:
    def work(tx: Transaction) -> list[Version]:
        tx.authorise("list", "batches")
        newest = {latest.id: latest.key for latest in deployments.list_definitions(tx)}
        every = [each for key in newest.values() for each in deployments.versions(tx, key)]
        counts = deployments.running(tx, [each.id for each in every])
        return [
            Version(each, counts[each.id])
            for each in every
            if counts[each.id] or each.id in newest or each.suspended_at is not None
        ]

    return render_template(
        "repairs/processes.html",
        versions=engine().read(work, current_actor()),
        with_cases=permissions.decide(current_actor(), "run", "batch:suspend"),
        problem=problem,
        reason=request.form.get("reason", ""),
    )


# Moving cases


@dataclass(frozen=True, slots=True)
class Line:
    """An element of the old version, and what may take its place."""

    id: str
    label: str
    taken: str
    choices: tuple[tuple[str, str], ...]
    can_be_renewed: bool
    is_renewed: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    source: Definition
    targets: tuple[Definition, ...]
    plan: Plan | None = None
    lines: tuple[Line, ...] = ()
    numbers: Mapping[int, str] | None = None
    more: bool = False
    check: Check | None = None


@blueprint.get("/processes/<key>/<int:version>/move")
@login_required
def move(key: str, version: int) -> ResponseReturnValue:
    """Choose a version, and see which element is proposed for which."""
    sheet = engine().read(lambda tx: _sheet(tx, f"{key}:{version}", request.args.get("to", ""), None), current_actor())
    return _move_page(sheet, [], [])


@blueprint.post("/processes/<key>/<int:version>/move")
@login_required
def carry_out(key: str, version: int) -> ResponseReturnValue:
    """Check the plan against every case that was chosen, or have it carried out."""
    source, target = f"{key}:{version}", request.form.get("to", "")
    elements = {name[4:]: value for name, value in request.form.items() if name.startswith("map-") and value}
    plan = Plan(source, target, elements, frozenset(request.form.getlist("renew")))
    chosen = [number for number in map(whole_number, request.form.getlist("case")) if number is not None]
    if request.form.get("_do") != "run":
        return _move_page(engine().read(lambda tx: _sheet(tx, source, target, plan), current_actor()), chosen, [])

    def work(tx: Transaction) -> int:
        wanted = RunningQuery(source) if request.form.get("which") == "all" else chosen
        found = migration.check(tx, plan, [])
        if found.of_plan:
            raise InvalidInput("Expected a plan that fits, but: " + " ".join(found.of_plan))
        reason = request.form.get("reason", "")
        return batches.create(tx, "migrate", wanted, reason, batches.parameters_of(plan)).id

    try:
        batch_id = engine().transact(work, current_actor())
    except InvalidInput as refused:
        sheet = engine().read(lambda tx: _sheet(tx, source, target, plan), current_actor())
        return _move_page(sheet, chosen, [str(refused)]), errors.INVALID
    return redirect(url_for("moves.batch", batch_id=batch_id))


def _sheet(tx: Transaction, source_id: str, target_id: str, plan: Plan | None) -> Sheet:
    """With a plan, that is what is shown and checked; else the one that is proposed."""
    tx.authorise("plan", "migration")
    source = deployments.definition(tx, source_id)
    targets = tuple(each for each in deployments.versions(tx, source.key) if each.id != source_id)
    if not target_id:
        return Sheet(source, targets)
    shown = migration.propose(tx, source_id, target_id) if plan is None else plan
    found = migration.running(tx, RunningQuery(source_id, limit=MOST + 1))
    numbers = {each: instances.get(tx, each).business_key for each in found[:MOST]}
    check = None if plan is None else migration.check(tx, plan, numbers)
    lines = _lines(deployments.model(tx, source_id), deployments.model(tx, target_id), shown)
    return Sheet(source, targets, replace(shown, target=target_id), lines, numbers, len(found) > MOST, check)


def _lines(source: ProcessModel, target: ProcessModel, plan: Plan) -> tuple[Line, ...]:
    """Those without a counterpart first."""
    by_kind: dict[str, list[tuple[str, str]]] = {}
    for element in target.elements.values():
        by_kind.setdefault(element.kind, []).append((element.id, _label(element)))
    lines = [
        Line(
            element.id,
            _label(element),
            plan.elements.get(element.id, ""),
            tuple(by_kind.get(element.kind, ())),
            _can_be_renewed(element),
            element.id in plan.renewed,
        )
        for element in source.elements.values()
        if element.kind != "process"
    ]
    return tuple(sorted(lines, key=lambda line: bool(line.taken)))


def _label(element: Element) -> str:
    kind = KINDS.get(element.kind, element.kind).lower()
    return f"{element.name} ({kind}, {element.id})" if element.name else f"{element.id} ({kind})"


def _can_be_renewed(element: Element) -> bool:
    is_timed = any(isinstance(each, TimerDefinition) for each in element.triggers)
    return is_timed or isinstance(element.spec, UserTaskSpec | JobSpec)


def _move_page(sheet: Sheet, chosen: list[int], problems: list[str]) -> str:
    reason = request.form.get("reason", "")
    found = [("plan" if reason.strip() else "reason", message) for message in problems]
    if sheet.check is not None:
        found += [("plan", message) for message in sheet.check.of_plan]
        if blocked := len(sheet.check.of_instances):
            found.append(("cases", f"{count(blocked, 'case')} cannot be moved so. What is in the way is beside each."))
    return render_template(
        "repairs/move.html",
        sheet=sheet,
        chosen=chosen or list(sheet.numbers or ()),
        reason=reason,
        which=request.form.get("which", "some"),
        problems=[{"target": target, "message": message} for target, message in found],
    )


# Batches


@blueprint.get("/batches")
@login_required
def batch_list() -> ResponseReturnValue:
    """What was done to many at once, the newest first."""
    before = whole_number(request.args.get("before", ""))
    found = engine().read(lambda tx: batches.find(tx, before=before, limit=PAGE + 1), current_actor())
    more = url_for("moves.batch_list", before=found[PAGE - 1].id) if len(found) > PAGE else ""
    return render_template("repairs/batches.html", found=found[:PAGE], more=more, names=_NAMES)


@blueprint.get("/batches/<int:batch_id>")
@login_required
def batch(batch_id: int) -> ResponseReturnValue:
    """How far a batch is, and what could not be done."""
    after = whole_number(request.args.get("after", "")) or 0

    def work(tx: Transaction) -> tuple[batches.Batch, list[tuple[batches.Item, str]]]:
        failed = batches.items(tx, batch_id, status=batches.FAILED, after=after, limit=PAGE + 1)
        return batches.get(tx, batch_id), [(item, _number_of(tx, item)) for item in failed]

    found, failed = engine().read(work, current_actor())
    more = url_for("moves.batch", batch_id=batch_id, after=failed[PAGE - 1][0].place) if len(failed) > PAGE else ""
    may_steer = permissions.decide(current_actor(), "steer", found)
    return render_template(
        "repairs/batch.html",
        batch=found,
        about=_about(found),
        failed=failed[:PAGE],
        more=more,
        may_steer=may_steer,
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


@blueprint.post("/batches/<int:batch_id>/<any(pause, resume, cancel, retry_failed):verb>")
@login_required
def steer_batch(batch_id: int, verb: str) -> ResponseReturnValue:
    """Pause a batch, let it go on, end it, or do once more what failed."""
    try:
        engine().transact(lambda tx: _STEERING[verb](tx, batch_id), current_actor())
    except InvalidState as late:
        flash(str(late), "error")
    return redirect(url_for("moves.batch", batch_id=batch_id))
