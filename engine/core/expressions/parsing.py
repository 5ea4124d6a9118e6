"""Reads tokens into a Python syntax tree that holds nothing but what the language has.

The grammar is Python's for expressions, with the operators of Camunda's expression language beside them; it is read
here, not by Python's own parser, so that a construct which is not listed cannot get in. Tightest first:

==================================  ==========================================================
``a.key`` ``a[i]`` ``a[i:j]`` ``f(x)``  keys, items, calls of registered functions
``**``
``-`` ``+`` ``!`` ``empty``         prefixes
``*`` ``/`` ``//`` ``%``            also ``div`` ``mod``
``+`` ``-``
comparisons                         ``== != < <= > >= in is``, ``eq ne lt le gt ge``; they chain
``not``
``and`` ``or``                      also ``&&`` ``||``
``a ? b : c``, ``b if a else c``
==================================  ==========================================================
"""

from __future__ import annotations

import ast
import keyword
from collections.abc import Callable
from typing import NamedTuple

from engine.core.expressions.errors import ExpressionError, line_of, shown
from engine.core.expressions.lexing import Token

MAX_NESTING = 32
"""Brackets, branches and prefixes inside each other."""

MAX_DIGITS = 40
"""Characters of a number."""

LARGEST = 2**63 - 1
"""Whole numbers are those that a database column holds."""


class Empty(ast.expr):
    """``empty x``: true where x is not there, null, or a text, list or mapping without content (EL 3.0, 1.14)."""

    _fields = ("operand",)

    def __init__(self, operand: ast.expr) -> None:
        super().__init__()
        self.operand = operand


class _Operator(NamedTuple):
    level: int
    make: Callable[[], ast.AST]


_OR, _AND, _COMPARISON, _SUM, _PRODUCT = range(1, 6)
_OPERATORS: dict[str, _Operator] = {
    "or": _Operator(_OR, ast.Or),
    "||": _Operator(_OR, ast.Or),
    "and": _Operator(_AND, ast.And),
    "&&": _Operator(_AND, ast.And),
    "==": _Operator(_COMPARISON, ast.Eq),
    "eq": _Operator(_COMPARISON, ast.Eq),
    "!=": _Operator(_COMPARISON, ast.NotEq),
    "ne": _Operator(_COMPARISON, ast.NotEq),
    "<": _Operator(_COMPARISON, ast.Lt),
    "lt": _Operator(_COMPARISON, ast.Lt),
    "<=": _Operator(_COMPARISON, ast.LtE),
    "le": _Operator(_COMPARISON, ast.LtE),
    ">": _Operator(_COMPARISON, ast.Gt),
    "gt": _Operator(_COMPARISON, ast.Gt),
    ">=": _Operator(_COMPARISON, ast.GtE),
    "ge": _Operator(_COMPARISON, ast.GtE),
    "in": _Operator(_COMPARISON, ast.In),
    "not in": _Operator(_COMPARISON, ast.NotIn),
    "is": _Operator(_COMPARISON, ast.Is),
    "is not": _Operator(_COMPARISON, ast.IsNot),
    "+": _Operator(_SUM, ast.Add),
    "-": _Operator(_SUM, ast.Sub),
    "*": _Operator(_PRODUCT, ast.Mult),
    "/": _Operator(_PRODUCT, ast.Div),
    "div": _Operator(_PRODUCT, ast.Div),
    "//": _Operator(_PRODUCT, ast.FloorDiv),
    "%": _Operator(_PRODUCT, ast.Mod),
    "mod": _Operator(_PRODUCT, ast.Mod),
}
_PREFIXES: dict[str, Callable[[ast.expr], ast.expr]] = {
    "-": lambda operand: ast.UnaryOp(op=ast.USub(), operand=operand),
    "+": lambda operand: ast.UnaryOp(op=ast.UAdd(), operand=operand),
    "!": lambda operand: ast.UnaryOp(op=ast.Not(), operand=operand),
    "empty": Empty,
}
_CONSTANTS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
_WORDS = frozenset(_OPERATORS) | frozenset({"not", "empty", "if", "else", "for"})
METHODS = {
    **dict.fromkeys(("size", "length"), "Write len(x)."),
    "isEmpty": "Write empty x.",
    **dict.fromkeys(("contains", "containsKey"), "Write y in x."),
    **dict.fromkeys(("equals", "compareTo"), "Write x == y, x < y or x > y."),
    "get": "Write x[y] or x.key.",
    **dict.fromkeys(("getVariable", "getVariableLocal"), "A variable's name alone is its value."),
    **dict.fromkeys(("hasVariable", "hasVariableLocal"), "Write !empty and the variable's name."),
    **dict.fromkeys(("setVariable", "setVariableLocal"), "Assign it in a script: name = value."),
    **dict.fromkeys(("prop", "value", "elements"), "A mapping has its keys without more: x.key."),
    "toString": "Write str(x).",
    **dict.fromkeys(("intValue", "longValue"), "Write int(x)."),
    "doubleValue": "Write float(x).",
    **dict.fromkeys(("startsWith", "endsWith"), 'Compare a part of it: x[:2] == "ab", x[-2:] == "yz".'),
    "substring": "Write x[1:5].",
    "concat": "Write x + y.",
    **dict.fromkeys(("keySet", "keys"), "Write [k for k in x]."),
    **dict.fromkeys(("values", "items"), "Write [x[k] for k in x]."),
    "append": "Write x + [y].",
}
"""What Camunda's and Python's methods are called here: an expression calls no method of anything."""

_FOREIGN = frozenset({*keyword.kwlist, "instanceof"}) - _WORDS - frozenset(_CONSTANTS)


class Parser:
    """Reads one list of tokens from left to right. `text` is what error messages show; it begins at `start`."""

    def __init__(self, tokens: list[Token], text: str, start: int = 0) -> None:
        self._tokens, self._text, self._start = tokens, text, start
        self._at = 0
        self._nesting = 0

    @property
    def token(self) -> Token:
        """The token to be read next."""
        return self._tokens[self._at]

    def advance(self) -> Token:
        """Take the next token."""
        token = self._tokens[self._at]
        self._at += 1
        return token

    def is_next(self, *symbols: str) -> bool:
        """Whether the next token is one of these operators or words (and not a text that reads like one)."""
        return self.token.kind in ("operator", "name") and self.token.value in symbols

    def accept(self, *symbols: str) -> bool:
        """Take the next token where it is one of these."""
        found = self.is_next(*symbols)
        self._at += found
        return found

    def expect(self, symbol: str) -> None:
        """Take the next token, which has to be this one."""
        if not self.accept(symbol):
            raise self.error(f"'{symbol}'")

    def error(self, expected: str) -> ExpressionError:
        """What to raise where the next token is not what was expected."""
        token = self.token
        position = token.position - self._start
        if token.kind == "end":
            found = "it ends"
        elif token.value == "=" and token.kind == "operator":
            found = "found '=' (write '==' to compare)"
        else:
            found = f"found '{shown(token.value)}' at {position + 1}"
        return self.wrong(f"Expected {expected} in '{shown(self._text)}', but {found}.")

    def wrong(self, message: str) -> ExpressionError:
        """What to raise where reading has come to now."""
        return ExpressionError(message, line_of(self._text, max(0, self.token.position - self._start)))

    def whole(self) -> ast.expr:
        """One expression and nothing after it."""
        value = self.expression()
        if self.token.kind != "end":
            raise self.error("an operator or the end")
        return value

    def expression(self) -> ast.expr:
        """One expression, a choice (``a ? b : c``) included."""
        self._deeper()
        value = self._binary(_OR)
        if self.accept("?"):
            body = self.expression()
            self.expect(":")
            value = ast.IfExp(test=value, body=body, orelse=self.expression())
        elif self.accept("if"):
            test = self._binary(_OR)
            self.expect("else")
            value = ast.IfExp(test=test, body=value, orelse=self.expression())
        self._nesting -= 1
        return value

    def value(self) -> ast.expr:
        """One value without comparisons: the end of an interval, say."""
        return self._binary(_SUM)

    def _deeper(self) -> None:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise self.wrong(f"Expected at most {MAX_NESTING} levels of nesting, but '{shown(self._text)}' has more.")

    def _operator(self) -> str | None:
        kind, word, _ = self.token
        if kind not in ("operator", "name") or (word not in _OPERATORS and word != "not"):
            return None
        after = self._tokens[self._at + 1]
        if word == "is" and after.kind == "name" and after.value == "not":
            return "is not"
        if word == "not":
            return "not in" if after.kind == "name" and after.value == "in" else None
        return word

    def _binary(self, minimum: int) -> ast.expr:
        left = self._prefixed()
        while (symbol := self._operator()) is not None and _OPERATORS[symbol].level >= minimum:
            level = _OPERATORS[symbol].level
            if level <= _AND:
                left = self._boolean(left, level)
            elif level == _COMPARISON:
                left = self._compared(left)
            else:
                left = ast.BinOp(left=left, op=self._take_operator(), right=self._binary(level + 1))  # type: ignore[arg-type]
        return left

    def _take_operator(self) -> ast.AST:
        symbol = self._operator()
        assert symbol is not None
        self._at += len(symbol.split())
        return _OPERATORS[symbol].make()

    def _boolean(self, left: ast.expr, level: int) -> ast.expr:
        values = [left]
        operator: ast.AST = ast.Or()
        while (symbol := self._operator()) is not None and _OPERATORS[symbol].level == level:
            operator = self._take_operator()
            values.append(self._binary(level + 1))
        return ast.BoolOp(op=operator, values=values)  # type: ignore[arg-type]

    def _compared(self, left: ast.expr) -> ast.expr:
        operators: list[ast.AST] = []
        others: list[ast.expr] = []
        while (symbol := self._operator()) is not None and _OPERATORS[symbol].level == _COMPARISON:
            operators.append(self._take_operator())
            others.append(self._binary(_SUM))
        return ast.Compare(left=left, ops=operators, comparators=others)  # type: ignore[arg-type]

    def _prefixed(self) -> ast.expr:
        self._deeper()
        if self.accept("not"):
            value: ast.expr = ast.UnaryOp(op=ast.Not(), operand=self._binary(_COMPARISON))
        elif self.is_next(*_PREFIXES):
            value = _PREFIXES[self.advance().value](self._prefixed())
        else:
            value = self._postfixed()
            if self.accept("**"):
                value = ast.BinOp(left=value, op=ast.Pow(), right=self._prefixed())
        self._nesting -= 1
        return value

    def _postfixed(self) -> ast.expr:
        value = self._atom()
        while self._continues():
            symbol = self.advance().value
            if symbol == ".":
                value = ast.Attribute(value=value, attr=self._key(), ctx=ast.Load())
            elif symbol == "[":
                value = ast.Subscript(value=value, slice=self._index(), ctx=ast.Load())
            elif isinstance(value, ast.Name):
                value = self._call(value)
            else:
                raise self._no_function(value)
        return value

    def _no_function(self, value: ast.expr) -> ExpressionError:
        expected = f"Expected a function's name before '(' in '{shown(self._text)}', but "
        if not isinstance(value, ast.Attribute):
            return self.wrong(f"{expected}found a value.")
        right = METHODS.get(value.attr, "Have a developer register a function, and write {method}(x).")
        return self.wrong(f"{expected}'{value.attr}' is a method. {right.format(method=value.attr)}")

    def _continues(self) -> bool:
        return self.is_next(".", "[", "(")

    def name(self, expected: str) -> str:
        """Take the name of a variable or function. Words of the language cannot be one, nor ``_private`` ones."""
        token = self.token
        if token.value in _WORDS or token.value in _CONSTANTS or token.value in _FOREIGN:
            raise self.error(expected)
        return self._key(expected)

    def _key(self, expected: str = "a key") -> str:
        if self.token.kind != "name":
            raise self.error(expected)
        if self.token.value.startswith("_"):
            raise self.error(f"{expected} that does not begin with '_'")
        return self.advance().value

    def _index(self) -> ast.expr:
        lower = None if self.is_next(":") else self.expression()
        if not self.accept(":"):
            self.expect("]")
            assert lower is not None
            return lower
        upper = None if self.is_next("]") else self.expression()
        self.expect("]")
        return ast.Slice(lower=lower, upper=upper, step=None)

    def _call(self, function: ast.Name) -> ast.expr:
        call = ast.Call(func=function, args=[], keywords=[])
        while not self.accept(")"):
            following = self._tokens[self._at + 1] if self.token.kind == "name" else None
            if following is not None and following.kind == "operator" and following.value == "=":
                name = self.name("the name of an argument")
                self.expect("=")
                call.keywords.append(ast.keyword(arg=name, value=self.expression()))
            elif call.keywords:
                raise self.error("a named argument after a named one")
            else:
                call.args.append(self._item(")"))
            self._separator(")")
        return call

    def _item(self, closing: str) -> ast.expr:
        """An expression, or a comprehension that is the only one up to `closing`."""
        value = self.expression()
        if not self.is_next("for"):
            return value
        generators = self._generators()
        if not self.is_next(closing):
            raise self.error(f"'{closing}' after a comprehension")
        return ast.ListComp(elt=value, generators=generators)

    def _generators(self) -> list[ast.comprehension]:
        generators: list[ast.comprehension] = []
        while self.accept("for"):
            self._deeper()
            target = ast.Name(id=self.name("the name of an item"), ctx=ast.Store())
            self.expect("in")
            generator = ast.comprehension(target=target, iter=self._binary(_OR), ifs=[], is_async=0)
            while self.accept("if"):
                generator.ifs.append(self._binary(_OR))
            generators.append(generator)
        self._nesting -= len(generators)
        return generators

    def _separator(self, closing: str) -> None:
        if not self.accept(",") and not self.is_next(closing):
            raise self.error(f"',' or '{closing}'")

    def _atom(self) -> ast.expr:
        token = self.token
        if token.kind == "string":
            return ast.Constant(value=self.advance().value)
        if token.kind == "number":
            return ast.Constant(value=self._number())
        if token.kind == "name" and token.value in _CONSTANTS:
            return ast.Constant(value=_CONSTANTS[self.advance().value])
        if token.kind == "name":
            return ast.Name(id=self.name("a value"), ctx=ast.Load())
        if self.accept("("):
            return self._parenthesised()
        if self.accept("["):
            return self._list()
        if self.accept("{"):
            return self._mapping()
        raise self.error("a value")

    def _number(self) -> int | float:
        digits = self.advance().value
        if len(digits) > MAX_DIGITS:
            raise self.wrong(f"Expected a number of at most {MAX_DIGITS} digits, but {digits[:20]}… has more.")
        if not digits.isdigit():
            number = float(digits)
            if number in (float("inf"), float("-inf")):
                raise self.wrong(f"Expected a number that can be reckoned with, but {digits} is too large.")
            return number
        if int(digits) > LARGEST:
            raise self.wrong(f"Expected a whole number up to {LARGEST}, but found {digits}.")
        return int(digits)

    def _parenthesised(self) -> ast.expr:
        """One value; several are a list, as in ``x in ("a", "b")``."""
        value = self.expression()
        if self.accept(")"):
            return value
        values = [value]
        while not self.accept(")"):
            self.expect(",")
            if not self.is_next(")"):
                values.append(self.expression())
        return ast.List(elts=values, ctx=ast.Load())

    def _list(self) -> ast.expr:
        values: list[ast.expr] = []
        while not self.accept("]"):
            value = self.expression()
            if not values and self.is_next("for"):
                generators = self._generators()
                self.expect("]")
                return ast.ListComp(elt=value, generators=generators)
            values.append(value)
            self._separator("]")
        return ast.List(elts=values, ctx=ast.Load())

    def _mapping(self) -> ast.expr:
        keys: list[ast.expr | None] = []
        values: list[ast.expr] = []
        while not self.accept("}"):
            key = self.expression()
            self.expect(":")
            value = self.expression()
            if not keys and self.is_next("for"):
                generators = self._generators()
                self.expect("}")
                return ast.DictComp(key=key, value=value, generators=generators)
            keys.append(key)
            values.append(value)
            self._separator("}")
        return ast.Dict(keys=keys, values=values)
