"""Nothing is dropped silently: whatever a diagram says changes the process, has no meaning by the table, or is a problem."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from engine.core import compile
from engine.core.model import ProcessModel
from engine.core.reading import dialect
from engine.core.reading.xml import BPMN, Node, parse_bpmn, split
from engine.errors import InvalidDefinition
from tests.engine.core.samples import SAMPLES

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "conformance"
"""Reference diagrams of others, which are not in this repository."""

OWN = {path.name: path.read_bytes() for path in sorted((ROOT / "bpmn").glob("*.bpmn"))}
PROBES = SHARED / "probes.json"
PROBED = {case["name"]: case["xml"].encode() for case in json.loads(PROBES.read_bytes())} if PROBES.exists() else {}
INTERCHANGED = {path.name: path.read_bytes() for path in sorted(SHARED.glob("miwg/*.bpmn"))}
NONE_HERE = pytest.param(
    "", marks=pytest.mark.skip(reason="no ../shared/conformance/miwg here: the diagrams of other tools are not tried")
)

DIAGRAMS = {**SAMPLES, **OWN, **PROBED}
REFERRED_TO = frozenset(
    {"message", "signal", "error", "escalation", "resource", "interface", "operation", "correlationProperty"}
) | frozenset(dialect.EVENT_DEFINITIONS)
"""What means nothing until an element refers to it."""


FUNCTIONS = frozenset({"log", "throw_error"})


def read(xml: bytes) -> tuple[ProcessModel, ...] | None:
    """The models; None where there are problems."""
    try:
        return compile(xml, functions=FUNCTIONS)
    except InvalidDefinition:
        return None


def name_of(node: Node) -> str:
    return split(node.tag)[1]


def is_silent(node: Node) -> bool:
    """Whether a part, or what it is in, has no meaning by the table."""
    around = [node, *node.iterancestors()]
    return any(name_of(each) in dialect.WITHOUT_MEANING for each in around)


def is_unused(node: Node, xml: bytes) -> bool:
    """Whether nothing refers to a message, an error and the like."""
    name = node.get("id", "")
    places = xml.count(f'"{name}"'.encode()) + xml.count(f">{name}<".encode())
    return name_of(node) in REFERRED_TO and places == 1


def bpmn(root: Node) -> Iterator[Node]:
    return root.iter(f"{{{BPMN}}}*")


@pytest.mark.parametrize("name", DIAGRAMS)
def test_every_element_of_a_diagram_is_found_again(name: str) -> None:
    models = read(DIAGRAMS[name])
    assert models is not None
    found = {key for model in models for key in (*model.elements, *model.flows, *model.drawn)}
    for node in bpmn(etree.fromstring(DIAGRAMS[name])):
        kind = name_of(node)
        assert kind in dialect.ATTRIBUTES, kind
        is_drawn = kind in dialect.DRAWN and node.get("id") is not None
        if kind in dialect.FLOW_NODES or kind in {"process", "sequenceFlow"} or is_drawn:
            assert node.get("id") in found, etree.tostring(node)


def test_the_samples_have_everything_that_is_taken() -> None:
    nodes = [node for xml in SAMPLES.values() for node in bpmn(etree.fromstring(xml))]
    assert {name_of(node) for node in nodes} == set(dialect.ATTRIBUTES)
    taken = {attribute for attributes in dialect.ATTRIBUTES.values() for attribute in attributes}
    assert taken <= {attribute for node in nodes for attribute in node.attrib}


OTHERS = {
    "gatewayDirection": ["Converging"],
    "eventGatewayType": ["Exclusive"],
    "ordering": ["Parallel"],
    "behavior": ["All"],
    "associationDirection": ["Both"],
    "processType": ["Public"],
    "itemKind": ["Physical"],
    "method": ["##Store"],
}


def others(attribute: str, value: str) -> list[str]:
    """Other values that an attribute may have by the schema."""
    if value in ("true", "false"):
        return ["false" if value == "true" else "true"]
    if value.isdecimal():
        return [str(int(value) + 1)]
    return OTHERS.get(attribute) or [f"{value}_"]


@pytest.mark.parametrize("name", SAMPLES)
def test_an_attribute_with_another_value_changes_something_or_is_without_meaning(name: str) -> None:
    root = etree.fromstring(SAMPLES[name])
    before = read(SAMPLES[name])
    tried = set()
    for node in bpmn(root):
        kind = name_of(node)
        for attribute, value in node.attrib.items():
            unread = dialect.is_without_meaning(kind, attribute) or kind in dialect.DRAWN or is_silent(node)
            unread = unread or is_unused(node, SAMPLES[name])
            if attribute.startswith("{") or unread or (kind, attribute, value) in tried:
                continue
            tried.add((kind, attribute, value))
            for other in others(attribute, value):
                node.set(attribute, other)
                changed = etree.tostring(root)
                parse_bpmn(changed, "valid by the schema")
                assert read(changed) != before, f'{kind} {attribute}="{other}"'
            node.set(attribute, value)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_part_that_is_taken_away_changes_something_or_is_without_meaning(name: str) -> None:
    before = read(SAMPLES[name])
    root = etree.fromstring(SAMPLES[name])
    for number, node in enumerate(bpmn(root)):
        silent = node.getparent() is None or is_silent(node) or is_unused(node, SAMPLES[name])
        # Where an expression says what becomes of the sources, naming them is for people.
        worked_out = {"transformation", "assignment"} & {name_of(each) for each in node.itersiblings()}
        if silent or name_of(node) == "extensionElements" or (name_of(node) == "sourceRef" and worked_out):
            continue
        without = copy.deepcopy(root)
        gone = list(bpmn(without))[number]
        gone.getparent().remove(gone)
        assert read(etree.tostring(without)) != before, etree.tostring(node)


@pytest.mark.parametrize("seed", range(300))
def test_a_part_that_stands_elsewhere_changes_something_or_is_without_meaning(seed: int) -> None:
    chance = random.Random(seed)
    name = chance.choice(sorted(SAMPLES))
    before = read(SAMPLES[name])
    root, other = etree.fromstring(SAMPLES[name]), etree.fromstring(SAMPLES[chance.choice(sorted(SAMPLES))])
    part = copy.deepcopy(chance.choice(list(bpmn(other))))
    for number, node in enumerate(part.iter("{*}*")):
        if node.get("id"):
            node.set("id", f"copy_{number}")
    place = chance.choice(list(bpmn(root)))
    place.insert(chance.randint(0, len(place)), part)
    refers = [node for node in bpmn(part) if not is_silent(node) and name_of(node) not in REFERRED_TO]
    if refers and not is_silent(place):
        assert read(etree.tostring(root)) != before, (name_of(place), etree.tostring(part))


STRANGE = {
    "an attribute that nobody knows": ("", "frob"),
    "an attribute of Camunda that is not understood": ("{http://camunda.org/schema/1.0/bpmn}", "frob"),
    "an attribute for another engine": ("{http://flowable.org/bpmn}", "frob"),
}


@pytest.mark.parametrize("what", STRANGE)
@pytest.mark.parametrize("name", SAMPLES)
def test_an_attribute_that_means_something_elsewhere_is_a_problem_wherever_it_is(name: str, what: str) -> None:
    root = etree.fromstring(SAMPLES[name])
    tried = set()
    for node in bpmn(root):
        if name_of(node) in tried or name_of(node) == "extensionElements":
            continue
        tried.add(name_of(node))
        attribute = "".join(STRANGE[what])
        node.set(attribute, "1")
        with pytest.raises(InvalidDefinition):
            compile(etree.tostring(root))
        del node.attrib[attribute]


def test_an_extension_that_is_not_understood_is_a_problem_wherever_it_is() -> None:
    extension = (
        '<extensionElements><camunda:frob xmlns:camunda="http://camunda.org/schema/1.0/bpmn"/></extensionElements>'
    )
    tried = set()
    for name, xml in SAMPLES.items():
        root = etree.fromstring(xml)
        for node in bpmn(root):
            kind = name_of(node)
            if kind in tried or kind in dialect.WRITTEN_FREELY:
                continue
            holder = etree.fromstring(f'<x xmlns="{BPMN}">{extension}</x>')[0]
            described = [part for part in node if name_of(part) == "documentation"]
            node.insert(len(described), holder)
            with pytest.raises(InvalidDefinition):
                compile(etree.tostring(root), name)
            node.remove(holder)
            tried.add(kind)
    assert len(tried) > 100


def outcome(xml: bytes) -> object:
    """The models, or the problems, without their lines."""
    try:
        models = compile(xml, functions=FUNCTIONS)
    except InvalidDefinition as error:
        return [(problem.element_id, problem.wrong, problem.right) for problem in error.problems]
    return [
        replace(model, elements={name: replace(element, line=0) for name, element in model.elements.items()})
        for model in models
    ]


def forced(xml: bytes) -> bytes:
    """A file with every process marked as executable."""
    root = etree.fromstring(xml)
    for node in root.iter(f"{{{BPMN}}}process"):
        node.set("isExecutable", "true")
    return etree.tostring(root)


@pytest.mark.parametrize("name", [*DIAGRAMS, *INTERCHANGED])
def test_what_is_parsed_and_written_again_means_the_same(name: str) -> None:
    xml = forced(INTERCHANGED[name]) if name in INTERCHANGED else DIAGRAMS[name]
    written = etree.tostring(etree.fromstring(xml), xml_declaration=True, encoding="UTF-8")
    assert outcome(written) == outcome(xml)


@pytest.mark.parametrize("name", INTERCHANGED or [NONE_HERE])
@pytest.mark.parametrize("make", [bytes, forced])
def test_a_diagram_of_another_tool_runs_or_tells_what_to_change(name: str, make: Callable[[bytes], bytes]) -> None:
    xml = make(INTERCHANGED[name])
    ids = {node.get("id") for node in etree.fromstring(xml).iter("{*}*")}
    try:
        assert compile(xml, name)
    except InvalidDefinition as error:
        for problem in error.problems:
            assert problem.element_id in ids, problem
            assert problem.line > 0, problem
            assert problem.right or problem.wrong.startswith("Expected"), problem
