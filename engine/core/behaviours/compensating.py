"""A token that undoes what was completed (BPMN 2.0, 13.5.5): a compensation event, a cancelled transaction, or a scope
that was completed and is open again for that.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.core import compensation
from engine.core.behaviours.behaviour import Behaviour
from engine.core.execution import Execution
from engine.core.model import CompensateDefinition, Element, Flow
from engine.core.state import Token


class Compensating(Behaviour):
    """Undoes one thing after the other, and goes on when nothing is left."""

    def complete(self, run: Execution, token: Token, element: Element) -> None:
        if token.children or compensation.undo_next(run, token):
            return
        if token.cancelled:
            compensation.end_transaction(run, token)
        else:
            waited = any(isinstance(each, CompensateDefinition) and each.waits for each in element.events)
            # An event that a cancelled transaction has ended comes back for what it left undone, and leads nowhere.
            comes_back = run.state.tokens[token.scope_id].compensating is not None
            if waited and not comes_back:
                self.departure(run, token, element)()
            else:
                run.finish(token, ())

    def outgoing(self, run: Execution, token: Token, element: Element) -> Sequence[Flow]:
        return element.outgoing
