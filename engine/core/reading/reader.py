"""What readers of elements share: they collect problems instead of stopping at the first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from engine.core.expressions import (
    Expression,
    ExpressionError,
    Script,
    parse,
    parse_script,
    parse_template,
)
from engine.core.reading.xml import Node, text
from engine.errors import Problem

MAX_CODE = 250_000
"""Characters of all the expressions and scripts of a file, and a few for each, so that reading them soon ends."""

_EACH = 10


class Reader:
    """Problems so far, and what elements refer to by id: `definitions`, and the names of variables in `data`."""

    def __init__(self, functions: Collection[str], definitions: Mapping[str, Node]) -> None:
        self.functions = frozenset(functions)
        self.definitions = definitions
        self.data: dict[str, str] = {}
        self.problems: list[Problem] = []
        self._code = 0

    def problem(self, node: Node, wrong: str, right: str = "", below: int = 0) -> None:
        """Something is wrong with a node, so many lines `below` its first one."""
        owner = node
        while owner.get("id") is None and owner.getparent() is not None:
            owner = owner.getparent()
        self.problems.append(Problem(owner.get("id"), (node.sourceline or 0) + below, wrong, right))

    def expression(self, node: Node, source: str | None) -> Expression | None:
        """An expression, bare or in ``${…}``; None where there is none or it is wrong."""
        return None if source is None else self._parsed(node, source, parse)

    def template(self, node: Node, source: str | None) -> Expression | None:
        """Text with ``${…}`` in it; None where there is none or it is wrong."""
        return None if source is None else self._parsed(node, source, parse_template)

    def literal(self, source: str) -> Expression:
        """Text that means itself, ``${`` included."""
        return parse(repr(source)) if "${" in source or "#{" in source else parse_template(source)

    def script(self, node: Node, source: str) -> Script | None:
        if self._is_too_much(node, source):
            return None
        try:
            script = parse_script(source)
        except ExpressionError as error:
            self.problem(node, str(error), "", _below(node, source, error.line))
            return None
        for statement in script.statements:
            self._check_functions(node, statement.value.functions, _below(node, source, statement.line))
        return script

    def _is_too_much(self, node: Node, source: str) -> bool:
        before, self._code = self._code, self._code + len(source) + _EACH
        if before <= MAX_CODE < self._code:
            self.problem(node, f"Up to here, expressions and scripts have more than {MAX_CODE:,} characters.", "")
        return self._code > MAX_CODE

    def _parsed(self, node: Node, source: str, parser: Callable[[str], Expression]) -> Expression | None:
        if self._is_too_much(node, source):
            return None
        try:
            expression = parser(source)
        except ExpressionError as error:
            self.problem(node, str(error), "", _below(node, source, error.line))
            return None
        self._check_functions(node, expression.functions, 0)
        return expression

    def _check_functions(self, node: Node, called: Collection[str], below: int) -> None:
        for name in sorted(set(called) - self.functions):
            known = ", ".join(sorted(self.functions)) or "none but the built-in ones"
            self.problem(node, f"There is no function '{name}'.", f"Registered functions are: {known}.", below)

    def reference(self, node: Node, attribute: str, kind: str) -> Node | None:
        """The message, signal or error that `attribute` refers to; None, and a problem, where there is none."""
        name = node.get(attribute)
        found = None if name is None else self.definitions.get(name.rpartition(":")[2])
        if found is None or not str(found.tag).endswith("}" + kind):
            self.problem(node, f"{attribute} names no {kind}.", f"Choose one of the diagram's {kind}s.")
            return None
        return found

    def documentation(self, node: Node) -> str:
        return text(node.find("{*}documentation"))


def _below(node: Node, source: str, line: int) -> int:
    """How far below a node's first line a line of its text is; where an attribute's lines are is not known."""
    whole = "".join(node.itertext())
    blank = whole[: len(whole) - len(whole.lstrip())]
    return blank.count("\n") + line - 1 if whole.strip() == source else 0
