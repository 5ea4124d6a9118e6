"""Correlation keys: by which values a message finds its conversation (BPMN 2.0, 8.3.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.core.expressions import Expression
from engine.core.model import CorrelationKey, CorrelationProperty
from engine.core.reading.attributes import local
from engine.core.reading.reader import Reader
from engine.core.reading.xml import BPMN, Node, child, children, text

MAX_PROPERTIES = 50
"""Properties of all keys of a file, so that looking for those of a message soon ends."""

Bindings = Mapping[tuple[str, str], Expression]
"""What a process expects, by the ids of key and property."""


@dataclass(frozen=True, slots=True)
class _Property:
    """`paths` find its value in messages, by the message's id."""

    id: str
    name: str
    paths: Mapping[str, Expression]


@dataclass(frozen=True, slots=True)
class _Key:
    id: str
    name: str
    properties: tuple[_Property, ...]


class Correlations:
    """The keys of a file, and which processes take part in the collaborations that they belong to."""

    def __init__(self, reader: Reader, root: Node) -> None:
        self._reader = reader
        self._properties = {node.get("id", ""): self._property(node) for node in children(root, "correlationProperty")}
        self._keys: dict[str, _Key | None] = {}
        self._of_process: dict[str, dict[str, _Key]] = {}
        self._count = 0
        for kind in ("collaboration", "globalConversation"):
            for collaboration in children(root, kind):
                self._read_collaboration(collaboration)

    def _property(self, node: Node) -> _Property:
        paths = {}
        for retrieval in children(node, "correlationPropertyRetrievalExpression"):
            message = self._reader.reference(retrieval, "messageRef", "message")
            path = self._reader.formal(child(retrieval, "messagePath"))
            if message is not None and path is not None:
                paths[message.get("id", "")] = path
        return _Property(node.get("id", ""), node.get("name") or node.get("id", ""), paths)

    def _read_collaboration(self, collaboration: Node) -> None:
        read = {node.get("id", ""): self._key(node) for node in collaboration.iter(f"{{{BPMN}}}correlationKey")}
        keys = [key for key in read.values() if key is not None]
        self._keys.update(read)
        if keys:
            for participant in children(collaboration, "participant"):
                process = self._of_process.setdefault(local(participant.get("processRef")), {})
                process.update((key.id, key) for key in keys)

    def _key(self, node: Node) -> _Key | None:
        """None where it has no properties, or where the file has too many: every participant has to do with each."""
        found = []
        for reference in children(node, "correlationPropertyRef"):
            name = local(text(reference))
            if name in self._properties:
                found.append(self._properties[name])
            else:
                wrong = f"'{name}' is no correlation property."
                self._reader.problem(reference, wrong, "Choose one of the diagram's correlation properties.")
        if len(children(node, "correlationPropertyRef")) == 0:
            self._reader.problem(node, "The correlation key has no property.", "Name those that tell messages apart.")
        before, self._count = self._count, self._count + len(found)
        if before <= MAX_PROPERTIES < self._count:
            self._reader.problem(node, f"Up to here, correlation keys have more than {MAX_PROPERTIES} properties.", "")
        if not found or self._count > MAX_PROPERTIES:
            return None
        key_id = node.get("id", "")
        return _Key(key_id, node.get("name") or key_id, tuple(found))

    def of_process(self, process: Node) -> Callable[[str], tuple[CorrelationKey, ...]]:
        """Gives the keys that a message has in this process, by the message's id."""
        keys = dict(self._of_process.get(process.get("id", ""), {}))
        bindings: dict[tuple[str, str], Expression] = {}
        for subscription in children(process, "correlationSubscription"):
            name = local(subscription.get("correlationKeyRef"))
            key = self._keys.get(name)
            if name not in self._keys:
                wrong = f"'{subscription.get('correlationKeyRef')}' is no correlation key."
                self._reader.problem(subscription, wrong, "Choose one of a collaboration of this process.")
            elif key is not None:
                keys[key.id] = key
                bindings.update(self._bindings(subscription, key))
        known: dict[str, tuple[CorrelationKey, ...]] = {}

        def keys_of(message: str) -> tuple[CorrelationKey, ...]:
            if message not in known:
                known[message] = _keys_of(message, keys, bindings)
            return known[message]

        return keys_of

    def _bindings(self, subscription: Node, key: _Key) -> dict[tuple[str, str], Expression]:
        found = {}
        names = {each.id for each in key.properties}
        for node in children(subscription, "correlationPropertyBinding"):
            name = local(node.get("correlationPropertyRef"))
            value = self._reader.formal(child(node, "dataPath"))
            if name not in names:
                wrong = f"'{name}' is no property of the correlation key '{key.name}'."
                self._reader.problem(node, wrong, "Bind the properties of that key.")
            elif value is not None:
                found[key.id, name] = value
        return found


def _keys_of(message: str, keys: Mapping[str, _Key], bindings: Bindings) -> tuple[CorrelationKey, ...]:
    return tuple(
        CorrelationKey(
            key.name,
            tuple(
                CorrelationProperty(each.name, each.paths[message], bindings.get((key.id, each.id)))
                for each in key.properties
            ),
        )
        for key in keys.values()
        if all(message in each.paths for each in key.properties)
    )
