"""A search for ways out of the expression language that nobody knows yet, and for anything else that it cannot take.

FUZZ_EXAMPLES says how many texts each test tries.
"""

from __future__ import annotations

import ast
import json
import operator
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.expressions import Budget, ExpressionError, as_json, parse, parse_script, parse_template
from tests.engine.expression_fuzz import READERS, SECRET, Canary, audited, functions, is_value, outcome
from tests.engine.ways_out import STATEMENTS, WAYS_OUT

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "300"))

# What Python loads when it is first used would look like a way out.
time.strptime("2026", "%Y")

WORDS = """
a s xs n f none yes day rows canary secret 1 0 -1 2.5 1e308 9223372036854775807 'q' "" true null + - * / // % ** == !=
< <= > >= && || ! eq ne lt gt and or not in is empty ( ) [ ] { } , : ? . .. = += ; if else for x len sum sorted str min
max int float round abs any all bool date datetime duration lambda __class__ __globals__ _ ${ #{ } \\ # @ := -> ~ ^ &
'2026-01-31' 'P1M' 'PT1H' [1..5] import def \u005f ` $ \x00 \ufeff é 水 ｃ
"""
TOKENS = st.sampled_from([*WORDS.split(), "\n", " "])
KNOWN = st.sampled_from([text for texts in WAYS_OUT.values() for text in texts] + list(STATEMENTS))
SOUP = st.lists(TOKENS, max_size=25).map(" ".join) | st.lists(TOKENS, max_size=12).map("".join)
SPLICED = st.tuples(KNOWN, TOKENS, KNOWN, st.integers(0, 30), st.integers(0, 30)).map(
    lambda parts: parts[0][: parts[3]] + parts[1] + parts[2][parts[4] :]
)
TEXTS = SOUP | SPLICED | st.text(max_size=60)

NAMES = ["a", "s", "xs", "n", "f", "none", "yes", "day", "rows", "canary", "missing", "x", "secret", "len"]
LITERALS = [
    "1",
    "0",
    "-7",
    "2.5",
    "1e300",
    "'q'",
    "''",
    "'P1M'",
    "'2026-01-31'",
    "'{0.__class__}'",
    "true",
    "null",
    "[]",
    "{}",
]
BINARY = ["+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "is", "is not"]
BINARY += ["&&", "||", "and", "or", "eq", "ne", "lt", "le", "gt", "ge", "div", "mod"]
CALLED = ["len", "str", "int", "float", "bool", "round", "abs", "min", "max", "sum", "sorted", "any", "all", "date"]
CALLED += ["datetime", "duration", "secret", "canary", "eval", "getattr"]
KEYS = ["id", "tags", "a", "__class__", "upper", "keys", "real", "format", "in", "class"]


def _larger(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    names, keys = st.sampled_from(NAMES), st.sampled_from(KEYS)
    form = st.builds(
        str.format, st.sampled_from(["-({})", "!({})", "not ({})", "empty {}", "({})", "[{}]", "[{}][0]"]), parts
    )
    return (
        form
        | st.builds("({} {} {})".format, parts, st.sampled_from(BINARY), parts)
        | st.builds("({} ? {} : {})".format, parts, parts, parts)
        | st.builds("({} if {} else {})".format, parts, parts, parts)
        | st.builds("{}.{}".format, parts, keys)
        | st.builds("{}[{}]".format, parts, parts)
        | st.builds("{}[{}:{}]".format, parts, parts, parts)
        | st.builds("{}({})".format, st.sampled_from(CALLED), st.lists(parts, max_size=3).map(", ".join))
        | st.builds("sorted({}, {}={})".format, parts, st.sampled_from(["reverse", "key"]), parts)
        | st.builds("[{} for {} in {} if {}]".format, parts, names, parts, parts)
        | st.builds("{{{}: {} for {} in {}}}".format, parts, parts, names, parts)
        | st.builds("{{{}: {}, 'k': {}}}".format, parts, parts, parts)
        | st.builds("{}.{}({})".format, parts, keys, parts)
    )


GRAMMAR = st.recursive(st.sampled_from(NAMES + LITERALS), _larger, max_leaves=12)
SCRIPTS = st.lists(
    GRAMMAR
    | st.builds("{} = {}".format, st.sampled_from(NAMES), GRAMMAR)
    | st.builds("a.{} = {}".format, st.sampled_from(KEYS), GRAMMAR),
    max_size=5,
).map("\n".join)


def check(read: Any, text: str) -> None:
    """Whatever is read gives a value, or an ExpressionError that can be shown; nothing of Python is touched by it."""
    Canary.touched.clear()
    with audited() as events:
        result = outcome(read, text)
    assert events == []
    assert Canary.touched == []
    assert is_value(result)


@settings(max_examples=EXAMPLES, deadline=None)
@given(TEXTS)
def test_whatever_is_written_gives_a_value_or_an_expression_error(text: str) -> None:
    for read in READERS:
        check(read, text)
    check(parse_template, "a ${" + text + "} b")


@settings(max_examples=EXAMPLES, deadline=None)
@given(GRAMMAR)
def test_whatever_the_grammar_makes_gives_a_value_or_an_expression_error(text: str) -> None:
    check(parse, text)
    check(parse, "#{" + text + "}")
    check(parse_template, "${" + text + "} ${" + text + "}")


@settings(max_examples=EXAMPLES, deadline=None)
@given(SCRIPTS)
def test_whatever_a_script_assigns_can_be_stored(text: str) -> None:
    check(parse_script, text)
    values = {"a": {"id": 1}, "s": "text", "xs": [1], "n": 1, "f": 1.5, "none": None, "day": "2026-01-31", "rows": []}
    try:
        assigned, result = parse_script(text).run(values, functions())
    except ExpressionError:
        return
    assert json.loads(json.dumps([assigned, result], allow_nan=False)) == [assigned, result]


def worked_out(text: str, budget: Budget) -> Any:
    try:
        return as_json(parse(text).evaluate({"xs": [3, 1], "n": 2, "s": SECRET}, functions(), budget))
    except ExpressionError as error:
        return str(error)


@settings(max_examples=EXAMPLES, deadline=None)
@given(GRAMMAR)
def test_the_same_gives_the_same_and_takes_the_same_work(text: str) -> None:
    first, second = Budget(), Budget()
    assert worked_out(text, first) == worked_out(text, second)
    assert first.left == second.left


@st.composite
def expressions(draw: st.DrawFn, depth: int = 0) -> str:
    """Arithmetic and logic that is also Python, to hold both readings against each other."""
    if depth > 3 or draw(st.booleans()):
        return draw(st.sampled_from(["1", "2", "7", "n", "m", "True", "False", "(3)", "0"]))
    left, right = draw(expressions(depth + 1)), draw(expressions(depth + 1))
    sign = draw(st.sampled_from(["+", "-", "*", "<", "<=", ">", ">=", "==", "!=", "and", "or", "//", "%", "**"]))
    if sign == "**":
        right = draw(st.sampled_from(["0", "1", "2", "3"]))
    form = draw(
        st.sampled_from(["{0} {1} {2}", "({0} {1} {2})", "not {0} {1} {2}", "-{0} {1} {2}", "{0} if {2} else 5"])
    )
    return form.format(left, sign, right)


OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Not: operator.not_,
    ast.USub: operator.neg,
}


def python_value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """What Python's own reading of an expression comes to, by Python's own operators."""
    match node:
        case ast.Constant(value):
            return value
        case ast.Name(name):
            return names[name]
        case ast.UnaryOp(sign, operand):
            return OPERATORS[type(sign)](python_value(operand, names))
        case ast.BinOp(left, sign, right):
            return OPERATORS[type(sign)](python_value(left, names), python_value(right, names))
        case ast.IfExp(test, then, otherwise):
            return python_value(then if python_value(test, names) else otherwise, names)
        case ast.BoolOp(sign, [*parts]):
            return _first(parts, isinstance(sign, ast.Or), names)
        case ast.Compare(left, signs, others):
            return _chain(left, signs, others, names)
    raise AssertionError(f"the grammar above makes no {type(node).__name__}")


def _first(parts: Sequence[ast.expr], wanted: bool, names: Mapping[str, Any]) -> Any:
    """The first part that decides an `or` or `and`, else the last."""
    for part in parts:
        value = python_value(part, names)
        if bool(value) is wanted:
            break
    return value


def _chain(left: ast.expr, signs: Sequence[ast.cmpop], others: Sequence[ast.expr], names: Mapping[str, Any]) -> Any:
    """``a < b < c``, which ends at the first that does not hold."""
    value, before = True, python_value(left, names)
    for sign, other in zip(signs, others, strict=True):
        after = python_value(other, names)
        value, before = OPERATORS[type(sign)](before, after), after
        if not value:
            break
    return value


def in_python(text: str) -> Any:
    """What Python itself says; None where it says nothing that this language would."""
    try:
        value = python_value(ast.parse(text, mode="eval").body, {"n": 3, "m": -4})
    except (SyntaxError, ZeroDivisionError, OverflowError):
        return None
    return None if isinstance(value, complex) or abs(value) > 2**62 else value


@settings(max_examples=EXAMPLES, deadline=None)
@given(expressions())
def test_what_is_also_python_means_the_same(text: str) -> None:
    expected = in_python(text)
    if expected is not None:
        found = outcome_here(text)
        assert found == expected or "larger" in str(found) or "exponent" in str(found)


def outcome_here(text: str) -> Any:
    try:
        return parse(text).evaluate({"n": 3, "m": -4})
    except ExpressionError as error:
        return str(error)
