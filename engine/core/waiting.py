"""Timers and subscriptions: what a catching event waits for, worked out when its token gets there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from engine.core import facts, timing
from engine.core.execution import Execution
from engine.core.facts import Fact
from engine.core.model import Element, MessageDefinition, SignalDefinition, TimerDefinition
from engine.core.state import Token, Wait

Opened = Callable[[int], Fact]


def prepare(run: Execution, owner: Token, events: Iterable[Element]) -> list[Opened]:
    """What has to be opened for these events, ready but for its ids; errors and terminations wait for nothing.

    Raises:
        ExpressionError, InvalidTime: a name, key or time cannot be worked out.
    """
    opened = []
    for element in events:
        definition = element.spec if isinstance(element.spec, MessageDefinition) else element.event
        preparation = _PREPARATIONS.get(type(definition))
        if preparation is not None:
            opened.append(preparation(run, owner, element, definition))
    return opened


def _message(run: Execution, owner: Token, element: Element, definition: MessageDefinition) -> Opened:
    name = run.text(definition.name, owner) or ""
    key = run.state.business_key if definition.key is None else run.text(definition.key, owner)
    return partial(_subscription, owner.id, element.id, "message", name, key)


def _signal(run: Execution, owner: Token, element: Element, definition: SignalDefinition) -> Opened:
    return partial(_subscription, owner.id, element.id, "signal", run.text(definition.name, owner) or "", None)


def _subscription(owner_id: int, element_id: str, kind: str, name: str, key: str | None, wait_id: int) -> Fact:
    return facts.SubscriptionOpened(wait_id, owner_id, element_id, kind, name, key)


def _timer(run: Execution, owner: Token, element: Element, definition: TimerDefinition) -> Opened:
    due, interval, repetitions = due_of(definition.kind, run.evaluate(definition.value, owner), run.now)
    return partial(_started, owner.id, element.id, due, interval, repetitions)


def _started(
    owner_id: int, element_id: str, due: datetime, interval: str | None, repetitions: int | None, wait_id: int
) -> Fact:
    return facts.TimerStarted(wait_id, owner_id, element_id, due, interval, repetitions)


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


_PREPARATIONS: Mapping[type, Callable[[Execution, Token, Element, Any], Opened]] = {
    MessageDefinition: _message,
    SignalDefinition: _signal,
    TimerDefinition: _timer,
}


def repeat(run: Execution, wait: Wait) -> None:
    """Start the next round of a cycle, counted from when this one was due, so that drift does not add up."""
    if wait.interval is None or wait.repetitions == 0 or wait.due is None:
        return
    due = timing.next_due(wait.due, wait.interval)
    left = None if wait.repetitions is None else wait.repetitions - 1
    run.emit(facts.TimerStarted(run.next_id(), wait.owner_id, wait.element_id, due, wait.interval, left))
