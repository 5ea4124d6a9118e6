"""Who does a user task, as the standard says it: performers and potential owners (BPMN 2.0, 10.3.1 and 10.3.4).

A resource is a group of people. An expression lists users and groups, as in ``user(ann), group(clerks)``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.core.expressions import Expression
from engine.core.reading.reader import Reader
from engine.core.reading.xml import Node, child, children, text

_MEMBER = re.compile(r"(user|group)\((.*)\)", re.DOTALL)
_PERFORMER, _OWNER = ("humanPerformer", "performer"), ("potentialOwner",)


@dataclass(frozen=True, slots=True)
class People:
    assignee: Expression | None
    users: tuple[Expression, ...]
    groups: tuple[Expression, ...]


def people(reader: Reader, node: Node) -> People:
    """The performer is the assignee, potential owners are candidates. A word alone is a user there, a group here."""
    performers = [found for kind in _PERFORMER for part in children(node, kind) for found in _who(reader, part, "user")]
    owners = [found for kind in _OWNER for part in children(node, kind) for found in _who(reader, part, "group")]
    one = [who for kind, who in performers if kind == "user"]
    if len(one) > 1:
        reader.problem(node, f"It has {len(one)} performers.", "One person performs it; others may own it.")
    return People(
        assignee=one[0] if one else None,
        users=tuple(who for kind, who in owners if kind == "user"),
        groups=tuple(who for kind, who in [*performers, *owners] if kind == "group"),
    )


def _who(reader: Reader, node: Node, kind: str) -> Iterator[tuple[str, Expression]]:
    """Each with ``user`` or ``group``; `kind` is that of a word by itself."""
    reference, assignment = child(node, "resourceRef"), child(node, "resourceAssignmentExpression")
    if reference is not None:
        resource = reader.find(node, text(reference), "resourceRef", "resource")
        if resource is not None:
            yield "group", reader.literal(resource.get("name", "").strip())
    elif assignment is not None:
        (expression, *_) = [part for name in ("formalExpression", "expression") for part in children(assignment, name)]
        members = parts(reader.said(expression))
        if not members:
            reader.problem(expression, "The expression is empty.", "Name users or groups.")
        for member in members:
            found = _MEMBER.fullmatch(member)
            value = reader.template(expression, found[2].strip() if found else member)
            if value is not None:
                yield (found[1] if found else kind), value
    else:
        reader.problem(node, "Nothing says who it is.", "Give it an expression, or one of the diagram's resources.")


def parts(listed: str) -> list[str]:
    """Split at the commas that are outside of ``${…}`` and brackets."""
    found, start, depth = [], 0, 0
    for position, character in enumerate(f"{listed},"):
        depth += (character in "{(") - (character in "})")
        if character == "," and (depth == 0 or position == len(listed)):
            found.append(listed[start:position])
            start = position + 1
    return [part.strip() for part in found if part.strip()]
