"""Repairs of one case: where it stands; to suspend, resume and cancel it; to take tokens away and put others down."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required

from engine import deployments, instances, modification, suspension
from engine.core.commands import CancelToken, Instruction, StartBefore, StartOn, WriteVariables
from engine.core.model import Element, MultiInstance, ProcessModel
from engine.core.state import ROOT, State, Token
from engine.errors import InvalidChange, InvalidInput, InvalidState
from engine.instances import Instance
from engine.store.database import Transaction
from web import errors
from web.auth import current_actor
from web.current import engine
from web.designer import KINDS
from web.forms import whole_number

blueprint = Blueprint("repairs", __name__, url_prefix="/supervision/cases/<number>/repair")

FIELDS = ("start", "flow", "scope", "variables", "reason")


@dataclass(frozen=True, slots=True)
class Standing:
    """A token, or tokens that wait at a gateway (`id` 0), `depth` scopes deep. `scope` is what to call it where a token
    is to be put into it; "" where none can be.
    """

    id: int
    name: str
    element_id: str
    kind: str
    depth: int
    note: str
    scope: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a token can be put: an element, or a flow."""

    id: str
    label: str


Places = Mapping[str, list[Place]]
"""By the name of the process that they are in: processes of one case name their elements alike."""


@dataclass(frozen=True, slots=True)
class Sheet:
    instance: Instance
    standing: tuple[Standing, ...]
    elements: Places
    flows: Places


@blueprint.get("")
@login_required
def show(number: str) -> ResponseReturnValue:
    """Where the case stands, and what can be done about it."""
    return _page(number, {}, [])


@blueprint.post("/<any(suspend, resume, cancel):verb>")
@login_required
def steer(number: str, verb: str) -> ResponseReturnValue:
    """Let the case stand still, go on, or end."""
    reason = request.form.get("reason", "")

    def work(tx: Transaction) -> None:
        _STEERING[verb](tx, instances.find(tx, number).id, reason)

    try:
        engine().transact(work, current_actor())
    except (InvalidInput, InvalidState) as refused:
        return _page(number, {f"{verb}-reason": [reason]}, [(f"{verb}-reason", str(refused))]), errors.INVALID
    flash(_DONE[verb])
    return redirect(url_for("repairs.show", number=number))


_STEERING: Mapping[str, Callable[[Transaction, int, str], None]] = {
    "suspend": suspension.suspend,
    "resume": suspension.resume,
    "cancel": instances.cancel,
}
_DONE = {
    "suspend": "The case is suspended. Nothing in it moves until it is resumed.",
    "resume": "The case goes on. What has become due meanwhile comes now.",
    "cancel": "The case is cancelled.",
}


@blueprint.post("")
@login_required
def modify(number: str) -> ResponseReturnValue:
    """Carry out what was chosen, all of it or nothing."""
    reason = request.form.get("reason", "")
    try:
        wanted = _instructions()
        engine().transact(
            lambda tx: modification.modify(tx, instances.find(tx, number).id, wanted, reason), current_actor()
        )
    except InvalidChange as refused:
        return _page(number, _sent(), [("start", problem) for problem in refused.problems]), errors.INVALID
    except (InvalidInput, InvalidState) as refused:
        return _page(number, _sent(), [("reason", str(refused))]), errors.INVALID
    flash("Done. This is where the case stands now.")
    return redirect(url_for("repairs.show", number=number))


def _sent() -> dict[str, list[str]]:
    return {name: request.form.getlist(name) for name in (*FIELDS, "cancel")}


def _instructions() -> list[Instruction]:
    """What is started comes first: what is taken away then leaves no scope empty that gets something again."""
    scope = whole_number(request.form.get("scope", ""))
    start, flow = request.form.get("start", ""), request.form.get("flow", "")
    variables = _variables(request.form.get("variables", ""))
    wanted: list[Instruction] = []
    if variables and not start:
        wanted.append(WriteVariables(ROOT, variables))
    if start:
        wanted.append(StartBefore(start, scope, variables))
    if flow:
        wanted.append(StartOn(flow, scope))
    wanted.extend(CancelToken(number) for number in map(whole_number, request.form.getlist("cancel")) if number)
    return wanted


def _variables(text: str) -> dict[str, Any]:
    """A line each: a name, an equals sign, and a value."""
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not name.isidentifier():
            raise InvalidInput(f"Expected variables as 'name = value', a line each, but found '{line[:60]}'.")
        found[name] = _value(value)
    return found


def _value(text: str) -> Any:
    """JSON; what does not begin like it is taken as text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        if text.startswith(("{", "[", '"')):
            raise InvalidInput(f"Expected a value in JSON, but found '{text[:60]}'.") from None
        return text


def _page(number: str, sent: Mapping[str, list[str]], problems: list[tuple[str, str]]) -> str:
    sheet = engine().read(lambda tx: _sheet(tx, number), current_actor())
    return render_template(
        "repairs/case.html",
        number=number,
        sheet=sheet,
        sent={name: (values or [""])[0] for name, values in sent.items()},
        cancelled=sent.get("cancel", []),
        problems=[{"target": target, "message": message} for target, message in problems],
    )


def _sheet(tx: Transaction, number: str) -> Sheet:
    instance = instances.find(tx, number)
    tx.authorise("modify", instance)
    state = instances.state(tx, instance.id)
    models = {
        token.id: deployments.model(tx, token.definition_id)
        for token in state.tokens.values()
        if token.definition_id is not None
    }
    named = {_process_name(state, token_id, model): model for token_id, model in models.items()}
    standing = () if state.ended else tuple(_rows(state, models, state.tokens[ROOT]))
    places = {name: _places(model) for name, model in named.items()}
    return Sheet(instance, standing, places, {name: _flows(model) for name, model in named.items()})


def _process_name(state: State, token_id: int, model: ProcessModel) -> str:
    """With its version, which two that are called may differ in."""
    token = state.tokens[token_id]
    version = (token.definition_id or "").rpartition(":")[2]
    return f"{_name(model.elements[token.element_id])}, version {version}"


def _rows(state: State, models: Mapping[int, ProcessModel], token: Token, depth: int = 0) -> list[Standing]:
    elements = models[token.process_id].elements
    element = elements[token.element_id]
    item = _item(state, token, element)
    stuck = "" if token.incident is None else f"Stuck: {token.incident.message}"
    note = ". ".join(filter(None, (item, stuck)))
    scope = _scope(token, element, item, depth)
    rows = [Standing(token.id, _name(element), element.id, _kind(element), depth, note, scope)]
    for gateway, flows in token.arrived.items():
        what = f"waits for others; came by {', '.join(flows)}"
        rows.append(Standing(0, _name(elements[gateway]), gateway, _kind(elements[gateway]), depth + 1, what, ""))
    for child in token.children:
        rows.extend(_rows(state, models, state.tokens[child], depth + 1))
    return rows


def _item(state: State, token: Token, element: Element) -> str:
    """Which of the instances of a loop or multi-instance activity this is, with its item."""
    if token.index is None:
        return ""
    variable = element.loop.element_variable if isinstance(element.loop, MultiInstance) else None
    value = (
        "" if variable is None else f", {variable} = {json.dumps(token.variables.get(variable), ensure_ascii=False)}"
    )
    return f"number {token.index + 1}{value:.60}"


def _scope(token: Token, element: Element, item: str, depth: int) -> str:
    if not token.children and element.kind not in ("process", "subProcess", "transaction", "adHocSubProcess"):
        return ""
    name = "\N{NO-BREAK SPACE}" * 2 * depth + (f"{_name(element)}, {item}" if item else _name(element))
    if token.items is not None and isinstance(element.loop, MultiInstance):
        name = f"{name}: a new one beside its {len(token.children)}"
    return f"{name} (token {token.id})"


def _name(element: Element) -> str:
    return element.name or element.id


def _kind(element: Element) -> str:
    return "Process" if element.kind == "process" else KINDS.get(element.kind, element.kind)


def _places(model: ProcessModel) -> list[Place]:
    """Elements that a token may be put on."""
    found = [
        element
        for element in model.elements.values()
        if element.kind not in ("process", "boundaryEvent")
        and not element.for_compensation
        and not (element.kind == "startEvent" and model.elements[element.scope].triggered_by_event)
    ]
    return [Place(element.id, f"{_name(element)} ({_kind(element).lower()})") for element in found]


def _flows(model: ProcessModel) -> list[Place]:
    names = {element.id: _name(element) for element in model.elements.values()}
    return [Place(flow.id, f"{names[flow.source]} → {names[flow.target]}") for flow in model.flows.values()]
