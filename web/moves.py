"""Versions of processes: to suspend and resume them, and to move running cases to another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required

from engine import batches, deployments, instances, migration, suspension
from engine.core.model import Element, JobSpec, ProcessModel, TimerDefinition, UserTaskSpec
from engine.deployments import Definition
from engine.errors import InvalidInput, InvalidState, count
from engine.migration import Check, Plan, RunningQuery
from engine.store.database import Transaction
from web import errors
from web.auth import current_actor
from web.current import engine
from web.designer import KINDS
from web.forms import whole_number
from workflows import permissions
from workflows.time.calendars import begin_of

blueprint = Blueprint("moves", __name__, url_prefix="/supervision")

MOST = 200
"""Cases that are checked and listed on one page; a batch takes as many as there are."""

MOST_NUMBERS = 1_000
"""Numbers of cases that one may ask for."""


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
    """Let a version start no case, or again. The cases in it go on as they are."""
    definition_id, reason = f"{key}:{version}", request.form.get("reason", "")
    steer = suspension.suspend_definition if verb == "suspend" else suspension.resume_definition
    try:
        engine().transact(lambda tx: steer(tx, definition_id, reason), current_actor())
    except (InvalidInput, InvalidState) as refused:
        return _processes(str(refused)), errors.INVALID
    what = "starts no case from now on" if verb == "suspend" else "starts cases again"
    flash(f"Version {version} of {key} {what}.")
    return redirect(url_for("moves.processes"))


@blueprint.post("/processes/<key>/<int:version>/cases/<any(suspend, resume):verb>")
@login_required
def steer_cases(key: str, version: int, verb: str) -> ResponseReturnValue:
    """Have all cases in a version stand still, each as a whole, or those that do go on: a batch."""
    cases = RunningQuery(f"{key}:{version}", status=_MOVING[verb], limit=1)

    def work(tx: Transaction) -> int:
        if not migration.running(tx, cases):
            raise InvalidInput(f"Expected a case in version {version} of {key} to {verb}, but there is none.")
        return batches.create(tx, verb, cases, request.form.get("reason", "")).id

    try:
        batch_id = engine().transact(work, current_actor())
    except InvalidInput as refused:
        return _processes(str(refused)), errors.INVALID
    return redirect(url_for("batches.show", batch_id=batch_id))


_MOVING = {"suspend": instances.ACTIVE, "resume": instances.SUSPENDED}
"""How the cases stand that can do this."""


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
class Filter:
    """Which cases are meant, as it was typed; "" leaves out none."""

    element: str = ""
    numbers: str = ""
    began_from: str = ""
    began_until: str = ""

    def read(self, source: str) -> tuple[RunningQuery, list[tuple[str, str]]]:
        """The query, and what is wrong by its field: that then leaves out none."""
        numbers = tuple(dict.fromkeys(re.split(r"[\s,;]+", self.numbers.strip()))) if self.numbers.strip() else None
        problems = []
        if numbers is not None and len(numbers) > MOST_NUMBERS:
            problems.append(("numbers", f"Expected at most {MOST_NUMBERS:,} numbers, but there are {len(numbers):,}."))
            numbers = None
        days: dict[str, date | None] = {}
        for name, text in (("began_from", self.began_from), ("began_until", self.began_until)):
            days[name] = _day(text)
            if text and days[name] is None:
                problems.append((name, f"Expected a day such as 2026-03-02, but found '{text[:20]}'."))
        first, last = days["began_from"], days["began_until"]
        query = RunningQuery(
            source,
            element_id=self.element or None,
            business_keys=numbers,
            started_from=None if first is None else begin_of(first),
            started_before=None if last is None else begin_of(last + timedelta(days=1)),
            limit=MOST + 1,
        )
        return query, problems


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1900 <= day.year < 3000 else None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The plan, and the cases on this page of those that are meant: `number` in all, from behind instance `after` on,
    those behind `more` not shown.
    """

    source: Definition
    targets: tuple[Definition, ...]
    plan: Plan | None = None
    lines: tuple[Line, ...] = ()
    places: tuple[tuple[str, str], ...] = ()
    numbers: Mapping[int, str] | None = None
    number: int = 0
    after: int = 0
    more: int | None = None
    check: Check | None = None


@blueprint.get("/processes/<key>/<int:version>/move")
@login_required
def move(key: str, version: int) -> ResponseReturnValue:
    """Choose a version, and see which element is proposed for which."""
    query = RunningQuery(f"{key}:{version}", limit=MOST + 1)
    sheet = engine().read(lambda tx: _sheet(tx, query, request.args.get("to", ""), None), current_actor())
    return _move_page(sheet, Filter(), [])


@blueprint.post("/processes/<key>/<int:version>/move")
@login_required
def carry_out(key: str, version: int) -> ResponseReturnValue:
    """Check the plan against the cases that are listed, or have it tried out or carried out by a batch."""
    source, target = f"{key}:{version}", request.form.get("to", "")
    elements = {name[4:]: value for name, value in request.form.items() if name.startswith("map-") and value}
    plan = Plan(source, target, elements, frozenset(request.form.getlist("renew")))
    wanted = Filter(**{name: request.form.get(name, "").strip() for name in Filter.__slots__})
    query, problems = wanted.read(source)
    operation = _OPERATIONS.get(request.form.get("_do", ""))
    if operation is not None and not problems:
        try:
            return _begin(operation, plan, query)
        except InvalidInput as refused:
            field = "reason" if not request.form.get("reason", "").strip() else "plan"
            problems = [(field, str(refused))]
    after = request.form.get("after", request.form.get("from", "") if operation else "")
    query = replace(query, after=whole_number(after) or 0)
    sheet = engine().read(lambda tx: _sheet(tx, query, target, plan), current_actor())
    return _move_page(sheet, wanted, problems), errors.INVALID if problems else 200


_OPERATIONS = {"run": "migrate", "rehearse": "rehearse"}


def _begin(operation: str, plan: Plan, query: RunningQuery) -> ResponseReturnValue:
    def work(tx: Transaction) -> int:
        found = migration.check(tx, plan, [])
        if found.of_plan:
            raise InvalidInput("Expected a plan that fits, but: " + " ".join(found.of_plan))
        targets = query if request.form.get("which") == "all" else request.form.getlist("case")
        reason = request.form.get("reason", "")
        return batches.create(tx, operation, targets, reason, batches.parameters_of(plan)).id

    return redirect(url_for("batches.show", batch_id=engine().transact(work, current_actor())))


def _sheet(tx: Transaction, query: RunningQuery, target_id: str, plan: Plan | None) -> Sheet:
    """With a plan, that is what is shown and checked; else the one that is proposed."""
    tx.authorise("plan", "migration")
    source = deployments.definition(tx, query.definition_id)
    targets = tuple(each for each in deployments.versions(tx, source.key) if each.id != source.id)
    if not target_id:
        return Sheet(source, targets)
    shown = migration.propose(tx, source.id, target_id) if plan is None else plan
    found = migration.running(tx, query)
    numbers = {each: instances.get(tx, each).business_key for each in found[:MOST]}
    model = deployments.model(tx, source.id)
    return Sheet(
        source,
        targets,
        replace(shown, target=target_id),
        _lines(model, deployments.model(tx, target_id), shown),
        tuple((each.id, _label(each)) for each in model.elements.values() if each.kind != "process"),
        numbers,
        migration.count(tx, query),
        query.after,
        found[MOST - 1] if len(found) > MOST else None,
        None if plan is None else migration.check(tx, plan, numbers),
    )


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


def _move_page(sheet: Sheet, wanted: Filter, problems: list[tuple[str, str]]) -> str:
    if sheet.check is not None:
        problems = [*problems, *(("plan", message) for message in sheet.check.of_plan)]
        if blocked := len(sheet.check.of_instances):
            what = f"{count(blocked, 'case')} cannot be moved so. What is in the way is beside each."
            problems = [*problems, ("cases", what)]
    listed, ticked = request.form.getlist("listed"), request.form.getlist("case")
    return render_template(
        "repairs/move.html",
        sheet=sheet,
        filter=wanted,
        ticked=[each for each in sheet.numbers or () if str(each) in ticked or str(each) not in listed],
        reason=request.form.get("reason", ""),
        which=request.form.get("which", "some"),
        problems=[{"target": target, "message": message} for target, message in problems],
    )
