"""The designer's pages: what is deployed, the drawing board, what is wrong with a diagram, and its next version."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required
from werkzeug.datastructures import FileStorage

from engine import deployments, references
from engine.core.model import Element, ProcessModel
from engine.deployments import Definition, Deployment
from engine.errors import InvalidDefinition, InvalidInput, Problem
from engine.store.database import Transaction
from web import errors
from web.auth import current_actor
from web.current import engine
from workflows import permissions

blueprint = Blueprint("designer", __name__, url_prefix="/designer")

DIAGRAMS = (".bpmn", ".xml")

KINDS: Mapping[str, str] = {
    "startEvent": "Start",
    "endEvent": "End",
    "intermediateCatchEvent": "Intermediate event",
    "intermediateThrowEvent": "Throwing event",
    "boundaryEvent": "Boundary event",
    "task": "Task",
    "userTask": "User task",
    "serviceTask": "Service task",
    "sendTask": "Send a message",
    "receiveTask": "Wait for a message",
    "scriptTask": "Script",
    "businessRuleTask": "Decision table",
    "manualTask": "Manual task",
    "callActivity": "Call activity",
    "subProcess": "Sub-process",
    "transaction": "Transaction",
    "adHocSubProcess": "Ad hoc sub-process",
    "exclusiveGateway": "Exclusive gateway",
    "inclusiveGateway": "Inclusive gateway",
    "complexGateway": "Complex gateway",
    "parallelGateway": "Parallel gateway",
    "eventBasedGateway": "Event-based gateway",
}
"""What the kinds of elements are called on pages; the drawing board's table says the same (steps.js)."""


@dataclass(frozen=True, slots=True)
class Row:
    """A version of a process, and how many cases are in it now, and in the versions before it."""

    definition: Definition
    running: int
    earlier: int


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the table that says what the picture says."""

    id: str
    name: str
    kind: str
    goes_on_to: tuple[str, ...]


@blueprint.get("/")
@login_required
def index() -> ResponseReturnValue:
    """The newest version of every process."""
    rows = engine().read(lambda tx: _rows(tx, deployments.list_definitions(_reader(tx))), current_actor())
    return render_template("designer/index.html", rows=rows, may_draw=_may_draw())


@blueprint.get("/<key>/<int:version>")
@login_required
def show(key: str, version: int) -> ResponseReturnValue:
    """One version: its drawing, its steps, and the versions beside it."""

    def work(tx: Transaction) -> tuple[Definition, list[Row], list[Step]]:
        definition = deployments.definition(_reader(tx), f"{key}:{version}")
        model = deployments.model(tx, definition.id)
        return definition, _rows(tx, deployments.versions(tx, key)), _steps(model)

    definition, versions, steps = engine().read(work, current_actor())
    return render_template(
        "designer/show.html", definition=definition, versions=versions, steps=steps, may_draw=_may_draw()
    )


@blueprint.get("/<key>/<int:version>/source")
@login_required
def source(key: str, version: int) -> ResponseReturnValue:
    """The file as it was deployed."""
    xml = engine().read(lambda tx: deployments.source(_reader(tx), f"{key}:{version}"), current_actor())
    # As text, so that a browser shows it and never runs what an XML file may ask for.
    return Response(xml, content_type="text/plain; charset=utf-8")


@blueprint.get("/<key>/<int:version>/edit")
@login_required
def edit(key: str, version: int) -> ResponseReturnValue:
    """The drawing board with a deployed version on it."""

    def work(tx: Transaction) -> tuple[Definition, Definition, int]:
        definition = deployments.definition(_drawer(tx), f"{key}:{version}")
        running = sum(row.running for row in _rows(tx, deployments.versions(tx, key)))
        return definition, deployments.latest(tx, key), running

    definition, latest, running = engine().read(work, current_actor())
    return _board(
        f"{definition.name}, from version {version}",
        definition.resource,
        key=definition.id,
        seen=latest.id,
        running=running,
        source=url_for("designer.source", key=key, version=version),
    )


@blueprint.get("/new")
@login_required
def new() -> ResponseReturnValue:
    """The drawing board with a start and nothing else."""
    engine().read(_drawer, current_actor())
    return _board(
        "New diagram",
        "diagram.bpmn",
        key="new",
        xml=render_template("designer/new.bpmn", key=f"process-{secrets.token_hex(4)}"),
    )


@blueprint.post("/open")
@login_required
def open_file() -> ResponseReturnValue:
    """A diagram goes to the drawing board; a decision table or a form is checked and deployed."""
    engine().read(_drawer, current_actor())
    name, content = _uploaded(request.files.get("file"))
    try:
        if PurePath(name).suffix.lower() in DIAGRAMS:
            return _board(name, _diagram_name(name), key=f"file:{name}", xml=_text(name, content))
        deployment = _deploy({name: content})
    except InvalidDefinition as error:
        return render_template("designer/problems.html", error=error), errors.INVALID
    _tell(deployment)
    return redirect(url_for("designer.index"))


@blueprint.post("/check")
@login_required
def check() -> ResponseReturnValue:
    """What would keep the diagram in the request's body from being deployed, or from running on; as JSON."""
    name, content = "diagram.bpmn", request.get_data()
    engine().read(_drawer, current_actor())
    try:
        models = deployments.prepare({name: content}, engine().functions).models
    except InvalidDefinition as error:
        return jsonify(problems=_as_json(error.problems), hints=[])
    hints = engine().read(lambda tx: references.missing(tx, models), current_actor())
    return jsonify(problems=[], hints=_as_json(hints))


@blueprint.post("/deploy")
@login_required
def deploy() -> ResponseReturnValue:
    """Deploy the diagram as the next version; says where to go on, or what is wrong.

    `seen` are the versions that this designer knows of. Where another one would be followed by this diagram, nothing
    is deployed, and the answer says so: the designer decides.
    """
    engine().read(_drawer, current_actor())
    name, content = _uploaded(request.files.get("file"))
    seen = frozenset(request.form.get("seen", "").split())
    try:
        deployment = _deploy({_diagram_name(name): content}, seen)
    except InvalidDefinition as error:
        return jsonify(problems=_as_json(error.problems))
    except _Unseen as unseen:
        return jsonify(newer=unseen.question, seen=" ".join(sorted({*seen, *unseen.ids})))
    _tell(deployment)
    first = deployment.definitions[0]
    return jsonify(location=url_for("designer.show", key=first.key, version=first.version))


def _reader(tx: Transaction) -> Transaction:
    tx.authorise("read", "definition")
    return tx


def _may_draw() -> bool:
    """Whether the pages offer what only designers may do."""
    return permissions.decide(current_actor(), "deploy", "deployment")


def _drawer(tx: Transaction) -> Transaction:
    tx.authorise("deploy", "deployment")
    return tx


def _rows(tx: Transaction, definitions: list[Definition]) -> list[Row]:
    every = {one.id: [f"{one.key}:{version}" for version in range(1, one.version)] for one in definitions}
    running = deployments.running(tx, {*every, *(id for before in every.values() for id in before)})
    return [Row(one, running[one.id], sum(running[id] for id in every[one.id])) for one in definitions]


def _steps(model: ProcessModel) -> list[Step]:
    return [_step(model, element) for element in model.elements.values() if element.kind in KINDS]


def _step(model: ProcessModel, element: Element) -> Step:
    targets = [model.elements[flow.target] for flow in element.outgoing]
    following = tuple(target.name or target.id for target in targets)
    return Step(element.id, element.name, KINDS[element.kind], following)


def _board(title: str, name: str, *, key: str, running: int = 0, **data: str) -> str:
    board = {
        "name": name,
        "key": key,
        "check": url_for("designer.check"),
        "deploy": url_for("designer.deploy"),
        **data,
    }
    return render_template("designer/edit.html", title=title, running=running, board=board)


def _uploaded(file: FileStorage | None) -> tuple[str, bytes]:
    name = PurePath(file.filename or "").name if file is not None else ""
    if file is None or not name:
        raise InvalidInput("Expected a file, but none was chosen.")
    return name, file.read()


def _diagram_name(name: str) -> str:
    return PurePath(name).with_suffix(".bpmn").name


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidDefinition(name, [Problem(None, line, "This is not UTF-8 text.", "Save it as UTF-8.")]) from error


class _Unseen(Exception):
    """The diagram would follow versions that its designer does not know of; takes the deployment back."""

    def __init__(self, versions: Sequence[Definition], seen: Collection[str]) -> None:
        self.ids = [version.id for version in versions]
        known = {definition_id.partition(":")[0] for definition_id in seen}
        told = [_said(version, version.key in known) for version in versions]
        super().__init__(" ".join(told))
        self.question = f"{self} Deploy yours as the next version?"


def _said(version: Definition, was_open: bool) -> str:
    if was_open:
        return f"Version {version.version} was deployed by {version.deployed_by} after you opened this diagram."
    return f"“{version.name}” is deployed already, as version {version.version} of {version.key}."


def _deploy(files: Mapping[str, bytes], seen: Collection[str] | None = None) -> Deployment:
    """Deploy the files, where `seen` is given only on top of these versions."""
    prepared = deployments.prepare(files, engine().functions)

    def work(tx: Transaction) -> Deployment:
        deployment = deployments.deploy(tx, prepared)
        if seen is not None:
            new = [definition for definition in deployment.definitions if definition.id in deployment.new]
            unseen = [version for version in _before(tx, new) if version.id not in seen]
            if unseen:
                raise _Unseen(unseen, seen)
        return deployment

    return engine().transact(work, current_actor())


def _before(tx: Transaction, definitions: Sequence[Definition]) -> list[Definition]:
    """The versions that these follow."""
    ids = [f"{each.key}:{each.version - 1}" for each in definitions if each.version > 1]
    return [deployments.definition(tx, definition_id) for definition_id in ids]


def _tell(deployment: Deployment) -> None:
    for definition in deployment.definitions:
        if definition.id in deployment.new:
            flash(f"{definition.name} is deployed as version {definition.version}.")
        else:
            flash(f"Nothing has changed in {definition.name}: version {definition.version} stays.")


def _as_json(problems: Sequence[Problem]) -> list[dict[str, str | int | None]]:
    return [
        {"element": problem.element_id, "line": problem.line, "wrong": problem.wrong, "right": problem.right}
        for problem in problems
    ]
