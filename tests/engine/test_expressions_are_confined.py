"""Whoever may deploy a diagram may not run any code: known ways out of such languages, and a search for others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.expressions import ExpressionError, parse, parse_feel, parse_script, parse_template
from engine.core.timing import Duration
from engine.decisions.scope import Scope
from engine.decisions.unary_tests import parse_cell

TARGETS: dict[str, Any] = {"a": {}, "s": "text", "xs": [1, 2], "n": 1, "f": 1.5, "none": None}
SECRET = "not to be reached"


def secret() -> str:
    """A registered function, whose globals would be a way out."""
    return SECRET


@pytest.mark.parametrize(
    "text",
    [
        # attributes of objects
        "a.__class__",
        "a['__class__'].__mro__",
        "s.__class__.__mro__[1].__subclasses__()",
        "xs.__init__.__globals__",
        "secret.__globals__",
        "secret().__class__",
        "n.real",
        "f.hex",
        "a.keys",
        "a.items()",
        "s.upper()",
        "s.format(a)",
        "s.format_map(a)",
        "'{0.__class__}'.format(s)",
        "'%s' % s",
        "'%1000000000d' % 1",
        "xs.append",
        "none.__class__",
        "().__class__",
        "[].__class__.__base__",
        "(1).__class__",
        "'a'.__class__",
        "date('2026-01-01').__class__",
        "date('2026-01-01').today()",
        "duration('P1D').total_seconds",
        # functions that are not there
        "type(s)",
        "eval('1')",
        "exec('1')",
        "compile('1', '', 'eval')",
        "open('/etc/passwd')",
        "getattr(s, 'upper')",
        "setattr(a, 'b', 1)",
        "vars()",
        "globals()",
        "locals()",
        "dir(s)",
        "help()",
        "input()",
        "breakpoint()",
        "__import__('os')",
        "isinstance(s, str)",
        "map(len, xs)",
        "range(10)",
        "list('abc')",
        "iter(xs)",
        "next(xs)",
        "rand()",
        "randint(5)",
        "memoryview('a')",
        # functions as values
        "len",
        "secret",
        "str.upper",
        "sorted(xs, key=secret)",
        "max(xs, key=secret)",
        "[secret for x in xs]",
        "[x() for x in xs]",
        "[str for str in [len]]",
        "xs[0]()",
        "(secret)()()",
        "{'f': secret}['f']()",
        # other syntax
        "lambda: 1",
        "(lambda: 1)()",
        "(x := 1)",
        "f'{s}'",
        "f'{s.__class__}'",
        "b'a'",
        "r'a'",
        "`a`",
        "await s",
        "yield s",
        "(x for x in xs)",
        "{x for x in xs}",
        "{1, 2}",
        "[*xs]",
        "{**a}",
        "print(*xs)",
        "str(**a)",
        "a if",
        "...",
        "1j",
        "0x10",
        "1 if s else",
        "assert s",
        "import os",
        "raise s",
        "[x async for x in xs]",
        "[__x for __x in xs]",
        "[_ for _ in xs]",
        "_",
        "__builtins__",
        "__name__",
        "xs[0:1:1]",
        "s\\u002e__class__",
        "s.\u200b__class__",
        "s.__cla\uff53s__",
        "a.ﬀ__x if s.__class__ else 1",
        "𝓮𝓿𝓪𝓵('1')",
    ],
)
def test_a_known_way_out_is_closed(text: str) -> None:
    functions = {"secret": secret}
    for read in (parse, parse_feel, parse_template, parse_cell, parse_script):
        source = "${" + text + "}" if read is parse_template else text
        with pytest.raises(ExpressionError):
            read_and_run(read, source, functions)


def read_and_run(read: Any, text: str, functions: dict[str, Any]) -> Any:
    parsed = read(text)
    if read is parse_cell:
        return parsed.matches(1, Scope(TARGETS))
    if read is parse_script:
        return parsed.run(TARGETS, functions)
    return parsed.evaluate(TARGETS, functions)


@pytest.mark.parametrize(
    "text",
    [
        "9 ** 9 ** 9 ** 9",
        "2 ** 1001",
        "2 ** 64",
        "9223372036854775807 + 1",
        "9223372036854775807 * 9223372036854775807",
        "10.0 ** 400",
        "1e308 * 10",
        "1e999",
        "1e308 + 1e308 - 1e308",
        "0.0 / 0",
        "float('nan')",
        "float('inf')",
        "int('9' * 5000)",
        "int('999999999999999999999')",
        "99999999999999999999999999999999999999999999999999",
        "round(5, -1000000000)",
        "round(1.5, 1000000000)",
        "'a' * 1000000000",
        "[0] * 1000000000",
        "1 << 1000000",
        "sum([9223372036854775807, 1])",
        "duration('P999999999D') + duration('P999999999D')",
        "date('9999-12-31') + duration('P999999Y')",
        "duration('P' + str(9223372036854775807) + 'Y')",
    ],
)
def test_no_number_or_text_grows_without_bound(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text).evaluate({})


@pytest.mark.parametrize(
    "text",
    [
        "[1 for x in big for y in big for z in big]",
        "[[y for y in big] for x in big]",
        "[big for x in big]",
        "[x in big for x in big]",
        "[sum(big) for x in big]",
        "[sorted(big) for x in big]",
        "[big == big for x in big]",
        "[long + long for x in big]",
        "[long[1:] for x in big]",
        "[str(big) for x in big]",
        "str([long for x in big])",
        "{str(x): big for x in big}",
        "big + big",
        "long + long + long",
        "len([x for x in big for y in big])",
        # what is shared inside itself many times over
        "[" * 20 + "x" + ", x]" * 20 + " == 1",
        "[[z, z, z, z, z, z, z, z] for z in [[y, y, y, y, y, y, y, y] for y in [big]]] == [[big, big], big]",
    ],
)
def test_no_list_or_work_grows_without_bound(text: str) -> None:
    variables = {"big": list(range(10_000)), "long": "x" * 60_000, "x": [list(range(10_000))] * 10}
    with pytest.raises(ExpressionError):
        parse(text).evaluate(variables)


def test_a_script_cannot_double_itself_into_the_sky() -> None:
    with pytest.raises(ExpressionError, match="Expected"):
        parse_script("a = [1, 1]\n" + "a = [a, a]\n" * 60).run({})
    with pytest.raises(ExpressionError, match="Expected"):
        parse_script("a = 'aaaaaaaa'\n" + "a = a + a\n" * 60).run({})
    with pytest.raises(ExpressionError, match="deep"):
        parse_script("a = []\n" + "a = [a]\n" * 300).run({})


@pytest.mark.parametrize("text", ["(", "[", "{'a':", "-", "!", "not ", "empty ", "a ? ", "a if ", "f(", "a[", "2 ** "])
def test_nesting_is_bounded(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text * 3_000)
    closing = {"(": ")", "[": "]", "{'a':": "}", "f(": ")", "a[": "]"}.get(text, "")
    with pytest.raises(ExpressionError):
        parse(text * 200 + "1" + closing * 200)


@pytest.mark.parametrize("text", ["1" + " + 1" * 200, "a" + ".a" * 200, "a" + "[0]" * 200, "[" + "1," * 2_500 + "1]"])
def test_depth_and_size_are_bounded(text: str) -> None:
    with pytest.raises(ExpressionError, match="of a size to be read by people"):
        parse(text)
    with pytest.raises(ExpressionError, match="of a size to be read by people"):
        parse_template("a ${" + text + "}")


def test_length_is_bounded() -> None:
    for read in (parse, parse_template, parse_script, parse_feel, parse_cell):
        with pytest.raises(ExpressionError, match="Expected at most 10000 characters"):
            read("a" * 10_001)


def test_a_deeply_nested_variable_is_refused_not_a_crash() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ExpressionError, match="deep"):
        parse("x == [x]").evaluate({"x": deep})
    while deep:
        deep = deep.pop()


WORDS = """
a s xs n none 1 0 -1 2.5 'q' "" true null + - * / // % ** == != < <= > >= && || ! eq ne and or not in is empty
( ) [ ] { } , : ? . .. = ; if else for x len sum sorted str min date duration secret lambda __class__ _ ${ } \\ #
'2026-01-31' 'P1M' [1..5] , -
"""
PIECES = st.sampled_from([*WORDS.split(), "\n"])
TEXTS = st.lists(PIECES, max_size=25).map(" ".join) | st.text(max_size=60)
JSON = (str, int, float, bool, type(None))


def is_value(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(is_value(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_value(item) for key, item in value.items())
    return (
        isinstance(value, JSON) or type(value).__name__ in ("date", "datetime", "timedelta") or type(value) is Duration
    )


def outcome(read: Any, text: str) -> Any:
    """The value, or the message of the error."""
    try:
        return read_and_run(read, text, {"secret": secret})
    except ExpressionError as error:
        return str(error)


@settings(max_examples=800, deadline=None)
@given(TEXTS)
def test_whatever_is_written_gives_a_value_or_an_expression_error(text: str) -> None:
    for read in (parse, parse_feel, parse_template, parse_script, parse_cell):
        assert is_value(outcome(read, text))


@st.composite
def expressions(draw: st.DrawFn, depth: int = 0) -> str:
    """Arithmetic and logic that is also Python, to hold both readings against each other."""
    if depth > 3 or draw(st.booleans()):
        return draw(st.sampled_from(["1", "2", "7", "n", "m", "True", "False", "(3)", "0"]))
    left, right = draw(expressions(depth + 1)), draw(expressions(depth + 1))
    operator = draw(st.sampled_from(["+", "-", "*", "<", "<=", ">", ">=", "==", "!=", "and", "or", "//", "%", "**"]))
    if operator == "**":
        right = draw(st.sampled_from(["0", "1", "2", "3"]))
    form = draw(
        st.sampled_from(["{0} {1} {2}", "({0} {1} {2})", "not {0} {1} {2}", "-{0} {1} {2}", "{0} if {2} else 5"])
    )
    return form.format(left, operator, right)


def in_python(text: str) -> Any:
    """What Python itself says; None where it says nothing that this language would."""
    try:
        value = eval(text, {"__builtins__": {}}, {"n": 3, "m": -4})  # noqa: S307
    except (SyntaxError, ZeroDivisionError, OverflowError):
        return None
    return None if isinstance(value, complex) or abs(value) > 2**62 else value


@settings(max_examples=800, deadline=None)
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
