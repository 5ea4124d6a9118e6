"""Reads decision tables from DMN files, as dmn-js and others write them.

SpiffWorkflow checks the file against DMN's schema and takes its tables apart; hit policies with their aggregation,
listed values and lines, which it loses, come from the XML. Whatever would not be evaluated is refused.
"""

from __future__ import annotations

from copy import deepcopy
from functools import lru_cache
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnValidator
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.dmn.parser.BpmnDmnParser import SCHEMAS, BpmnDmnParser

from engine.core.expressions import Expression, ExpressionError, parse_feel
from engine.core.reading.xml import parse_xml
from engine.decisions.tables import AGGREGATIONS, HIT_POLICIES, Column, DecisionTable, Rule, typed
from engine.decisions.unary_tests import UnaryTests, equals, parse_cell
from engine.errors import InvalidDefinition, Problem

MAX_RULES = 2_000
MAX_COLUMNS = 50
MAX_ELEMENTS = 80_000
MAX_TEXT = 300_000
"""XML elements and characters of a file, all of its tables together: reading it must soon end."""

# SpiffWorkflow's schema of DMN 1.2 lacks that of its layout and cannot be loaded; the shape is checked here as well.
_WITHOUT_SCHEMA = "http://www.omg.org/spec/DMN/20180521/MODEL/"
_FEEL = frozenset({"", "feel", "s-feel"})
_WITH_ID = frozenset({"decisionTable", "input", "output", "rule", "inputEntry", "outputEntry"})
_IGNORED = frozenset({"description", "extensionElements", "annotation"})


def read(xml: bytes, resource: str = "decision table") -> tuple[DecisionTable, ...]:
    """Every decision table of a file.

    Raises:
        InvalidDefinition: the file cannot be used; every problem at once, with element and line.
    """
    root = _root(xml, resource)
    reader = _Reader()
    decisions = [node for node in root if _tag(node) == "decision"]
    if not decisions:
        reader.problem(root, "There is no decision in it.", "Draw a decision table.")
    tables = [reader.table(root, decision) for decision in decisions]
    if reader.problems:
        raise InvalidDefinition(resource, reader.problems)
    return tuple(table for table in tables if table is not None)


def _root(xml: bytes, resource: str) -> Any:
    root = parse_xml(xml, resource)
    for what, count, most in (
        ("elements", root.xpath("count(//*)"), MAX_ELEMENTS),
        ("characters in its cells", root.xpath("string-length(normalize-space(.))"), MAX_TEXT),
    ):
        if count > most:
            raise _unusable(resource, root, f"The file has {int(count):,} {what}.", f"At most {most:,} are taken.")
    etree.strip_tags(root, etree.Comment, etree.ProcessingInstruction)
    namespace = str(etree.QName(root).namespace)
    if namespace not in SCHEMAS or _tag(root) != "definitions":
        raise _unusable(resource, root, "It is no DMN file.", "Write it as DMN 1.3 (dmn-js does).")
    if namespace not in (root.nsmap.get(None), root.nsmap.get("dmn")):
        raise _unusable(resource, root, "Its prefix for DMN is unusual.", "Use 'dmn', or none.")
    if namespace != _WITHOUT_SCHEMA:
        _check_schema(root, namespace, resource)
    return root


def _check_schema(root: Any, namespace: str, resource: str) -> None:
    validator = _validator(namespace)
    try:
        validator.validate(root, resource)
    except ValidationException as cause:
        problems = [Problem(None, error.line, error.message, "") for error in validator.validator.error_log]
        raise InvalidDefinition(resource, problems) from cause


@lru_cache
def _validator(namespace: str) -> Any:
    return BpmnValidator(SCHEMAS[namespace])


def _unusable(resource: str, root: Any, wrong: str, right: str) -> InvalidDefinition:
    return InvalidDefinition(resource, [Problem(None, root.sourceline or 0, wrong, right)])


def _tag(node: Any) -> str:
    return str(etree.QName(node).localname)


def _children(node: Any, *names: str) -> list[Any]:
    return [child for child in node if _tag(child) in names]


def _type(reference: str | None) -> str:
    """``feel:string`` (DMN 1.1) and ``string`` are the same."""
    return (reference or "").rpartition(":")[2]


class _Reader:
    """Collects problems while it reads, so that a designer sees all of them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def problem(self, node: Any, wrong: str, right: str) -> None:
        self.problems.append(Problem(node.get("id"), node.sourceline or 0, wrong, right))

    def table(self, root: Any, decision: Any) -> DecisionTable | None:
        """The table of one decision, None where it has none that can be read."""
        nodes = _children(decision, "decisionTable")
        for required in decision.iter("{*}requiredDecision"):
            self.problem(decision, f"It needs decision '{required.get('href', '')[1:]}'.", "Give it inputs of its own.")
        if not nodes:
            self.problem(decision, "It has no decision table.", "Only decision tables are supported.")
            return None
        node = nodes[0]
        if not self._check_shape(node):
            return None
        parsed = self._parsed(root, decision, node)
        if parsed is None:
            return None
        inputs = tuple(
            self._input(column, element)
            for column, element in zip(parsed.inputs, _children(node, "input"), strict=True)
        )
        outputs = tuple(
            self._output(column, element, decision)
            for column, element in zip(parsed.outputs, _children(node, "output"), strict=True)
        )
        rules = tuple(
            self._rule(rule, element, inputs, outputs)
            for rule, element in zip(parsed.rules, _children(node, "rule"), strict=True)
        )
        policy, aggregation = self._hit_policy(node, outputs)
        name = decision.get("name") or decision.get("id")
        return DecisionTable(
            decision.get("id"), name, policy, aggregation, inputs, outputs, rules, decision.sourceline or 0
        )

    def _check_shape(self, node: Any) -> bool:
        """Whether every rule has a cell for each column, and every part the id by which problems are shown."""
        found = len(self.problems)
        inputs, outputs = _children(node, "input"), _children(node, "output")
        rules = _children(node, "rule")
        if not outputs:
            self.problem(node, "The table has no output.", "Add one.")
        if len(rules) > MAX_RULES or len(inputs) + len(outputs) > MAX_COLUMNS:
            self.problem(node, "The table is too large.", f"Up to {MAX_RULES} rules and {MAX_COLUMNS} columns are.")
        for element in node.iter():
            if _tag(element) in _WITH_ID and not element.get("id"):
                self.problem(element, f"The {_tag(element)} has no id.", "Give it one.")
        for number, rule in enumerate(rules, start=1):
            cells = len(_children(rule, "inputEntry")), len(_children(rule, "outputEntry"))
            if cells != (len(inputs), len(outputs)):
                self.problem(
                    rule, f"Rule {number} has {cells[0]} and {cells[1]} cells.", "Give it one for each column."
                )
        return len(self.problems) == found

    def _parsed(self, root: Any, decision: Any, node: Any) -> Any:
        """SpiffWorkflow's reading of one decision.

        It takes one a file, knows no notes inside a table, and takes outputs for Python, so these are left out.
        """
        alone = etree.Element(root.tag, attrib=dict(root.attrib), nsmap=root.nsmap)
        copy = deepcopy(decision)
        alone.append(copy)
        for table in _children(copy, "decisionTable"):
            for note in _children(table, *_IGNORED):
                table.remove(note)
        for output in copy.iter("{*}outputEntry"):
            output[:] = []
        try:
            parser = BpmnDmnParser()
            parser.add_dmn_xml(alone)
            parsed = parser.dmn_parsers[decision.get("id")]
            parsed.parse()
        except ValidationException as cause:
            self.problem(node, f"{cause}.", "")
            return None
        return parsed.decision.decisionTables[0]

    def _input(self, parsed: Any, node: Any) -> Column:
        label = parsed.label or (parsed.expression or "").strip() or parsed.id
        self._check_language(node)
        expression = self._expression(node, f"Input '{label}'", parsed.expression or "")
        if expression is None:
            self.problem(node, f"Input '{label}' says not where its value comes from.", "Name a variable.")
        return Column(parsed.id, label, _type(parsed.typeRef), "", expression, self._listed(node, "inputValues"))

    def _output(self, parsed: Any, node: Any, decision: Any) -> Column:
        single = len(_children(node.getparent(), "output")) == 1
        name = parsed.name or (decision.get("id") if single else "")
        if not name:
            self.problem(node, "An output has no name.", "Name the variable that it sets.")
        return Column(
            parsed.id, parsed.label or name, _type(parsed.typeRef), name, None, self._listed(node, "outputValues")
        )

    def _listed(self, node: Any, name: str) -> tuple[Any, ...]:
        text = "".join(child.text or "" for element in _children(node, name) for child in _children(element, "text"))
        if not text.strip():
            return ()
        try:
            return parse_cell(text).constants
        except ExpressionError as cause:
            self.problem(node, str(cause), "List values, with commas between them.")
            return ()

    def _rule(self, parsed: Any, node: Any, inputs: tuple[Column, ...], outputs: tuple[Column, ...]) -> Rule:
        cells = _children(node, "inputEntry")
        results = _children(node, "outputEntry")
        return Rule(
            parsed.id,
            parsed.row_number,
            node.sourceline or 0,
            tuple(
                self._cell(entry, element, column, parsed.row_number)
                for entry, element, column in zip(parsed.inputEntries, cells, inputs, strict=True)
            ),
            tuple(
                self._result(element, column, parsed.row_number)
                for element, column in zip(results, outputs, strict=True)
            ),
            parsed.description or "",
        )

    def _cell(self, entry: Any, node: Any, column: Column, number: int) -> UnaryTests:
        self._check_language(node)
        try:
            tests = parse_cell(entry.lhs[0] or "")
        except ExpressionError as cause:
            self.problem(node, f"Rule {number}, '{column.label}': {cause}", "")
            return UnaryTests("")
        self._check_functions(node, tests.functions)
        for value in tests.constants:
            self._check_value(node, f"Rule {number}, '{column.label}'", value, column)
        return tests

    def _result(self, node: Any, column: Column, number: int) -> Expression | None:
        self._check_language(node)
        text = "".join(child.text or "" for child in _children(node, "text"))
        expression = self._expression(node, f"Rule {number}, '{column.label}'", text)
        if expression is not None and expression.constant:
            self._check_result(node, f"Rule {number}, '{column.label}'", expression, column)
        return expression

    def _check_result(self, node: Any, where: str, expression: Expression, column: Column) -> None:
        try:
            value = expression.evaluate({})
        except ExpressionError as cause:
            self.problem(node, f"{where}: {cause}", "")
        else:
            self._check_value(node, where, value, column)

    def _expression(self, node: Any, where: str, text: str) -> Expression | None:
        if not text.strip():
            return None
        try:
            expression = parse_feel(text)
        except ExpressionError as cause:
            self.problem(node, f"{where}: {cause}", "")
            return None
        self._check_functions(node, expression.functions)
        return expression

    def _check_functions(self, node: Any, functions: frozenset[str]) -> None:
        for name in sorted(functions):
            self.problem(node, f"There is no function '{name}'.", "Decision tables call date, duration and the like.")

    def _check_value(self, node: Any, where: str, value: Any, column: Column) -> None:
        """A value that its column can never have is a slip."""
        try:
            for item in value if isinstance(value, list) and column.type else [value]:
                typed(item, column.type)
        except ExpressionError as cause:
            self.problem(node, f"{where}: {cause}", "")
            return
        if value is not None and column.values and not any(equals(value, listed) for listed in column.values):
            offered = ", ".join(repr(listed) for listed in column.values)
            self.problem(node, f"{where}: {value!r} is not among the values of the column.", f"Use one of {offered}.")

    def _check_language(self, node: Any) -> None:
        for element in [node, *_children(node, "inputExpression")]:
            language = element.get("expressionLanguage", "")
            if language.lower() not in _FEEL and not language.upper().rstrip("/").endswith("FEEL"):
                self.problem(node, f"It is written in {language}.", "Write it in FEEL.")

    def _hit_policy(self, node: Any, outputs: tuple[Column, ...]) -> tuple[str, str | None]:
        policy, aggregation = node.get("hitPolicy", "UNIQUE"), node.get("aggregation")
        if policy not in HIT_POLICIES or (aggregation is not None and aggregation not in AGGREGATIONS):
            self.problem(node, f"Hit policy {policy} {aggregation or ''} is unknown.", f"Use one of {_HIT_POLICIES}.")
        if aggregation is not None and (policy != "COLLECT" or len(outputs) != 1):
            self.problem(node, f"{aggregation} cannot be worked out.", "It needs COLLECT, and a single output.")
        if policy in ("PRIORITY", "OUTPUT ORDER") and not any(column.values for column in outputs):
            self.problem(node, f"{policy} has no order to go by.", "List the values of an output, the highest first.")
        return policy, aggregation


_HIT_POLICIES = ", ".join(sorted(HIT_POLICIES))
