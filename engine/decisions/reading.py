"""Reads the decisions of DMN files, as dmn-js and others write them (DMN 1.1 to 1.5).

Whatever would not be evaluated is refused.
"""

from __future__ import annotations

from typing import Any

from engine.decisions import shape
from engine.decisions.decision import Decision, DecisionGraph, LiteralExpression
from engine.decisions.files import Problems, children, definitions
from engine.decisions.names import MAX_NAME, Names
from engine.decisions.requirements import Requirements
from engine.decisions.table_reading import TableReader, is_feel
from engine.decisions.tables import DecisionTable
from engine.decisions.type_reading import Types
from engine.decisions.types import Type
from engine.errors import InvalidDefinition

_WORDS = frozenset(
    {
        *("and", "or", "not", "in", "is", "if", "then", "else", "for", "between", "instance", "empty"),
        *("eq", "ne", "lt", "le", "gt", "ge", "div", "mod", "true", "false", "null"),
    }
)
"""Words of the language: an input that holds one is an expression, not a name of several words."""

MAX_DECISIONS = 200
"""Decisions of a file, and as many input data."""


def read(xml: bytes, resource: str = "decisions") -> tuple[DecisionGraph, ...]:
    """Every decision of a file, with those that it needs.

    Raises:
        InvalidDefinition: the file cannot be used; every problem at once, with element and line.
    """
    root = definitions(xml, resource)
    problems = Problems()
    shape.check(root, problems)
    reader = _Reader(root, problems)
    graphs = reader.graphs()
    if problems.found:
        raise InvalidDefinition(resource, problems.found)
    return graphs


class _Reader:
    """Collects problems while it reads, so that a designer sees all of them."""

    def __init__(self, root: Any, problems: Problems) -> None:
        self._root, self._problems = root, problems
        self._decisions = self._few("decision")
        self._inputs = self._few("inputData")
        names = Names(self._declared())
        self._types = Types(root, names, problems)
        self._reader = TableReader(names, self._types, problems)

    def graphs(self) -> tuple[DecisionGraph, ...]:
        """The decisions in the order of the file."""
        self._check_languages()
        if not self._decisions:
            self._problems.add(self._root, "There is no decision in it.", "Draw a decision table.")
        nodes = {node.get("id"): node for node in self._decisions if node.get("id")}
        read = [self._decision(node) for node in self._decisions]
        decisions = {decision.id: decision for decision in read if decision is not None}
        return Requirements(self._root, nodes, self._inputs, self._types, self._problems).graphs(decisions)

    def _few(self, name: str) -> list[Any]:
        found = children(self._root, name)
        for node in found[MAX_DECISIONS:]:
            self._problems.add(node, f"The file has {len(found):,} of '{name}'.", f"At most {MAX_DECISIONS} are taken.")
            return found[:MAX_DECISIONS]
        for node in found:
            if len(node.get("name") or "") > MAX_NAME:
                self._problems.add(node, "Its name is too long.", f"At most {MAX_NAME} characters are taken.")
        return found

    def _declared(self) -> set[str]:
        """Names that an expression may read, as far as they hold more than one word."""
        found: set[str] = set()
        for node in (*self._decisions, *self._inputs):
            found.update({node.get("id") or "", node.get("name") or ""})
            found.update(variable.get("name") or "" for variable in children(node, "variable"))
            found.update(output.get("name") or "" for output in node.iter("{*}output"))
        found.update(part.get("name") or "" for part in self._root.iter("{*}itemComponent"))
        found.update(_plain(node.text or "") for node in self._root.iterfind(".//{*}inputExpression/{*}text"))
        return {name for name in found if len(name) <= MAX_NAME}

    def _check_languages(self) -> None:
        self._reader.check_language(self._root)
        for node in self._root.iter("{*}definitions", "{*}itemDefinition", "{*}itemComponent"):
            language = node.get("typeLanguage", "")
            if not is_feel(language):
                self._problems.add(node, f"Its types are of {language:.60}.", "Use FEEL's types.")

    def _decision(self, node: Any) -> Decision | None:
        if not node.get("id"):
            self._problems.add(node, "The decision has no id.", "Give it one: it is asked by its id.")
            return None
        variables = children(node, "variable")
        variable = (variables[0].get("name") if variables else None) or node.get("name") or node.get("id")
        kind = self._types.of(variables[0], variables[0].get("typeRef")) if variables else Type()
        logic = self._logic(node, variable)
        if logic is None:
            return None
        name = node.get("name") or node.get("id")
        return Decision(node.get("id"), name, node.sourceline or 0, variable, kind, logic)

    def _logic(self, node: Any, variable: str) -> DecisionTable | LiteralExpression | None:
        found = children(node, "decisionTable", "literalExpression")
        if len(found) != 1:
            wrong = "It has no decision table." if not found else "It has a decision table and an expression."
            self._problems.add(node, wrong, "Give it a decision table or a literal expression.")
            return None
        if found[0].tag.endswith("decisionTable"):
            return self._reader.table(node, found[0])
        before = len(self._problems.found)
        expression = self._reader.expression(found[0], "Its expression")
        if expression is None and len(self._problems.found) == before:
            self._problems.add(found[0], "The decision gives no value.", "Write an expression.")
        return None if expression is None else LiteralExpression(node.get("id"), variable, expression)


def _plain(text: str) -> str:
    """The name that an input reads where it is nothing but words: ``Applicant age``."""
    words = text.split()
    return " ".join(words) if all(word.isidentifier() and word not in _WORDS for word in words) else ""
