"""A DMN file as a bounded tree that is checked against DMN's schema."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lxml import etree
from SpiffWorkflow.dmn.parser.BpmnDmnParser import SCHEMAS

from engine.core.reading import schemas
from engine.core.reading.xml import parse_xml
from engine.errors import InvalidDefinition, Problem

MAX_ELEMENTS = 50_000
MAX_ATTRIBUTES = 250_000
MAX_TEXT = 150_000
"""XML elements, attributes, and characters between the tags of a file: reading it must soon end."""

# SpiffWorkflow's schema of DMN 1.2 lacks that of its layout and cannot be loaded, and it has none of 1.4 and 1.5.
_WITHOUT_SCHEMA = frozenset(
    {
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    }
)
NAMESPACES = _WITHOUT_SCHEMA | frozenset(SCHEMAS)
"""DMN 1.1 to 1.5."""

_SHOWN = 20
"""Violations of the schema that are told."""


class Problems:
    """Collects what is wrong while a file is read, so that a designer sees all of it."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, node: Any, wrong: str, right: str) -> None:
        """What is wrong with a node; one without an id goes by the nearest around it that has one."""
        holders = (holder.get("id") for holder in (node, *node.iterancestors()))
        element_id = next((found for found in holders if found), None)
        self.found.append(Problem(element_id, node.sourceline or 0, wrong, right))


def tag(node: Any) -> str:
    """The local name of an element."""
    return str(node.tag).rpartition("}")[2]


def namespace(node: Any) -> str:
    """The namespace of an element, empty where it has none."""
    return str(node.tag).rpartition("}")[0][1:]


def children(node: Any, *names: str) -> list[Any]:
    """The children of these names in the namespace of their parent."""
    own = f"{{{namespace(node)}}}"
    wanted = {own + name for name in names}
    return [child for child in node if child.tag in wanted]


def text(node: Any) -> str:
    """What stands in the `text` element of an expression."""
    return "".join(child.text or "" for child in children(node, "text"))


def definitions(xml: bytes, resource: str) -> Any:
    """The root of a DMN file.

    Raises:
        InvalidDefinition: it is none, is too large, or violates the schema of its version.
    """
    root = parse_xml(xml, resource)
    for what, count, most in (
        ("elements", root.xpath("count(//*)"), MAX_ELEMENTS),
        ("attributes", root.xpath("count(//@*)"), MAX_ATTRIBUTES),
        ("characters in its cells", root.xpath("string-length(normalize-space(.))"), MAX_TEXT),
    ):
        if count > most:
            raise _unusable(resource, root, f"The file has {int(count):,} {what}.", f"At most {most:,} are taken.")
    etree.strip_tags(root, etree.Comment, etree.ProcessingInstruction)
    if namespace(root) not in NAMESPACES or tag(root) != "definitions":
        raise _unusable(resource, root, "It is no DMN file.", "Write it as DMN 1.3 (dmn-js does).")
    _check_ids(root, resource)
    if namespace(root) not in _WITHOUT_SCHEMA:
        _check_schema(root, resource)
    return root


def _check_ids(root: Any, resource: str) -> None:
    """What the schema would call an invalid xs:ID, said so that a designer understands it."""
    lines: dict[str, int] = {}
    problems = Problems()
    for node in root.iter(f"{{{namespace(root)}}}*"):
        element_id = node.get("id")
        if element_id in lines:
            wrong = f"The id is used in line {lines[element_id]} already."
            problems.add(node, wrong, "Every element needs an id of its own.")
        elif element_id is not None:
            lines[element_id] = node.sourceline or 0
    if problems.found:
        raise InvalidDefinition(resource, problems.found)


def _check_schema(root: Any, resource: str) -> None:
    schema = _schema(namespace(root))
    if not schema.validate(root):
        found = list(schema.error_log)[:_SHOWN]
        problems = [Problem(None, error.line, f"{error.message:.500}", "") for error in found]
        raise InvalidDefinition(resource, problems)


@lru_cache
def _schema(uri: str) -> Any:
    return schemas.read(SCHEMAS[uri]).validator


def _unusable(resource: str, root: Any, wrong: str, right: str) -> InvalidDefinition:
    return InvalidDefinition(resource, [Problem(None, root.sourceline or 0, wrong, right)])
