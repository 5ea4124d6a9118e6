"""The body around the instances of a loop or multi-instance activity (BPMN 2.0, 13.3.6 and 13.3.7)."""

from __future__ import annotations

from typing import Any

from engine.core import data, facts, items
from engine.core.behaviours.behaviour import Activity
from engine.core.execution import Execution
from engine.core.expressions import ExpressionError, as_json
from engine.core.model import Element, MultiInstance
from engine.core.state import Token

MAX_ITEMS = 100_000


class Body(Activity):
    """Starts instances, at once or one after the other, and completes with the last."""

    def complete(self, run: Execution, token: Token, element: Element) -> None:
        depart = self.departure(run, token, element)
        instead = run.instead.get(token.id)
        if instead is not None:
            run.set_variables(token, instead)
        elif (collected := items.collected(token, element)) is not None:
            run.set_variable(token, *collected)
        self.give(run, token, element, [] if instead is not None else data.results(run, token, element))
        depart()


class MultiInstanceBody(Body):
    """Multi-instance: one for each value of a collection, or as many as a number says, at once or in turn."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        loop = items.multi_instance_of(element)
        values = _values(run, token, loop)
        run.emit(facts.MultiInstanceStarted(token.id, values))
        if not values:
            run.resume(token, "complete")
        for index in range(min(1, len(values)) if loop.sequential else len(values)):
            items.start(run, token, element, index)


class StandardLoopBody(Body):
    """Standard loop: one after the other, while its condition holds, up to its maximum."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        goes_on = items.begins(run, token, element)
        run.emit(facts.LoopStarted(token.id))
        if goes_on:
            items.start(run, token, element, 0)
        else:
            run.resume(token, "complete")


def _values(run: Execution, token: Token, loop: MultiInstance) -> tuple[Any, ...]:
    if loop.collection is not None:
        values = run.evaluate(loop.collection, token)
        if not isinstance(values, list | tuple):
            raise ExpressionError(f"Expected a list for the collection '{loop.collection.text}', but it is {values!r}.")
    else:
        assert loop.cardinality is not None
        count = run.evaluate(loop.cardinality, token)
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise ExpressionError(f"Expected a whole number of instances, but '{loop.cardinality.text}' is {count!r}.")
        values = range(min(count, MAX_ITEMS + 1))
    if len(values) > MAX_ITEMS:
        raise ExpressionError(f"Expected at most {MAX_ITEMS} instances, but there are more.")
    return tuple(as_json(list(values)))
