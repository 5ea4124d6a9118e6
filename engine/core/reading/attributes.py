"""Values of attributes as the schema defines them."""

from __future__ import annotations

from engine.core.reading.reader import Reader
from engine.core.reading.xml import Node


def flag(node: Node, name: str, *, default: bool = False) -> bool:
    """An xsd:boolean."""
    value = node.get(name)
    return default if value is None else value.strip() in ("true", "1")


def at_least_one(reader: Reader, node: Node, name: str) -> int | None:
    """A whole number from 1 on; None where there is none or it is wrong."""
    value = node.get(name)
    if value is None:
        return None
    if len(value) > _DIGITS or int(value) < 1:
        reader.problem(node, f"Expected a number from 1 on, but {name} is {value[:20]}.", "Give it one.")
        return None
    return int(value)


_DIGITS = 9


def local(name: str | None) -> str:
    """What a QName names, without its prefix. References are looked up in the file alone."""
    return (name or "").strip().rpartition(":")[2]
