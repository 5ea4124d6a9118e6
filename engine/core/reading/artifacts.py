"""What is only drawn: a person reads it, no engine runs it."""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.reading.attributes import local
from engine.core.reading.dialect import DRAWN
from engine.core.reading.xml import BPMN, Node, split

_TAGS = [f"{{{BPMN}}}{kind}" for kind in DRAWN]


def drawn(node: Node) -> dict[str, str]:
    """The kind of everything in an element that is only drawn, by id."""
    return {part.get("id", ""): split(part.tag)[1] for part in node.iter(*_TAGS) if part.get("id")}


def associations(root: Node) -> Mapping[str, list[str]]:
    """To what the associations of a file lead, by what they come from."""
    found: dict[str, list[str]] = {}
    for node in root.iter(f"{{{BPMN}}}association"):
        found.setdefault(local(node.get("sourceRef")), []).append(local(node.get("targetRef")))
    return found
