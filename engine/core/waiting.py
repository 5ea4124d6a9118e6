"""Timers, subscriptions and conditions: what a catching event waits for, worked out when its token gets there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from engine.core import correlation, data, facts, timing
from engine.core.execution import Execution
from engine.core.expressions import ExpressionError, MissingValue
from engine.core.facts import Fact
from engine.core.model import ConditionDefinition, Element, MessageDefinition, SignalDefinition, TimerDefinition
from engine.core.state import ROOT, Token, Wait

Opened = Callable[[int], Fact]


def prepare(run: Execution, owner: Token, events: Iterable[Element], *, but: int | None = None) -> list[Opened]:
    """What has to be opened for these events, ready but for its ids; not for the trigger at place `but`.

    What comes by itself (errors, escalations, compensation, cancellation) waits for nothing.

    Raises:
        ExpressionError, InvalidTime: a name, key or time cannot be worked out.
    """
    opened = []
    for element in events:
        for place, definition in enumerate(element.triggers):
            preparation = _PREPARATIONS.get(type(definition))
            if preparation is not None and place != but:
                opened.append(preparation(run, owner, element, place, definition))
    return opened


def _message(run: Execution, owner: Token, element: Element, place: int, definition: MessageDefinition) -> Opened:
    name = correlation.short("message name", run.text(definition.name, owner) or "")
    key = correlation.expected(run, owner, definition)
    if key is not None:
        correlation.short("message key", key)
    return partial(_subscription, owner.id, element.id, "message", name, key, place)


def _signal(run: Execution, owner: Token, element: Element, place: int, definition: SignalDefinition) -> Opened:
    name = correlation.short("signal name", run.text(definition.name, owner) or "")
    return partial(_subscription, owner.id, element.id, "signal", name, None, place)


def _condition(run: Execution, owner: Token, element: Element, place: int, definition: ConditionDefinition) -> Opened:
    # Looked at once more when everything is open; here a condition that can never be decided shows at once.
    is_true(run, owner, definition)
    run.changed.add(owner.id)
    return partial(_subscription, owner.id, element.id, "condition", definition.condition.text, None, place)


def is_true(run: Execution, owner: Token, definition: ConditionDefinition) -> bool:
    """Whether a condition holds for this token; one that waits for a variable to be there does not hold before.

    Raises:
        ExpressionError: it cannot be decided.
    """
    try:
        return bool(run.evaluate(definition.condition, owner))
    except MissingValue:
        return False


def _subscription(
    owner_id: int, element_id: str, kind: str, name: str, key: str | None, place: int, wait_id: int
) -> Fact:
    return facts.SubscriptionOpened(wait_id, owner_id, element_id, kind, name, key, place)


def _timer(run: Execution, owner: Token, element: Element, place: int, definition: TimerDefinition) -> Opened:
    due, interval, repetitions = due_of(definition.kind, run.evaluate(definition.value, owner), run.now)
    return partial(_started, owner.id, element.id, due, interval, repetitions, place)


def _started(
    owner_id: int,
    element_id: str,
    due: datetime,
    interval: str | None,
    repetitions: int | None,
    place: int,
    wait_id: int,
) -> Fact:
    return facts.TimerStarted(wait_id, owner_id, element_id, due, interval, repetitions, place)


def due_of(kind: str, value: Any, now: datetime) -> tuple[datetime, str | None, int | None]:
    """When a timer is due, its interval, and how often it fires after that (None without end).

    Raises:
        InvalidTime: the value is no ISO 8601 date, duration or cycle.
    """
    if kind == "date":
        return timing.parse_date(value, now), None, 0
    if kind == "duration":
        return timing.next_due(now, timing.parse_duration(value)), None, 0
    first, interval, repetitions = timing.parse_cycle(value, now)
    return first, str(interval), None if repetitions is None else repetitions - 1


_PREPARATIONS: Mapping[type, Callable[[Execution, Token, Element, int, Any], Opened]] = {
    MessageDefinition: _message,
    SignalDefinition: _signal,
    ConditionDefinition: _condition,
    TimerDefinition: _timer,
}


def repeat(run: Execution, wait: Wait) -> None:
    """Start the next round of a cycle, counted from when this one was due, so that drift does not add up."""
    if wait.interval is None or wait.due is None:
        return
    definition = run.model(run.state.tokens[wait.owner_id]).elements[wait.element_id].triggers[wait.definition]
    assert isinstance(definition, TimerDefinition), "it has an interval"
    following = round_after(definition, wait.due, wait.interval, wait.repetitions, run.now)
    if following is not None:
        due, left = following
        where = wait.owner_id, wait.element_id
        run.emit(facts.TimerStarted(run.next_id(), *where, due, wait.interval, left, wait.definition))


def round_after(
    definition: TimerDefinition, due: datetime, interval: str, repetitions: int | None, now: datetime
) -> tuple[datetime, int | None] | None:
    """The round of a cycle that follows the one of `due`, which fires at `now`, and the repetitions left after it.

    Where rounds were missed, one fires for all of them, unless the diagram wants each.
    """
    return timing.next_round(due, interval, repetitions, due if definition.makes_up else now)


def come(run: Execution, wait: Wait, variables: Mapping[str, Any]) -> None:
    """What `wait` waits for has come, with these variables: go on from its event.

    A parallel multiple event goes on when all it waits for has come; a non-interrupting one then waits for all of it
    once more (BPMN 2.0, 10.5.1).
    """
    owner = run.state.tokens[wait.owner_id]
    element = run.model(owner).elements[wait.element_id]
    definition = element.triggers[wait.definition]
    if isinstance(definition, MessageDefinition):
        correlation.learn(run, owner, definition, variables)
    if element.needs_all:
        if wait.id in run.state.waits:
            run.close_wait(wait.id)
        if any(run.state.waits[other].element_id == element.id for other in owner.waits):
            data.receive_early(run, owner, element, variables)
            return
        variables = data.received_early(run, owner, element, variables)
        if not element.interrupting:
            _wait_again(run, owner, element)
    data.receive(run, run.behaviours[element.kind].trigger(run, wait, owner, element), element, variables)


def _wait_again(run: Execution, owner: Token, element: Element) -> None:
    """Open all that a non-interrupting event waits for; conditions that hold already have come already."""
    try:
        run.open_waits(prepare(run, owner, [element]))
    except (ExpressionError, timing.InvalidTime) as error:
        run.raise_beside(owner, "condition", error)
        return
    for wait in [run.state.waits[wait_id] for wait_id in owner.waits]:
        definition = element.triggers[wait.definition] if wait.element_id == element.id else None
        if isinstance(definition, ConditionDefinition) and is_true(run, owner, definition):
            run.emit(facts.ConditionChanged(wait.id, True))


def look_at_conditions(run: Execution, changed: Iterable[int]) -> None:
    """Let come what has begun to hold, after variables of these tokens were set (BPMN 2.0, 10.5.1, conditional
    events).
    """
    waits = run.state.waits
    for wait_id in _that_see(run, changed):
        wait = waits.get(wait_id)
        # An interrupting event may have taken a later one's activity away.
        if wait is None:
            continue
        owner = run.state.tokens[wait.owner_id]
        if owner.incident is not None and owner.incident.phase == "condition":
            continue
        definition = run.model(owner).elements[wait.element_id].triggers[wait.definition]
        assert isinstance(definition, ConditionDefinition)
        try:
            holds = is_true(run, owner, definition)
        except ExpressionError as error:
            run.raise_beside(owner, "condition", error)
            continue
        if holds != wait.holds:
            run.emit(facts.ConditionChanged(wait.id, holds))
            if holds:
                run.emit(facts.SubscriptionTriggered(wait.id))
                come(run, wait, {})


def _that_see(run: Execution, changed: Iterable[int]) -> list[int]:
    """The conditions that may see variables of these tokens: those that are waited for there or further in, so that
    many items do not each have the conditions of all the others looked at. All of them where that is as well.
    """
    conditions, tokens = run.state.conditions, run.state.tokens
    found: list[int] = []
    inside = list(changed)
    while inside:
        token = tokens.get(inside.pop())
        if token is None:
            continue
        if token.id == ROOT or token.items is not None:
            return list(conditions)
        found.extend(wait_id for wait_id in token.waits if wait_id in conditions)
        inside.extend(token.children)
    return sorted(set(found))
