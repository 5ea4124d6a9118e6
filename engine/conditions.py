"""Conditions that start a process (BPMN 2.0, 10.5.2): looked at when somebody says what has come about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import starts
from engine.core.expressions import ExpressionError, MissingValue
from engine.core.model import ConditionDefinition
from engine.errors import ExecutionFailed
from engine.instances import Instance
from engine.starts import Start
from engine.store.database import Transaction
from engine.variables import checked


def start_by_condition(
    tx: Transaction, variables: Mapping[str, Any] | None = None, business_key: str = ""
) -> list[Instance]:
    """Start every process of which a conditional start event holds for these variables, with them.

    A condition on a variable that is not among them does not hold.

    Raises:
        InvalidVariables: a value is not JSON.
        ExecutionFailed: a condition cannot be decided, or a process cannot start that way.
        NotPermitted: this actor may not start one of those that would.
    """
    given = checked(variables or {})
    holding = [start for start in starts.find(tx, starts.CONDITION) if _holds(tx, start, given)]
    for start in holding:
        tx.authorise("start", f"process:{start.definition_key}")
    return [starts.launch(tx, start, business_key, given) for start in holding]


def _holds(tx: Transaction, start: Start, variables: Mapping[str, Any]) -> bool:
    definition = tx.library.process(start.definition_id).elements[start.element_id].triggers[start.place]
    assert isinstance(definition, ConditionDefinition), "it is open as a condition"
    try:
        return bool(definition.condition.evaluate(variables, tx.functions))
    except MissingValue:
        return False
    except ExpressionError as error:
        raise ExecutionFailed(start.element_id, str(error)) from error
