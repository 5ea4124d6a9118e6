"""Asynchronous continuations, as Camunda 7 calls them: a token stops before or after an element, what was done so far
is saved, and a job takes it on in a transaction of its own.

What fails on the way on is the shell's to undo, back to the stop, and to try again.
"""

from __future__ import annotations

from engine.core import facts
from engine.core.execution import Execution
from engine.core.expressions import Expression, ExpressionError
from engine.core.model import Continuation, Element, MultiInstance
from engine.core.state import Phase, Token

TOPIC = ":continue"
"""Of the jobs that take tokens on."""

WORK = "continuation"
"""The work of a token that has stopped."""

DEFAULT_PRIORITY = 50

HIGHEST_PRIORITY = 2**31 - 1
"""As Camunda 7 has it, and the lowest is its negative."""


def of(element: Element, token: Token) -> Continuation | None:
    """Where this token is to stop at its element: an instance of many has stops of its own."""
    if token.index is None:
        return element.continuation
    return element.loop.continuation if isinstance(element.loop, MultiInstance) else None


def is_due_before(token: Token, element: Element) -> bool:
    """Whether the token stops here, before anything of its element is done. It does so once."""
    if token.begun or token.compensating is not None:
        return False
    stops = of(element, token)
    return stops is not None and stops.before


def is_due_after(token: Token, element: Element) -> bool:
    """Whether the token stops here once all is done of its element."""
    stops = of(element, token)
    return stops is not None and stops.after


def stop(run: Execution, token: Token, element: Element, phase: Phase) -> facts.JobCreated:
    """What stops a token, to go on with `phase`; not yet emitted.

    Raises:
        ExpressionError: the priority cannot be worked out.
    """
    stops = of(element, token)
    assert stops is not None, "it stops where its element says so"
    priority = priority_of(run, token, stops.priority)
    return facts.JobCreated(token.id, TOPIC, priority, retry_cycle=stops.retry_cycle, phase=phase)


def pass_by(run: Execution, token: Token, element: Element) -> None:
    """Let a token begin where it would stop before: what is in its element begins otherwise."""
    if is_due_before(token, element):
        run.emit(facts.JobCreated(token.id, TOPIC, phase="enter"))
        run.emit(facts.JobCompleted(token.id))


def priority_of(run: Execution, token: Token, expression: Expression | None) -> int:
    """
    Raises:
        ExpressionError: it is no whole number, or too large a one.
    """
    if expression is None:
        return DEFAULT_PRIORITY
    value = run.evaluate(expression, token)
    try:
        priority = int(value)
    except (TypeError, ValueError) as error:
        raise ExpressionError(
            f"Expected a whole number for the priority, but '{expression.text}' is {value!r}."
        ) from error
    if abs(priority) > HIGHEST_PRIORITY:
        raise ExpressionError(
            f"Expected a priority of at most {HIGHEST_PRIORITY}, but '{expression.text}' is {priority}."
        )
    return priority
