"""Reads decision tables (DMN 1.3, 8.3).

SpiffWorkflow takes a table apart; hit policies with their aggregation, listed values, defaults and lines, which it
loses, come from the XML.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.dmn.parser.BpmnDmnParser import BpmnDmnParser

from engine.core.expressions import Expression, ExpressionError
from engine.decisions.columns import Input, Output
from engine.decisions.feel import parse_expression
from engine.decisions.files import Problems, children, namespace, tag, text
from engine.decisions.functions import FEEL_FUNCTIONS
from engine.decisions.hit_policies import AGGREGATIONS, HIT_POLICIES
from engine.decisions.names import Names
from engine.decisions.scope import INPUT, Scope
from engine.decisions.shape import CHILDREN
from engine.decisions.tables import DecisionTable, Rule
from engine.decisions.type_reading import Types
from engine.decisions.unary_tests import UnaryTests, parse_cell

MAX_RULES = 2_000
MAX_COLUMNS = 50

_FEEL = frozenset({"FEEL", "S-FEEL"})
_RULE_NOTE = ("rule", "description")
_HIT_POLICIES = ", ".join(sorted(HIT_POLICIES))


def is_feel(language: str) -> bool:
    """Whether a language is FEEL: by default, by its name, or by its address in any version of DMN."""
    return not language or not _FEEL.isdisjoint(language.upper().split("/"))


class ExpressionReader:
    """Reads the expressions of one file."""

    def __init__(self, names: Names, types: Types, problems: Problems) -> None:
        self.names, self.types, self.problems = names, types, problems

    def expression(self, node: Any, where: str) -> Expression | None:
        """The expression in a node, None where it is empty or wrong."""
        self.check_language(node)
        written = text(node)
        if not written.strip():
            return None
        try:
            expression = parse_expression(written, self.names)
        except ExpressionError as cause:
            self.problems.add(node, f"{where}: {cause}", "")
            return None
        self.check_functions(node, (expression,))
        if INPUT in expression.names:
            self.problems.add(node, f"{where}: '?' has no meaning here.", "Only input cells have '?'.")
        return expression

    def check_language(self, node: Any) -> None:
        """FEEL is the only language."""
        language = node.get("expressionLanguage", "")
        if not is_feel(language):
            self.problems.add(node, f"It is written in {language:.60}.", "Write it in FEEL.")

    def check_functions(self, node: Any, expressions: tuple[Expression, ...]) -> None:
        """Every function that is called is one of FEEL's or of the expression language."""
        for name in sorted({name for expression in expressions for name in expression.functions}):
            if name not in FEEL_FUNCTIONS:
                self.problems.add(node, f"There is no function '{name}'.", "Decisions call FEEL's functions only.")

    def check_constant(self, node: Any, where: str, expression: Expression | None, column: Output) -> None:
        """A value that its column can never have is a slip."""
        if expression is not None and expression.constant:
            try:
                column.value(expression, Scope({}))
            except ExpressionError as cause:
                self.problems.add(node, f"{where}: {cause}", "")


class TableReader(ExpressionReader):
    """Reads the tables of one file."""

    def table(self, decision: Any, node: Any) -> DecisionTable | None:
        """The table of one decision, None where it cannot be read."""
        if not self._check_shape(node):
            return None
        parsed = self._parsed(decision, node)
        if parsed is None:
            return None
        inputs = tuple(
            self._input(column, element) for column, element in zip(parsed.inputs, children(node, "input"), strict=True)
        )
        outputs = tuple(
            self._output(column, element, decision)
            for column, element in zip(parsed.outputs, children(node, "output"), strict=True)
        )
        self._check_names(node, outputs)
        rules = tuple(
            self._rule(rule, element, inputs, outputs)
            for rule, element in zip(parsed.rules, children(node, "rule"), strict=True)
        )
        policy, aggregation = self._hit_policy(node, outputs)
        known = tuple(column for column in inputs if column is not None)
        return DecisionTable(decision.get("id"), policy, aggregation, known, outputs, rules)

    def _check_shape(self, node: Any) -> bool:
        """Whether every rule has a cell for each column."""
        found = len(self.problems.found)
        inputs, outputs = children(node, "input"), children(node, "output")
        rules = children(node, "rule")
        if not outputs:
            self.problems.add(node, "The table has no output.", "Add one.")
        if len(rules) > MAX_RULES or len(inputs) + len(outputs) > MAX_COLUMNS:
            self.problems.add(
                node, "The table is too large.", f"Up to {MAX_RULES} rules and {MAX_COLUMNS} columns are."
            )
        for number, rule in enumerate(rules, start=1):
            cells = len(children(rule, "inputEntry")), len(children(rule, "outputEntry"))
            if cells != (len(inputs), len(outputs)):
                wrong = f"Rule {number} has {cells[0]} and {cells[1]} cells."
                self.problems.add(rule, wrong, "Give it one for each column.")
        written = all(children(cell, "text") for rule in rules for cell in children(rule, "inputEntry"))
        return written and len(self.problems.found) == found

    def _parsed(self, decision: Any, node: Any) -> Any:
        """SpiffWorkflow's reading of one decision.

        It takes one a file, wants an id on every part, knows no notes inside a table, and takes outputs for Python.
        """
        alone = etree.Element(decision.getparent().tag, nsmap={"dmn": namespace(decision)})
        copy = etree.SubElement(alone, decision.tag, id=decision.get("id"))
        copy.append(deepcopy(node))
        for part in list(copy.iter()):
            _strip(part)
        parser = BpmnDmnParser()
        try:
            parser.add_dmn_xml(alone)
            parsed = parser.dmn_parsers[decision.get("id")]
            parsed.parse()
        except ValidationException as cause:
            self.problems.add(decision, f"{cause}.", "")
            return None
        return parsed.decision.decisionTables[0]

    def _input(self, parsed: Any, node: Any) -> Input | None:
        label = parsed.label or (parsed.expression or "").strip() or parsed.id
        expressions = children(node, "inputExpression")
        expression = self.expression(expressions[0], f"Input '{label}'") if expressions else None
        if expression is None:
            self.problems.add(node, f"Input '{label}' says not where its value comes from.", "Name a variable.")
            return None
        kind = self.types.of(expressions[0], parsed.typeRef)
        return Input(parsed.id, label, expression, kind, self._allowed(node, "inputValues"))

    def _output(self, parsed: Any, node: Any, decision: Any) -> Output:
        single = len(children(node.getparent(), "output")) == 1
        name = parsed.name or (decision.get("id") if single else "")
        if not name:
            self.problems.add(node, "An output has no name.", "Name the variable that it sets.")
        label = parsed.label or name
        kind = self.types.of(node, parsed.typeRef)
        column = Output(parsed.id, label, name, kind, self._allowed(node, "outputValues"))
        for default in children(node, "defaultOutputEntry"):
            expression = self.expression(default, f"The default of '{label}'")
            self.check_constant(default, f"The default of '{label}'", expression, column)
            return Output(parsed.id, label, name, kind, column.allowed, expression)
        return column

    def _check_names(self, node: Any, outputs: tuple[Output, ...]) -> None:
        names = [output.name for output in outputs]
        for name in sorted({name for name in names if name and names.count(name) > 1}):
            self.problems.add(node, f"Two outputs are called '{name}'.", "Rename one of them.")

    def _allowed(self, node: Any, name: str) -> UnaryTests | None:
        for element in children(node, name):
            self.check_language(element)
            return self.types.tests(element)
        return None

    def _rule(self, parsed: Any, node: Any, inputs: tuple[Input | None, ...], outputs: tuple[Output, ...]) -> Rule:
        number = parsed.row_number
        cells, results = children(node, "inputEntry"), children(node, "outputEntry")
        tests = tuple(
            self._cell(entry, cell, column, number)
            for entry, cell, column in zip(parsed.inputEntries, cells, inputs, strict=True)
        )
        values = tuple(self._result(cell, column, number) for cell, column in zip(results, outputs, strict=True))
        return Rule(parsed.id, number, node.sourceline or 0, tests, values, parsed.description or "")

    def _cell(self, entry: Any, node: Any, column: Input | None, number: int) -> UnaryTests:
        self.check_language(node)
        where = f"Rule {number}" if column is None else f"Rule {number}, '{column.label}'"
        try:
            tests = parse_cell(entry.lhs[0] or "", self.names)
            self.check_functions(node, tests.expressions)
            for value in tests.constants if column is not None else ():
                self._check_listed(value, column)
        except ExpressionError as cause:
            self.problems.add(node, f"{where}: {cause}", "")
            return UnaryTests("")
        return tests

    def _check_listed(self, value: Any, column: Any) -> None:
        """A cell lists no value that its input can never have."""
        for item in value if isinstance(value, list) and not column.type.collection else [value]:
            column.type.take(item, Scope({}))
            if item is not None and column.allowed is not None and not column.allowed.matches(item, Scope({})):
                listed = column.allowed.text.strip()
                raise ExpressionError(f"{item!r:.60} is not among the values of the column, {listed:.200}.")

    def _result(self, node: Any, column: Output, number: int) -> Expression | None:
        where = f"Rule {number}, '{column.label}'"
        expression = self.expression(node, where)
        self.check_constant(node, where, expression, column)
        return expression

    def _hit_policy(self, node: Any, outputs: tuple[Output, ...]) -> tuple[str, str | None]:
        policy, aggregation = node.get("hitPolicy", "UNIQUE"), node.get("aggregation")
        if policy not in HIT_POLICIES or (aggregation is not None and aggregation not in AGGREGATIONS):
            wrong = f"Hit policy {policy:.40} {aggregation or '':.40} is unknown."
            self.problems.add(node, wrong, f"Use one of {_HIT_POLICIES}.")
        if aggregation is not None and (policy != "COLLECT" or len(outputs) != 1):
            wrong = f"{aggregation:.40} cannot be worked out."
            self.problems.add(node, wrong, "It needs COLLECT, and a single output.")
        if policy in ("PRIORITY", "OUTPUT ORDER") and not any(column.order for column in outputs):
            right = "List the values of an output, the highest first."
            self.problems.add(node, f"{policy} has no order to go by.", right)
        return policy, aggregation


def _strip(part: Any) -> None:
    """Leave what SpiffWorkflow is to read of one element."""
    name = tag(part)
    wanted = frozenset[str]() if name == "outputEntry" else CHILDREN.get(name, frozenset())
    for child in list(part):
        if namespace(child) != namespace(part) or not (tag(child) in wanted or (name, tag(child)) == _RULE_NOTE):
            part.remove(child)
    if part.get("id") is None:
        part.set("id", "")
