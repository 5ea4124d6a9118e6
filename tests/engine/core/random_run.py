"""Works through a random process: whatever may happen there, in a random order, and then all that is left to do."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from engine.core import State, facts, run
from engine.core import commands as c
from engine.core.expressions import Budget
from engine.core.state import Token, Wait
from engine.errors import InvalidState
from tests.engine.core.case import Case
from tests.engine.core.generator import Drawn
from tests.engine.core.invariants import Watch
from tests.engine.core.shelf import Shelf, everything_in_parts

MAX_STEPS = 3_000
Move = Callable[[], Any]


class Table:
    """A decision table that always gives the same answer."""

    id = "D:1"

    def evaluate(self, variables: Mapping[str, Any], budget: Budget) -> tuple[list[dict[str, Any]], tuple[int, ...]]:
        return [{"decided": 1}], (1,)

    def describe(self, variables: Mapping[str, Any], budget: Budget) -> str:
        return ""


class RandomRun(Case):
    """One instance, of which everything is watched. Each step is made twice: on the state, and on what it needs of a
    state that is saved in parts.
    """

    def __init__(self, drawn: Drawn, seed: int) -> None:
        super().__init__(*drawn.parts, decisions={"D": Table()})
        self.drawn = drawn
        self.random = random.Random(seed)
        self.commands: list[c.Command] = []
        self.refused: list[str] = []
        self.watch = Watch(self)
        self.shelf = Shelf()
        self._thrown: list[facts.MessageThrown | facts.SignalThrown] = []

    def go(self, steps: int) -> None:
        """Start, let so many things happen, then do what is left to do."""
        self.start(at=self.drawn.start, n=self.random.randrange(9))
        for _ in range(steps):
            if not self.state.ended:
                self._pick(list(self._moves()))()
        while not self.state.ended:
            assert len(self.commands) < MAX_STEPS, "it does not come to its end"
            self._what_is_left()()
        self.watch.see_again(self.state)

    def _run(self, state: State | None, command: c.Command) -> list[facts.Fact]:
        self.commands.append(command)
        self.state, emitted = run(self, state, command, self.now)
        with everything_in_parts():
            if state is None:
                self.shelf.put(self.state, self)
            else:
                repeated = self.shelf.run(self, command, self.now)
                assert repeated == emitted, "the same command led to other facts on the parts of the state it needs"
        assert self.shelf.whole().to_json() == self.state.to_json()
        self.stores.update({fact.store: fact.value for fact in emitted if isinstance(fact, facts.DataStored)})
        self._thrown += [fact for fact in emitted if isinstance(fact, facts.MessageThrown | facts.SignalThrown)]
        self.watch.see(emitted, self.state)
        return emitted

    def _pick(self, moves: Sequence[tuple[float, Move]]) -> Move:
        (move,) = self.random.choices([move for _, move in moves], [weight for weight, _ in moves])
        return move

    # What may happen

    def _moves(self) -> Iterator[tuple[float, Move]]:
        yield 0.5, lambda: self.set(n=self.random.randrange(9))
        yield 0.1, self._move_a_due_date
        yield 0.1, self._come_too_late
        yield 0.005, lambda: self.do(c.CancelInstance("withdrawn"))
        for token in self.state.tokens.values():
            if token.work:
                yield from self._moves_at_work(token)
            if token.incident is not None:
                yield 1, lambda token=token: self._retry(token)
                yield 2, lambda token=token: self._mend_and_retry(token)
                yield 0.5, lambda token=token: self._skip(token)
        for wait in self.state.waits.values():
            yield 3 if self._blocks(wait) else 2, lambda wait=wait: self._let_come(wait)
        if self._thrown:
            yield 4, self._deliver

    def _moves_at_work(self, token: Token) -> Iterator[tuple[float, Move]]:
        code = self.random.choice("XXYZ")
        number = self.random.randrange(9)
        if token.work == "continuation":
            yield 3, lambda: self.do(c.Continue(token.id))
            yield 0.2, lambda: self.do(c.RaiseIncident(token.id, "what it went on with has failed"))
            return
        yield 2, lambda: self._complete(token, n=number)
        yield 1, lambda: self._complete(token)
        yield 0.5, lambda: self.do(c.ThrowError(token.id, code, "it went wrong", {"n": number}))
        yield 0.3, lambda: self.do(c.ThrowEscalation(token.id, "C" if number % 2 else "D"))
        if token.work == "job":
            yield 0.4, lambda: self.do(c.RaiseIncident(token.id, "the handler has failed"))
        else:
            yield 0.2, lambda: self.do(c.AssignUserTask(token.id, None if number == 1 else f"person-{number}"))

    def _complete(self, token: Token, **variables: Any) -> None:
        if token.work == "continuation":
            self.do(c.Continue(token.id))
        else:
            self.do((c.CompleteUserTask if token.work == "user_task" else c.CompleteJob)(token.id, variables))

    def _retry(self, token: Token) -> None:
        assert token.incident is not None
        self.do(c.RetryIncident(token.incident.id))

    def _skip(self, token: Token) -> None:
        """Take for done what stopped, where there is something that could be."""
        assert token.incident is not None
        command = c.SkipIncident(token.incident.id, "done by hand", {"n": self.random.randrange(9)})
        try:
            run(self, State.from_json(self.state.to_json()), command, self.now)
        except InvalidState as refused:
            self.refused.append(str(refused))
        else:
            self.do(command)

    def _mend_and_retry(self, token: Token) -> None:
        assert token.incident is not None
        assert "Expected every join" not in token.incident.message, token.incident.message
        incident_id = token.incident.id
        if self.drawn.mends:
            self.do(c.SetVariables(token.id, dict.fromkeys(self.drawn.mends, 1)))
        if incident_id in self.incident_ids:
            self.do(c.RetryIncident(incident_id))

    def _let_come(self, wait: Wait) -> None:
        """Hand over what is waited for. A condition is made to hold, or, now and then, to hold no more."""
        if wait.kind == "timer":
            self.now = max(self.now, wait.due or self.now)
            self.do(c.FireTimer(wait.id))
        elif wait.kind == "message":
            self.do(c.CorrelateMessage(wait.id, {"n": self.random.randrange(9)}))
        elif wait.kind == "signal":
            self._broadcast(wait.name, {})
        else:
            (name,) = re.findall(r"[a-z]+[0-9]*", wait.name)
            holds, not_any_more = {"g": (True, False), "n": (5, 4), "m": (1, 0)}[name[0]]
            value = not_any_more if not self._blocks(wait) and self.random.random() < 0.3 else holds
            self.do(c.SetVariables(wait.owner_id, {name: value}))

    def _blocks(self, wait: Wait) -> bool:
        """Whether its token goes on only by this, or by another event of the same choice."""
        owner = self.state.tokens[wait.owner_id]
        return owner.element_id == wait.element_id or self.watch.activated[owner.id][1].kind == "eventBasedGateway"

    def _deliver(self) -> None:
        """What was thrown comes to whoever waits for it, as the shell would bring it."""
        thrown = self._thrown.pop(self.random.randrange(len(self._thrown)))
        if isinstance(thrown, facts.SignalThrown):
            self._broadcast(thrown.name, thrown.variables)
            return
        for wait in self.state.waits.values():
            if (wait.kind, wait.name, wait.key) == ("message", thrown.name, thrown.key):
                self.do(c.CorrelateMessage(wait.id, thrown.variables))
                return

    def _broadcast(self, name: str, variables: Mapping[str, Any]) -> None:
        """Whoever waits for it gets it, or waits no more."""
        waiting = {wait.id for wait in self.state.waits.values() if (wait.kind, wait.name) == ("signal", name)}
        emitted = self.do(c.BroadcastSignal(name, variables))
        got = {fact.id for fact in emitted if isinstance(fact, facts.SubscriptionTriggered | facts.SubscriptionClosed)}
        assert waiting <= got, f"{waiting - got} did not get the signal {name}"

    def _come_too_late(self) -> None:
        """What is not open any more, or never was, is refused, and not by a mistake of ours."""
        number = self.random.randrange(1, self.state.last_id + 2)
        for kind, is_open in self._is_open(number).items():
            if not is_open:
                self._refuse(kind(number))
        is_open = self._is_open(number)
        if not is_open[c.CompleteUserTask]:
            self._refuse(c.AssignUserTask(number, "too late"))
        if not is_open[c.CompleteJob] and not is_open[c.Continue]:
            self._refuse(c.RaiseIncident(number, "too late"))

    def _is_open(self, number: int) -> dict[Any, bool]:
        token, wait = self.state.tokens.get(number), self.state.waits.get(number)
        return {
            c.CompleteUserTask: token is not None and token.work == "user_task",
            c.CompleteJob: token is not None and token.work == "job",
            c.Continue: token is not None and token.work == "continuation",
            c.FireTimer: wait is not None and wait.kind == "timer",
            c.CorrelateMessage: wait is not None and wait.kind == "message",
            c.RetryIncident: number in self.incident_ids,
        }

    def _refuse(self, command: c.Command) -> None:
        try:
            run(self, State.from_json(self.state.to_json()), command, self.now)
        except InvalidState:
            return
        raise AssertionError(f"{command} was carried out")

    def _move_a_due_date(self) -> None:
        dues = [each.due for each in (*self.state.tokens.values(), *self.state.waits.values()) if each.due]
        if dues:
            due = self.random.choice(dues)
            self.do(c.MoveDueDate(due, due + timedelta(hours=self.random.choice([-1, 1, 24]))))

    # What is left to do

    def _what_is_left(self) -> Move:
        """The oldest of what holds the instance up."""
        for token in self.state.tokens.values():
            if token.incident is not None and token.incident.phase != "job":
                return lambda: self._mend_and_retry(token)
        for token in self.state.tokens.values():
            if token.work:
                return lambda: self._complete(token)
        for wait in self.state.waits.values():
            if self._blocks(wait):
                return lambda: self._let_come(wait)
        raise AssertionError("nothing that is left can be done by anybody")
