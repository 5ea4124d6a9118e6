"""Data: what moves between the variables of a scope, those of an element in it, and data stores (BPMN 2.0, 10.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.core import facts
from engine.core.execution import Execution, jsonable
from engine.core.model import Element
from engine.core.state import Token

Written = tuple[str | None, str, Any]
"""A data store or None, the name of a variable, and its value."""


def declare(run: Execution, token: Token, element: Element) -> None:
    """Give an element its properties and data objects, where nothing has filled them yet."""
    for name in element.declared:
        if name not in token.variables:
            run.set_local(token, name, None)


def read(run: Execution, token: Token, element: Element) -> None:
    """Carry out the data input associations of an element.

    Raises:
        ExpressionError: a value cannot be worked out.
    """
    for name in element.parameters:
        if name not in token.variables:
            run.set_local(token, name, None)
    for association in element.data_inputs:
        for store in association.stores:
            run.set_local(token, store, run.stored(store))
        for write in association.writes:
            run.set_local(token, write.target, run.evaluate(write.value, token))


def given(token: Token, element: Element) -> dict[str, Any]:
    """What the data input associations of an element have put there."""
    targets = (write.target for association in element.data_inputs for write in association.writes)
    return {target: token.variables[target] for target in targets}


def results(run: Execution, token: Token, element: Element) -> list[Written]:
    """What the data output associations of an element say, worked out and not yet written.

    Raises:
        ExpressionError: a value cannot be worked out.
        ExecutionFailed: one is no JSON value.
    """
    return [
        (association.store, write.target, jsonable(write.target, run.evaluate(write.value, token)))
        for association in element.data_outputs
        for write in association.writes
    ]


def write(run: Execution, token: Token, outside: Token, written: Sequence[Written]) -> None:
    """Put results into the variables of the scope outside, and into data stores."""
    for store, name, value in written:
        if store is None:
            run.set_variable(outside, name, value)
        else:
            run.store(token, store, value)


def picks(element: Element) -> bool:
    """Whether an element says what of the data that come to it goes where."""
    return bool(element.outputs or (element.data_outputs and element.triggers))


def receive(run: Execution, token: Token, element: Element, variables: Mapping[str, Any]) -> None:
    """Take in what came with an event, or from outside work.

    Where the element picks, all of it stays at the token, and a data output that nothing has the name of is the
    whole; else it goes to the process.
    """
    if not picks(element):
        run.set_variables(token, variables)
        return
    whole = {name: dict(variables) for name in element.parameters} if element.triggers else {}
    for name, value in {**whole, **variables}.items():
        run.set_local(_place_of(run, token, name), name, value)


def receive_early(run: Execution, owner: Token, element: Element, variables: Mapping[str, Any]) -> None:
    """Take in what came with one of several triggers that an event needs all of. What the event picks from is handed
    to it when all have come.
    """
    if not picks(element):
        run.set_variables(owner, variables)
    elif variables:
        plain = {name: jsonable(name, value) for name, value in variables.items()}
        run.emit(facts.EventDataKept(owner.id, element.id, {**owner.kept.get(element.id, {}), **plain}))


def received_early(run: Execution, owner: Token, element: Element, variables: Mapping[str, Any]) -> Mapping[str, Any]:
    """What came with all the triggers of an event, now that the last has come with these variables."""
    before = owner.kept.get(element.id)
    if before is None:
        return variables
    run.emit(facts.EventDataKept(owner.id, element.id, {}))
    return {**before, **variables}


def _place_of(run: Execution, token: Token, name: str) -> Token:
    """Where an element keeps its variable `name`: an instance of an activity has its parameters at the whole of it."""
    if token.index is not None and name not in token.variables:
        body = run.state.tokens[token.scope_id]
        return body if name in body.variables else token
    return token
