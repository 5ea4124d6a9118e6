"""Which elements and attributes of DMN are understood. Whatever is in no list here is a problem, never dropped."""

from __future__ import annotations

from typing import Any

from lxml import etree

from engine.decisions.files import Problems, namespace, tag

_NAMED = frozenset({"id", "label"})
_REFERENCE = frozenset({"href"})
_EXPRESSION = _NAMED | {"typeRef", "expressionLanguage"}

ATTRIBUTES: dict[str, frozenset[str]] = {
    "definitions": _NAMED | {"name", "namespace", "expressionLanguage", "typeLanguage", "exporter", "exporterVersion"},
    "decision": _NAMED | {"name"},
    "variable": _NAMED | {"name", "typeRef"},
    "informationRequirement": _NAMED,
    "requiredDecision": _REFERENCE,
    "requiredInput": _REFERENCE,
    "inputData": _NAMED | {"name"},
    "decisionTable": _NAMED | {"hitPolicy", "aggregation", "typeRef", "preferredOrientation", "outputLabel"},
    "input": _NAMED,
    "inputExpression": _EXPRESSION,
    "inputValues": _EXPRESSION,
    "output": _NAMED | {"name", "typeRef"},
    "outputValues": _EXPRESSION,
    "defaultOutputEntry": _EXPRESSION,
    "rule": _NAMED,
    "inputEntry": _EXPRESSION,
    "outputEntry": _EXPRESSION,
    "literalExpression": _EXPRESSION,
    "itemDefinition": _NAMED | {"name", "typeLanguage", "isCollection"},
    "itemComponent": _NAMED | {"name", "typeLanguage", "isCollection"},
    "allowedValues": _EXPRESSION,
    "typeRef": frozenset(),
    "text": frozenset(),
}
"""The elements that are evaluated, with their attributes."""

_ITEM = frozenset({"typeRef", "allowedValues", "itemComponent"})
CHILDREN: dict[str, frozenset[str]] = {
    "definitions": frozenset({"decision", "inputData", "itemDefinition"}),
    "decision": frozenset({"variable", "informationRequirement", "decisionTable", "literalExpression"}),
    "inputData": frozenset({"variable"}),
    "informationRequirement": frozenset({"requiredDecision", "requiredInput"}),
    "decisionTable": frozenset({"input", "output", "rule"}),
    "input": frozenset({"inputExpression", "inputValues"}),
    "output": frozenset({"outputValues", "defaultOutputEntry"}),
    "rule": frozenset({"inputEntry", "outputEntry"}),
    "itemDefinition": _ITEM,
    "itemComponent": _ITEM,
    **dict.fromkeys(
        [
            *("inputExpression", "inputValues", "outputValues", "defaultOutputEntry"),
            *("inputEntry", "outputEntry", "literalExpression", "allowedValues"),
        ],
        frozenset({"text"}),
    ),
}
"""What may be in them."""

_REQUIRED: dict[str, frozenset[str]] = {
    **dict.fromkeys(["inputEntry", "inputValues", "outputValues", "allowedValues"], frozenset({"text"})),
    **dict.fromkeys(["variable", "itemDefinition", "itemComponent", "inputData"], frozenset({"name"})),
}
"""Elements and attributes that have to be in them; not every version of DMN has a schema here."""

_REPEATED = frozenset(
    {
        *("decision", "inputData", "itemDefinition", "itemComponent", "informationRequirement"),
        *("input", "output", "rule", "inputEntry", "outputEntry"),
    }
)

DRAWN = frozenset(
    {
        *("description", "extensionElements", "question", "allowedAnswers", "annotation", "annotationEntry"),
        *("authorityRequirement", "knowledgeSource", "textAnnotation", "association", "group", "elementCollection"),
        *("performanceIndicator", "organizationUnit", "supportedObjective", "impactedPerformanceIndicator"),
        *("decisionMaker", "decisionOwner", "usingProcess", "usingTask", "DMNDI"),
    }
)
"""Words, layout and surroundings: no result depends on them (DMN 1.3, 6.3)."""

_TABLE_OR_EXPRESSION = "Write a decision table or a literal expression."
REFUSED: dict[str, str] = {
    "import": "Put what it imports into this file.",
    "businessKnowledgeModel": "Write what it works out as a decision, and require that.",
    "knowledgeRequirement": "Require a decision instead.",
    "encapsulatedLogic": "Write what it works out as a decision, and require that.",
    "decisionService": "Leave it out: a process asks a decision by its id.",
    "importedValues": "List the values.",
    "functionItem": "Functions are no values here.",
    "typeConstraint": "Write allowedValues.",
    **dict.fromkeys(
        [
            *("context", "invocation", "relation", "functionDefinition", "list"),
            *("conditional", "filter", "for", "every", "some"),
        ],
        _TABLE_OR_EXPRESSION,
    ),
}
"""What would change a result and is not evaluated, with what would be right."""

_VENDORS = ("http://camunda.org/schema/1.0/dmn", "http://operaton.org/schema/1.0/dmn")
_WITHOUT_MEANING = frozenset({"historyTimeToLive", "historyTimeToLiveString", "versionTag", "diagramRelationId"})
"""Vendors' attributes that no result depends on; those of other namespaces are for editors."""


def check(root: Any, problems: Problems) -> None:
    """Every element and attribute that is neither evaluated nor drawn is a problem."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        _check_attributes(node, problems)
        waiting.extend(reversed(_evaluated(node, problems)))


def _evaluated(node: Any, problems: Problems) -> list[Any]:
    """The children that are evaluated; of the others, those that are not drawn are problems."""
    found: dict[str, Any] = {}
    evaluated = []
    for child in node:
        name = tag(child)
        if namespace(child) != namespace(node) and name not in DRAWN:
            problems.add(child, f"'{child.tag:.80}' is no element of DMN.", "Put it into extensionElements.")
        elif name in REFUSED:
            problems.add(child, f"'{name}' is not evaluated.", REFUSED[name])
        elif name in CHILDREN.get(tag(node), ()):
            evaluated.append(child)
            if found.setdefault(name, child) is not child and name not in _REPEATED:
                problems.add(child, f"There is a second '{name}' in it.", "Leave one of them.")
        elif name not in DRAWN:
            problems.add(child, f"'{name:.60}' in '{tag(node)}' is not known.", "Leave it out.")
    for name in _REQUIRED.get(tag(node), frozenset()).difference(found, node.attrib):
        problems.add(node, f"'{tag(node)}' has no '{name}'.", "Give it one.")
    return evaluated


def _check_attributes(node: Any, problems: Problems) -> None:
    for full in node.attrib:
        name = etree.QName(full)
        if name.namespace is None:
            known = name.localname in ATTRIBUTES[tag(node)]
        else:
            known = name.namespace not in _VENDORS or name.localname in _WITHOUT_MEANING
        if not known:
            right = f"Write {_INSTEAD[name.localname]}." if name.localname in _INSTEAD else "Leave it out."
            problems.add(node, f"The attribute '{name.localname:.60}' of '{tag(node)}' is not known.", right)


_INSTEAD = {"inputVariable": "'?' for the value of the input in its cells"}
