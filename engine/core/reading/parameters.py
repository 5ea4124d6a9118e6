"""Properties, and input and output parameters, as Camunda's properties panel writes them."""

from __future__ import annotations

from engine.core.model import IoMapping
from engine.core.reading.reader import Reader
from engine.core.reading.xml import VENDORS, Node, extensions, split, text


def properties(node: Node) -> dict[str, str]:
    """Name and value of each camunda:property of an element."""
    return {
        item.get("name", ""): item.get("value", "")
        for holder in extensions(node, "properties")
        for item in holder
        if isinstance(item.tag, str)
    }


def input_output(reader: Reader, node: Node) -> tuple[tuple[IoMapping, ...], tuple[IoMapping, ...]]:
    """The input and the output parameters of an element, in their order."""
    holders = extensions(node, "inputOutput")
    return _mappings(reader, holders, "inputParameter"), _mappings(reader, holders, "outputParameter")


def _mappings(reader: Reader, holders: list[Node], kind: str) -> tuple[IoMapping, ...]:
    mappings = []
    for holder in holders:
        for parameter in holder.iterchildren("{*}" + kind):
            nested = [split(part.tag)[1] for part in parameter.iterchildren("{*}*") if split(part.tag)[0] in VENDORS]
            if nested:
                reader.problem(parameter, f"A parameter given as {nested[0]} is not supported.", "Use an expression.")
            value = reader.template(parameter, text(parameter))
            name = parameter.get("name")
            if not name:
                reader.problem(parameter, f"The {kind} has no name.", "It names a variable.")
            elif value is not None:
                mappings.append(IoMapping(name, value))
    return tuple(mappings)


def call_mappings(reader: Reader, node: Node, kind: str) -> tuple[tuple[IoMapping, ...], bool]:
    """The camunda:in or camunda:out of a call activity, and whether it passes all variables."""
    mappings, everything = [], False
    for item in extensions(node, kind):
        known = {"source", "sourceExpression", "target", "variables", "businessKey"}
        for attribute in sorted(set(map(str, item.attrib)) - known):
            reader.problem(item, f"{attribute} on camunda:{kind} is not supported.", "")
        if item.get("variables") == "all":
            everything = True
        elif item.get("businessKey") is not None:
            # The called process is a scope of the same instance, so it has the caller's business key anyhow.
            _check_business_key(reader, item)
        else:
            mapping = _call_mapping(reader, item, kind)
            if mapping is not None:
                mappings.append(mapping)
    return tuple(mappings), everything


def _call_mapping(reader: Reader, item: Node, kind: str) -> IoMapping | None:
    source, expression, target = item.get("source"), item.get("sourceExpression"), item.get("target")
    if not target or (source is None) == (expression is None):
        reader.problem(item, f"camunda:{kind} needs a target and either a source or a sourceExpression.", "")
        return None
    value = reader.expression(item, source) if expression is None else reader.template(item, expression)
    return None if value is None else IoMapping(target, value)


def _check_business_key(reader: Reader, item: Node) -> None:
    if "businessKey" not in (item.get("businessKey") or ""):
        reader.problem(
            item,
            f"A business key of its own ({item.get('businessKey')}) is not supported.",
            "A called process is part of its caller's case and has its business key.",
        )
