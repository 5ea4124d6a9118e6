"""Nothing in a DMN file is dropped silently: it is evaluated, drawn only, or a problem. And no file takes long."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from SpiffWorkflow.dmn.parser.BpmnDmnParser import SCHEMAS

from engine.core.expressions import ExpressionError
from engine.decisions import DecisionGraph, read
from engine.decisions.files import NAMESPACES
from engine.decisions.shape import ATTRIBUTES, CHILDREN, DRAWN, REFUSED
from engine.errors import InvalidDefinition
from tests.engine.dmn import NAMESPACE, decision, dmn, file, problems

XSD = "{http://www.w3.org/2001/XMLSchema}"
ABSTRACT = {"DMNElement", "namedElement", "drgElement", "expression", "artifact", "businessContextElement", "invocable"}
NEWER = "https://www.omg.org/spec/DMN/20230324/MODEL/"
"""DMN 1.5, which is read without a schema."""

EVERYTHING = """
<itemDefinition id="t1" name="tAge" isCollection="false"><typeRef>number</typeRef>
  <allowedValues id="t1a"><text>[0..150]</text></allowedValues></itemDefinition>
<itemDefinition id="t2" name="tPerson"><itemComponent id="t3" name="age" isCollection="true"><typeRef>tAge</typeRef>
  </itemComponent></itemDefinition>
<inputData id="person-data" name="person"><variable id="v1" name="person" typeRef="tPerson"/></inputData>
<decision id="base" name="Base"><variable id="v2" name="base rate" typeRef="number"/>
  <informationRequirement id="i1"><requiredInput href="#person-data"/></informationRequirement>
  <literalExpression id="l1"><text>count(person.age)</text></literalExpression></decision>
<decision id="price" name="Price">
  <description>Why</description><question>What?</question><allowedAnswers>Any</allowedAnswers>
  <variable id="v3" name="price" typeRef="Any"/>
  <informationRequirement id="i2"><requiredDecision href="#base"/></informationRequirement>
  <authorityRequirement id="a1"><requiredAuthority href="#law"/></authorityRequirement>
  <decisionMaker href="#who"/>
  <decisionTable id="table" hitPolicy="COLLECT" aggregation="MAX" preferredOrientation="Rule-as-Row">
    <input id="in" label="Rate"><inputExpression id="ie" typeRef="number"><text>base rate</text></inputExpression>
      <inputValues id="iv"><text>[0..9]</text></inputValues></input>
    <output id="out" label="Fee" name="fee" typeRef="number"><outputValues id="ov"><text>1,2,3</text></outputValues>
      <defaultOutputEntry id="od"><text>3</text></defaultOutputEntry></output>
    <annotation name="Why"/>
    <rule id="r1"><description>First</description><inputEntry id="c1"><text>&lt; 5</text></inputEntry>
      <outputEntry id="c2"><text>1</text></outputEntry><annotationEntry><text>Law</text></annotationEntry></rule>
    <rule id="r2"><inputEntry id="c3"><text>&gt; 1</text></inputEntry>
      <outputEntry id="c4"><text>2</text></outputEntry></rule>
  </decisionTable></decision>
<knowledgeSource id="law" name="Law"/>
<textAnnotation id="note"><text>Note</text></textAnnotation>
<elementCollection id="all" name="All"><drgElement href="#price"/></elementCollection>
<organizationUnit id="who" name="Who"/>
"""


def compiled(root: etree._Element) -> tuple[DecisionGraph, ...] | None:
    try:
        return read(etree.tostring(root), "everything.dmn")
    except InvalidDefinition:
        return None


def parts(root: etree._Element) -> Iterator[etree._Element]:
    """Whatever is not drawn only."""
    for child in root:
        if etree.QName(child).localname not in DRAWN:
            yield child
            yield from parts(child)


def numbered() -> list[int]:
    return list(range(sum(1 for _ in parts(etree.fromstring(file(EVERYTHING))))))


@pytest.mark.parametrize("namespace", [NAMESPACE, NEWER])
@pytest.mark.parametrize("number", numbered())
def test_whatever_is_left_out_changes_the_decision_or_is_missed(number: int, namespace: str) -> None:
    root = etree.fromstring(file(EVERYTHING, namespace))
    before = compiled(root)
    assert before is not None
    left_out = list(parts(root))[number]
    left_out.getparent().remove(left_out)
    assert compiled(root) != before


WITHOUT_EFFECT = {"id", "preferredOrientation", "inputData name"}
"""What shows where a problem is, and how a diagram is drawn: input data goes by its variable."""


@pytest.mark.parametrize("number", numbered())
def test_whatever_attribute_is_changed_changes_the_decision_or_is_refused(number: int) -> None:
    changed = {"false": "true", "true": "false"}
    for name, value in list(parts(etree.fromstring(file(EVERYTHING))))[number].attrib.items():
        root = etree.fromstring(file(EVERYTHING))
        before = compiled(root)
        node = list(parts(root))[number]
        node.set(name, changed.get(value, "Another"))
        assert {name, f"{etree.QName(node).localname} {name}"} & WITHOUT_EFFECT or compiled(root) != before, name


def test_what_is_drawn_only_changes_nothing() -> None:
    root = etree.fromstring(file(EVERYTHING.replace("\n", "")))
    before = compiled(root)
    for name in DRAWN:
        for node in root.iterfind(f".//{{*}}{name}"):
            if name != "description":
                node.getparent().remove(node)
    assert compiled(root) == before


@pytest.mark.parametrize("namespace", [NAMESPACE, NEWER])
@pytest.mark.parametrize("number", numbered())
def test_an_element_or_attribute_that_is_unknown_is_refused(number: int, namespace: str) -> None:
    root = etree.fromstring(file(EVERYTHING, namespace))
    list(parts(root))[number].set("unknown", "1")
    assert compiled(root) is None
    root = etree.fromstring(file(EVERYTHING, namespace))
    list(parts(root))[number].append(etree.Element(f"{{{namespace}}}unknown"))
    assert compiled(root) is None


def schema_elements() -> set[str]:
    return {
        node.get("name") for node in etree.parse(SCHEMAS[NAMESPACE]).iter(f"{XSD}element") if node.get("name")
    } - ABSTRACT


def drawn_inside() -> set[str]:
    """Elements of the schema that stand inside those that are drawn or refused only."""
    return {
        *("requiredKnowledge", "requiredAuthority", "impactingDecision", "decisionMade", "decisionOwned"),
        *("type", "owner", "sourceRef", "targetRef", "parameters", "parameter", "binding", "informationItem"),
        *("contextEntry", "formalParameter", "column", "row", "importedElement", "outputDecision"),
        *("encapsulatedDecision", "inputDecision"),
    }


@pytest.mark.parametrize("name", sorted(schema_elements()))
def test_every_element_of_the_schema_is_evaluated_drawn_or_refused(name: str) -> None:
    assert name in {*ATTRIBUTES, *DRAWN, *REFUSED, *drawn_inside()}


def test_every_element_that_may_be_inside_another_is_known_with_its_attributes() -> None:
    assert {name for inside in CHILDREN.values() for name in inside} | {"definitions"} == set(ATTRIBUTES)


@pytest.mark.parametrize(
    ("body", "element", "right"),
    [
        ('<businessKnowledgeModel id="x" name="f"/>', "businessKnowledgeModel", "as a decision, and require that"),
        ('<decisionService id="x" name="s"/>', "decisionService", "asks a decision by its id"),
        ('<import name="x" namespace="n" importType="t"/>', "import", "into this file"),
        *(
            (f'<decision id="x" name="x"><{boxed} id="y"/></decision>', boxed, "a decision table or a literal")
            for boxed in ("context", "invocation", "relation", "functionDefinition", "list", "conditional", "filter")
        ),
        (
            '<decision id="x" name="x"><knowledgeRequirement id="k"><requiredKnowledge href="#f"/>'
            "</knowledgeRequirement></decision>",
            "knowledgeRequirement",
            "Require a decision instead",
        ),
        (
            '<decision id="x" name="x"><literalExpression id="y"><importedValues name="x" namespace="n" '
            'importType="t"><importedElement>e</importedElement></importedValues></literalExpression></decision>',
            "importedValues",
            "List the values",
        ),
    ],
)
def test_what_is_not_evaluated_is_refused_with_its_line_and_what_would_be_right(
    body: str, element: str, right: str
) -> None:
    found = problems(file("\n" + body, NEWER))
    (told,) = (problem for problem in found if f"'{element}' is not evaluated" in problem)
    assert "(line 2)" in told
    assert right in told


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('<rule id="r1">', '<rule id="table">', "The id is used in line"),
        ("<question>", "<typeRef>number</typeRef><question>", "'typeRef' in 'decision' is not known"),
        ("</decisionTable>", '</decisionTable><literalExpression id="l"/>', "a decision table and an expression"),
        ("<text>1</text>", "<text>1</text><text>2</text>", "There is a second 'text' in it"),
        ("<text>1</text>", "<text>1<text>2</text></text>", "'text' in 'text' is not known"),
        ("<question>", '<x xmlns="urn:other"/><question>', "'{urn:other}x' is no element of DMN"),
        ('<input id="in"', '<x:input xmlns:x="urn:other"/><input id="in"', "'{urn:other}input' is no element of DMN"),
        ('<variable id="v3" name="price"', '<variable id="v3"', "'variable' has no 'name'"),
        (
            '<input id="in"',
            '<input xmlns:camunda="http://camunda.org/schema/1.0/dmn" camunda:inputVariable="rate" id="in"',
            "Write '?' for the value of the input in its cells",
        ),
    ],
)
def test_what_stands_where_it_has_no_meaning_is_refused(old: str, new: str, expected: str) -> None:
    assert any(expected in problem for problem in problems(file(EVERYTHING.replace(old, new, 1), NEWER)))


def test_layout_and_the_marks_of_editors_are_passed_over() -> None:
    marked = EVERYTHING.replace(
        '<decision id="price"',
        '<decision xmlns:biodi="http://bpmn.io/schema/dmn/biodi/2.0" biodi:annotationsWidth="1" '
        'xmlns:camunda="http://camunda.org/schema/1.0/dmn" camunda:historyTimeToLive="5" id="price"',
    )
    layout = '<di:DMNDI xmlns:di="https://www.omg.org/spec/DMN/20191111/DMNDI/"><di:DMNDiagram id="di"/></di:DMNDI>'
    assert read(file(marked + layout)) == read(file(EVERYTHING))


@pytest.mark.parametrize("namespace", sorted(NAMESPACES))
def test_every_version_of_dmn_refuses_a_cell_that_is_missing(namespace: str) -> None:
    xml = dmn([("1", "1")], namespace=namespace).replace(b'<inputEntry id="c0-0"><text>1</text></inputEntry>', b"")
    assert problems(xml)


# --- no file takes long: each of these is refused by what it has too much of


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        (dmn([(",".join(['"a"'] * 2_000), '"x"')] * 50), "characters in its cells"),
        (dmn([("-",) * 30 + ('"x"',)] * 1_500, inputs=["x"] * 30), "elements"),
        (file("<x " + " ".join(f'a{n}=""' for n in range(250_001)) + "/>"), "attributes"),
        (dmn([('"' + "a" * 9_900_000 + '"', "1")]), "characters in its cells"),
        (file("<a>" * 3_000_000), "Excessive depth"),
        (file("".join(decision(f"x{n}", "1") for n in range(201))), "At most 200 are taken"),
        (file("".join(decision(f"x{n}", "1", f"x{n + 1}") for n in range(9_000))), "At most 200 are taken"),
        (file(decision("x", "1", name="a" * 9_000_000)), "Its name is too long"),
        (
            file(
                "".join(
                    f'<itemDefinition name="t{n}"><typeRef>t{n + 1}</typeRef></itemDefinition>' for n in range(9_000)
                )
            ),
            "The type is nested too deeply",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_would_take_long_to_read_is_refused(xml: bytes, expected: str) -> None:
    assert any(expected in problem for problem in problems(xml))


MARKS = [
    *(("id", "price"), ("name", ""), ("name", "tAge"), ("href", "#base"), ("href", "#price"), ("href", "x#y")),
    *(("typeRef", "tPerson"), ("typeRef", "date"), ("hitPolicy", "ANY"), ("aggregation", "SUM"), ("isCollection", "1")),
    *(("expressionLanguage", "juel"), ("name", "a b c"), ("{urn:x}y", "z")),
]


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(sorted(NAMESPACES)), st.integers(1, 4))
def test_however_a_file_is_mixed_up_it_is_refused_or_answers(mixing: Random, namespace: str, times: int) -> None:
    root = etree.fromstring(file(EVERYTHING, namespace))
    names = sorted({*ATTRIBUTES, *DRAWN, *REFUSED})
    for _ in range(times):
        every = [node for node in root.iter() if node is not root]
        one, other = mixing.choice(every), mixing.choice(every)
        change = mixing.randrange(5)
        if change == 0:
            one.getparent().remove(one)
        elif change == 1:
            other.append(deepcopy(one))
        elif change == 2:
            one.tag = f"{{{namespace}}}{mixing.choice(names)}"
        elif change == 3:
            one.text = mixing.choice(["", "-", "[", "?", "price", "[1..2]", '"a"', "1, 2", "tAge", "not(1)", "x y"])
        else:
            one.set(*mixing.choice(MARKS))
    try:
        graphs = read(etree.tostring(root))
    except InvalidDefinition:
        return
    for graph, age in product(graphs, ([5], [5, 6, 7], "old")):
        with suppress(ExpressionError):
            assert json.dumps(graph.evaluate({"person": {"age": age}}))
