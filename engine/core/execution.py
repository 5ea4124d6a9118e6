"""One run of the core: the state, the facts so far, and the tokens that still have to move.

Everything a behaviour may do to a state is a method here, and ends in `emit`. A behaviour works out what can fail
before it emits anything, so that an element either happened or did not: an incident never leaves half of one behind.
"""

from __future__ import annotations

from collections import ChainMap, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from engine.core import facts
from engine.core.apply import apply
from engine.core.expressions import Budget, Expression, ExpressionError, as_json
from engine.core.facts import Fact
from engine.core.model import Element, Flow, Library, ProcessModel
from engine.core.state import ROOT, Phase, State, Token, Wait
from engine.errors import ExecutionFailed


class Target(Protocol):
    """The behaviour of an element that a flow leads to, or an event comes to."""

    def arrive(self, run: Execution, scope_id: int, element: Element, flow: Flow) -> None: ...

    def trigger(self, run: Execution, wait: Wait, owner: Token, element: Element) -> Token: ...


MAX_DEPTH = 100
"""Scopes within scopes. A process that calls itself without end stops here with an incident."""


MAX_WORK = 5_000_000
"""Steps of all the expressions and scripts that one command sets off. The next one is an incident."""


MAX_TOKENS = 100_000
"""Tokens that one command may send along flows. Whoever would send the next ones stops with an incident."""


class Execution:
    """What behaviours work with.

    `queue` holds tokens to move, first in first out. `changed` are the tokens whose variables may have, so that
    conditions that are waited for there or further in have to be looked at. `instead` are variables that stand in the
    place of a token's outputs. `learned` are the process scopes whose conversations have got a key. `causes` are what
    incidents came of, by their ids.
    """

    def __init__(
        self,
        library: Library,
        behaviours: Mapping[str, Target],
        state: State,
        now: datetime,
        causes: dict[int, Exception],
    ) -> None:
        self.library = library
        self.behaviours = behaviours
        self.state = state
        self.now = now
        self.causes = causes
        self.facts: list[Fact] = []
        self.queue: deque[tuple[Phase, int]] = deque()
        self.budget = Budget(MAX_WORK)
        self._sent = 0
        self.changed = {ROOT}
        self.learned: set[int] = set()
        self.instead: dict[int, Mapping[str, Any]] = {}
        self._models: dict[int, ProcessModel] = {}
        self._stored: dict[str, Any] = {}
        self._functions: Mapping[str, Any] | None = None

    # Looking

    def model(self, token: Token) -> ProcessModel:
        # Asked at every step: a process scope keeps its definition, so it is found once.
        found = self._models.get(token.process_id)
        if found is None:
            definition_id = self.state.tokens[token.process_id].definition_id
            assert definition_id is not None, "a process scope has a definition"
            found = self._models[token.process_id] = self.library.process(definition_id)
        return found

    def migrate(self, fact: facts.ProcessMigrated) -> None:
        """Let a process scope go on by another definition."""
        self.emit(fact)
        self._models.pop(fact.id, None)

    def element(self, token: Token) -> Element:
        return self.model(token).elements[token.element_id]

    def definition_id(self, token: Token) -> str:
        return self.state.tokens[token.process_id].definition_id or ""

    def next_id(self) -> int:
        return self.state.last_id + 1

    def depth(self, token: Token) -> int:
        depth = 0
        while token.scope_id:
            token = self.state.tokens[token.scope_id]
            depth += 1
        return depth

    # Variables

    def visible(self, token: Token) -> Mapping[str, Any]:
        """The variables that an expression at this token sees: its own before those of the scopes around it."""
        levels = []
        while True:
            if token.variables or token.id == token.process_id:
                levels.append(token.variables)
            if token.id == token.process_id:
                return levels[0] if len(levels) == 1 else ChainMap(*levels)
            token = self.state.tokens[token.scope_id]

    @property
    def functions(self) -> Mapping[str, Any]:
        if self._functions is None:
            self._functions = {**self.library.functions, "now": lambda: self.now}
        return self._functions

    def evaluate(self, expression: Expression, token: Token) -> Any:
        """Raises ExpressionError."""
        return self.evaluate_with(expression, self.visible(token))

    def evaluate_with(self, expression: Expression, seen: Mapping[str, Any]) -> Any:
        """As `evaluate`, with these variables; raises ExpressionError."""
        return expression.evaluate(seen, self.functions, self.budget)

    def text(self, expression: Expression, token: Token) -> str | None:
        value = self.evaluate(expression, token)
        return None if value is None else str(value)

    def set_local(self, token: Token, name: str, value: Any) -> None:
        """Write a variable at this token."""
        self.emit(facts.VariableSet(token.id, name, jsonable(name, value), token.variables.get(name)))
        self.changed.add(token.id)

    def set_variable(self, token: Token, name: str, value: Any) -> None:
        """Write a variable where it is defined, else in the process scope."""
        while name not in token.variables and token.id != token.process_id:
            token = self.state.tokens[token.scope_id]
        self.set_local(token, name, value)

    def set_variables(self, token: Token, variables: Mapping[str, Any]) -> None:
        checked = {name: jsonable(name, value) for name, value in variables.items()}
        for name, value in checked.items():
            self.set_variable(token, name, value)

    def stored(self, store: str) -> Any:
        """What is in a data store, with what this run has put there."""
        return self._stored[store] if store in self._stored else self.library.stored(store)

    def store(self, token: Token, store: str, value: Any) -> None:
        """Put a value into a data store."""
        self._stored[store] = jsonable(store, value)
        self.emit(facts.DataStored(token.id, store, self._stored[store]))

    # Moving

    def emit(self, fact: Fact) -> None:
        apply(self.state, fact)
        self.facts.append(fact)

    def activate(
        self,
        element: Element,
        scope_id: int,
        *,
        phase: Phase | None = "enter",
        index: int | None = None,
        definition_id: str | None = None,
    ) -> Token:
        """Put a new token at an element, to be moved on from `phase` when its turn comes (None: by what is in it)."""
        token_id = self.next_id()
        self.emit(
            facts.ElementActivated(token_id, element.id, scope_id, element.kind, element.name, definition_id, index)
        )
        if phase is not None:
            self.queue.append((phase, token_id))
        return self.state.tokens[token_id]

    def resume(self, token: Token, phase: Phase) -> None:
        self.queue.append((phase, token.id))

    def take(self, flows: Sequence[Flow], scope_id: int, elements: Mapping[str, Element]) -> None:
        """Send a token along each flow."""
        for flow in flows:
            self.emit(facts.FlowTaken(scope_id, flow.id))
            target = elements[flow.target]
            self.behaviours[target.kind].arrive(self, scope_id, target, flow)

    def count_tokens(self, count: int) -> None:
        """Count tokens that are about to be sent; raises ExpressionError where one command sends too many."""
        if self._sent + count > MAX_TOKENS:
            raise ExpressionError(f"Expected at most {MAX_TOKENS:,} tokens in one command, but there would be more.")
        self._sent += count

    def finish(self, token: Token, flows: Sequence[Flow], *, quantity: int = 1) -> None:
        """Consume a token and send what comes of it on its way, `quantity` tokens along each flow; the scope ends
        where that was the last.
        """
        scope_id = token.scope_id
        if token.waits:
            self.close_waits(token)
        self.resolve_incident(token)
        self.emit(facts.ElementCompleted(token.id))
        if flows:
            elements = self.model(token).elements
            for _ in range(quantity):
                self.take(flows, scope_id, elements)
        elif scope_id:
            self.leave_scope(scope_id)

    def leave_scope(self, scope_id: int) -> None:
        """Something in a scope has come to its end, and perhaps the scope has."""
        scope = self.state.tokens[scope_id]
        if not scope.children:
            self.queue.append(("complete", scope_id))
        elif scope.waits and not (scope.arrived or scope.activated or scope.planned):
            self._stop_starting_handlers(scope)

    def _stop_starting_handlers(self, scope: Token) -> None:
        """Once nothing but handlers is at work in a scope, no more of them begin beside it (BPMN 2.0, 13.3.2)."""
        elements = self.model(scope).elements
        if all(elements[self.state.tokens[child].element_id].triggered_by_event for child in scope.children):
            for wait_id in list(scope.waits):
                if not elements[self.state.waits[wait_id].element_id].interrupting:
                    self.close_wait(wait_id)

    def terminate(self, token: Token, reason: str) -> None:
        """End a token and everything in it, innermost first."""
        for child_id in list(token.children):
            self.terminate(self.state.tokens[child_id], reason)
        self.close_waits(token)
        self.resolve_incident(token)
        if token.work == "user_task":
            self.emit(facts.UserTaskCancelled(token.id, reason))
        elif token.work is not None:
            self.emit(facts.JobCancelled(token.id, reason))
        self.emit(facts.ElementTerminated(token.id, reason))

    def empty(self, scope: Token, reason: str, *, but: int = 0) -> None:
        """End everything in a scope, and what could still start in it; the scope itself stays, and nothing stops it."""
        for child_id in list(scope.children):
            if child_id != but:
                self.terminate(self.state.tokens[child_id], reason)
        elements = self.model(scope).elements
        for wait_id in list(scope.waits):
            if elements[self.state.waits[wait_id].element_id].kind == "startEvent":
                self.close_wait(wait_id)
        self.resolve_incident(scope)
        self.emit(facts.ScopeInterrupted(scope.id))

    # Waiting

    def open_waits(self, opened: Sequence[Callable[[int], Fact]]) -> None:
        """Open timers and subscriptions that `engine.core.waiting` has prepared."""
        for fact_with in opened:
            self.emit(fact_with(self.next_id()))

    def close_waits(self, token: Token) -> None:
        for wait_id in list(token.waits):
            self.close_wait(wait_id)

    def close_wait(self, wait_id: int) -> None:
        is_timer = self.state.waits[wait_id].kind == "timer"
        self.emit(facts.TimerCancelled(wait_id) if is_timer else facts.SubscriptionClosed(wait_id))

    # Failing

    def raise_incident(self, token: Token, phase: Phase, why: str | Exception) -> None:
        """Keep the token where it is; the rest of the instance goes on."""
        self.resolve_incident(token)
        number = self.next_id()
        if isinstance(why, Exception):
            self.causes[number] = why
        self.emit(facts.IncidentRaised(number, token.id, phase, str(why)))

    def raise_beside(self, token: Token, phase: Phase, why: str | Exception) -> None:
        """Say what is wrong around a token that itself may go on, unless its own work already waits for a person:
        that has to be mended first, and this then shows again.
        """
        if token.incident is None:
            self.raise_incident(token, phase, why)

    def resolve_incident(self, token: Token) -> None:
        if token.incident is not None:
            self.emit(facts.IncidentResolved(token.incident.id, token.id))

    def fail_instance(self, code: str, message: str) -> None:
        self.terminate(self.state.tokens[ROOT], f"error {code} was not caught")
        self.emit(facts.InstanceFailed(code, message))


def jsonable(name: str, value: Any) -> Any:
    """The value of variable `name` as JSON keeps it.

    Raises:
        ExecutionFailed: the value is none that JSON knows.
    """
    try:
        return as_json(value)
    except ExpressionError as cause:
        raise ExecutionFailed(name, f"a variable must be a JSON value, and this is {value!r:.60}.") from cause
