"""Handlers: plain functions, called with what their parameters are named after."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.errors import InvalidInput

INJECTED = frozenset({"job_id", "business_key", "instance_id", "now"})
"""Parameters that the engine fills in, beside the services. A process variable of such a name is not passed."""


class Unusable(Exception):
    """Trying again would not help: a variable is missing, or there is no such handler."""


@dataclass(frozen=True, slots=True)
class Handler:
    """`names` are its parameters, `required` those without a default. `takes_all` it is, where it has ``**rest``."""

    topic: str
    function: Callable[..., Any]
    names: frozenset[str]
    required: frozenset[str]
    takes_all: bool

    def call(self, variables: Mapping[str, Any], injected: Mapping[str, Any]) -> dict[str, Any]:
        """Run it. Whatever it raises comes through.

        Raises:
            Unusable: a variable that it needs is not set.
            TypeError: it returned something other than a mapping or None.
        """
        missing = sorted(self.required - injected.keys() - variables.keys())
        if missing:
            names = ", ".join(f"'{name}'" for name in missing)
            raise Unusable(f"Expected the variables {names} for the handler of '{self.topic}', but they are not set.")
        given = {**variables, **injected}
        if not self.takes_all:
            given = {name: value for name, value in given.items() if name in self.names}
        result = self.function(**given)
        if result is None:
            return {}
        if not isinstance(result, Mapping):
            kind = type(result).__name__
            raise Unusable(
                f"Expected the handler of '{self.topic}' to return a dict or None, but it returned a {kind}."
            )
        return dict(result)


def read(handlers: Mapping[str, Callable[..., Any]]) -> dict[str, Handler]:
    """The handlers by topic, with their signatures looked at.

    Raises:
        InvalidInput: one is no function with keyword-only parameters; all such are named.
    """
    wrong = [problem for topic, function in handlers.items() for problem in _problems(topic, function)]
    if wrong:
        raise InvalidInput("\n".join(wrong))
    return {topic: _handler(topic, function) for topic, function in handlers.items()}


def _problems(topic: str, function: Callable[..., Any]) -> list[str]:
    if not callable(function):
        return [f"Expected a function for the topic '{topic}', but it is a {type(function).__name__}."]
    if inspect.iscoroutinefunction(function):
        return [f"Expected a plain function for the topic '{topic}', but it is a coroutine function."]
    allowed = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)
    named = [name for name, parameter in _parameters(function).items() if parameter.kind not in allowed]
    if not named:
        return []
    return [
        f"Expected the handler of '{topic}' to take keyword-only parameters, but {', '.join(named)} can go by place."
    ]


def _handler(topic: str, function: Callable[..., Any]) -> Handler:
    parameters = _parameters(function)
    takes_all = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
    named = {name: p for name, p in parameters.items() if p.kind is inspect.Parameter.KEYWORD_ONLY}
    required = frozenset(name for name, p in named.items() if p.default is inspect.Parameter.empty)
    return Handler(topic, function, frozenset(named), required, takes_all)


def _parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(function).parameters


def injected(
    *, job_id: str, business_key: str, instance_id: int, now: datetime, services: Mapping[str, Any]
) -> dict[str, Any]:
    """What a handler gets that is no process variable."""
    return {**services, "job_id": job_id, "business_key": business_key, "instance_id": instance_id, "now": now}
