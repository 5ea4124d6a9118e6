"""What readers of elements share: they collect problems instead of stopping at the first."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping

from engine.core.expressions import (
    Expression,
    ExpressionError,
    Script,
    parse,
    parse_script,
    parse_template,
)
from engine.core.expressions.expression import of_tree
from engine.core.model import CorrelationKey
from engine.core.reading.xml import Node, split
from engine.errors import Problem

MAX_CODE = 250_000
"""Characters of all the expressions and scripts of a file, and a few for each, so that reading them soon ends."""

_EACH = 10

LANGUAGES = frozenset({"python", "text/x-python", "pujiang", "juel"})
"""What an expression or a script may call the language that it is written in."""

_HOLD_ELEMENTS = frozenset({"definitions", "process", "subProcess", "transaction", "adHocSubProcess", "collaboration"})


class Reader:
    """Problems so far, and what elements refer to by id.

    `definitions` are the elements of the file that are no part of a process. `data` are the names of the variables, and
    `stores` those of the data stores, that ids of data stand for. `correlation` gives the keys of a message, by its id,
    in the process that is being read, and `supported` are the interfaces by which others call that.
    """

    def __init__(self, functions: Collection[str], definitions: Mapping[str, Node]) -> None:
        self.functions = frozenset(functions)
        self.definitions = definitions
        self.data: dict[str, str] = {}
        self.stores: dict[str, str] = {}
        self.correlation: Callable[[str], tuple[CorrelationKey, ...]] = lambda message: ()
        self.supported: frozenset[str] = frozenset()
        self.problems: list[Problem] = []
        self._code = 0

    def problem(self, node: Node, wrong: str, right: str = "", below: int = 0) -> None:
        """What is wrong with an element, or with a part of it that no diagram shows, and what would be right.

        It is so many lines `below` the first one of the part.
        """
        owner, around = node, node.getparent()
        while around is not None and (owner.get("id") is None or split(around.tag)[1] not in _HOLD_ELEMENTS):
            owner, around = around, around.getparent()
        self.problems.append(Problem(owner.get("id"), (node.sourceline or 0) + below, wrong, right))

    def expression(self, node: Node, source: str | None) -> Expression | None:
        """An expression, bare or in ``${…}``; None where there is none or it is wrong."""
        return None if source is None else self._parsed(node, source, parse)

    def template(self, node: Node, source: str | None) -> Expression | None:
        """Text with ``${…}`` in it; None where there is none or it is wrong."""
        return None if source is None else self._parsed(node, source, parse_template)

    def formal(self, node: Node | None) -> Expression | None:
        """An expression that is an element of its own; None where there is none or it is wrong."""
        return self._formal(node, parse)

    def formal_template(self, node: Node | None) -> Expression | None:
        """Like `formal`, for text with ``${…}`` in it."""
        return self._formal(node, parse_template)

    def _formal(self, node: Node | None, parser: Callable[[str], Expression]) -> Expression | None:
        # What is in a language that is not known is a problem by that attribute alone.
        if node is None or node.get("language", "juel") not in LANGUAGES:
            return None
        if not self.said(node):
            self.problem(node, f"Its {split(node.tag)[1]} is empty.", "Write it as ${…}.")
            return None
        return self._parsed(node, self.said(node), parser)

    def said(self, node: Node) -> str:
        """What an expression says, without its documentation."""
        return "".join([node.text or "", *(part.tail or "" for part in node)]).strip()

    def variable(self, name: str) -> Expression:
        """The value of a variable, whatever characters are in its name."""
        return of_tree(name, ast.Name(name, ast.Load()))

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
        return self.find(node, node.get(attribute), attribute, kind)

    def find(self, node: Node, name: str | None, what: str, kind: str) -> Node | None:
        """The element of this kind that a `name` stands for; None, and a problem, where there is none."""
        found = None if name is None else self.definitions.get(name.strip().rpartition(":")[2])
        if found is None or split(found.tag)[1] != kind:
            wrong = (
                f"It names no {kind} ({what})." if name is None else f"{what} names no {kind}: there is no '{name}'."
            )
            self.problem(node, wrong, f"Choose one of the diagram's {kind}s.")
            return None
        return found


def _below(node: Node, source: str, line: int) -> int:
    """How far below a node's first line a line of its text is; where an attribute's lines are is not known."""
    whole = "".join(node.itertext())
    blank = whole[: len(whole) - len(whole.lstrip())]
    return blank.count("\n") + line - 1 if whole.strip() == source else 0
