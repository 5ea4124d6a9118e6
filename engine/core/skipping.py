"""A person takes an element for completed that an incident has stopped.

Where its work was under way, the given variables are what came of that, and its outputs follow as they always do. Where
nothing of it was done, or its outputs are what has failed, the given variables stand in their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core import data, facts
from engine.core.execution import Execution
from engine.core.model import Element
from engine.core.reading.kinds import ACTIVITIES, EVENTS, SCOPES
from engine.core.state import Token
from engine.errors import InvalidState

_REASON = "its activity was skipped"
_THROWING = frozenset({"intermediateThrowEvent", "endEvent"})
"""Events that write nothing when they are complete."""


def skip(run: Execution, token: Token, variables: Mapping[str, Any]) -> None:
    """
    Raises:
        InvalidState: what has stopped cannot be taken for completed.
    """
    assert token.incident is not None, "an incident has stopped it"
    element, phase = run.element(token), token.resumes or token.incident.phase
    why = _why_not(element, phase)
    if why:
        raise InvalidState("incident", token.incident.id, "skip", why)
    is_under_way = phase in ("execute", "job") and not _is_whole(element, token)
    run.resolve_incident(token)
    if phase != "complete":
        _end_what_is_in_it(run, token, element)
    elif token.children and element.kind in SCOPES:
        # An ad hoc sub-process asks whether it is complete while it is at work.
        run.empty(token, _REASON)
    if is_under_way:
        data.receive(run, token, element, variables)
    elif element.kind in _THROWING:
        run.set_variables(token, variables)
    else:
        run.instead[token.id] = variables
    run.resume(token, "complete")


def _why_not(element: Element, phase: str) -> str:
    if phase in ("join", "condition"):
        return f"is about tokens or a condition at '{element.id}', not about work that could be taken for done"
    if phase == "leave":
        return f"is about the way out of '{element.id}', which is done already"
    if element.kind not in ACTIVITIES and element.kind not in EVENTS:
        return f"is at '{element.id}', a {element.kind}: nobody can know which way it would go"
    return ""


def _is_whole(element: Element, token: Token) -> bool:
    """Whether the token stands for others in it, whose results are not its own."""
    is_body = element.loop is not None and token.index is None
    return is_body or element.kind in SCOPES or element.kind == "callActivity"


def _end_what_is_in_it(run: Execution, token: Token, element: Element) -> None:
    for child_id in list(token.children):
        run.terminate(run.state.tokens[child_id], _REASON)
    for wait_id in list(token.waits):
        if run.state.waits[wait_id].element_id == element.id:
            run.close_wait(wait_id)
    if token.work == "user_task":
        run.emit(facts.UserTaskCompleted(token.id))
    elif token.work is not None:
        run.emit(facts.JobCompleted(token.id))
