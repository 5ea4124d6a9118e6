"""Hostile XML in, a bounded and schema-valid tree out."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnValidator

from engine.core.reading import schemas
from engine.errors import InvalidDefinition, Problem

MAX_BYTES = 10_000_000
MAX_ELEMENTS = 50_000
"""XML elements of a diagram, its layout included: far more than a person can draw."""

MAX_ATTRIBUTES = 250_000

MAX_ATTRIBUTES_EACH = 200
"""Attributes of one XML element: reading them takes time with the square of their number."""

ENCODINGS = frozenset({"UTF-8", "UTF-16", "UTF-16LE", "UTF-16BE", "US-ASCII", "ASCII", "ISO-8859-1"})
"""Encodings that every reader of a file takes for the same text."""

MAX_VIOLATIONS = 1_000
"""Violations of the schema that are told one by one."""

_SMALL = 10_000
"""XML elements and attributes of a file that can be wrong all over and still be told about at once."""

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
VENDORS = frozenset({"http://camunda.org/schema/1.0/bpmn", "http://operaton.org/schema/1.0/bpmn"})
OTHER_ENGINES = {
    "http://flowable.org/bpmn": "Flowable",
    "http://activiti.org/bpmn": "Activiti",
    "http://camunda.org/schema/zeebe/1.0": "Zeebe",
    "http://www.jboss.org/drools": "jBPM",
    "http://spiffworkflow.org/bpmn/schema/1.0/core": "SpiffWorkflow",
}
"""Namespaces whose content means something to an engine, and would be dropped here without a word."""

Node: TypeAlias = etree._Element


def parse_xml(xml: bytes, resource: str) -> Node:
    """The root of a document without DTD and entities, of bounded size and depth.

    Raises:
        InvalidDefinition: it is none.
    """
    if len(xml) > MAX_BYTES:
        _refuse(resource, 0, f"The file has {len(xml):,} bytes.", f"At most {MAX_BYTES:,} are taken.")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        # They mean nothing here, and millions of them would be nodes to step over again and again.
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        _refuse(resource, error.lineno or 0, f"The file is not well-formed XML: {error.msg}.", "")
    if root.getroottree().docinfo.doctype:
        _refuse(resource, 1, "The file has a DOCTYPE.", "Documents with a DTD or entities are not taken.")
    encoding = (root.getroottree().docinfo.encoding or "UTF-8").upper()
    if encoding not in ENCODINGS:
        _refuse(resource, 1, f"The file is written in {encoding}.", "Save it as UTF-8.")
    return root


def parse_bpmn(xml: bytes, resource: str) -> Node:
    """The `definitions` of a diagram that is valid against the BPMN 2.0 schema.

    Raises:
        InvalidDefinition: it is none; every violation of the schema is a problem with its line.
    """
    root = parse_xml(xml, resource)
    if root.tag != f"{{{BPMN}}}definitions":
        _refuse(resource, root.sourceline or 0, f"The root element is '{root.tag}'.", "BPMN 2.0 has 'definitions'.")
    for what, most in (("elements", MAX_ELEMENTS), ("attributes", MAX_ATTRIBUTES)):
        count = int(root.xpath("count(//*)" if what == "elements" else "count(//@*)"))
        if count > most:
            _refuse(resource, 0, f"The file has {count:,} {what}.", f"At most {most:,} are taken.")
    crowded = root.xpath(f"//*[count(@*) > {MAX_ATTRIBUTES_EACH}]")
    if crowded:
        wrong = f"An XML element has {int(crowded[0].xpath('count(@*)')):,} attributes."
        _refuse(resource, crowded[0].sourceline or 0, wrong, f"At most {MAX_ATTRIBUTES_EACH:,} are taken.")
    _shared_validator().preprocess(root)
    problems = _repeated_ids(root) or _violations(root)
    if problems:
        raise InvalidDefinition(resource, problems)
    return root


@lru_cache
def _shared_validator() -> BpmnValidator:
    """Reading the schema takes longer than validating most diagrams. Threads may share its yes or no, not its log."""
    return schemas.read()


def _violations(root: Node) -> list[Problem]:
    """What the schema says against a tree: every violation with its line, or of far too many the first alone.

    libxml2 finds the path of a violation by counting the siblings before it, which would take minutes for a large
    file that is wrong all over. While a text is being parsed, it asks for no path, and knows no line.
    """
    is_small = int(root.xpath("count(//*) + count(//@*)")) <= _SMALL
    if is_small and _shared_validator().validator.validate(root):
        return []
    schema = schemas.read().validator
    if not is_small:
        parser = etree.XMLParser(schema=schema, huge_tree=True)
        try:
            etree.fromstring(etree.tostring(root), parser)
        except etree.XMLSyntaxError:
            found = len(parser.error_log)
            if found > MAX_VIOLATIONS:
                return [Problem(None, 0, f"{parser.error_log[0].message} There are {found:,} such places.", "")]
        else:
            return []
    schema.validate(root)
    return [Problem(None, entry.line, entry.message, "") for entry in schema.error_log]


def _repeated_ids(root: Node) -> list[Problem]:
    """What the schema would call an invalid xs:ID, said so that a designer understands it."""
    lines: dict[str, int] = {}
    problems = []
    for node in root.iter(f"{{{BPMN}}}*"):
        element_id = node.get("id")
        if element_id is not None and element_id in lines:
            wrong = f"The id is used in line {lines[element_id]} already."
            problems.append(Problem(element_id, node.sourceline or 0, wrong, "Every element needs an id of its own."))
        elif element_id is not None:
            lines[element_id] = node.sourceline or 0
    return problems


def _refuse(resource: str, line: int, wrong: str, right: str) -> None:
    raise InvalidDefinition(resource, [Problem(None, line, wrong, right)])


def split(tag: str) -> tuple[str, str]:
    """The namespace and the local name of a tag or attribute."""
    if tag[0] != "{":
        return "", tag
    namespace, _, name = tag[1:].partition("}")
    return namespace, name


def children(node: Node, name: str) -> list[Node]:
    """The children of that name in BPMN's namespace."""
    return list(node.iterchildren(f"{{{BPMN}}}{name}"))


def child(node: Node, name: str) -> Node | None:
    return node.find(f"{{{BPMN}}}{name}")


def vendor(node: Node, name: str) -> str | None:
    """An attribute of Camunda's or Operaton's namespace."""
    for namespace in VENDORS:
        value: str | None = node.get(f"{{{namespace}}}{name}")
        if value is not None:
            return value
    return None


def extensions(node: Node, name: str) -> list[Node]:
    """Extension elements of Camunda's or Operaton's namespace."""
    holder = child(node, "extensionElements")
    if holder is None:
        return []
    return [found for found in holder.iterchildren("{*}" + name) if split(found.tag)[0] in VENDORS]


def text(node: Node | None) -> str:
    return "" if node is None else "".join(node.itertext()).strip()
