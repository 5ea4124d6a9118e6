"""What a diagram names and is not there: handlers, forms, decision tables, called processes.

It may be deployed all the same, since the rest may follow; an instance that comes to it would stop there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from engine.core.expressions import Expression
from engine.core.model import CallSpec, DecisionSpec, Element, JobSpec, ProcessModel, UserTaskSpec
from engine.errors import NotFound, Problem
from engine.store.database import Transaction


def missing(tx: Transaction, models: Collection[ProcessModel]) -> list[Problem]:
    """Every element of these processes that names what is not there; a name worked out at run time is not looked at."""
    own = {model.key for model in models}
    found = []
    for element in (element for model in models for element in model.elements.values()):
        for kind, key, right in _named(element):
            if not (kind == "process" and key in own) and not _exists(tx, kind, key):
                wrong = f"The {kind} '{key}' that it names is not there."
                found.append(Problem(element.id, element.line, wrong, right))
    return found


def _named(element: Element) -> Iterator[tuple[str, str, str]]:
    """Kind and key of what the element names, and what would be right."""
    match element.spec:
        case UserTaskSpec(form_key=str(key)) if key:
            yield "form", key, "Deploy the form first, or choose another."
        case JobSpec(topic=topic) if topic.constant:
            yield "handler", _text(topic), "Choose a topic that has a handler."
        case DecisionSpec(decision=decision) if decision.constant:
            yield "decision", _text(decision), "Deploy the decision table first, or choose another."
        case CallSpec(process=process) if process.constant:
            yield "process", _text(process), "Deploy the called process first, or choose another."


def _text(expression: Expression) -> str:
    return str(expression.evaluate({}, {}))


def _exists(tx: Transaction, kind: str, key: str) -> bool:
    if kind == "handler":
        return key in tx.engine.handlers
    try:
        tx.library.latest(kind, key)
    except NotFound:
        return False
    return True
