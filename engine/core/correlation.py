"""Correlation: how a message finds the one conversation that it belongs to (BPMN 2.0, 8.3.2)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from engine.core import facts
from engine.core.execution import Execution, jsonable
from engine.core.expressions import ExpressionError
from engine.core.model import CorrelationKey, MessageDefinition
from engine.core.state import Token
from engine.errors import ExecutionFailed

MAX_NAME = 400
"""Characters of what something is found by: a name and a key together have to fit into an index."""


def short(what: str, text: str) -> str:
    """
    Raises:
        ExpressionError: it is too long to be found by.
    """
    if len(text) > MAX_NAME:
        raise ExpressionError(f"Expected a {what} of at most {MAX_NAME} characters, but it has {len(text):,}.")
    return text


def expected(run: Execution, owner: Token, definition: MessageDefinition) -> str | None:
    """The key of the messages that a subscription takes; None where it takes any message of its name.

    A conversation has the key that its first message gave it, or that the process binds to its own data; before that
    it takes whatever comes. Without correlation keys it is the one that the diagram gives, else the business key.

    Raises:
        ExpressionError: the key cannot be worked out.
    """
    if definition.key is not None:
        return run.text(definition.key, owner)
    if not definition.correlation:
        return run.state.business_key
    known = run.state.tokens[owner.process_id].correlation
    for key in definition.correlation:
        if all(each.binding is not None for each in key.properties):
            return _bound(run, owner, key)
        if key.name in known:
            return known[key.name]
    return None


def _bound(run: Execution, owner: Token, key: CorrelationKey) -> str:
    values = [run.evaluate(each.binding, owner) for each in key.properties if each.binding is not None]
    written = _written(key, values)
    if written is None:
        raise ExpressionError(f"Expected values for the correlation key '{key.name}', but one of them is null.")
    return written


def learn(run: Execution, token: Token, definition: MessageDefinition, variables: Mapping[str, Any]) -> None:
    """Keep the keys that a message brings along or takes with it, where the conversation has none yet.

    A message without the properties of a key says nothing of it.
    """
    scope = run.state.tokens[token.process_id]
    for key in definition.correlation:
        value = value_of(key, variables, run.functions) if key.name not in scope.correlation else None
        if value is not None:
            run.emit(facts.CorrelationKeySet(scope.id, key.name, value))
            run.learned.add(scope.id)


def narrow(run: Execution) -> None:
    """Let what has waited for any message wait for those of its conversation, now that this has got a key."""
    for scope_id in sorted(run.learned):
        known = run.state.tokens[scope_id].correlation if scope_id in run.state.tokens else {}
        for wait in [wait for wait in run.state.waits.values() if wait.kind == "message" and wait.key is None]:
            owner = run.state.tokens[wait.owner_id]
            definition = run.model(owner).elements[wait.element_id].triggers[wait.definition]
            assert isinstance(definition, MessageDefinition)
            keys = [known[key.name] for key in definition.correlation if key.name in known]
            if owner.process_id == scope_id and definition.key is None and keys:
                run.close_wait(wait.id)
                where = run.next_id(), owner.id, wait.element_id
                run.emit(facts.SubscriptionOpened(*where, "message", wait.name, keys[0], wait.definition))


def keys_of(
    definition: MessageDefinition, variables: Mapping[str, Any], functions: Mapping[str, Any]
) -> tuple[str, ...]:
    """The keys under which a message with these variables is looked for among those who wait by `definition`."""
    found = (value_of(key, variables, functions) for key in definition.correlation)
    return tuple(value for value in found if value is not None)


def value_of(key: CorrelationKey, variables: Mapping[str, Any], functions: Mapping[str, Any]) -> str | None:
    """One text for the values of all properties of a key; None where the message lacks one of them, or has null."""
    try:
        return _written(key, [each.path.evaluate(variables, functions) for each in key.properties])
    except (ExpressionError, ExecutionFailed):
        return None


def _written(key: CorrelationKey, values: list[Any]) -> str | None:
    """The same text for equal values; None where one of them is null, which tells nothing apart."""
    if any(value is None for value in values):
        return None
    named = {each.name: _plain(jsonable(each.name, value)) for each, value in zip(key.properties, values, strict=True)}
    return json.dumps({key.name: named}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _plain(value: Any) -> Any:
    """A value with 2 for 2.0, all the way down: whether a number was reckoned or typed makes no difference."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return {name: _plain(item) for name, item in value.items()} if isinstance(value, dict) else value
