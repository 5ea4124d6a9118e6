"""Reads the types that a DMN file defines (DMN 1.3, 7.3.2)."""

from __future__ import annotations

from typing import Any

from engine.core.expressions import ExpressionError
from engine.decisions.files import Problems, children, text
from engine.decisions.names import Names
from engine.decisions.types import ANY, BUILT_IN, Type
from engine.decisions.unary_tests import UnaryTests, parse_cell

MAX_NESTED = 20
"""Types that narrow each other, or are parts of each other."""

MAX_ALLOWED = 100
"""Tests of allowed values; texts by themselves, and numbers, may be more."""


class Types:
    """The types of one file, by name."""

    def __init__(self, root: Any, names: Names, problems: Problems) -> None:
        self._names, self._problems = names, problems
        self._nodes: dict[str, Any] = {}
        self._read: dict[str, Type] = {}
        for node in children(root, "itemDefinition"):
            name = node.get("name") or ""
            if name in self._nodes or name in BUILT_IN:
                problems.add(node, f"There is a type '{name}' already.", "Rename one of them.")
            self._nodes[name] = node
        for node in self._nodes.values():
            self._defined(node, ())

    def of(self, node: Any, reference: str | None) -> Type:
        """The type that `typeRef` of a node names, ANY where there is none or it is a problem."""
        return self._named(node, reference, ())

    def _named(self, node: Any, reference: str | None, within: tuple[str, ...]) -> Type:
        """``feel:string`` (DMN 1.1) and ``string`` are the same."""
        name = (reference or "").strip().rpartition(":")[2]
        if name in self._nodes:
            return self._defined(self._nodes[name], within)
        if name and name not in BUILT_IN:
            known = ", ".join(sorted(BUILT_IN))
            self._problems.add(node, f"The type '{name:.60}' is not known.", f"Define it, or use one of {known}.")
            return ANY
        return Type(name)

    def _defined(self, node: Any, within: tuple[str, ...]) -> Type:
        name = node.get("name") or ""
        if name in within or len(within) > MAX_NESTED:
            self._problems.add(node, f"The type '{name:.60}' is made of itself, or nested too deeply.", "Untangle it.")
            return ANY
        if name not in self._read:
            self._read[name] = self._item(node, (*within, name))
        return self._read[name]

    def _item(self, node: Any, within: tuple[str, ...]) -> Type:
        if len(within) > MAX_NESTED:
            self._problems.add(node, "The type is nested too deeply.", f"Up to {MAX_NESTED} levels are taken.")
            return ANY
        references = children(node, "typeRef")
        allowed = [self.tests(found) for found in children(node, "allowedValues")]
        parts = children(node, "itemComponent")
        components = tuple(
            (part.get("name") or "", self._item(part, (*within, f"{part.get('name')} in {within[-1]}")))
            for part in parts
        )
        return Type(
            node.get("name") or "",
            self._named(node, references[0].text, within) if references else None,
            allowed[0] if allowed else None,
            components,
            node.get("isCollection") in ("true", "1"),
        )

    def tests(self, node: Any) -> UnaryTests | None:
        """The tests that the values of a column or type have to pass, None where there are none."""
        try:
            tests = parse_cell(text(node), self._names)
        except ExpressionError as cause:
            self._problems.add(node, str(cause), "List values, with commas between them.")
            return None
        if tests.listed is None and len(tests.tests) > MAX_ALLOWED:
            self._problems.add(node, "The values are too many.", f"Up to {MAX_ALLOWED} tests are.")
            return None
        if any(not expression.constant for expression in tests.expressions if "?" not in expression.names):
            self._problems.add(node, "The values depend on variables.", "Write values that are always the same.")
            return None
        return tests if tests.tests else None
