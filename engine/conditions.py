"""Conditions that start a process (BPMN 2.0, 10.5.2): looked at when somebody says what has come about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine import instances, names, starts
from engine.core.commands import SetVariables
from engine.core.expressions import ExpressionError, MissingValue
from engine.core.model import ConditionDefinition
from engine.core.state import ROOT
from engine.errors import EngineError, ExecutionFailed, InvalidState
from engine.instances import Instance
from engine.starts import Start
from engine.store.database import Transaction
from engine.variables import checked


@dataclass(frozen=True, slots=True)
class Begun:
    """What conditions have begun. `failed` says by definition id what could not be decided, or could not start."""

    started: tuple[Instance, ...]
    failed: Mapping[str, EngineError]


def start_by_condition(tx: Transaction, variables: Mapping[str, Any] | None = None, business_key: str = "") -> Begun:
    """Start every process of which a conditional start event holds for these variables, with them. One that cannot
    start keeps no other from it.

    A condition on a variable that is not among them does not hold. Where an instance that another event has begun
    waits for the condition to begin with it, the variables are set there instead.

    Raises:
        InvalidInput: the business key is too long.
        InvalidVariables: a value is not JSON.
        NotPermitted: this actor may not start one of those that would.
    """
    names.checked("business key", business_key)
    given = checked(variables or {})
    failed: dict[str, EngineError] = {}
    holding = []
    for start in starts.find(tx, starts.CONDITION):
        try:
            if _holds(tx, start, given):
                holding.append(start)
        except ExecutionFailed as error:
            failed[start.definition_id] = error
    for start in holding:
        tx.authorise("start", f"process:{start.definition_key}")
    started = []
    for start in holding:
        try:
            instance = _begin(tx, start, business_key, given)
        except (ExecutionFailed, InvalidState) as error:
            failed[start.definition_id] = error
        else:
            started += [] if instance is None else [instance]
    return Begun(tuple(started), failed)


def _begin(tx: Transaction, start: Start, business_key: str, given: Mapping[str, Any]) -> Instance | None:
    """Start an instance, unless one waits for this already."""
    waiting = starts.awaiting(tx, start) if starts.hold(tx, start) else None
    if waiting is None:
        return starts.launch(tx, start, business_key, given)
    instances.execute(tx, waiting, SetVariables(ROOT, given))
    return None


def _holds(tx: Transaction, start: Start, variables: Mapping[str, Any]) -> bool:
    definition = tx.library.process(start.definition_id).elements[start.element_id].triggers[start.place]
    assert isinstance(definition, ConditionDefinition), "it is open as a condition"
    try:
        return bool(definition.condition.evaluate(variables, tx.functions))
    except MissingValue:
        return False
    except ExpressionError as error:
        raise ExecutionFailed(start.element_id, str(error)) from error
